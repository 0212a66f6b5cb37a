package hub

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
)

// Pull is a reader's request for messages.
type Pull struct {
	Room    live.RoomID
	User    live.UserID
	Role    live.Role
	Session live.SessionID // empty: all of the user's count as having pulled
	Cursor  feed.Cursor
	Limit   int           // 0: the room's
	Wait    time.Duration // with nothing new, wait so long for something
}

// Pulled is what a reader gets.
type Pulled struct {
	Batch     feed.Batch
	Heads     feed.Heads
	Quiz      []*wire.QuizFrame // still to be shown to a session without a stream
	Answer    *wire.Frame       // all of it, encoded once for all readers who get the same
	Streaming bool              // the session has a stream on this node

	again time.Duration // until some of Quiz are due again; 0: never
}

// newPulled returns a batch and heads with their encoding.
func newPulled(b feed.Batch, h feed.Heads) Pulled {
	return Pulled{Batch: b, Heads: h, Answer: wire.PullAnswer(b, h)}
}

// Pull returns what a reader gets: from memory if the node follows the room, else
// from the store. store.ErrRoomNotFound.
func (h *Hub) Pull(ctx context.Context, p Pull) (Pulled, error) {
	if p.Wait > 0 {
		return h.longPoll(ctx, p)
	}
	f := h.serving(p.Room)
	if f == nil {
		if p.Session != "" {
			h.config.Quizzes.Polled(p.Room)
		}
		return h.pullFromStore(ctx, p)
	}
	pulled, _ := f.pull(ctx, p)
	h.config.Metrics.pulled(fromMemory, pulled.Batch)
	return pulled, nil
}

// longPoll follows the room and waits until there is something, or time is up. A
// change of the room or of its attributes, which the heads show, is something.
func (h *Hub) longPoll(ctx context.Context, p Pull) (Pulled, error) {
	f, err := h.follow(ctx, p.Room)
	if err != nil {
		return Pulled{}, err
	}
	defer h.release(f)
	h.config.Metrics.waiting.Inc()
	defer h.config.Metrics.waiting.Dec()
	pulled, why := f.await(ctx, p)
	h.config.Metrics.polls[why].Inc()
	if why == pollGone {
		return Pulled{}, context.Cause(ctx)
	}
	h.config.Metrics.pulled(fromMemory, pulled.Batch)
	return pulled, nil
}

// await pulls until there is something, and says why it stopped. If that is because
// the reader has gone there is no answer.
func (f *followed) await(ctx context.Context, p Pull) (Pulled, pollEnding) {
	timeout := time.NewTimer(p.Wait)
	defer timeout.Stop()
	again := time.NewTimer(p.Wait)
	again.Stop() // until something is given that may have to be again
	defer again.Stop()
	pulled, changed := f.pull(ctx, p)
	for heads := pulled.Heads; changed != nil && pulled.Heads == heads; {
		if pulled.again > 0 {
			again.Reset(pulled.again)
		}
		select {
		case <-changed:
			pulled, changed = f.pull(ctx, p)
		case <-again.C:
			pulled, changed = f.pull(ctx, p)
		case <-timeout.C:
			return pulled, pollTimedOut
		case <-f.hub.polls.Done():
			return pulled, pollDrained
		case <-ctx.Done():
			return Pulled{}, pollGone
		}
	}
	return pulled, pollAnswered
}

// pull selects what a reader gets, or, if that is nothing, returns a channel too that
// is closed when it may be more. The mark is taken away first: of what comes after
// the selection the viewer is notified.
func (f *followed) pull(ctx context.Context, p Pull) (Pulled, <-chan struct{}) {
	streaming := f.attended(p)
	pulled := f.look(p.Cursor, p.Limit)
	if pulled.Batch.Resync {
		f.settle(ctx)
		pulled = f.look(p.Cursor, p.Limit)
	}
	pulled.Streaming = streaming
	shows := f.shared.Load().shows
	due := shows != nil && !streaming && f.addShows(&pulled, p, shows)
	batch := pulled.Batch
	if p.Session != "" && streaming {
		f.stands(p, batch.Cursor)
	}
	if due || len(batch.Messages) > 0 || batch.Resync || batch.Dropped != [feed.Buckets]uint64{} || p.Wait == 0 {
		return pulled, nil
	}
	return pulled, f.changedSince(pulled.Heads, shows)
}

