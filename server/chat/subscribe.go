package chat

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/server/wire"
)

// Stream is what a viewer asks of a stream.
type Stream struct {
	Room     live.RoomID
	Session  live.SessionID // to resume; empty: a new one
	Delivery hub.Delivery
	Cursor   feed.Cursor
}

// goodbye is how long what a stream's end leaves to do may take: its own context is
// over by then.
const goodbye = 5 * time.Second

// Subscribe opens or resumes the caller's session and writes the room's frames to w
// until the stream's last frame is written (nil), ctx is done, or w fails. Errors of
// auth, store.ErrRoomNotFound, store.ErrRoomEnded, hub.ErrDraining.
func (s *Service) Subscribe(ctx context.Context, p auth.Principal, stream Stream, w hub.Writer) error {
	if err := p.In(stream.Room); err != nil {
		return err
	}
	session, online, err := s.rooms.Enter(ctx, p, stream.Room, stream.Session, rooms.StreamLease)
	if err != nil {
		return err
	}
	bell := hub.NewBell()
	sub, welcome, err := s.hub.Subscribe(ctx, hub.Subscription{
		Room:      stream.Room,
		Session:   session,
		Delivery:  stream.Delivery,
		Cursor:    stream.Cursor,
		Protected: p.Role.Staff(),
		Online:    online,
	}, bell)
	if err != nil {
		s.turnedAway(ctx, stream, session)
		return err
	}
	defer s.part(ctx, stream.Room, session, sub)
	begun := time.Now()
	err = s.serve(ctx, p, feedTo{sub, bell, w}, welcome)
	why := endingOf(sub.Ending(), ctx.Err() != nil && errors.Is(err, context.Cause(ctx)))
	s.ended(ctx, stream.Room, session, why, time.Since(begun))
	return err
}

// feedTo is a subscriber and where its frames go.
type feedTo struct {
	*hub.Subscriber
	bell   hub.Bell
	writer hub.Writer
}

// serve writes a subscriber's frames until the stream is over, at the latest when the
// caller's token is.
func (s *Service) serve(ctx context.Context, p auth.Principal, to feedTo, welcome *wire.Frame) error {
	expire := time.AfterFunc(time.Until(p.Expires), to.Expire)
	defer expire.Stop()
	if err := to.writer.WriteFrame(welcome); err != nil {
		return err
	}
	s.hub.Wrote(welcome)
	return s.hub.Serve(ctx, to.Subscriber, to.bell, to.writer)
}

// part takes a subscriber out and settles what becomes of its session: it is over for
// one who was taken for offline, nothing of ours for one who was replaced, and waits
// to be resumed otherwise. A session that was resumed meanwhile, here or elsewhere, is
// no longer ours to settle, and the store knows.
func (s *Service) part(ctx context.Context, id live.RoomID, session room.Session, sub *hub.Subscriber) {
	s.hub.Unsubscribe(sub)
	s.settle(ctx, id, session.ID, func(ctx context.Context) error {
		switch sub.Ending() {
		case hub.Offline:
			return s.rooms.Over(ctx, id, session)
		case hub.Open, hub.Expired, hub.Drained:
			return s.rooms.Disconnected(ctx, id, session)
		case hub.Replaced, hub.Left, hub.RoomOver:
		}
		return nil
	})
}

// ended counts and logs that a stream is over.
func (s *Service) ended(ctx context.Context, id live.RoomID, session room.Session, why ending, after time.Duration) {
	s.config.Metrics.endings[why].Inc()
	s.config.Logger.LogAttrs(ctx, slog.LevelDebug, "stream ended",
		slog.String("room_id", string(id)),
		slog.String("session_id", string(session.ID)),
		slog.String("reason", why.String()),
		slog.Float64("took_ms", float64(after.Microseconds())/1000))
}

// turnedAway settles the session of a stream that did not come about: one that was
// resumed waits to be resumed elsewhere, one that nobody knows of is over.
func (s *Service) turnedAway(ctx context.Context, stream Stream, session room.Session) {
	s.settle(ctx, stream.Room, session.ID, func(ctx context.Context) error {
		if session.ID == stream.Session {
			return s.rooms.Disconnected(ctx, stream.Room, session)
		}
		return s.rooms.Over(ctx, stream.Room, session)
	})
}

// settle does what the end of a stream leaves to do, though its context be over.
func (s *Service) settle(
	ctx context.Context, id live.RoomID, session live.SessionID, do func(context.Context) error,
) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if err := do(ctx); err != nil {
		s.keeper.Unsettled(ctx, id, session, err)
	}
}
