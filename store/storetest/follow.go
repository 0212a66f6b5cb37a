package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var followTests = []test{
	{"FollowerOfAllEndsEqual", followerEndsEqual(Lossy{Seed: 1}, 10_000)},
	{"FollowerWhoLosesSomeEndsEqual", followerEndsEqual(Lossy{Seed: 2, Drop: 0.1}, 10_000)},
	{"FollowerWhoLosesMuchEndsEqual", followerEndsEqual(Lossy{Seed: 3, Drop: 0.7, Repeat: 0.5}, 10_000)},
	{"FollowerWhoLosesAllEndsEqual", followerEndsEqual(Lossy{Seed: 4, Drop: 1}, 10_000)},
	{"FollowerWhoHearsTwiceEndsEqual", followerEndsEqual(Lossy{Seed: 5, Repeat: 0.9}, 10_000)},
	{"FollowerOverrunEndsEqual", followerEndsEqual(Lossy{Seed: 6, Drop: 0.5, Repeat: 0.2}, 50)},
	{"FollowerWhoLosesAllOverrunEndsEqual", followerEndsEqual(Lossy{Seed: 7, Drop: 1}, 50)},
	{"FollowerOfABrokenBackendEndsEqual", followerOfABrokenBackendEndsEqual},
	{"FollowerThroughLivesOfTheLogEndsEqual", followerThroughLivesEndsEqual},
	{"ReadersGoOnThroughLivesOfTheLog", readersGoOnThroughLives},
	{"LossOfTheLastShowsInHead", lossOfTheLastShowsInHead},
	{"MarksAreOfManyRooms", marksAreOfManyRooms},
	{"HeadIsOfOneInstant", headIsOfOneInstant},
}

// node is what one that follows a room holds of it.
type node struct {
	s          *rig
	id         live.RoomID
	capacity   int
	epoch      live.Epoch
	sequence   uint64 // all up to it was heard
	room       room.Room
	rings      *feed.Rings
	attributes *attribute.Replica
	since      live.Epoch // of the attributes
}

// newNode returns a node that has read everything.
func (s *rig) newNode(id live.RoomID, capacity int) *node {
	n := &node{s: s, id: id, capacity: capacity, attributes: attribute.NewReplica()}
	n.begin(s.head(id).Cursor.Epoch)
	n.catchUp()
	return n
}

// begin forgets the log, and goes on in an epoch.
func (n *node) begin(epoch live.Epoch) {
	if epoch != n.epoch {
		n.epoch, n.sequence = epoch, 0
	}
	n.rings = feed.NewRings(n.capacity, feed.Cursor{Epoch: epoch})
}

// take takes what was heard, and mends what that shows to be missing.
func (n *node) take(p store.Publication) {
	if p.Epoch != n.epoch {
		return // mended when all is quiet
	}
	if p.Sequence == n.sequence+1 {
		n.sequence++
	}
	switch {
	case p.Message != nil:
		if n.rings.Apply(p.Message) == feed.Gap {
			n.mendLog()
		}
	case p.Attributes != nil:
		if !n.attributes.Apply(*p.Attributes) {
			n.mendAttributes()
		}
	case p.Room != nil && p.Room.Revision > n.room.Revision:
		n.room = *p.Room
	}
}

// mendLog reads what is missing of the log, a little at a time.
func (n *node) mendLog() {
	for more := true; more; {
		batch := n.s.read(n.id, n.rings.Head(), 7)
		if more = batch.More; !n.rings.Fill(batch) {
			n.begin(batch.Cursor.Epoch)
			more = true
		}
	}
}

// mendAttributes reads what is missing of the attributes.
func (n *node) mendAttributes() {
	n.s.t.Helper()
	delta := n.s.since(n.id, n.since, n.attributes.Timestamp())
	n.s.mend(n.attributes, delta)
	n.since = delta.Epoch
}

// mend brings a replica to where a delta leads.
func (s *rig) mend(replica *attribute.Replica, delta store.AttributeDelta) {
	s.t.Helper()
	switch {
	case delta.Snapshot != nil:
		replica.Reset(*delta.Snapshot)
	case !replica.Apply(*delta.Changes):
		s.t.Fatalf("%+v does not continue a replica at %d", delta.Changes, replica.Timestamp())
	}
}

