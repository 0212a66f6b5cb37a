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

// Viewing is a stream that was opened and is to be served.
type Viewing struct {
	service *Service
	room    live.RoomID
	session room.Session
	sub     *hub.Subscriber
	bell    hub.Bell
	welcome *wire.Frame
	begun   time.Time
	expiry  *time.Timer
}

// Subscribe opens or resumes the caller's session and a stream of it, which the caller
// serves. Errors of auth, store.ErrRoomNotFound, store.ErrRoomEnded, hub.ErrDraining,
// *moderation.BannedError.
func (s *Service) Subscribe(ctx context.Context, p auth.Principal, stream Stream) (*Viewing, error) {
	if err := p.In(stream.Room); err != nil {
		return nil, err
	}
	session, online, err := s.rooms.Enter(ctx, p, stream.Room, stream.Session, rooms.StreamLease)
	if err != nil {
		return nil, err
	}
	bell := hub.NewBell()
	sub, welcome, err := s.hub.Subscribe(ctx, hub.Subscription{
		Room:      stream.Room,
		Session:   session,
		Acting:    p.Role,
		Delivery:  stream.Delivery,
		Cursor:    stream.Cursor,
		Protected: p.Role.Staff(),
		Online:    online,
	}, bell)
	if err != nil {
		s.turnedAway(ctx, stream, session)
		return nil, err
	}
	v := &Viewing{
		service: s, room: stream.Room, session: session, sub: sub, bell: bell, welcome: welcome,
		begun:  time.Now(),
		expiry: time.AfterFunc(time.Until(p.Expires), sub.Expire),
	}
	standing, err := s.rooms.Stand(ctx, p, stream.Room, session.ID)
	if err != nil {
		v.part(ctx)
		return nil, err
	}
	sub.Stand(hub.Stand{Guarded: standing.Attended(), Moderates: standing.Appointed.Until})
	return v, nil
}

// Serve writes the room's frames to w until the stream's last frame is written (nil), ctx
// is done, or w fails. It is called once. Most of a stream's life is spent in it, and what
// is on the stack then is what an idle viewer costs: so it opens nothing itself.
func (v *Viewing) Serve(ctx context.Context, w hub.Writer) error {
	defer v.part(ctx)
	welcome := v.welcome
	v.welcome = nil
	if err := w.WriteFrames(welcome); err != nil {
		return v.over(ctx, err)
	}
	v.service.hub.Wrote(welcome)
	return v.over(ctx, v.service.hub.Serve(ctx, v.sub, v.bell, w))
}

// over counts and logs that the stream is over, with what Serve came to.
func (v *Viewing) over(ctx context.Context, err error) error {
	gone := ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
	v.service.ended(ctx, v.room, v.session, endingOf(v.sub.Ending(), gone), time.Since(v.begun))
	return err
}

// part takes the subscriber out and settles what becomes of its session: it is over for
// one who was taken for offline, nothing of ours for one who was replaced, and waits
// to be resumed otherwise. A session that was resumed meanwhile, here or elsewhere, is
// no longer ours to settle, and the store knows. Who was there until the room's end is told
// so with others.
func (v *Viewing) part(ctx context.Context) {
	v.expiry.Stop()
	s := v.service
	s.hub.Unsubscribe(v.sub)
	s.settle(ctx, v.room, v.session.ID, func(ctx context.Context) error {
		switch v.sub.Ending() {
		case hub.Offline:
			return s.rooms.Over(ctx, v.room, v.session)
		case hub.Open, hub.Expired, hub.Drained, hub.Moved:
			return s.rooms.Disconnected(ctx, v.room, v.session)
		case hub.RoomOver:
			if !v.sub.Doubted() {
				s.keeper.Outlived(v.room, v.session)
			}
		case hub.Replaced, hub.Left, hub.Lost:
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
