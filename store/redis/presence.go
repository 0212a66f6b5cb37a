package redis

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var (
	joinRoom    = load("attributes", "presence", "join")
	renewLeases = load("attributes", "presence", "renew")
	leaveRoom   = load("attributes", "presence", "leave")
	readMembers = load("attributes", "presence", "members")
	countOnline = load("attributes", "presence", "online")
)

// joinTaken is what lua/join.lua answers besides.
const joinTaken = statusEnded + 1

const (
	// roomsAtOnce is how many rooms a call that is about many is at once under way with.
	roomsAtOnce = 64
	// leasesAtOnce is how many leases, and membersAtOnce how many members, one script
	// deals with: others wait for it.
	leasesAtOnce  = 256
	membersAtOnce = 128
)

// Join implements store.Presence.
func (s *Store) Join(
	ctx context.Context, id live.RoomID, session room.Session, lease time.Duration,
) (room.Session, room.Online, error) {
	code, rest, err := s.run(ctx, joinRoom, id,
		string(session.ID), string(session.User), decimal(lease.Microseconds()), packSession(session))
	if err != nil {
		return room.Session{}, room.Online{}, err
	}
	switch code {
	case statusOK:
	case joinTaken:
		return room.Session{}, room.Online{}, &store.RoomError{Room: id, Err: store.ErrSessionTaken}
	default:
		return room.Session{}, room.Online{}, refusal(id, code)
	}
	a := fieldsOf(rest)
	session.Joined, session.Incarnation = live.Timestamp(a.number()), room.Incarnation(a.number())
	online := room.Online{Users: int(a.number()), Sessions: int(a.number())}
	if at := live.Timestamp(a.number()); at > 0 {
		s.lookBy(ctx, id, at)
	}
	return session, online, a.err
}

// Renew implements store.Presence.
func (s *Store) Renew(
	ctx context.Context, leases map[live.RoomID][]store.Lease, term time.Duration,
) (map[live.RoomID][]store.Lost, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	all := make(map[live.RoomID][]store.Lost)
	err := eachRoom(maps.Keys(leases), func(id live.RoomID) error {
		lost, err := s.renewIn(ctx, id, leases[id], term)
		if len(lost) > 0 {
			mu.Lock()
			defer mu.Unlock()
			all[id] = lost
		}
		return err
	})
	return all, err
}

// renewIn renews leases of one room.
func (s *Store) renewIn(
	ctx context.Context, id live.RoomID, leases []store.Lease, term time.Duration,
) (all []store.Lost, err error) {
	for some := range slices.Chunk(leases, leasesAtOnce) {
		lost, err := s.renewSome(ctx, id, some, term)
		if err != nil {
			return all, err
		}
		all = append(all, lost...)
	}
	return all, nil
}

func (s *Store) renewSome(
	ctx context.Context, id live.RoomID, leases []store.Lease, term time.Duration,
) ([]store.Lost, error) {
	args := make([]string, 0, 2+3*len(leases))
	args = append(args, decimal(term.Microseconds()), decimal(againAfter.Microseconds()))
	for _, l := range leases {
		args = append(args, string(l.Session), string(l.User), decimal(l.Incarnation))
	}
	code, rest, err := s.run(ctx, renewLeases, id, args...)
	switch {
	case err != nil:
		return nil, err
	case code == statusUnknown:
		return allLost(leases), nil
	}
	a := fieldsOf(rest)
	if at := live.Timestamp(a.number()); at > 0 {
		s.lookBy(ctx, id, at)
	}
	return a.lost(id, leases, code == statusEnded)
}

// lost reads which leases are lost of those of a room, to the end of an answer, with what has
// ended with a room that has.
func (a *answer) lost(id live.RoomID, leases []store.Lease, over bool) (all []store.Lost, err error) {
	for a.more() {
		var ended *store.Ended
		if over {
			if ended, err = a.outlived(id); err != nil {
				return all, err
			}
		}
		if n := int(a.number()); n >= 0 && n/2 < len(leases) {
			all = append(all, store.Lost{Lease: leases[n/2], Resumed: n%2 == 1, Ended: ended})
		}
	}
	return all, a.err
}

// outlived reads a session that was there until its room's end; nil: there is none.
func (a *answer) outlived(id live.RoomID) (*store.Ended, error) {
	b := a.bytes()
	if a.err != nil || len(b) == 0 {
		return nil, a.err
	}
	ended, err := decodeEnded(id, b)
	return &ended, err
}

