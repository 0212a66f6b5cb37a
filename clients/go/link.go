package ovation

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// probePeriod is how long messages are polled for before a stream is tried again.
const probePeriod = time.Minute

// link is one connection with a room: a stream, and the pulls that it calls for; where
// no stream comes through, pulls that wait at the server. One goroutine runs it and
// owns all of it; the calls of its errands run beside it.
type link struct {
	room  *Room
	tasks sync.WaitGroup

	stream  *stream     // nil: none now
	probe   *time.Timer // when to try one, while polling
	up      bool        // it has worked
	upSince time.Time   // since when

	pull       errand[*ovationv1.PullResponse]
	pullAsked  asked            // where the pull began
	pullHeads  *ovationv1.Heads // heard while the pull was under way
	pullAgain  bool             // a notification came while it was
	attributes errand[*ovationv1.PullAttributesResponse]
	pulledFrom attributePlace   // where the attributes' pull began
	attrHeads  *ovationv1.Heads // heard while it was under way
	info       errand[*ovationv1.GetRoomResponse]
	acks       errand[*ovationv1.AckFrameResponse]
	renewal    renewal
}

func newLink(r *Room) *link {
	l := &link{
		room:       r,
		probe:      time.NewTimer(probePeriod),
		pull:       newErrand[*ovationv1.PullResponse](),
		attributes: newErrand[*ovationv1.PullAttributesResponse](),
		info:       newErrand[*ovationv1.GetRoomResponse](),
		acks:       newErrand[*ovationv1.AckFrameResponse](),
		renewal:    newRenewal(r.client.tokens),
	}
	l.probe.Stop()
	return l
}

// serve runs the link until it ends, and returns why. It ends with ctx.
func (l *link) serve(ctx context.Context) error {
	defer l.probe.Stop()
	defer l.renewal.timer.Stop()
	l.openStream(ctx)
	for {
		l.startErrands(ctx)
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
}

// wait handles the next thing that happens.
func (l *link) wait(ctx context.Context) error {
	select {
	case frame, ok := <-l.frames():
		if !ok {
			return l.streamEnded(ctx)
		}
		return l.handle(ctx, frame)
	case o := <-l.pull.done:
		return l.pulled(ctx, o)
	case o := <-l.attributes.done:
		return l.attributesPulled(ctx, o)
	case o := <-l.info.done:
		return l.infoFetched(ctx, o)
	case o := <-l.acks.done:
		l.acknowledged(ctx, o)
		return nil
	case o := <-l.renewal.next.done:
		l.renewed(ctx, o)
		return nil
	case <-l.renewal.timer.C:
		l.renewal.next.wanted = true
		return nil
	case <-l.probe.C:
		l.openStream(ctx)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// frames returns where frames come from, nil without a stream.
func (l *link) frames() <-chan *ovationv1.SubscribeResponse {
	if l.stream == nil {
		return nil
	}
	return l.stream.frames
}

// openStream subscribes from where the reader is.
func (l *link) openStream(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	stream, feed := newStream(stop), l.room.feed
	request := &ovationv1.SubscribeRequest{
		RoomId:    l.room.id,
		Delivery:  l.room.delivery,
		Cursor:    l.room.order.cursor(),
		SessionId: l.room.SessionID(),
	}
	l.stream = stream
	l.room.order.opened()
	l.tasks.Go(func() { stream.run(ctx, feed, request) })
}

// streamEnded falls back to polling where a stream does not come through, stays with
// it where it is at work already, and else ends the link. At an address that the server
// named it may be that nothing comes through: first it is tried at the client's own.
func (l *link) streamEnded(ctx context.Context) error {
	err := l.stream.err
	l.stream = nil
	if errors.Is(err, errNoWelcome) && (l.up || l.room.endpoint == "") {
		l.room.polling = true
	}
	if !l.room.polling || final(err) {
		return err
	}
	l.room.log.InfoContext(ctx, "no stream comes through: polling", "error", err)
	l.probe.Reset(probePeriod)
	return nil
}

// established notes that the link works, and tells the reader how.
func (l *link) established(ctx context.Context, c *Connected) error {
	if !l.up {
		l.up, l.upSince = true, time.Now()
	}
	l.room.refused = false
	return l.emit(ctx, c)
}

// emit hands an event to the reader.
func (l *link) emit(ctx context.Context, event Event) error { return l.room.emit(ctx, event) }

// emitMessages hands on a run of messages, unless nothing is in it.
func (l *link) emitMessages(ctx context.Context, m *Messages) error {
	if m.Unexplained > 0 {
		l.room.log.WarnContext(ctx, "messages are missing that were not counted as dropped",
			"session_id", l.room.SessionID(), "unexplained", m.Unexplained)
	}
	if !m.moved() && !m.Resync && !m.entered {
		return nil
	}
	return l.emit(ctx, m)
}

// emitAttributes hands on a change of the attributes, nil for none.
func (l *link) emitAttributes(ctx context.Context, changed *AttributesChanged) error {
	if changed == nil {
		return nil
	}
	return l.emit(ctx, changed)
}

// setOnline hands on how many are there, if it changed.
func (l *link) setOnline(ctx context.Context, online *ovationv1.Online) error {
	now := OnlineChanged{online.GetUsers(), online.GetSessions()}
	if online == nil || now == l.room.Online() {
		return nil
	}
	l.room.update(func(v *view) { v.online = now })
	return l.emit(ctx, &now)
}

// setInfo hands on the room, if it is a later revision.
func (l *link) setInfo(ctx context.Context, info *ovationv1.Room) error {
	if info == nil || info.GetRevision() <= l.room.Info().GetRevision() {
		return l.endOf(info)
	}
	info = proto.CloneOf(info)
	l.room.update(func(v *view) { v.info = info })
	if err := l.emit(ctx, &RoomUpdated{info}); err != nil {
		return err
	}
	return l.endOf(info)
}

// endOf returns ErrRoomEnded for a room that has.
func (l *link) endOf(info *ovationv1.Room) error {
	if info.GetState() == ovationv1.RoomState_ROOM_STATE_ENDED {
		return ErrRoomEnded
	}
	return nil
}
