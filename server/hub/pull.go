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
	Session live.SessionID // empty: all of the user's count as having pulled
	Cursor  feed.Cursor
	Limit   int           // 0: the room's
	Wait    time.Duration // with nothing new, wait so long for something
}

// Pulled is what a reader gets.
type Pulled struct {
	Batch     feed.Batch
	Heads     feed.Heads
	Streaming bool // the session has a stream on this node
}

// Pull returns what a reader gets: from memory if the node follows the room, else
// from the store. store.ErrRoomNotFound.
func (h *Hub) Pull(ctx context.Context, p Pull) (Pulled, error) {
	f := h.serving(p.Room)
	if f == nil && p.Wait == 0 {
		return h.pullFromStore(ctx, p)
	}
	if p.Wait == 0 {
		f.mu.RLock()
		batch, heads := f.look(p.Cursor, p.Limit)
		f.mu.RUnlock()
		return Pulled{batch, heads, f.pulled(p, batch.Cursor)}, nil
	}
	return h.longPoll(ctx, p)
}

// longPoll follows the room and waits until there is something, or time is up.
func (h *Hub) longPoll(ctx context.Context, p Pull) (Pulled, error) {
	f, err := h.follow(ctx, p.Room)
	if err != nil {
		return Pulled{}, err
	}
	defer h.release(f)
	timeout := time.NewTimer(p.Wait)
	defer timeout.Stop()
	for {
		batch, heads, changed := f.lookOrWait(p.Cursor, p.Limit)
		pulled := Pulled{batch, heads, f.pulled(p, batch.Cursor)}
		if changed == nil {
			return pulled, nil
		}
		select {
		case <-changed:
		case <-timeout.C:
			return pulled, nil
		case <-h.polls.Done():
			return pulled, nil
		case <-ctx.Done():
			return Pulled{}, context.Cause(ctx)
		}
	}
}

// pullFromStore reads the log of a room that the node does not follow.
func (h *Hub) pullFromStore(ctx context.Context, p Pull) (Pulled, error) {
	r, err := h.source.Rooms.Room(ctx, p.Room)
	if err != nil {
		return Pulled{}, err
	}
	limit := r.Settings.PullLimit
	if p.Limit > 0 {
		limit = min(limit, p.Limit)
	}
	batch, err := h.source.Log.Read(ctx, p.Room, p.Cursor, limit)
	if err != nil {
		return Pulled{}, err
	}
	head, err := h.source.Log.Head(ctx, p.Room)
	return Pulled{Batch: batch, Heads: head.Heads}, err
}

// pulled takes the mark from the viewer's subscribers and says whether there are any.
func (f *followed) pulled(p Pull, c feed.Cursor) (streaming bool) {
	f.crowd.of(p.User, func(s *Subscriber) {
		if p.Session == "" || p.Session == s.session.ID {
			s.pulled(c)
			streaming = true
		}
	})
	return streaming
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

// Sessions returns the sessions that the node serves, by room.
func (h *Hub) Sessions() map[live.RoomID][]live.SessionID {
	all := make(map[live.RoomID][]live.SessionID)
	for _, f := range h.table.all() {
		var ids []live.SessionID
		f.crowd.each(func(s *Subscriber) { ids = append(ids, s.session.ID) })
		if len(ids) > 0 {
			all[f.id] = ids
		}
	}
	return all
}

// SetOnline tells the subscribers of a room how many are there, if that has changed.
func (h *Hub) SetOnline(id live.RoomID, o room.Online) {
	if f := h.serving(id); f != nil {
		f.setOnline(o)
	}
}

// EndSessions ends the node's streams of sessions that are gone from a room.
func (h *Hub) EndSessions(id live.RoomID, gone []live.SessionID) {
	f := h.serving(id)
	if f == nil || len(gone) == 0 {
		return
	}
	left := make(map[live.SessionID]struct{}, len(gone))
	for _, session := range gone {
		left[session] = struct{}{}
	}
	frame := wire.KickedFrame(wire.Left)
	f.crowd.each(func(s *Subscriber) {
		if _, ok := left[s.session.ID]; ok {
			s.finish(Left, frame)
		}
	})
}

// Rooms returns the rooms that have subscribers on the node.
func (h *Hub) Rooms() []live.RoomID {
	var ids []live.RoomID
	for _, f := range h.table.all() {
		if f.crowd.len() > 0 {
			ids = append(ids, f.id)
		}
	}
	return ids
}
