package moderation

import "github.com/ovation-live/ovation/live"

// Book is the sanctions of one place: those that act, and the latest of those that do
// not any more. It is not safe for concurrent use, but for what only reads.
//
// What acts is kept for as long as it does, however much it is.
type Book struct {
	keep     int
	acting   map[live.UserID]byKind // and some that have expired
	all      []*Sanction            // in the order in which they were applied
	tidyAt   int                    // when all is as long as this
	clock    live.Clock
	revision int64
	lifted   []*Sanction // by the latest change
}

// byKind is a user's sanctions; those of the room itself are nobody's (""). Of each kind
// there is at most one.
type byKind [Appoint + 1]*Sanction

// NewBook returns a book without sanctions. Of those that act no more it keeps the
// latest, at least so many; all in all it holds at most twice what it must.
func NewBook(keep int) *Book {
	return &Book{keep: keep, acting: make(map[live.UserID]byKind), tidyAt: 2 * keep}
}

// Revision counts the changes of the book. That a sanction has expired is none: terms
// say when they end.
func (b *Book) Revision() int64 { return b.revision }

// Apply applies an order under an id, in place of what acts of its kind on its user. A
// user who is protected, here or, as a room's book is told by what acts there, in every
// room, is neither banned nor muted: ErrProtected. One who is banned is not appointed:
// ErrBanned.
func (b *Book) Apply(o Order, id string, now live.Timestamp, everywhere Terms) (Sanction, error) {
	if bar, err := o.Kind.Bar(); err != nil && (everywhere.Of(bar).Acts() || b.find(bar, o.User, now) != nil) {
		return Sanction{}, err
	}
	now, b.lifted = b.clock.Next(now), nil
	s := &Sanction{ID: id, Kind: o.Kind, Room: o.Room, User: o.User, Reason: o.Reason, By: o.By, At: now}
	if o.For > 0 {
		s.Until = max(now.Add(o.For), now+1)
	}
	b.lift(o.Kind, o.User, o.By, now)
	if o.Kind == Protect {
		b.lift(Ban, o.User, o.By, now)
		b.lift(Mute, o.User, o.By, now)
	}
	b.put(o.Kind, o.User, s)
	b.all = append(b.all, s)
	b.revision++
	b.tidy(now)
	return s.read(now), nil
}

// Lift lifts what acts of a kind on a user and says whether anything did.
func (b *Book) Lift(kind Kind, user, by live.UserID, now live.Timestamp) bool {
	b.lifted = nil
	if !b.lift(kind, user, by, now) {
		return false
	}
	b.revision++
	return true
}

// lift is Lift without a new revision.
func (b *Book) lift(kind Kind, user, by live.UserID, now live.Timestamp) bool {
	s := b.find(kind, user, now)
	if s == nil {
		return false
	}
	s.LiftedBy, s.LiftedAt = by, max(now, s.At)
	b.lifted = append(b.lifted, s)
	b.put(kind, user, nil)
	return true
}

// Lifted returns what the latest order that was applied, or the latest Lift, has lifted.
func (b *Book) Lifted(now live.Timestamp) (all []Sanction) {
	for _, s := range b.lifted {
		all = append(all, s.read(now))
	}
	return all
}

// put notes what acts of a kind on a user; nil: nothing.
func (b *Book) put(kind Kind, user live.UserID, s *Sanction) {
	of := b.acting[user]
	if of[kind] = s; of == (byKind{}) {
		delete(b.acting, user)
		return
	}
	b.acting[user] = of
}

// find returns what acts of a kind on a user, nil if nothing does.
func (b *Book) find(kind Kind, user live.UserID, now live.Timestamp) *Sanction {
	if s := b.acting[user][kind]; s != nil && s.StateAt(now) == Active {
		return s
	}
	return nil
}

// term returns how long a sanction acts; nil does not.
func (s *Sanction) term(now live.Timestamp) Term {
	switch {
	case s == nil, s.StateAt(now) != Active:
		return Term{}
	case s.Until == 0:
		return Term{Forever, s.Reason}
	default:
		return Term{s.Until, s.Reason}
	}
}

// Terms returns what acts on a user.
func (b *Book) Terms(user live.UserID, now live.Timestamp) Terms {
	of, ok := b.acting[user]
	if !ok {
		return Terms{}
	}
	return Terms{
		Banned: of[Ban].term(now), Muted: of[Mute].term(now),
		Protected: of[Protect].term(now), Appointed: of[Appoint].term(now),
	}
}

// RoomMute returns how long the room is muted.
func (b *Book) RoomMute(now live.Timestamp) Term { return b.acting[""][RoomMute].term(now) }

// tidy drops the oldest of what acts no more, now and then: what it costs is paid for
// by the sanctions that were applied since it was last done.
func (b *Book) tidy(now live.Timestamp) {
	if len(b.all) < b.tidyAt {
		return
	}
	past := 0
	for _, s := range b.all {
		if s.StateAt(now) != Active {
			past++
		}
	}
	kept := make([]*Sanction, 0, len(b.all)-max(0, past-b.keep))
	for _, s := range b.all {
		if s.StateAt(now) != Active {
			if past--; past >= b.keep {
				b.forget(s)
				continue
			}
		}
		kept = append(kept, s)
	}
	b.all, b.tidyAt = kept, max(2*b.keep, 2*len(kept))
}

// forget drops one that may have expired without anyone noticing.
func (b *Book) forget(s *Sanction) {
	if b.acting[s.User][s.Kind] == s {
		b.put(s.Kind, s.User, nil)
	}
}
