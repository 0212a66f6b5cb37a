package redis

import (
	"encoding/binary"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// packSession packs of a session's record what its user says: the rest of it is the
// store's.
func packSession(s room.Session) string {
	b := appendLength([]byte{byte(s.Role)}, len(s.User))
	return string(append(append(b, s.User...), s.Name...))
}

// decodeSession reads a session's record, and when its lease was last given.
func decodeSession(id live.SessionID, b []byte) (s room.Session, seen live.Timestamp, err error) {
	p := packed{rest: b}
	seen = live.Timestamp(p.number(8)) //nolint:gosec // as it was written
	s = room.Session{
		ID:          id,
		Joined:      live.Timestamp(p.number(8)),   //nolint:gosec // as it was written
		Incarnation: room.Incarnation(p.number(8)), //nolint:gosec // as it was written
		Role:        live.Role(p.number(1)),        //nolint:gosec // of one byte
	}
	s.User = live.UserID(p.text(p.number(4)))
	s.Name = string(p.rest)
	return s, seen, p.err()
}

// How a session has ended.
const (
	howGone = 1 << iota // its user has gone with it
	howLeft             // it did not lapse
)

// decodeEnded reads a session that has ended, as it is kept until it is settled.
func decodeEnded(id live.RoomID, b []byte) (store.Ended, error) {
	p := packed{rest: b}
	at, how := live.Timestamp(p.number(8)), p.number(1) //nolint:gosec // as it was written
	session := live.SessionID(p.text(p.number(4)))
	s, seen, err := decodeSession(session, p.rest)
	return store.Ended{Room: id, Session: s, LastSeen: seen, At: at, Gone: how&howGone != 0, Left: how&howLeft != 0}, err
}

// packEnded packs a session that has ended to the byte as it is kept: that is its name.
func packEnded(e store.Ended) string {
	var how byte
	if e.Gone {
		how |= howGone
	}
	if e.Left {
		how |= howLeft
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(e.At)) //nolint:gosec // as scripts pack it
	b = appendLength(append(b, how), len(e.ID))
	b = append(b, e.ID...)
	for _, n := range []int64{int64(e.LastSeen), int64(e.Joined), int64(e.Incarnation)} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // as scripts pack it
	}
	return string(b) + packSession(e.Session)
}

// decodeDeparture reads what is published of a departure, after its first byte.
func decodeDeparture(id live.RoomID, b []byte) (*store.Departure, error) {
	p := packed{rest: b}
	d := &store.Departure{
		Room:        id,
		Incarnation: room.Incarnation(p.number(8)), //nolint:gosec // as it was written
		Reason:      store.Reason(p.number(1)),     //nolint:gosec // of one byte
	}
	user, session := p.number(4), p.number(4)
	d.User, d.Session = live.UserID(p.text(user)), live.SessionID(p.text(session))
	d.Message = string(p.rest)
	return d, p.err()
}
