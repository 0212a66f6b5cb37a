package ovation

import (
	"context"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// handle takes one frame of the stream. Frames that it does not know are ignored.
func (l *link) handle(ctx context.Context, frame *ovationv1.SubscribeResponse) error {
	switch f := frame.GetFrame().(type) {
	case *ovationv1.SubscribeResponse_Welcome:
		return l.welcome(ctx, f.Welcome)
	case *ovationv1.SubscribeResponse_Notify:
		l.notify(f.Notify)
		return nil
	case *ovationv1.SubscribeResponse_Batch:
		return l.batch(ctx, f.Batch)
	case *ovationv1.SubscribeResponse_Heartbeat:
		l.heartbeat(f.Heartbeat)
		return nil
	case *ovationv1.SubscribeResponse_Quiz:
		l.room.stage.take(f.Quiz)
		return nil
	case *ovationv1.SubscribeResponse_Counters:
		return l.counters(ctx, f.Counters)
	case *ovationv1.SubscribeResponse_RoomUpdated:
		return l.setInfo(ctx, f.RoomUpdated.GetRoom())
	case *ovationv1.SubscribeResponse_Kicked:
		return &KickedError{Reason: f.Kicked.GetReason(), Message: f.Kicked.GetMessage(), MayReconnect: f.Kicked.GetMayReconnect()}
	case *ovationv1.SubscribeResponse_RoomEnded:
		return ErrRoomEnded
	case *ovationv1.SubscribeResponse_Reconnect:
		return &movedError{f.Reconnect}
	default:
		return nil
	}
}

// welcome begins a stream. With inline delivery the messages that are lacking follow
// by themselves.
func (l *link) welcome(ctx context.Context, w *ovationv1.Welcome) error {
	l.room.polling = false
	l.renewal.expect()
	l.room.update(func(v *view) { v.session = w.GetSessionId() })
	if err := l.established(ctx, &Connected{SessionID: w.GetSessionId(), Delivery: w.GetDelivery()}); err != nil {
		return err
	}
	if w.GetResync() {
		l.room.order.giveUp()
		l.room.mirror.giveUp()
	}
	if w.GetDelivery() != ovationv1.Delivery_DELIVERY_INLINE {
		l.wantMessages(w.GetHeads())
	}
	l.wantAttributes(w.GetHeads())
	if err := l.setOnline(ctx, w.GetOnline()); err != nil {
		return err
	}
	for _, frame := range w.GetQuizFrames() {
		l.room.stage.take(frame)
	}
	return l.setInfo(ctx, w.GetRoom())
}

// notify wants what it announces. The server leaves alone whoever has not pulled since
// the last notification of messages: each is answered by a pull that begins after
// it, also where nothing is lacking.
func (l *link) notify(n *ovationv1.Notify) {
	switch {
	case !n.GetMessages():
		l.wantMessages(n.GetHeads())
	case l.pull.busy:
		l.pullAgain = true
	default:
		l.pull.wanted = true
	}
	l.wantAttributes(n.GetHeads())
}

// batch takes messages and attributes that the stream carries. What does not
// continue the reader's place (the server has just begun to send inline, or its
// own idea of the place is another) is pulled.
func (l *link) batch(ctx context.Context, b *ovationv1.InlineBatch) error {
	if b.GetBatch() != nil {
		m, ok := l.room.order.continued(b.GetBatch(), l.pull.busy)
		if !ok {
			l.wantMessages(b.GetHeads())
		} else if err := l.took(ctx, m); err != nil {
			return err
		}
	}
	if b.GetAttributes() != nil {
		changed, _ := l.room.mirror.apply(b.GetAttributes(), b.GetHeads().GetCursor().GetEpoch())
		if err := l.emitAttributes(ctx, changed); err != nil {
			return err
		}
	}
	l.wantAttributes(b.GetHeads())
	return nil
}

// took hands on messages. A resync is one of the attributes too.
func (l *link) took(ctx context.Context, m *Messages) error {
	if m.Resync {
		l.room.mirror.giveUp()
		l.wantAttributes(&ovationv1.Heads{Cursor: m.Cursor})
	}
	return l.emitMessages(ctx, m)
}

// heartbeat mends whatever got lost.
func (l *link) heartbeat(h *ovationv1.Heartbeat) {
	l.wantMessages(h.GetHeads())
	l.wantAttributes(h.GetHeads())
	l.wantInfo(h.GetHeads())
}

// counters hands on numbers.
func (l *link) counters(ctx context.Context, c *ovationv1.Counters) error {
	if err := l.setOnline(ctx, c.GetOnline()); err != nil || c.GetGifts() == nil {
		return err
	}
	return l.emit(ctx, &GiftsChanged{c.GetGifts()})
}
