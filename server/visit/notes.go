package visit

import (
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

const (
	// maxEnded is how many sessions that have ended are noted at most. The store has them
	// too, and returns them again.
	maxEnded = 50_000
	// forgetAfter is when a session is no longer this node's, that it has not renewed since:
	// longer than any lease, so that it has ended, or is served elsewhere.
	forgetAfter = 5 * time.Minute
)

// sitting names a session in a room from when it joined until it ends, however often it is
// resumed. Another session of the same id is another sitting.
type sitting struct {
	room    live.RoomID
	session live.SessionID
	joined  live.Timestamp
}

// place names the sitting that a session has at a time.
type place struct {
	room    live.RoomID
	session live.SessionID
}

// enter returns the version of a session's enter: it follows from when it joined, so
// whoever tells of it tells the same.
func (s sitting) enter() visit.Version { return 2*visit.Version(s.joined) + 1 }

// entered returns the event that a session entered.
func (s sitting) entered(user live.UserID) visit.Event {
	return visit.Event{Room: s.room, User: user, Session: s.session, Version: s.enter(), At: s.joined}
}

// exited returns the event that it left, or was last seen.
func (s sitting) exited(user live.UserID, at live.Timestamp, inferred bool) visit.Event {
	return visit.Event{
		Room: s.room, User: user, Session: s.session, Version: s.enter() + 1, At: max(at, s.joined), Inferred: inferred,
	}
}

// guest is who sits there, as far as this node knows.
type guest struct {
	sitting
	user live.UserID
	seen time.Time // when it last joined or was renewed here
	held time.Time // when that was last tried
	told bool      // its enter is reported
	over bool      // it ended with its room: only its enter is still to be reported
	lost bool      // the store no longer knows it, and it is to be seen why
}

// ending is a session that has ended.
type ending struct {
	store.Ended
	told bool // its enter is reported
}

// events returns what there is to report of it. When somebody left is known; of a session
// that lapsed, when it was last seen.
func (e ending) events() []visit.Event {
	at := e.LastSeen
	if e.Left {
		at = e.At
	}
	s := sitting{e.Room, e.ID, e.Joined}
	exit := s.exited(e.User, at, !e.Left)
	if e.told {
		return []visit.Event{exit}
	}
	return []visit.Event{s.entered(e.User), exit}
}

// notes is what this node knows of sessions and has not reported. What it has of each is
// the latest, so it is no larger than there are sessions, however long nothing can be
// reported. It may be used concurrently.
type notes struct {
	metrics *Metrics

	mu     sync.Mutex
	guests map[place]*guest
	fresh  map[*guest]struct{} // whose enters are not reported
	lost   map[*guest]struct{}
	ended  map[sitting]ending
}

func newNotes(m *Metrics) *notes {
	return &notes{
		metrics: m, guests: make(map[place]*guest), fresh: make(map[*guest]struct{}),
		lost: make(map[*guest]struct{}), ended: make(map[sitting]ending),
	}
}

// join notes that a session has joined, or was resumed.
func (n *notes) join(id live.RoomID, s room.Session, at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	here, one := place{id, s.ID}, sitting{id, s.ID, s.Joined}
	g := n.guests[here]
	if g == nil || g.sitting != one {
		if g != nil {
			n.drop(g)
		}
		g = &guest{sitting: one, user: s.User}
		n.guests[here], n.fresh[g] = g, struct{}{}
	}
	g.seen, g.held = at, at
	g.lost = false
	delete(n.lost, g)
}

// drop forgets a session. The caller holds n.mu.
func (n *notes) drop(g *guest) {
	if here := (place{g.room, g.session}); n.guests[here] == g {
		delete(n.guests, here)
	}
	delete(n.fresh, g)
	delete(n.lost, g)
}

// renew notes that sessions are there, but for those that are lost, by what was asked for
// at an instant; or, if not renewed, that they are this node's still.
func (n *notes) renew(
	leases map[live.RoomID][]store.Lease, lost map[live.RoomID][]store.Lost, at time.Time, renewed bool,
) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, all := range lost {
		for _, l := range all {
			if g := n.of(id, l.Lease); g != nil && !l.Resumed && l.Ended == nil && g.seen.Before(at) {
				g.lost = true
				n.lost[g] = struct{}{}
			}
		}
	}
	for id, claims := range leases {
		for _, claim := range claims {
			g := n.of(id, claim)
			if g == nil || g.lost {
				continue
			}
			g.held = at
			if renewed && g.seen.Before(at) {
				g.seen = at
			}
		}
	}
}

