package redis

import (
	"encoding/binary"
	"fmt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/record"
)

// The first byte of what is published: what follows it is about.
const (
	bodyMessage    = 'M'
	bodyAttributes = 'A'
	bodyRoom       = 'R'
	bodyDeparture  = 'D'
	bodyQuiz       = 'Q'
)

// decodePublications reads what came on a room's channel (lua/lib.lua's publish). One that
// cannot be read is there without content, as lost ones are, and the error says why.
func decodePublications(id live.RoomID, payload []byte) (all []store.Publication, err error) {
	epoch, first, bodies, err := unpackBodies(payload)
	for i, body := range bodies {
		p := store.Publication{Epoch: epoch, Sequence: first + uint64(i)}
		if fault := decodeBody(id, body, &p); fault != nil {
			p = store.Publication{Epoch: p.Epoch, Sequence: p.Sequence}
			err = fmt.Errorf("publication %d: %w", p.Sequence, fault)
		}
		all = append(all, p)
	}
	return all, err
}

// unpackBodies reads what was published together: the life of the log, the sequence of the
// first, and each.
func unpackBodies(b []byte) (epoch live.Epoch, first uint64, bodies [][]byte, err error) {
	if len(b) < 1+12+1 || len(b) < 1+12+int(b[0]) || b[0] == 0 {
		return "", 0, nil, errMalformed
	}
	length := int(b[0])
	first, n := binary.BigEndian.Uint64(b[1:]), binary.BigEndian.Uint32(b[9:])
	epoch, b = live.Epoch(b[13:13+length]), b[13+length:]
	for range n {
		if len(b) < 4 {
			return epoch, first, bodies, errMalformed
		}
		end := 4 + int(binary.BigEndian.Uint32(b))
		if len(b) < end {
			return epoch, first, bodies, errMalformed
		}
		bodies = append(bodies, b[4:end])
		b = b[end:]
	}
	return epoch, first, bodies, nil
}

// decodeBody reads one publication.
func decodeBody(id live.RoomID, body []byte, p *store.Publication) (err error) {
	if len(body) == 0 {
		return errMalformed
	}
	kind, body := body[0], body[1:]
	switch kind {
	case bodyMessage:
		if len(body) == 0 {
			return errMalformed
		}
		p.Message, err = decodeEntry(feed.Bucket(body[0]), body[1:])
	case bodyAttributes:
		p.Attributes, err = decodeChanges(body)
	case bodyDeparture:
		p.Departure, err = decodeDeparture(id, body)
	case bodyRoom:
		r, fault := record.UnmarshalRoom(body)
		p.Room, err = &r, fault
	case bodyQuiz:
		p.Quiz, err = decodeQuizMark(body)
	default:
		return errMalformed
	}
	return err
}
