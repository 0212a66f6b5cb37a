package hub

import (
	"cmp"
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// Subscription says who subscribes to what, and how.
type Subscription struct {
	Room      live.RoomID
	Session   room.Session
	Acting    live.Role // of the user in the room; none: the session's
	Delivery  Delivery
	Cursor    feed.Cursor
	Protected bool // never taken for offline
	Online    room.Online
}

// Subscribe adds a subscriber to a room, following it if need be, and returns the
// stream's first frame. An older subscriber of the same session is ended. The caller
// ends the subscriber with Unsubscribe. store.ErrRoomNotFound, store.ErrRoomEnded,
// ErrDraining.
func (h *Hub) Subscribe(ctx context.Context, sub Subscription, w Waker) (*Subscriber, *wire.Frame, error) {
	if h.table.drained() != nil {
		return nil, nil, ErrDraining
	}
	f, err := h.follow(ctx, sub.Room)
	if err != nil {
		return nil, nil, err
	}
	if !f.continues(sub.Cursor) {
		f.settle(ctx)
	}
	f.resolve(ctx, sub.Session.User)
	now := clock()
	s := &Subscriber{
		room: f, session: sub.Session, protected: sub.Protected, waker: w,
		percentile: percentile(sub.Session.User),
		asked:      sub.Delivery,
		auto:       sub.Delivery == Auto,
		inline:     sub.Delivery == Inline,
		cursor:     sub.Cursor,
		taken:      now,
		offered:    now,
	}
	welcome, err := f.admit(s, sub)
	if err != nil {
		h.release(f)
		return nil, nil, err
	}
	h.config.Metrics.subscribers[s.asked].Inc()
	if f.shared.Load().shows != nil {
		came := s.session
		came.Role = cmp.Or(sub.Acting, came.Role)
		h.config.Quizzes.Came(f.id, came)
	}
	if farewell := h.table.drained(); farewell != nil { // meanwhile: Drain may not have seen it
		s.finish(Drained, farewell)
	}
	return s, welcome, nil
}

// admit adds a subscriber to the crowd and makes its welcome. The crowd comes first:
// what is new before the welcome is in it, what is new after is offered.
func (f *followed) admit(s *Subscriber, sub Subscription) (*wire.Frame, error) {
	for _, replaced := range f.crowd.add(s) {
		replaced.finish(Replaced, wire.KickedFrame(wire.Replaced))
	}
	welcome, over := f.welcome(s, sub)
	if over {
		f.crowd.remove(s)
		return nil, &store.RoomError{Room: f.id, Err: store.ErrRoomEnded}
	}
	return welcome.Frame(), nil
}

// welcome sets a new subscriber to where the room is. The room may be over.
func (f *followed) welcome(s *Subscriber, sub Subscription) (w wire.Welcome, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.mu.RLock()
	defer f.mu.RUnlock()
	s.choose(f.room.Settings.InlinePercent)
	latest := f.shared.Load()
	s.control = latest.controls.last
	return wire.Welcome{
		Session:   sub.Session.ID,
		Heartbeat: f.hub.config.Heartbeat,
		Heads:     f.heads(),
		Inline:    s.inline,
		Resync:    !continues(f.rings, sub.Cursor),
		Room:      f.room,
		Online:    sub.Online,
		Gifts:     f.counts.gifts,
		Now:       clock(),
		Quiz:      s.greet(latest.shows),
	}, f.room.State == room.Ended
}

// Unsubscribe ends a subscriber. Ending one that was replaced, or ended before,
// harms nobody.
func (h *Hub) Unsubscribe(s *Subscriber) {
	if s.gone.Swap(true) {
		return
	}
	s.room.crowd.remove(s)
	s.leaveWatch()
	h.config.Metrics.subscribers[s.asked].Dec()
	h.release(s.room)
}
