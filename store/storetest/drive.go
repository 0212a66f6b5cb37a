package storetest

import (
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
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
	return s.createAs(newRoom(id), "")
}

// createAs creates a room as a caller describes it, by a request.
func (s *rig) createAs(r room.Room, request string) room.Room {
	s.t.Helper()
	created, err := s.Rooms.CreateRoom(s.t.Context(), r, request)
	return must(s, "CreateRoom", created, err)
}

// createKeeping creates a room that keeps so many entries of each bucket.
func (s *rig) createKeeping(id live.RoomID, capacity int) {
	s.t.Helper()
	r := newRoom(id)
	r.Settings.Feed.Capacity = capacity
	s.createAs(r, "")
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
	return s.appendUnder(id, d, under(limits))
}

// appendUnder appends under limits that may be stale.
func (s *rig) appendUnder(id live.RoomID, d feed.Draft, limits store.Limits) feed.Receipt {
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
	receipt, err := s.Log.Recall(s.t.Context(), id, feed.Recall{Timestamp: t, By: by, Staff: true}, under(roomy))
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
	batch, _ := s.readHead(id, c, limit)
	return batch
}

func (s *rig) readHead(id live.RoomID, c feed.Cursor, limit int) (feed.Batch, store.Head) {
	s.t.Helper()
	batch, head, err := s.Log.Read(s.t.Context(), id, c, limit)
	return must(s, "Read", batch, err), head
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

// wantHead checks that a room's head has not moved.
func (s *rig) wantHead(id live.RoomID, want store.Head) {
	s.t.Helper()
	if got := s.head(id); got != want {
		s.t.Errorf("the head of %q moved from %+v to %+v", id, want, got)
	}
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

// release lets a user come and go, and what is theirs with them.
func (s *rig) release(id live.RoomID, user live.UserID) {
	s.t.Helper()
	s.join(id, user, "comes and goes")
	if !s.leave(id, user, "") {
		s.t.Fatalf("%q is not gone", user)
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
		Revision:  ahead,
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

// enter joins for so long that it does not matter, and returns the session.
func (s *rig) enter(id live.RoomID, user live.UserID, session live.SessionID) room.Session {
	s.t.Helper()
	got, _ := s.joinFor(id, stay(user, session), time.Hour)
	return got
}

// renewAll renews leases of one room and returns what is lost.
func (s *rig) renewAll(id live.RoomID, term time.Duration, leases ...store.Lease) []store.Lost {
	s.t.Helper()
	lost, err := s.Presence.Renew(s.t.Context(), map[live.RoomID][]store.Lease{id: leases}, term)
	must(s, "Renew", lost, err)
	for other := range lost {
		if other != id || len(lost[id]) == 0 {
			s.t.Fatalf("Renew of %q says that %+v are lost", id, lost)
		}
	}
	return lost[id]
}

// renew renews sessions of one room and returns the ids of those that are lost.
func (s *rig) renew(id live.RoomID, term time.Duration, sessions ...room.Session) []live.SessionID {
	s.t.Helper()
	var leases []store.Lease
	for _, session := range sessions {
		leases = append(leases, store.LeaseOf(session))
	}
	var ids []live.SessionID
	for _, lost := range s.renewAll(id, term, leases...) {
		ids = append(ids, lost.Session)
	}
	return ids
}

// depart lets go whom d names, and returns what ended.
func (s *rig) depart(d store.Departure) []store.Ended {
	s.t.Helper()
	ended, err := s.Presence.Leave(s.t.Context(), d)
	return must(s, "Leave", ended, err)
}

// leave ends a session or all, settles what ended, and says whether the user is gone.
func (s *rig) leave(id live.RoomID, user live.UserID, session live.SessionID) bool {
	s.t.Helper()
	ended := s.depart(store.Departure{Room: id, User: user, Session: session})
	s.settle(ended)
	return len(gone(ended)) > 0
}

// gone returns the users who are gone with sessions.
func gone(ended []store.Ended) []store.Departure {
	var all []store.Departure
	for _, e := range ended {
		if e.Gone {
			all = append(all, store.Departure{Room: e.Room, User: e.User})
		}
	}
	return all
}

// lapsed ends what has lapsed.
func (s *rig) lapsed(limit int) (ended []store.Ended, more bool) {
	s.t.Helper()
	ended, more, err := s.Presence.Expire(s.t.Context(), limit)
	return must(s, "Expire", ended, err), more
}

func (s *rig) settle(ended []store.Ended) {
	s.t.Helper()
	if err := s.Presence.Settle(s.t.Context(), ended); err != nil {
		s.t.Fatalf("Settle: %v", err)
	}
}

// expire ends what has lapsed, settles it, and returns the users who are gone.
func (s *rig) expire(limit int) []store.Departure {
	s.t.Helper()
	ended, _ := s.lapsed(limit)
	s.settle(ended)
	return gone(ended)
}

func (s *rig) members(id live.RoomID, after live.UserID, limit int) []room.Member {
	s.t.Helper()
	members, err := s.Presence.Members(s.t.Context(), id, after, limit)
	return must(s, "Members", members, err)
}

func (s *rig) online(id live.RoomID) room.Online {
	s.t.Helper()
	online, err := s.Presence.Online(s.t.Context(), []live.RoomID{id})
	must(s, "Online", online, err)
	if _, there := online[id]; !there || len(online) != 1 {
		s.t.Fatalf("Online(%q) = %+v", id, online)
	}
	return online[id]
}

// order returns a sanction for good, by the room's host.
func order(id live.RoomID, kind moderation.Kind, user live.UserID) store.SanctionOrder {
	return store.SanctionOrder{Order: moderation.Order{
		Kind: kind, Room: id, User: user, By: "host", Reason: "why of " + string(user),
	}}
}

// within returns the order for a term.
func within(d time.Duration, o store.SanctionOrder) store.SanctionOrder {
	o.For = d
	return o
}

// requested returns the order under a request id.
func requested(id string, o store.SanctionOrder) store.SanctionOrder {
	o.RequestID = id
	return o
}

// sanction applies an order.
func (s *rig) sanction(o store.SanctionOrder) moderation.Sanction {
	s.t.Helper()
	sanction, err := s.Sanctions.ApplySanction(s.t.Context(), o)
	return must(s, "ApplySanction", sanction, err)
}

// lift lifts what acts.
func (s *rig) lift(id live.RoomID, kind moderation.Kind, user live.UserID) {
	s.t.Helper()
	if err := s.Sanctions.LiftSanction(s.t.Context(), store.SanctionLift{Kind: kind, Room: id, User: user, By: "lifter"}); err != nil {
		s.t.Fatalf("LiftSanction: %v", err)
	}
}

// query returns a query of a room's sanctions for more than there are.
func query(id live.RoomID, q moderation.Query) store.SanctionQuery {
	if q.Limit == 0 {
		q.Limit = 10_000
	}
	return store.SanctionQuery{Room: id, Query: q}
}

// sanctions lists.
func (s *rig) sanctions(id live.RoomID, q moderation.Query) []moderation.Sanction {
	s.t.Helper()
	all, err := s.Sanctions.Sanctions(s.t.Context(), query(id, q))
	return must(s, "Sanctions", all, err)
}

// stands returns how a user stands in a room now.
func (s *rig) stands(id live.RoomID, user live.UserID) moderation.Standing {
	s.t.Helper()
	all, err := s.Sanctions.Standings(s.t.Context(), id, []live.UserID{user})
	if must(s, "Standings", all, err); len(all) != 1 {
		s.t.Fatalf("Standings of one user are %+v", all)
	}
	return all[0]
}

// revision returns what a room's sanctions are at.
func (s *rig) revision(id live.RoomID) store.SanctionRevision {
	s.t.Helper()
	all, err := s.Sanctions.SanctionRevisions(s.t.Context(), []live.RoomID{id})
	if must(s, "SanctionRevisions", all, err); len(all) != 1 {
		s.t.Fatalf("SanctionRevisions of one room are %+v", all)
	}
	return all[id]
}
