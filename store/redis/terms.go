package redis

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store/paired"
)

// errCopy says that a copy is not one that this build wrote, or a later one.
var errCopy = errors.New("redis: the copy of what is of a place cannot be read")

// packTerm appends a term: its end, and why, after its length.
func packTerm(b []byte, t moderation.Term) []byte {
	b = binary.AppendVarint(b, int64(t.Until))
	b = binary.AppendUvarint(b, uint64(len(t.Why)))
	return append(b, t.Why...)
}

// unpackTerm reads what packTerm appended, and returns what follows it.
func unpackTerm(b string) (t moderation.Term, rest string, err error) {
	until, n := binary.Varint([]byte(b[:min(len(b), binary.MaxVarintLen64)]))
	if n <= 0 {
		return t, "", errCopy
	}
	b = b[n:]
	length, n := binary.Uvarint([]byte(b[:min(len(b), binary.MaxVarintLen64)]))
	if n <= 0 || length > uint64(len(b)-n) { //nolint:gosec // no more was read than there is
		return t, "", errCopy
	}
	end := n + int(length) //nolint:gosec // no more than there is
	return moderation.Term{Until: live.Timestamp(until), Why: b[n:end]}, b[end:], nil
}

// packTerms returns what acts on a user, "" for nothing. An appointment is left out where
// there is none: copies were without before there were any.
func packTerms(t moderation.Terms) string {
	if t == (moderation.Terms{}) {
		return ""
	}
	b := packTerm(packTerm(packTerm(nil, t.Banned), t.Muted), t.Protected)
	if t.Appointed != (moderation.Term{}) {
		b = packTerm(b, t.Appointed)
	}
	return string(b)
}

// unpackTerms reads what packTerms wrote.
func unpackTerms(packed string) (t moderation.Terms, err error) {
	if packed == "" {
		return t, nil
	}
	for _, term := range []*moderation.Term{&t.Banned, &t.Muted, &t.Protected} {
		if *term, packed, err = unpackTerm(packed); err != nil {
			return moderation.Terms{}, err
		}
	}
	if packed == "" {
		return t, nil
	}
	if t.Appointed, packed, err = unpackTerm(packed); err != nil || packed != "" {
		return moderation.Terms{}, errCopy
	}
	return t, nil
}

// parseMark reads what lua/standing.lua keeps as nobody's.
func parseMark(kept string) (m paired.Mark, err error) {
	revision, rest, _ := strings.Cut(kept, " ")
	users, packed, _ := strings.Cut(rest, " ")
	m.Known = true
	if m.Revision, err = strconv.ParseInt(revision, 10, 64); err != nil {
		return paired.Mark{}, errCopy
	}
	if m.Users, err = strconv.Atoi(users); err != nil {
		return paired.Mark{}, errCopy
	}
	if m.RoomMute, packed, err = unpackTerm(packed); err != nil || packed != "" {
		return paired.Mark{}, errCopy
	}
	return m, nil
}
