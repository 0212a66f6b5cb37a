package visit_test

import (
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	rules "github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// sitting is the visit that a session makes.
func sitting(s room.Session, exited live.Timestamp, inferred bool) rules.Visit {
	return rules.Visit{
		Room: "r", User: s.User, Key: rules.Key{Session: s.ID, Version: 2*rules.Version(s.Joined) + 1},
		Entered: s.Joined, Exited: exited, Inferred: inferred,
	}
}

func want(t *testing.T, got []rules.Visit, want ...rules.Visit) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("visits %+v\nwant %+v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("visit %d is %+v\nwant %+v", i, got[i], want[i])
		}
	}
}

func TestSessionsAreVisits(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		ann := n.join(t, "ann", "a", time.Hour)
		time.Sleep(time.Second)
		bob := n.join(t, "bob", "b", 10*time.Second)
		pass(time.Second)
		want(t, n.visits(t), sitting(ann, 0, false), sitting(bob, 0, false))
		n.join(t, "ann", "a", time.Hour) // resumed: the same visit
		time.Sleep(time.Minute)
		left := live.At(time.Now())
		n.leave(t, "ann")
		if _, _, err := n.presence.Expire(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		want(t, n.visits(t), sitting(ann, left, false), sitting(bob, bob.Joined, true))
		if len(b.settled) != 2 {
			t.Errorf("settled: %+v", b.settled)
		}
		events, err := b.Events.Events(t.Context(), store.EventQuery{Limit: 10})
		if err != nil || len(events.Events) != 2 || events.Events[0].Room != "r" || events.Events[0].Kind != 1 {
			t.Errorf("events: %+v, %v", events, err)
		}
	})
}

// While the queue is away nothing waits for it, what ended is not settled, and nothing is
// lost of what has.
func TestQueueAway(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		b.queueAway.Store(true)
		ann := n.join(t, "ann", "a", time.Hour)
		time.Sleep(time.Second)
		left := live.At(time.Now())
		n.leave(t, "ann")
		bob := n.join(t, "bob", "b", time.Hour)
		pass(10 * time.Second)
		if len(b.settled) != 0 || len(n.visits(t)) != 0 {
			t.Fatalf("settled %+v, visits %+v", b.settled, n.visits(t))
		}
		if got := n.value(t, "noted_sessions"); got != 2 {
			t.Errorf("%v sessions are noted, want 2", got)
		}
		b.queueAway.Store(false)
		pass(3 * time.Second)
		want(t, n.visits(t), sitting(ann, left, false), sitting(bob, 0, false))
	})
}

// A node that dies before it has reported what ended leaves that to others.
func TestNodeThatDiesLosesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		dying := b.node(t)
		b.queueAway.Store(true)
		ann := dying.join(t, "ann", "a", time.Hour)
		bob := dying.join(t, "bob", "b", 15*time.Second)
		time.Sleep(time.Second)
		left := live.At(time.Now())
		dying.leave(t, "ann")
		dying.stop() // its last report fails
		b.queueAway.Store(false)
		other := b.node(t)
		time.Sleep(2 * time.Minute)
		if _, _, err := other.presence.Expire(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		want(t, other.visits(t), sitting(ann, left, false), sitting(bob, bob.Joined, true))
	})
}

// What is noted when a node stops is reported before it has.
func TestStopReports(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		ann := n.join(t, "ann", "a", time.Hour)
		n.stop()
		other := b.node(t)
		pass(time.Second)
		want(t, other.visits(t), sitting(ann, 0, false))
	})
}