// addShows adds what is shown to what a reader without a stream gets, and says whether it
// is time that they got it.
func (f *followed) addShows(pulled *Pulled, p Pull, s *shows) (due bool) {
	who := room.Session{ID: p.Session, User: p.User, Role: p.Role}
	if p.Session != "" {
		f.hub.config.Quizzes.Came(f.id, who)
	}
	g := f.readers.give(s, viewerOf(who), clock())
	if len(g.frames) == 0 {
		return false
	}
	pulled.Quiz, pulled.again = g.frames, g.again
	pulled.Answer = f.readers.answer(*pulled)
	return g.due
}

// look returns what a reader at c gets.
func (f *followed) look(c feed.Cursor, limit int) Pulled {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if most := f.pullLimit(); limit <= 0 || limit > most {
		limit = most
	}
	heads := f.heads()
	return f.answers.get(heads, reader{c, limit}, func() Pulled { return newPulled(f.rings.Select(c, limit), heads) })
}

// changedSince returns a channel that is closed when there may be more than at heads and
// when so much was shown; nil if the room is over, and nothing comes any more.
func (f *followed) changedSince(heads feed.Heads, s *shows) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.heads() != heads || f.shared.Load().shows != s {
		already := make(chan struct{})
		close(already)
		return already
	}
	if f.room.State == room.Ended {
		return nil
	}
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

// pullFromStore reads the log of a room that the node does not follow, from a cache where
// the store has one. A reader who comes from another node may be ahead of that: they are
// not told to begin anew before the log itself has said so.
func (h *Hub) pullFromStore(ctx context.Context, p Pull) (Pulled, error) {
	r, err := h.source.Rooms.Room(ctx, p.Room)
	if err != nil {
		return Pulled{}, err
	}
	limit := r.Settings.PullLimit
	if p.Limit > 0 {
		limit = min(limit, p.Limit)
	}
	batch, head, err := h.source.Log.Recent(ctx, p.Room, p.Cursor, limit)
	if err == nil && batch.Resync {
		batch, head, err = h.source.Log.Read(ctx, p.Room, p.Cursor, limit)
	}
	if err != nil {
		return Pulled{}, err
	}
	h.config.Metrics.pulled(fromStore, batch)
	return newPulled(batch, head.Heads), nil
}

// attended takes the mark from those of the viewer's subscribers that a pull counts
// for, and says whether there are any.
func (f *followed) attended(p Pull) (streaming bool) {
	f.crowd.of(p.User, func(s *Subscriber) {
		if p.Session == "" || p.Session == s.session.ID {
			s.attended(p)
			streaming = true
		}
	})
	return streaming
}

// stands notes where a session that pulled stands now. (A pull that names no session
// does not say which of the viewer's devices has what.) A round that came while it
// looked may have been in what it got: a viewer who has it all is not waited for.
func (f *followed) stands(p Pull, c feed.Cursor) {
	f.crowd.of(p.User, func(s *Subscriber) {
		if p.Session == s.session.ID {
			s.stands(c)
		}
	})
}

// compare says whether a viewer who got to c by a pull is no less far than the stream
// that brought them to before, and whether they have all that there is.
func (f *followed) compare(before, c feed.Cursor) (ahead, current bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	switch head := f.rings.Head(); {
	case c == head && before.Epoch != head.Epoch:
		return true, true
	case before == (feed.Cursor{}), before.Epoch == c.Epoch, c.Epoch == head.Epoch && f.rings.Continues(before):
		return !c.Before(before), c == head
	default: // of lives that do not go on from each other, the present one counts
		return c.Epoch == head.Epoch, false
	}
}

// Room returns a room: from memory if the node follows it, else from the store.
// store.ErrRoomNotFound.
func (h *Hub) Room(ctx context.Context, id live.RoomID) (room.Room, error) {
	if f := h.serving(id); f != nil {
		f.mu.RLock()
		defer f.mu.RUnlock()
		return f.room, nil
	}
	return h.source.Rooms.Room(ctx, id)
}
