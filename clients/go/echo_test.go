package ovation

import (
	"errors"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
)

// A message is shown at once, then takes its place among the others.
func TestEchoIsAccepted(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		room := f.join(WithEcho())
		next[*Connected](t, room)
		f.onSend = func(int) error { time.Sleep(time.Second); return nil }
		f.alter = "h***o"
		begun := time.Now()
		go func() {
			if _, err := room.SendText(t.Context(), "hello"); err != nil {
				t.Error(err)
			}
		}()
		pending := next[*Echo](t, room)
		if pending.State != EchoPending || pending.Message.GetText() != "hello" || time.Since(begun) != 0 {
			t.Errorf("%+v after %v", pending, time.Since(begun))
		}
		if pending.Message.GetKind() != ovationv1.MessageKind_MESSAGE_KIND_TEXT || pending.Message.GetClientMessageId() == "" {
			t.Errorf("%v", pending.Message)
		}
		accepted, m := fate(t, room)
		if accepted.State != EchoAccepted || accepted.Message.GetTimestamp() != m.GetTimestamp() || accepted.Err != nil {
			t.Errorf("%+v of %v", accepted, m)
		}
		if pending.Message.GetText() != "hello" || accepted.Message.GetText() != m.GetText() {
			t.Errorf("%v, then %v", pending.Message, accepted.Message)
		}
		if !pending.Is(m) || !accepted.Is(m) {
			t.Errorf("%v is not known", m)
		}
		mirrored := &ovationv1.Message{ClientMessageId: m.GetClientMessageId(), OriginRoomId: "other"}
		if pending.Is(mirrored) || pending.Is(&ovationv1.Message{ClientMessageId: "another"}) {
			t.Error("others are taken for it")
		}
	})
}

// fate reads on until both the echo's fate and a message are known.
func fate(t *testing.T, room *Room) (echo *Echo, message *ovationv1.Message) {
	t.Helper()
	for echo == nil || message == nil {
		switch event := next[Event](t, room).(type) {
		case *Echo:
			echo = event
		case *Messages:
			message = event.Messages[0]
		}
	}
	return echo, message
}

// However late the reader looks, and however late the answer is, the echo comes first.
func TestEchoComesBeforeTheMessage(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		room := f.join(WithEcho())
		next[*Connected](t, room)
		f.afterSend = func() { time.Sleep(time.Second) } // the message is there before the answer
		for range 20 {
			go func() { _, _ = room.SendText(t.Context(), "hello") }()
			time.Sleep(time.Minute)
			if e := next[Event](t, room); e.(*Echo).State != EchoPending {
				t.Fatalf("%+v", e)
			}
			if e, m := fate(t, room); e.State != EchoAccepted || !e.Is(m) {
				t.Fatalf("%+v of %v", e, m)
			}
		}
	})
}

// Who sends and reads in one goroutine is not held up, however much is said meanwhile.
func TestEchoOfAnIdleReader(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		room := f.join(WithEcho(), WithBuffer(1))
		next[*Connected](t, room)
		for range 50 {
			if _, err := room.SendText(t.Context(), "hello"); err != nil {
				t.Fatal(err)
			}
			f.say(feed.Low, "and others")
		}
		sent, seen := 0, uint64(0)
		for sent < 100 || seen < 100 {
			switch event := next[Event](t, room).(type) {
			case *Echo:
				sent++
			case *Messages:
				seen += uint64(len(event.Messages)) + event.Dropped.Total()
			}
		}
	})
}

func TestEchoOfWhatNobodyElseSees(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		room := f.join(WithEcho())
		next[*Connected](t, room)
		f.drop = true
		if _, err := room.SendText(t.Context(), "too many"); err != nil {
			t.Fatal(err)
		}
		next[*Echo](t, room)
		if e := next[*Echo](t, room); e.State != EchoDropped || e.Answer.GetRetryAfter().AsDuration() != time.Second {
			t.Errorf("%+v", e)
		}
		muted := failure(connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_MUTED, 0)
		f.onSend = func(int) error { return muted }
		_, err := room.SendText(t.Context(), "hush")
		next[*Echo](t, room)
		if e := next[*Echo](t, room); err == nil || e.State != EchoFailed || !errors.Is(e.Err, err) {
			t.Errorf("%+v for %v", e, err)
		}
	})
}

// Without the option nothing is told, and nothing is kept.
func TestNoEcho(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		room := f.join()
		next[*Connected](t, room)
		if _, err := room.SendText(t.Context(), "hello"); err != nil {
			t.Fatal(err)
		}
		if e, ok := next[Event](t, room).(*Messages); !ok || room.echoes != nil {
			t.Errorf("%+v", e)
		}
	})
}
