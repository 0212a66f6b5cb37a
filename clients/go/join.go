package ovation

import (
	"context"
	"errors"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// defaultBuffer is how many events wait for Next at most.
const defaultBuffer = 16

// joining is what a Room begins with.
type joining struct {
	delivery ovationv1.Delivery
	cursor   *ovationv1.Cursor
	session  string
	buffer   int
	echoes   *echoes
}

// JoinOption sets something about a stay in a room.
type JoinOption func(*joining)

// WithDelivery asks for a way of getting messages. Without it the server chooses, and
// may choose anew at any time.
func WithDelivery(d ovationv1.Delivery) JoinOption {
	return func(j *joining) { j.delivery = d }
}

// WithCursor goes on right after a place, such as Room.Cursor returned an earlier
// time. Without it a stay begins with the latest messages.
func WithCursor(cursor *ovationv1.Cursor) JoinOption {
	return func(j *joining) { j.cursor = cursor }
}

// WithSession resumes a session, if it is still alive and the caller's.
func WithSession(id string) JoinOption {
	return func(j *joining) { j.session = id }
}

// WithBuffer sets how many events may wait for Next, at least 1; without it 16. A run
// of messages is one event.
func WithBuffer(events int) JoinOption {
	return func(j *joining) { j.buffer = max(events, 1) }
}

// WithEcho has Next return an Echo of each message that Send is called with, so that the
// sender can see it at once, and learn what became of it:
//
//	switch e := event.(type) {
//	case *ovation.Echo: // by e.Message.ClientMessageId: show it, mark it as sent or dropped
//	case *ovation.Messages: // one that Echo.Is knows takes its echo's place
//	}
//
// An echo comes before the message itself, and even while there is no connection. That
// a message was accepted may come after the message.
func WithEcho() JoinOption {
	return func(j *joining) { j.echoes = newEchoes() }
}

// Join enters a room and stays there until ctx ends, the Room is closed, or the
// server ends the stay. It returns when the room is entered; read Next or Events from
// then on. A call that does not get through is repeated a few times; where the server has
// no place for now and says when to come again, until there is one or ctx ends.
func (c *Client) Join(ctx context.Context, roomID string, options ...JoinOption) (*Room, error) {
	begin := joining{buffer: defaultBuffer}
	for _, option := range options {
		option(&begin)
	}
	var watch stopwatch
	request := &ovationv1.JoinRoomRequest{RoomId: roomID, SessionId: begin.session}
	joined, err := enter(ctx, func(
		ctx context.Context, request *ovationv1.JoinRoomRequest,
	) (*ovationv1.JoinRoomResponse, error) {
		watch = startWatch()
		return c.rooms.JoinRoom(ctx, request)
	}, request)
	if err != nil {
		return nil, named(err)
	}
	if joined.GetRoom() == nil {
		return nil, errors.New("ovation: the server's answer to JoinRoom has no room")
	}
	first := sample{watch.sent(), joined.ServerAt, joined.ServerAt, watch.back()}
	return c.enter(ctx, joined, begin, first), nil
}

// enter starts what keeps a stay up.
func (c *Client) enter(
	ctx context.Context, joined *ovationv1.JoinRoomResponse, begin joining, clock sample,
) *Room {
	ctx, cancel := context.WithCancelCause(ctx)
	r := &Room{
		client:   c,
		id:       joined.GetRoom().GetRoomId(),
		joined:   joined,
		delivery: begin.delivery,
		log:      c.log.With("room_id", joined.GetRoom().GetRoomId()),
		events:   make(chan Event, begin.buffer),
		cancel:   cancel,
		mirror:   newMirror(),
		echoes:   begin.echoes,
		feed:     c.feed,
		order:    orderAt(begin.cursor),
		view: view{
			session: joined.GetSessionId(),
			info:    joined.GetRoom(),
			online:  OnlineChanged{joined.GetOnline().GetUsers(), joined.GetOnline().GetSessions()},
			cursor:  begin.cursor,
			clock:   clock,
			feed:    c.feed,
		},
	}
	r.stage = newStage(r.ClockOffset)
	for _, frame := range joined.GetQuizFrames() {
		r.stage.take(frame)
	}
	r.mirror.reset(joined.GetAttributes(), joined.GetAttributes().GetEpoch())
	r.moveTo(joined.GetEndpoint())
	r.tasks.Go(func() { r.keepClock(ctx) })
	r.tasks.Go(func() { r.run(ctx) })
	return r
}