// allLost says that leases are lost with their room.
func allLost(leases []store.Lease) []store.Lost {
	lost := make([]store.Lost, len(leases))
	for i, l := range leases {
		lost[i].Lease = l
	}
	return lost
}

// Leave implements store.Presence.
func (s *Store) Leave(ctx context.Context, d store.Departure) ([]store.Ended, error) {
	rest, err := s.ask(ctx, leaveRoom, d.Room,
		string(d.User), string(d.Session), decimal(d.Incarnation), decimal(int(d.Reason)), d.Message, decimal(againAfter.Microseconds()))
	if err != nil {
		return nil, err
	}
	a := fieldsOf(rest)
	if lost := a.text() == "1"; lost {
		s.maps.of(d.Room).mark()
	}
	if at := live.Timestamp(a.number()); at > 0 {
		s.lookBy(ctx, d.Room, at)
	}
	return a.ended(d.Room)
}

// ended reads sessions of a room that have ended, to the end of an answer.
func (a *answer) ended(id live.RoomID) (all []store.Ended, err error) {
	for a.more() && err == nil {
		b := a.bytes()
		if a.err != nil {
			break
		}
		var ended store.Ended
		ended, err = decodeEnded(id, b)
		all = append(all, ended)
	}
	return all, cmp.Or(err, a.err)
}

// sessions reads sessions, each before what is kept of it, to the end of an answer.
func (a *answer) sessions(each func(id live.SessionID, record []byte) error) error {
	for a.more() {
		id, record := live.SessionID(a.text()), a.bytes()
		if a.err != nil {
			return a.err
		}
		if err := each(id, record); err != nil {
			return err
		}
	}
	return a.err
}

// Members implements store.Presence.
func (s *Store) Members(
	ctx context.Context, id live.RoomID, after live.UserID, limit int,
) (all []room.Member, err error) {
	for {
		some := min(limit-len(all), membersAtOnce)
		members, err := s.someMembers(ctx, id, after, max(some, 0))
		if err != nil {
			return nil, err
		}
		all = append(all, members...)
		if len(members) < some || len(all) >= limit {
			return all, nil
		}
		after = members[len(members)-1].User
	}
}

func (s *Store) someMembers(
	ctx context.Context, id live.RoomID, after live.UserID, limit int,
) ([]room.Member, error) {
	rest, err := s.ask(ctx, readMembers, id, string(after), decimal(limit))
	if err != nil {
		return nil, err
	}
	var sessions []room.Session
	err = fieldsOf(rest).sessions(func(id live.SessionID, record []byte) error {
		session, _, err := decodeSession(id, record)
		sessions = append(sessions, session)
		return err
	})
	return membersOf(sessions), err
}

// membersOf sums up sessions, those of one user one after the other. A member is as their
// first session says; of two at once, that of the lesser id.
func membersOf(sessions []room.Session) (all []room.Member) {
	var first room.Session
	for _, s := range sessions {
		if len(all) == 0 || s.User != first.User {
			all = append(all, room.Member{User: s.User})
			first = s
		}
		if cmp.Or(cmp.Compare(s.Joined, first.Joined), cmp.Compare(s.ID, first.ID)) < 0 {
			first = s
		}
		m := &all[len(all)-1]
		m.Name, m.Role, m.Joined = first.Name, first.Role, first.Joined
		m.Sessions++
	}
	return all
}

// Online implements store.Presence.
func (s *Store) Online(ctx context.Context, ids []live.RoomID) (map[live.RoomID]room.Online, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	all := make(map[live.RoomID]room.Online, len(ids))
	err := eachRoom(slices.Values(ids), func(id live.RoomID) error {
		code, rest, err := s.run(ctx, countOnline, id)
		if err != nil || code != statusOK {
			return err
		}
		a := fieldsOf(rest)
		online := room.Online{Users: int(a.number()), Sessions: int(a.number())}
		mu.Lock()
		defer mu.Unlock()
		all[id] = online
		return a.err
	})
	return all, err
}

// eachRoom calls for every room, for many at once, and returns one of the errors: that
// one room cannot be reached keeps no other from being.
func eachRoom(ids iter.Seq[live.RoomID], call func(live.RoomID) error) error {
	var all errgroup.Group
	all.SetLimit(roomsAtOnce)
	for id := range ids {
		all.Go(func() error { return call(id) })
	}
	return all.Wait()
}
