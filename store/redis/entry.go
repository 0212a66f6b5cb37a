package redis

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/record"
)

// errMalformed says that what came from Redis is not what a script writes.
var errMalformed = errors.New("redis: malformed")

// The lengths of what scripts pack: lua/log.lua says what is in them.
const (
	headerLength  = 29
	receiptLength = 26
	placesLength  = feed.Buckets * 16
)

// words is a run of packed numbers, the high bytes first.
type words []byte

// next takes the next 8 bytes.
func (w *words) next() uint64 {
	n := binary.BigEndian.Uint64(*w)
	*w = (*w)[8:]
	return n
}

func (w *words) timestamp() live.Timestamp { return live.Timestamp(w.next()) } //nolint:gosec // as it was written

func (w *words) place() feed.Place {
	return feed.Place{Timestamp: w.timestamp(), Sequence: w.next()}
}

// decodeEntry reads an entry of a bucket's ring.
func decodeEntry(b feed.Bucket, entry []byte) (*feed.Message, error) {
	if len(entry) < headerLength || b >= feed.Buckets {
		return nil, errMalformed
	}
	content, err := record.Content(entry[headerLength:])
	if err != nil {
		return nil, err
	}
	header := words(entry)
	place := header.place()
	return &feed.Message{
		Timestamp: place.Timestamp,
		Sequence:  place.Sequence,
		Bucket:    b,
		Content:   content,
		Recalls:   header.timestamp(),
		Recalled:  header[0] == 1,
	}, nil
}

// The outcomes that a script's receipt may have.
const (
	scriptAccepted = iota
	scriptRateLimited
	scriptSlowMode
	scriptDuplicate
)

// decodeReceipt reads what a script says became of a message in this life of the log.
func decodeReceipt(epoch live.Epoch, b []byte) (feed.Receipt, error) {
	if len(b) != receiptLength || b[0] > scriptDuplicate || b[1] >= feed.Buckets {
		return feed.Receipt{}, errMalformed
	}
	rest := words(b[2:])
	receipt := feed.Receipt{Epoch: epoch, Bucket: feed.Bucket(b[1]), Place: rest.place()}
	receipt.RetryAfter = time.Duration(rest.next()) * time.Microsecond //nolint:gosec // as it was written
	switch b[0] {
	case scriptRateLimited:
		receipt.Outcome = feed.RateLimited
	case scriptSlowMode:
		receipt.Outcome = feed.SlowMode
	case scriptDuplicate:
		receipt.Duplicate = true
	}
	return receipt, nil
}

// decodePlaces reads a place per bucket.
func decodePlaces(b []byte) (places [feed.Buckets]feed.Place, err error) {
	if len(b) != placesLength {
		return places, errMalformed
	}
	rest := words(b)
	for i := range places {
		places[i] = rest.place()
	}
	return places, nil
}

// decodeAncestry reads the lives before this one, as many as are remembered.
func decodeAncestry(b []byte) (a feed.Ancestry, err error) {
	for i := 0; i < len(a) && len(b) > 0; i++ {
		after := 1 + int(b[0])
		if len(b) < after+placesLength {
			return a, errMalformed
		}
		a[i].Epoch = live.Epoch(b[1:after])
		if a[i].At, err = decodePlaces(b[after : after+placesLength]); err != nil {
			return a, err
		}
		b = b[after+placesLength:]
	}
	return a, nil
}

// letter is a message as the script that appends it takes it.
type letter struct{ said, who, content string }

// size is about how many bytes the letter takes.
func (l letter) size() int { return len(l.said) + len(l.who) + len(l.content) }

// Flags of a letter.
const (
	flagExempt = 1 << iota
	flagNamed
)

// newLetter encodes a message and the limits that it comes with.
func newLetter(d feed.Draft, limits store.Limits) (letter, error) {
	content, kept, err := record.AppendContent(nil, d.Content)
	if err != nil {
		return letter{}, err
	}
	flags := byte(0)
	if d.Exempt {
		flags |= flagExempt
	}
	if d.ClientMessageID != "" {
		flags |= flagNamed
	}
	said := make([]byte, 0, 34)
	said = append(said, byte(d.Bucket), flags)
	said = binary.BigEndian.AppendUint32(said, bounded(kept))
	said = binary.BigEndian.AppendUint32(said, bounded(limits.Rate))
	said = binary.BigEndian.AppendUint32(said, bounded(limits.WhitelistRate))
	said = binary.BigEndian.AppendUint64(said, uint64(max(limits.SlowMode.Microseconds(), 0)))
	said = binary.BigEndian.AppendUint64(said, uint64(max(limits.Revision, 0)))
	who := make([]byte, 0, 4+len(d.Sender)+len(d.ClientMessageID))
	who = binary.BigEndian.AppendUint32(who, bounded(len(d.Sender)))
	who = append(append(who, d.Sender...), d.ClientMessageID...)
	return letter{string(said), string(who), string(content)}, nil
}

// bounded is a number as 4 bytes hold it: what is more makes no difference.
func bounded(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) } //nolint:gosec // within bounds
