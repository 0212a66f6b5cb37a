package memory

import (
	"context"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// presence is who is in one room.
type presence struct {
	sessions map[live.SessionID]*lease
	users    map[live.UserID]map[live.SessionID]*lease
}

// lease is a session and the instant until which it counts.
type lease struct {
	room.Session
	seen  live.Timestamp // when it was last given or renewed
	until live.Timestamp
	term  live.Timestamp // when it is next looked at
}

func newPresence() presence {
	return presence{
		sessions: make(map[live.SessionID]*lease),
		users:    make(map[live.UserID]map[live.SessionID]*lease),
	}
}

// add adds a session.
func (p *presence) add(l *lease) {
	p.sessions[l.ID] = l
	if p.users[l.User] == nil {
		p.users[l.User] = make(map[live.SessionID]*lease, 1)
	}
	p.users[l.User][l.ID] = l
}

// remove ends a session and says whether it was its user's last.
func (p *presence) remove(l *lease) (gone bool) {
	delete(p.sessions, l.ID)
	delete(p.users[l.User], l.ID)
	if len(p.users[l.User]) > 0 {
		return false
	}
	delete(p.users, l.User)
	return true
}

// online counts.
func (p *presence) online() room.Online {
	return room.Online{Users: len(p.users), Sessions: len(p.sessions)}
}

// member sums up a user's sessions.
func (p *presence) member(user live.UserID) room.Member {
	m := room.Member{User: user, Sessions: len(p.users[user])}
	var first *lease
	for _, l := range p.users[user] {
		if first == nil || l.before(first) {
			first = l
		}
	}
	if first != nil {
		m.Name, m.Role, m.Joined = first.Name, first.Role, first.Joined
	}
	return m
}

// before says whether l joined before other; of two at once, the lesser id did.
func (l *lease) before(other *lease) bool {
	if l.Joined != other.Joined {
		return l.Joined < other.Joined
	}
	return l.ID < other.ID
}

// Join implements store.Presence.
func (s *Store) Join(
	ctx context.Context, id live.RoomID, session room.Session, term time.Duration,
) (room.Session, room.Online, error) {
	r, err := s.open(ctx, id)
	if err != nil {
		return room.Session{}, room.Online{}, err
	}
	defer r.mu.Unlock()
	now := s.now()
	l, there := r.presence.sessions[session.ID]
	if there && l.User != session.User {
		return room.Session{}, room.Online{}, &store.RoomError{Room: id, Err: store.ErrSessionTaken}
	}
	if !there {
		session.Joined = now
		l = &lease{Session: session}
		r.presence.add(l)
	}
	l.Name, l.Role = session.Name, session.Role
	l.Incarnation = room.Incarnation(r.joins.Next(now))
	s.extend(r, l, now, term)
	return l.Session, r.presence.online(), nil
}

// extend sets the end of a lease, later or earlier than it was. The caller holds the
// room's lock.
func (s *Store) extend(r *roomState, l *lease, now live.Timestamp, term time.Duration) {
	l.seen, l.until = now, now.Add(term)
	if l.term == 0 || l.until < l.term {
		s.expiry.add(r, l)
	}
}

// Renew implements store.Presence.
func (s *Store) Renew(
	ctx context.Context, leases map[live.RoomID][]store.Lease, term time.Duration,
) (map[live.RoomID][]store.Lost, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := make(map[live.RoomID][]store.Lost)
	for id, claims := range leases {
		if lost := s.renewIn(s.get(id), claims, term); len(lost) > 0 {
			all[id] = lost
		}
	}
	return all, nil
}

// renewIn renews sessions of one room, or of none.
func (s *Store) renewIn(r *roomState, claims []store.Lease, term time.Duration) (lost []store.Lost) {
	if r == nil {
		for _, claim := range claims {
			lost = append(lost, store.Lost{Lease: claim})
		}
		return lost
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := s.now()
	if r.room.State == room.Ended {
		return s.outlive(r, claims, now)
	}
	for _, claim := range claims {
		l, there := r.presence.sessions[claim.Session]
		there = there && l.User == claim.User
		if there && l.is(claim.Incarnation) {
			s.extend(r, l, now, term)
		} else {
			lost = append(lost, store.Lost{Lease: claim, Resumed: there})
		}
	}
	return lost
}

// outlive is renewIn for a room that has ended: those who claim their sessions were there
// until then. The caller holds r.mu.
func (s *Store) outlive(r *roomState, claims []store.Lease, now live.Timestamp) []store.Lost {
	lost := make([]store.Lost, len(claims))
	for i, claim := range claims {
		lost[i].Lease = claim
		l, there := r.outlived[claim.Session]
		switch {
		case !there || l.User != claim.User:
		case l.is(claim.Incarnation):
			ended := r.end(l, r.room.Ended)
			s.unsettled.add(ended, now)
			lost[i].Ended = &ended
		default:
			lost[i].Resumed = true
		}
	}
	return lost
}

// end ends a session of a room that has ended, last seen at an instant, at most at the
// room's end, and returns what there is to say of it. The caller holds r.mu.
func (r *roomState) end(l *lease, seen live.Timestamp) store.Ended {
	delete(r.outlived, l.ID)
	return store.Ended{Room: r.id, Session: l.Session, LastSeen: min(seen, r.room.Ended), At: r.room.Ended}
}

// is says whether an incarnation is the session's, or whichever it has.
func (l *lease) is(i room.Incarnation) bool { return i == 0 || i == l.Incarnation }

// Leave implements store.Presence.
func (s *Store) Leave(ctx context.Context, d store.Departure) ([]store.Ended, error) {
	r, err := s.locked(ctx, d.Room)
	if err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	now := s.now()
	named := d.Incarnation
	d.Incarnation = 0
	var ended []store.Ended
	for _, l := range r.presence.users[d.User] {
		if d.Session == "" || d.Session == l.ID && l.is(named) {
			d.Incarnation = max(d.Incarnation, l.Incarnation)
			ended = append(ended, r.depart(l, now))
		}
	}
	if len(ended) == 0 {
		return nil, nil
	}
	r.publish(store.Publication{Departure: &d})
	r.release(ended[len(ended)-1], now)
	for i := range ended {
		ended[i].Left = true
		s.unsettled.add(ended[i], now)
	}
	return ended, nil
}

// depart ends a session and returns what there is to say of it. The caller holds
// r.mu, and releases.
func (r *roomState) depart(l *lease, now live.Timestamp) store.Ended {
	return store.Ended{Room: r.id, Session: l.Session, LastSeen: l.seen, At: now, Gone: r.presence.remove(l)}
}

// release deletes what goes with a user, if they have gone with a session. The caller
// holds r.mu.
func (r *roomState) release(e store.Ended, now live.Timestamp) {
	if e.Gone {
		r.commit(r.attributes.Leave(e.User), now, r.room.Settings.Attributes)
	}
}

// Expire implements store.Presence.
func (s *Store) Expire(ctx context.Context, limit int) ([]store.Ended, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	now := s.now()
	s.forget(now)
	ended := s.unsettled.due(now, limit)
	for len(ended) < limit {
		due, ok := s.expiry.due(now)
		if !ok {
			return ended, false, nil
		}
		if e, over := s.lapse(due, now); over {
			s.unsettled.add(e, now)
			ended = append(ended, e)
		}
	}
	return ended, true, nil
}

// lapse ends a lease whose term is over, unless it was extended or has ended, and
// says whether it did.
func (s *Store) lapse(due term, now live.Timestamp) (e store.Ended, over bool) {
	r, l := due.room, due.lease
	r.mu.Lock()
	defer r.mu.Unlock()
	outlived := r.outlived[l.ID] == l
	switch {
	case !outlived && r.presence.sessions[l.ID] != l || l.term != due.at:
		return store.Ended{}, false
	case l.until > now:
		s.expiry.add(r, l)
		return store.Ended{}, false
	case outlived:
		return r.end(l, l.seen), true
	}
	e = r.depart(l, now)
	r.release(e, now)
	return e, true
}

// Settle implements store.Presence.
func (s *Store) Settle(ctx context.Context, ended []store.Ended) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.unsettled.settle(ended)
	return nil
}

// Members implements store.Presence. It sorts outside the room's lock.
func (s *Store) Members(ctx context.Context, id live.RoomID, after live.UserID, limit int) ([]room.Member, error) {
	r, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	users := r.usersAfter(after)
	slices.Sort(users)
	return r.members(users, limit), nil
}

// usersAfter returns the users with ids greater than after, in no order.
func (r *roomState) usersAfter(after live.UserID) []live.UserID {
	r.mu.Lock()
	defer r.mu.Unlock()
	users := make([]live.UserID, 0, len(r.presence.users))
	for user := range r.presence.users {
		if user > after {
			users = append(users, user)
		}
	}
	return users
}

// members sums up the first of the users that are still there, at most limit.
func (r *roomState) members(users []live.UserID, limit int) []room.Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	var members []room.Member
	for _, user := range users {
		if len(members) >= limit {
			break
		}
		if m := r.presence.member(user); m.Sessions > 0 {
			members = append(members, m)
		}
	}
	return members
}

// Online implements store.Presence.
func (s *Store) Online(ctx context.Context, ids []live.RoomID) (map[live.RoomID]room.Online, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	online := make(map[live.RoomID]room.Online, len(ids))
	for _, id := range ids {
		if r := s.get(id); r != nil {
			online[id] = r.online()
		}
	}
	return online, nil
}

// online counts who is in the room.
func (r *roomState) online() room.Online {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.presence.online()
}
