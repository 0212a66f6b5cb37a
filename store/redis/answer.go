package redis

import (
	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// answer reads what a script answers, one value after the other. After the first error
// there are only zero values.
type answer struct {
	rest []rueidis.RedisMessage
	err  error
}

// fieldsOf returns what follows the status.
func fieldsOf(rest []rueidis.RedisMessage) *answer { return &answer{rest: rest} }

// next takes the next value.
func (a *answer) next() (m rueidis.RedisMessage, ok bool) {
	if a.err == nil && len(a.rest) == 0 {
		a.err = errMalformed
	}
	if a.err != nil {
		return m, false
	}
	m, a.rest = a.rest[0], a.rest[1:]
	return m, true
}

// bytes takes a string; it must not be changed.
func (a *answer) bytes() (b []byte) {
	if m, ok := a.next(); ok {
		b, a.err = m.AsBytes()
	}
	return b
}

// text takes a string.
func (a *answer) text() string { return string(a.bytes()) }

// number takes a number.
func (a *answer) number() (n int64) {
	if m, ok := a.next(); ok {
		n, a.err = m.AsInt64()
	}
	return n
}

// places takes a place per bucket.
func (a *answer) places() (places [feed.Buckets]feed.Place) {
	if b := a.bytes(); a.err == nil {
		places, a.err = decodePlaces(b)
	}
	return places
}

// ancestry takes the lives before this one.
func (a *answer) ancestry() (ancestry feed.Ancestry) {
	if b := a.bytes(); a.err == nil {
		ancestry, a.err = decodeAncestry(b)
	}
	return ancestry
}

// head takes how far a room is, and how much its log keeps.
func (a *answer) head() (head store.Head, capacity int) {
	head.Cursor.Epoch = live.Epoch(a.text())
	head.Revision = a.number()
	head.Sequence = uint64(a.number()) //nolint:gosec // sequences are not negative
	head.Attributes = live.Timestamp(a.number())
	head.Cursor.At = a.places()
	head.Ancestry = a.ancestry()
	return head, int(a.number())
}

// entries takes the entries of a bucket.
func (a *answer) entries(b feed.Bucket) (entries []*feed.Message) {
	m, ok := a.next()
	if !ok {
		return nil
	}
	var list []rueidis.RedisMessage
	list, a.err = m.ToArray()
	for _, item := range list {
		entry, err := item.AsBytes()
		if err != nil {
			a.err = err
			return nil
		}
		message, err := decodeEntry(b, entry)
		if err != nil {
			a.err = err
			return nil
		}
		entries = append(entries, message)
	}
	return entries
}
