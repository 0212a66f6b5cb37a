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

// decodeEnded reads a session that has ended, as it is kept until it is settled.
func decodeEnded(id live.RoomID, session live.SessionID, b []byte) (store.Ended, error) {
	p := packed{rest: b}
	at, how := live.Timestamp(p.number(8)), p.number(1) //nolint:gosec // as it was written
	s, seen, err := decodeSession(session, p.rest)
	return store.Ended{Room: id, Session: s, LastSeen: seen, At: at, Gone: how&1 != 0, Left: how&2 != 0}, err
}

// packStay packs what names a session that has ended.
func packStay(e store.Ended) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(e.Incarnation)) //nolint:gosec // as scripts pack it
	return string(append(b, e.ID...))
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
