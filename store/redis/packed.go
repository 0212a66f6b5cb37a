package redis

import (
	"cmp"
	"encoding/binary"

	"github.com/redis/rueidis"
)

// packed is what scripts pack with struct.pack: numbers with their high bytes first. It
// is read from the front; what is not there reads as nothing, and is told in the end.
type packed struct {
	rest  []byte
	short bool
}

// take returns the next n bytes, which are shared.
func (p *packed) take(n uint64) []byte {
	if n > uint64(len(p.rest)) {
		p.rest, p.short = nil, true
		return nil
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

// number returns the next number of so many bytes, at most 8.
func (p *packed) number(bytes int) uint64 {
	var all [8]byte
	copy(all[8-bytes:], p.take(uint64(bytes))) //nolint:gosec // of 1 to 8
	return binary.BigEndian.Uint64(all[:])
}

// text returns the next n bytes as a string.
func (p *packed) text(n uint64) string { return string(p.take(n)) }

// err says whether something was not there.
func (p *packed) err() error {
	if p.short {
		return errMalformed
	}
	return nil
}

// end is err for what should be read to its end.
func (p *packed) end() error {
	if len(p.rest) > 0 {
		return errMalformed
	}
	return p.err()
}

// appendLength appends the length of something, as 4 bytes.
func appendLength(b []byte, length int) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(length)) //nolint:gosec // of what fits in a request
}

// more says whether there is another value.
func (a *answer) more() bool { return a.err == nil && len(a.rest) > 0 }

// list takes a list of strings, which must not be changed.
func (a *answer) list() (list [][]byte) {
	m, ok := a.next()
	if !ok {
		return nil
	}
	var items []rueidis.RedisMessage
	items, a.err = m.ToArray()
	all := fieldsOf(items)
	for all.more() {
		list = append(list, all.bytes())
	}
	a.err = cmp.Or(a.err, all.err)
	return list
}
