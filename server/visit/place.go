package visit

import (
	"encoding/binary"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/page"
)

// placeAfter writes the place of a visit among others: when it began, whose it is, which.
func placeAfter(v visit.Visit) string {
	b := binary.AppendVarint(nil, int64(v.Began()))
	b = binary.AppendVarint(b, int64(v.Version))
	for _, text := range []string{string(v.User), string(v.Session), string(v.Room)} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return string(b)
}

// placeOf reads what placeAfter wrote; nothing is the beginning. page.ErrToken.
func placeOf(text string) (*visit.Visit, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // there is no visit before the first
	}
	r := placeReader{rest: []byte(text)}
	began, version := r.number(), r.number()
	v := &visit.Visit{Entered: live.Timestamp(began)}
	v.Version = visit.Version(version)
	v.User, v.Session, v.Room = live.UserID(r.text()), live.SessionID(r.text()), live.RoomID(r.text())
	if r.bad || len(r.rest) > 0 || placeAfter(*v) != text {
		return nil, page.ErrToken
	}
	return v, nil
}

// placeReader reads what a place is written of.
type placeReader struct {
	rest []byte
	bad  bool
}

func (r *placeReader) number() int64 {
	n, size := binary.Varint(r.rest)
	r.skip(size)
	return n
}

func (r *placeReader) text() string {
	n, size := binary.Uvarint(r.rest)
	r.skip(size)
	if n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
}

// skip passes over a number that was read.
func (r *placeReader) skip(size int) {
	if size <= 0 {
		r.bad, r.rest = true, nil
		return
	}
	r.rest = r.rest[size:]
}
