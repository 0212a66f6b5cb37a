package store

import (
	"fmt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
)

// Payloads encodes the facts of events that a store records by itself, in the same step as
// what they tell of: rooms that are created and ended, sanctions, and messages while a
// consumer asks for them. A backend is opened with it; without, it records none of these.
// It may be called concurrently, under locks, and must do nothing else.
type Payloads interface {
	RoomPayload(r room.Room) []byte
	SanctionPayload(s moderation.Sanction) []byte
	MessagePayload(m *feed.Message) []byte
}

// RoomEvent returns the event of a room that was created, or has ended.
func RoomEvent(p Payloads, r room.Room) Event {
	kind, name, at := RoomCreated, "room_created", r.Created
	if r.State == room.Ended {
		kind, name, at = RoomEnded, "room_ended", r.Ended
	}
	return Event{
		ID: fmt.Sprintf("%s/%s/%d", name, r.ID, at), Room: r.ID, At: at, Kind: kind, Payload: p.RoomPayload(r),
	}
}

// SanctionEvent returns the event of a sanction that was applied, or was lifted.
func SanctionEvent(p Payloads, s moderation.Sanction) Event {
	kind, name, at := SanctionApplied, "sanction_applied", s.At
	if s.LiftedAt != 0 {
		kind, name, at = SanctionLifted, "sanction_lifted", s.LiftedAt
	}
	return Event{ID: name + "/" + s.ID, Room: s.Room, At: at, Kind: kind, Payload: p.SanctionPayload(s)}
}

// MessageEvent returns the event of a message in a life of its room's log: that it was sent,
// or that it takes another back.
func MessageEvent(p Payloads, id live.RoomID, epoch live.Epoch, m *feed.Message) Event {
	kind, name := messageKind(m), "message_sent"
	if kind == MessageRecalled {
		name = "message_recalled"
	}
	return Event{
		ID:   fmt.Sprintf("%s/%s/%s/%d", name, id, epoch, m.Timestamp),
		Room: id, At: m.Timestamp, Kind: kind, Payload: p.MessagePayload(m),
	}
}

// messageKind returns what a message is to other systems.
func messageKind(m *feed.Message) EventKind {
	if m.Recalls != 0 {
		return MessageRecalled
	}
	return MessageSent
}

// MessageWish is which messages consumers ask for.
type MessageWish []EventFilter

// Of says whether any of these consumers asks for a message of a room.
func (w MessageWish) Of(id live.RoomID, m *feed.Message) bool {
	kind := messageKind(m)
	for _, f := range w {
		if f.Names(kind) && f.OfRoom(id) {
			return true
		}
	}
	return false
}