// behind says whether the head shows that something is missing.
func (n *node) behind(head store.Head) bool {
	return n.rings.Head() != head.Cursor || n.since != head.Cursor.Epoch || n.attributes.Timestamp() != head.Attributes ||
		n.room.Revision < head.Revision
}

// catchUp reads until the head shows nothing missing.
func (n *node) catchUp() {
	n.s.t.Helper()
	n.s.eventually("the follower has caught up", func() bool {
		head := n.s.head(n.id)
		if !n.behind(head) {
			n.sequence = max(n.sequence, head.Sequence)
			return true
		}
		n.mendLog()
		n.mendAttributes()
		n.room = n.s.room(n.id)
		return false
	})
}

// equals checks that the node holds what the store does.
func (n *node) equals(t *testing.T) {
	t.Helper()
	if got, want := n.rings.Between(0, 0, 100_000), n.s.all(n.id); !sameMessages(got, want) {
		t.Errorf("the follower holds %d messages, the store %d; or others", len(got), len(want))
	}
	if got, want := n.rings.Head(), n.s.head(n.id).Cursor; got != want {
		t.Errorf("the follower is at %+v, the store at %+v", got, want)
	}
	snapshot := n.s.snapshot(n.id)
	if !sameAttributes(n.attributes.All(), snapshot.Attributes) || n.attributes.Timestamp() != snapshot.Timestamp {
		t.Errorf("the follower holds %+v at %d\nthe store %+v", n.attributes.All(), n.attributes.Timestamp(), snapshot)
	}
	if want := n.s.room(n.id); !sameRoom(n.room, want) {
		t.Errorf("the follower holds %+v\nthe store %+v", n.room, want)
	}
}

// actor changes a room in every way, by a pattern its seed determines.
type actor struct {
	s      *rig
	id     live.RoomID
	number int
	random *rand.Rand
	sent   []live.Timestamp
}

func newActor(s *rig, id live.RoomID, number int) *actor {
	random := rand.New(rand.NewPCG(uint64(number), 9)) //nolint:gosec // a pattern that can be repeated, not a secret
	return &actor{s: s, id: id, number: number, random: random}
}

// act does one thing.
func (a *actor) act(i int) {
	switch dice := a.random.IntN(20); {
	case dice < 13:
		a.send(i)
	case dice < 15 && len(a.sent) > 0:
		t := a.sent[a.random.IntN(len(a.sent))]
		recall := feed.Recall{Timestamp: t, By: "host", Staff: true}
		if _, err := a.s.Log.Recall(a.s.t.Context(), a.id, recall, under(roomy)); !errors.Is(err, feed.ErrNoMessage) {
			a.check(err)
		}
	case dice < 18:
		u := batch("", set(fmt.Sprint("k", a.random.IntN(8)), fmt.Sprint(i)), set(fmt.Sprint("l", a.number), fmt.Sprint(i)))
		u.Limits.Log = 10
		_, err := a.s.Attributes.UpdateAttributes(a.s.t.Context(), a.id, u)
		a.check(err)
	case dice < 19:
		title := fmt.Sprint(a.number, " ", i)
		_, err := a.s.Rooms.UpdateRoom(a.s.t.Context(), a.id, room.Change{Title: &title})
		a.check(err)
	default:
		user := live.UserID(fmt.Sprint("user ", a.number))
		_, _, err := a.s.Presence.Join(a.s.t.Context(), a.id, stay(user, live.SessionID(user)), time.Hour)
		a.check(err)
		_, err = a.s.Presence.Leave(a.s.t.Context(), store.Departure{Room: a.id, User: user})
		a.check(err)
	}
}

// send sends a message, in any bucket.
func (a *actor) send(i int) {
	d := draft(live.UserID(fmt.Sprint("user ", a.number)), fmt.Sprint(i))
	d.Bucket = feed.Bucket(a.random.IntN(feed.Buckets)) //nolint:gosec // small
	receipt, err := a.s.Log.Append(a.s.t.Context(), a.id, d, under(roomy))
	a.check(err)
	if err == nil {
		a.sent = append(a.sent, receipt.Place.Timestamp)
	}
}

// check reports an error, unless it is that of a backend that was broken.
func (a *actor) check(err error) {
	broken := (a.s.Break != nil || a.s.Restart != nil) && errors.Is(err, store.ErrUnavailable)
	if err != nil && !broken {
		a.s.t.Errorf("actor %d: %v", a.number, err)
	}
}