// Sessions that the store has lost ended when they were last renewed; those whose room
// ended, with it.
func TestLostSessions(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		ann := n.join(t, "ann", "a", time.Hour)
		time.Sleep(time.Second)
		leases := map[live.RoomID][]store.Lease{"r": {store.LeaseOf(ann)}}
		if lost, err := n.presence.Renew(t.Context(), leases, time.Hour); err != nil || len(lost) != 0 {
			t.Fatal(lost, err)
		}
		seen := live.At(time.Now())
		pass(time.Second)
		ended, err := b.Presence.Leave(t.Context(), store.Departure{Room: "r", User: "ann"}) // n is not told: as if it was lost
		if err != nil || b.Presence.Settle(t.Context(), ended) != nil {
			t.Fatal(ended, err)
		}
		if lost, err := n.presence.Renew(t.Context(), leases, time.Hour); err != nil || len(lost["r"]) != 1 {
			t.Fatal(lost, err)
		}
		pass(time.Second)
		want(t, n.visits(t), sitting(ann, seen, true))

		bob := n.join(t, "bob", "b", time.Hour)
		time.Sleep(time.Minute)
		r, err := b.Rooms.EndRoom(t.Context(), "r")
		if err != nil {
			t.Fatal(err)
		}
		leases["r"][0] = store.LeaseOf(bob)
		if lost, err := n.presence.Renew(t.Context(), leases, time.Hour); err != nil || len(lost["r"]) != 1 {
			t.Fatal(lost, err)
		}
		pass(5 * time.Second)
		want(t, n.visits(t), sitting(ann, seen, true), sitting(bob, r.Ended, true))
		if len(b.settled) != 3 { // of ann's twice: what was returned, and what this node knew
			t.Errorf("settled: %+v", b.settled)
		}
	})
}

// Sessions of which nothing is known when their room ends ended when they were last seen,
// also those whose enter was never reported; who has left has left. What is open besides is
// closed by the end, and put right when their leases would have been over.
func TestRoomEndsAfterItsNode(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		dying, other := b.node(t), b.node(t)
		lease := 30 * time.Second
		ann := dying.join(t, "ann", "a", lease)
		time.Sleep(10 * time.Second)
		leases := map[live.RoomID][]store.Lease{"r": {store.LeaseOf(ann)}}
		if lost, err := dying.presence.Renew(t.Context(), leases, lease); err != nil || len(lost) != 0 {
			t.Fatal(lost, err)
		}
		seen := live.At(time.Now())
		bob := other.join(t, "bob", "b", lease)
		time.Sleep(4 * time.Second)
		b.queueAway.Store(true)
		cy := dying.join(t, "cy", "c", lease)
		dee := dying.join(t, "dee", "d", lease)
		time.Sleep(time.Second)
		left := live.At(time.Now())
		dying.leave(t, "dee")
		dying.stop() // its last report fails
		b.queueAway.Store(false)
		time.Sleep(time.Second)
		r, err := b.Rooms.EndRoom(t.Context(), "r")
		if err != nil {
			t.Fatal(err)
		}
		leases["r"][0] = store.LeaseOf(bob)
		if lost, err := other.presence.Renew(t.Context(), leases, lease); err != nil || lost["r"][0].Ended == nil {
			t.Fatal(lost, err)
		}
		pass(5 * time.Second)
		want(t, other.visits(t), sitting(ann, r.Ended, true), sitting(bob, r.Ended, true))
		if got := other.value(t, "closed_by_end_total"); got < 1 {
			t.Errorf("%v visits were closed by the end of the room, want ann's", got)
		}
		for range 100 {
			if _, _, err := other.presence.Expire(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
			pass(time.Second)
		}
		want(t, other.visits(t), sitting(ann, seen, true), sitting(bob, r.Ended, true), sitting(cy, cy.Joined, true), sitting(dee, left, false))
		if len(b.settled) != 4 {
			t.Errorf("settled: %+v", b.settled)
		}
	})
}

// Of a session that ended with its room, while its node could not report, all is known
// afterwards, however late.
func TestRoomEndsBeforeTheEnterIsReported(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		b.queueAway.Store(true)
		ann := n.join(t, "ann", "a", time.Hour)
		time.Sleep(time.Minute)
		r, err := b.Rooms.EndRoom(t.Context(), "r")
		if err != nil {
			t.Fatal(err)
		}
		leases := map[live.RoomID][]store.Lease{"r": {store.LeaseOf(ann)}}
		if _, err := n.presence.Renew(t.Context(), leases, time.Hour); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		b.queueAway.Store(false)
		pass(5 * time.Second)
		want(t, n.visits(t), sitting(ann, r.Ended, true))
	})
}
