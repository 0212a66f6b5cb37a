package storetest

import (
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// must returns what a call returned, or fails the test.
func must[T any](s *rig, what string, v T, err error) T {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	return v
}

// create creates a room.
func (s *rig) create(id live.RoomID) room.Room {
	s.t.Helper()
	r, err := s.Rooms.CreateRoom(s.t.Context(), newRoom(id), "")
	return must(s, "CreateRoom", r, err)
}

func (s *rig) update(id live.RoomID, c room.Change) room.Room {
	s.t.Helper()
	r, err := s.Rooms.UpdateRoom(s.t.Context(), id, c)
	return must(s, "UpdateRoom", r, err)
}

// retitle changes a room's title.
func (s *rig) retitle(id live.RoomID, title string) room.Room {
	s.t.Helper()
	return s.update(id, room.Change{Title: &title})
}

func (s *rig) end(id live.RoomID) room.Room {
	s.t.Helper()
	r, err := s.Rooms.EndRoom(s.t.Context(), id)
	return must(s, "EndRoom", r, err)
}

func (s *rig) room(id live.RoomID) room.Room {
	s.t.Helper()
	r, err := s.Rooms.Room(s.t.Context(), id)
	return must(s, "Room", r, err)
}

func (s *rig) rooms(q store.RoomQuery) []room.Room {
	s.t.Helper()
	rooms, err := s.Rooms.Rooms(s.t.Context(), q)
	return must(s, "Rooms", rooms, err)
}

func (s *rig) append(id live.RoomID, d feed.Draft, limits feed.Limits) feed.Receipt {
	s.t.Helper()
	receipt, err := s.Log.Append(s.t.Context(), id, d, limits)
	return must(s, "Append", receipt, err)
}

// send appends a message that must be placed.
func (s *rig) send(id live.RoomID, d feed.Draft) feed.Receipt {
	s.t.Helper()
	receipt := s.append(id, d, roomy)
	if receipt.Outcome != feed.Accepted || receipt.Duplicate {
		s.t.Fatalf("Append(%+v) = %+v, want it placed", d, receipt)
	}
	return receipt
}

// sendAll appends messages that must be placed and returns where.
func (s *rig) sendAll(id live.RoomID, all []feed.Draft) []feed.Place {
	s.t.Helper()
	places := make([]feed.Place, len(all))
	for i, d := range all {
		places[i] = s.send(id, d).Place
	}
	return places
}

func (s *rig) recall(id live.RoomID, t live.Timestamp, by live.UserID) {
	s.t.Helper()
	receipt, err := s.Log.Recall(s.t.Context(), id, feed.Recall{Timestamp: t, By: by, Staff: true}, roomy)
	if err != nil || receipt.Outcome != feed.Accepted {
		s.t.Fatalf("Recall: %+v, %v", receipt, err)
	}
}

func (s *rig) message(id live.RoomID, t live.Timestamp) *feed.Message {
	s.t.Helper()
	m, err := s.Log.Message(s.t.Context(), id, t)
	return must(s, "Message", m, err)
}

func (s *rig) read(id live.RoomID, c feed.Cursor, limit int) feed.Batch {
	s.t.Helper()
	batch, err := s.Log.Read(s.t.Context(), id, c, limit)
	return must(s, "Read", batch, err)
}

func (s *rig) between(id live.RoomID, after, until live.Timestamp, limit int) []*feed.Message {
	s.t.Helper()
	messages, err := s.Log.Between(s.t.Context(), id, after, until, limit)
	return must(s, "Between", messages, err)
}

// all returns everything that a room's log holds.
func (s *rig) all(id live.RoomID) []*feed.Message {
	s.t.Helper()
	return s.between(id, 0, 0, 100_000)
}

func (s *rig) head(id live.RoomID) store.Head {
	s.t.Helper()
	head, err := s.Log.Head(s.t.Context(), id)
	return must(s, "Head", head, err)
}

func (s *rig) apply(id live.RoomID, u store.AttributeUpdate) store.AttributePosition {
	s.t.Helper()
	position, err := s.Attributes.UpdateAttributes(s.t.Context(), id, u)
	return must(s, "UpdateAttributes", position, err)
}

// put sets one key to a value.
func (s *rig) put(id live.RoomID, key, value string) store.AttributePosition {
	s.t.Helper()
	return s.apply(id, batch("", set(key, value)))
}

func (s *rig) release(id live.RoomID, owner live.UserID) {
	s.t.Helper()
	if err := s.Attributes.ReleaseAttributes(s.t.Context(), id, owner); err != nil {
		s.t.Fatalf("ReleaseAttributes: %v", err)
	}
}

func (s *rig) since(id live.RoomID, epoch live.Epoch, after live.Timestamp) store.AttributeDelta {
	s.t.Helper()
	delta, err := s.Attributes.AttributesSince(s.t.Context(), id, epoch, after)
	return s.oneOf(must(s, "AttributesSince", delta, err))
}

func (s *rig) snapshot(id live.RoomID, keys ...string) attribute.Snapshot {
	s.t.Helper()
	delta, err := s.Attributes.AttributeSnapshot(s.t.Context(), id, keys)
	delta = s.oneOf(must(s, "AttributeSnapshot", delta, err))
	if delta.Snapshot == nil {
		s.t.Fatalf("AttributeSnapshot returned changes: %+v", delta.Changes)
	}
	return *delta.Snapshot
}

// oneOf checks that a delta is either changes or a snapshot, of an epoch.
func (s *rig) oneOf(delta store.AttributeDelta) store.AttributeDelta {
	s.t.Helper()
	if (delta.Changes == nil) == (delta.Snapshot == nil) || delta.Epoch == "" {
		s.t.Fatalf("delta is not exactly one of changes and snapshot, of an epoch: %+v", delta)
	}
	return delta
}

// batch returns an update by the room's host.
func batch(requestID string, updates ...attribute.Update) store.AttributeUpdate {
	return store.AttributeUpdate{
		Actor:     attribute.Actor{User: "host", Privileged: true},
		Limits:    attribute.DefaultLimits(),
		Updates:   updates,
		RequestID: requestID,
	}
}

// set returns an update that sets a key.
func set(key, value string) attribute.Update {
	return attribute.Update{Key: key, Value: []byte(value)}
}

// seat returns an update that sets a key that goes with its setter.
func seat(key, value string) attribute.Update {
	return attribute.Update{Key: key, Value: []byte(value), Own: true, DeleteOnLeave: true}
}

// ifAt returns the update on condition of the key's timestamp.
func ifAt(t live.Timestamp, u attribute.Update) attribute.Update {
	u.IfTimestamp = &t
	return u
}

// by returns the update as a viewer's.
func by(viewer live.UserID, u store.AttributeUpdate) store.AttributeUpdate {
	u.Actor = attribute.Actor{User: viewer}
	return u
}

// stay returns a session of a user's.
func stay(user live.UserID, session live.SessionID) room.Session {
	return room.Session{ID: session, User: user, Name: "Name of " + string(user), Role: live.RoleViewer}
}

func (s *rig) joinFor(id live.RoomID, stay room.Session, lease time.Duration) (room.Session, room.Online) {
	s.t.Helper()
	session, online, err := s.Presence.Join(s.t.Context(), id, stay, lease)
	return must(s, "Join", session, err), online
}

// join joins for so long that it does not matter.
func (s *rig) join(id live.RoomID, user live.UserID, session live.SessionID) room.Online {
	s.t.Helper()
	_, online := s.joinFor(id, stay(user, session), time.Hour)
	return online
}

func (s *rig) renew(id live.RoomID, lease time.Duration, ids ...live.SessionID) []live.SessionID {
	s.t.Helper()
	gone, err := s.Presence.Renew(s.t.Context(), id, ids, lease)
	return must(s, "Renew", gone, err)
}

func (s *rig) leave(id live.RoomID, user live.UserID, session live.SessionID) bool {
	s.t.Helper()
	gone, err := s.Presence.Leave(s.t.Context(), id, user, session)
	return must(s, "Leave", gone, err)
}

func (s *rig) expire(limit int) []store.Departure {
	s.t.Helper()
	departures, err := s.Presence.Expire(s.t.Context(), limit)
	return must(s, "Expire", departures, err)
}

func (s *rig) members(id live.RoomID, after live.UserID, limit int) []room.Member {
	s.t.Helper()
	members, err := s.Presence.Members(s.t.Context(), id, after, limit)
	return must(s, "Members", members, err)
}

func (s *rig) online(id live.RoomID) room.Online {
	s.t.Helper()
	online, err := s.Presence.Online(s.t.Context(), id)
	return must(s, "Online", online, err)
}
