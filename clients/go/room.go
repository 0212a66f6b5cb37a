package ovation

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live/attribute"
)

// Room is a stay in a room. Its methods are safe for concurrent use; events are meant
// for one reader.
type Room struct {
	client   *Client
	id       string
	joined   *ovationv1.JoinRoomResponse
	delivery ovationv1.Delivery
	log      *slog.Logger
	mirror   *mirror
	echoes   *echoes // nil: not wanted
	stage    *stage

	events chan Event // closed by run when err is set
	err    error
	cancel context.CancelCauseFunc
	tasks  sync.WaitGroup

	// What follows belongs to run alone.
	feed     ovationv1connect.FeedServiceClient
	endpoint string // where feed is; empty: at the client's base URL
	order    order
	polling  bool // streams did not come through the last time
	attempt  int  // tries since the connection last held
	refused  bool // the last try failed for its token

	mu   sync.Mutex
	view view
}

// view is what a Room shows of itself between events.
type view struct {
	session string
	info    *ovationv1.Room
	online  OnlineChanged
	cursor  *ovationv1.Cursor // after what Next has returned
	clock   sample
	feed    ovationv1connect.FeedServiceClient // where the feed comes from
}

// Next returns the next event, waiting for it. After the last it returns why the stay
// is over: ErrRoomEnded, ErrClosed, a *KickedError, the error of a call that trying
// again would not help, or the cause of the end of Join's context. It returns the
// error of its own ctx if that ends first, which loses nothing.
func (r *Room) Next(ctx context.Context) (Event, error) {
	for {
		if event := r.echoes.next(); event != nil {
			return r.handOut(event), nil
		}
		if event := r.stage.next(); event != nil {
			return event, nil
		}
		select {
		case <-r.echoes.news():
		case <-r.stage.came:
		case event, ok := <-r.events:
			if !ok {
				return nil, r.err
			}
			return r.handOut(r.echoes.before(event)), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// handOut notes how far the reader is with an event, and returns it.
func (r *Room) handOut(event Event) Event {
	if m, ok := event.(*Messages); ok {
		r.update(func(v *view) { v.cursor = m.Cursor })
	}
	return event
}

// Events returns an iterator over what Next returns; its last pair is the error.
func (r *Room) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			event, err := r.Next(ctx)
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// ID returns the room's id.
func (r *Room) ID() string { return r.id }

// Joined returns what the server answered on entering: gifts, media token, and how
// everything was at that moment. Read only.
func (r *Room) Joined() *ovationv1.JoinRoomResponse { return r.joined }

// Info returns the room as last heard of. Read only.
func (r *Room) Info() *ovationv1.Room { return r.look().info }

// Online returns how many are there, as last heard of.
func (r *Room) Online() OnlineChanged { return r.look().online }

// SessionID returns the session; it can change with a Connected event.
func (r *Room) SessionID() string { return r.look().session }

// Cursor returns the place after the messages that Next has returned; nil before
// the first. It is the caller's.
func (r *Room) Cursor() *ovationv1.Cursor { return proto.CloneOf(r.look().cursor) }

// Attributes returns the room's attributes in order of key. Values are shared: read
// only.
func (r *Room) Attributes() []attribute.Attribute { return r.mirror.all() }

// Attribute returns the attribute of a key, if there is one. Its value is shared: read
// only.
func (r *Room) Attribute(key string) (attribute.Attribute, bool) { return r.mirror.get(key) }

// ClockOffset returns what to add to this machine's clock to get the server's, and
// how far off that can be. It is measured on joining and every few minutes.
func (r *Room) ClockOffset() (offset, bound time.Duration) {
	clock := r.look().clock
	return clock.offset(), clock.bound()
}

// ServerTime returns the server's clock now, as far as it is known.
func (r *Room) ServerTime() time.Time {
	offset, _ := r.ClockOffset()
	return time.Now().Add(offset)
}

// Close ends the stay and waits for everything that kept it up. The session remains
// until the server gives it up: WithSession can resume it. Events that wait can
// still be read. Closing twice is well.
func (r *Room) Close() {
	r.cancel(ErrClosed)
	r.tasks.Wait()
}

// Leave ends the stay as Close does, and the session at the server too.
func (r *Room) Leave(ctx context.Context) error {
	r.Close()
	request := &ovationv1.LeaveRoomRequest{RoomId: r.id, SessionId: r.SessionID()}
	_, err := repeat(ctx, r.client.rooms.LeaveRoom, request)
	return err
}

// look returns the view.
func (r *Room) look() view {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view
}

// update changes the view.
func (r *Room) update(change func(*view)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.view)
}