// of returns the session that a lease is of; nil: it is not noted. The caller holds n.mu.
func (n *notes) of(id live.RoomID, l store.Lease) *guest {
	if g := n.guests[place{id, l.Session}]; g != nil && g.user == l.User {
		return g
	}
	return nil
}

// end notes that sessions have ended. Where there are too many already, the store is left
// to return them again.
func (n *notes) end(ended []store.Ended) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range ended {
		one, told := sitting{e.Room, e.ID, e.Joined}, false
		if g := n.guests[place{e.Room, e.ID}]; g != nil && g.sitting == one {
			told = g.told
			n.drop(g)
		}
		if _, there := n.ended[one]; !there && len(n.ended) >= maxEnded {
			n.metrics.putOff.Inc()
			continue
		}
		n.ended[one] = ending{e, told}
	}
}

// batch is what is reported together.
type batch struct {
	events []visit.Event
	fresh  []*guest
	ended  []ending
}

// take returns at most about limit events to report. They stay noted until done.
func (n *notes) take(limit int) batch {
	n.mu.Lock()
	defer n.mu.Unlock()
	var b batch
	for g := range n.fresh {
		if len(b.events) >= limit {
			return b
		}
		b.fresh = append(b.fresh, g)
		b.events = append(b.events, g.entered(g.user))
	}
	for _, e := range n.ended {
		if len(b.events) >= limit {
			return b
		}
		b.ended = append(b.ended, e)
		b.events = append(b.events, e.events()...)
	}
	return b
}

// done says that a batch is reported, and returns what is to be settled.
func (n *notes) done(b batch) []store.Ended {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, g := range b.fresh {
		g.told = true
		delete(n.fresh, g)
		if g.over {
			n.drop(g)
		}
	}
	settled := make([]store.Ended, len(b.ended))
	for i, e := range b.ended {
		settled[i] = e.Ended
		delete(n.ended, sitting{e.Room, e.ID, e.Joined})
	}
	return settled
}

// missing returns the rooms whose sessions the store no longer knows.
func (n *notes) missing() map[live.RoomID]struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	rooms := make(map[live.RoomID]struct{})
	for g := range n.lost {
		rooms[g.room] = struct{}{}
	}
	return rooms
}

// resolve deals with the lost sessions of a room. Those of one that has ended, or is no
// more, ended with it, or as the store has told elsewhere. Those of a live one ended here when
// they were last seen: the store has lost them, or has told of their end elsewhere, which
// counts then.
func (n *notes) resolve(id live.RoomID, goesOn bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for g := range n.lost {
		switch {
		case g.room != id:
		case goesOn:
			n.drop(g)
			n.ended[g.sitting] = ending{g.asEnded(), g.told}
		case g.told:
			n.drop(g)
		default:
			g.over = true
			delete(n.lost, g)
		}
	}
}

// asEnded returns the session as one that lapsed when it was last seen.
func (g *guest) asEnded() store.Ended {
	s := room.Session{ID: g.session, User: g.user, Joined: g.joined}
	return store.Ended{Room: g.room, Session: s, LastSeen: live.At(g.seen)}
}

// forget drops sessions that are no longer this node's.
func (n *notes) forget(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, g := range n.guests {
		if !g.over && !g.lost && now.Sub(g.held) > forgetAfter {
			n.drop(g)
		}
	}
}

// count returns how many events wait to be reported, about.
func (n *notes) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.fresh) + len(n.ended)
}