// bustle lets a room change in many ways at once, and calls each with what a
// follower on the bus hears until it is over.
func (s *rig) bustle(t *testing.T, bus store.Bus, id live.RoomID, each func(store.Publication)) {
	t.Helper()
	e := s.followOn(t, bus, id)
	done := meanwhile(func() {
		parallel(4, func(number int) {
			a := newActor(s, id, number)
			for i := range 100 {
				a.act(i)
			}
		})
	})
	taken, over := 0, false
	for !over {
		select {
		case <-e.more:
		case <-done:
			over = true
		}
		heard := e.so()
		for _, p := range heard[taken:] {
			each(p)
		}
		taken = len(heard)
	}
}

// followerEndsEqual lets a node follow a room on a lossy bus while the room changes
// in many ways at once.
func followerEndsEqual(lossy Lossy, capacity int) func(t *testing.T, s *rig) {
	return func(t *testing.T, s *rig) {
		s.createKeeping("r", capacity)
		lossy := lossy // the test's own
		lossy.Bus = s.Bus
		n := s.newNode("r", capacity)
		s.bustle(t, lossy, "r", n.take)
		n.catchUp()
		n.equals(t)
	}
}

func followerOfABrokenBackendEndsEqual(t *testing.T, s *rig) {
	if s.Break == nil {
		t.Skip("the backend has no connections to break")
	}
	s.createKeeping("r", 10_000)
	n, heard := s.newNode("r", 10_000), 0
	s.bustle(t, s.Bus, "r", func(p store.Publication) {
		if heard++; heard%50 == 0 {
			s.Break()
		}
		if p.Message != nil {
			n.rings.Apply(p.Message) // mended when all is quiet
		}
	})
	s.back("r")
	n.catchUp()
	n.equals(t)
	e := s.follow(t, "r")
	s.send("r", draft("ann", "after all"))
	if p := e.all(1)[0]; p.Message == nil || p.Message.Text != "after all" {
		t.Errorf("heard %+v after the backend was back", p)
	}
}

func lossOfTheLastShowsInHead(t *testing.T, s *rig) {
	s.create("r")
	n := s.newNode("r", 100)
	e := s.follow(t, "r")
	s.sendAll("r", drafts(3))
	for _, p := range e.all(3) {
		n.take(p)
	}
	if head := s.head("r"); n.behind(head) || n.sequence != head.Sequence {
		t.Fatalf("a follower who heard all is behind %+v", head)
	}
	for name, change := range map[string]func(){
		"a message":  func() { s.send("r", draft("ann", "lost")) },
		"attributes": func() { s.put("r", "k", "lost") },
		"a room":     func() { s.retitle("r", "lost") },
		"a departure": func() {
			s.join("r", "ann", "a")
			s.leave("r", "ann", "a")
		},
	} {
		before := s.head("r")
		change()
		if after := s.head("r"); after.Sequence != before.Sequence+1 {
			t.Errorf("%s: Head went from %+v to %+v, want its sequence to show it", name, before, after)
		}
		s.wantMarks("r")
	}
	if head := s.head("r"); !n.behind(head) {
		t.Errorf("a follower at %+v does not see by %+v that it is behind", n.rings.Head(), head)
	}
	n.catchUp()
	n.equals(t)
}

func headIsOfOneInstant(t *testing.T, s *rig) {
	s.createKeeping("r", 10_000)
	n, e := s.newNode("r", 10_000), s.follow(t, "r")
	heads := make(map[uint64][]store.Head)
	s.bustle(t, s.Bus, "r", func(store.Publication) {
		head := s.head("r")
		heads[head.Sequence] = append(heads[head.Sequence], head)
		batch, head := s.readHead("r", head.Cursor, 10_000)
		heads[head.Sequence] = append(heads[head.Sequence], head)
		if batch.Cursor != head.Cursor {
			t.Errorf("Read got to %+v, and says that the room is at %+v", batch.Cursor, head.Cursor)
		}
	})
	for _, p := range e.upTo(s.head("r").Sequence) {
		if p.Sequence != n.sequence+1 {
			t.Fatalf("heard %d after %d", p.Sequence, n.sequence)
		}
		n.take(p)
		for _, head := range heads[p.Sequence] {
			if n.behind(head) || n.room.Revision != head.Revision {
				t.Errorf("who heard all up to %d is at %+v, not at %+v", p.Sequence, n.rings.Head(), head)
			}
		}
	}
}
