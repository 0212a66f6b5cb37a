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
	s.extend(r, l, now.Add(term))
	return l.Session, r.presence.online(), nil
}

// extend sets the end of a lease, later or earlier than it was. The caller holds the
// room's lock.
func (s *Store) extend(r *roomState, l *lease, until live.Timestamp) {
	l.until = until
	if l.term == 0 || until < l.term {
		s.expiry.add(r, l)
	}
}

// Renew implements store.Presence.
func (s *Store) Renew(
	ctx context.Context, id live.RoomID, ids []live.SessionID, term time.Duration,
) ([]live.SessionID, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	var gone []live.SessionID
	until := s.now().Add(term)
	for _, session := range ids {
		if l, ok := r.presence.sessions[session]; ok {
			s.extend(r, l, until)
		} else {
			gone = append(gone, session)
		}
	}
	return gone, nil
}

// Leave implements store.Presence.
func (s *Store) Leave(
	ctx context.Context, id live.RoomID, user live.UserID, session live.SessionID,
) (bool, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	gone, ended := false, false
	for _, l := range r.presence.users[user] {
		if session == "" || session == l.ID {
			gone = r.presence.remove(l)
			ended = true
		}
	}
	if ended {
		r.publish(store.Publication{Departure: &store.Departure{Room: id, User: user, Session: session}})
	}
	return gone, nil
}

// Expire implements store.Presence.
func (s *Store) Expire(ctx context.Context, limit int) ([]store.Departure, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var departures []store.Departure
	now := s.now()
	for ended := 0; ended < limit; {
		due, ok := s.expiry.due(now)
		if !ok {
			break
		}
		over, gone := s.lapse(due, now)
		if over {
			ended++
		}
		if gone {
			departures = append(departures, store.Departure{Room: due.room.id, User: due.lease.User})
		}
	}
	return departures, nil
}

// lapse ends a lease whose term is over, unless it was extended or has ended, and
// says whether it did and whether the user is gone with it.
func (s *Store) lapse(due term, now live.Timestamp) (over, gone bool) {
	due.room.mu.Lock()
	defer due.room.mu.Unlock()
	l, p := due.lease, &due.room.presence
	switch {
	case p.sessions[l.ID] != l || l.term != due.at:
		return false, false
	case l.until > now:
		s.expiry.add(due.room, l)
		return false, false
	}
	return true, p.remove(l)
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
func (s *Store) Online(ctx context.Context, id live.RoomID) (room.Online, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return room.Online{}, err
	}
	defer r.mu.Unlock()
	return r.presence.online(), nil
}
