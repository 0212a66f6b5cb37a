package ovation

import (
	"bufio"
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/encoding/protodelim"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// record is frames as a stream carries them, one after the other.
func record(f *testing.F, frames ...*ovationv1.SubscribeResponse) []byte {
	f.Helper()
	var b bytes.Buffer
	for _, frame := range frames {
		if _, err := protodelim.MarshalTo(&b, frame); err != nil {
			f.Fatal(err)
		}
	}
	return b.Bytes()
}

// someFrames is a stream as servers write it.
func someFrames() []*ovationv1.SubscribeResponse {
	cursor := func(low uint64) *ovationv1.Cursor {
		return &ovationv1.Cursor{Epoch: "e1", Low: int64(10 * low), LowSequence: low}
	}
	heads := &ovationv1.Heads{Cursor: cursor(2), AttributesTimestamp: 7, RoomRevision: 2}
	message := func(n uint64) *ovationv1.Message {
		return &ovationv1.Message{Bucket: ovationv1.Bucket_BUCKET_LOW, Sequence: n, Timestamp: int64(10 * n)}
	}
	return []*ovationv1.SubscribeResponse{
		{Frame: &ovationv1.SubscribeResponse_Welcome{Welcome: &ovationv1.Welcome{SessionId: "s", Delivery: inlining, Heads: heads}}},
		{Frame: &ovationv1.SubscribeResponse_Batch{Batch: &ovationv1.InlineBatch{
			Batch: &ovationv1.Batch{Messages: []*ovationv1.Message{message(1), message(2)}, Cursor: cursor(2)}, Heads: heads,
			Attributes: &ovationv1.AttributeChanges{Timestamp: 7, Changes: []*ovationv1.AttributeChange{{Attribute: &ovationv1.Attribute{Key: "k", Timestamp: 7}}}},
		}}},
		{Frame: &ovationv1.SubscribeResponse_Batch{Batch: &ovationv1.InlineBatch{
			Batch: &ovationv1.Batch{Messages: []*ovationv1.Message{message(5)}, Cursor: cursor(5), Dropped: &ovationv1.Dropped{Low: 2}},
		}}},
		{Frame: &ovationv1.SubscribeResponse_Notify{Notify: &ovationv1.Notify{Heads: heads, Messages: true}}},
		{Frame: &ovationv1.SubscribeResponse_Heartbeat{Heartbeat: &ovationv1.Heartbeat{Heads: heads}}},
		{Frame: &ovationv1.SubscribeResponse_Counters{Counters: &ovationv1.Counters{Online: &ovationv1.Online{Users: 1}}}},
		{Frame: &ovationv1.SubscribeResponse_RoomUpdated{RoomUpdated: &ovationv1.RoomUpdated{Room: &ovationv1.Room{Revision: 3}}}},
		{Frame: &ovationv1.SubscribeResponse_Quiz{Quiz: &ovationv1.QuizFrame{FrameId: "q/1/question"}}},
		{Frame: &ovationv1.SubscribeResponse_Quiz{Quiz: &ovationv1.QuizFrame{FrameId: "q/1/question", LatestDisplayAt: 5}}},
		{Frame: &ovationv1.SubscribeResponse_Quiz{Quiz: &ovationv1.QuizFrame{FrameId: "q/1/t", Body: &ovationv1.QuizFrame_Tally{Tally: &ovationv1.QuizTally{}}}}},
		{Frame: &ovationv1.SubscribeResponse_Kicked{Kicked: &ovationv1.Kicked{Reason: ovationv1.KickReason_KICK_REASON_BANNED}}},
	}
}

// Whatever a stream carries: it ends with an error of ours or not at all, and messages
// come each once and in order, from where the reader was to where the cursor says.
func FuzzFrames(f *testing.F) {
	f.Add(record(f, someFrames()...))
	f.Add(record(f, &ovationv1.SubscribeResponse{}, &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Batch{}}))
	f.Add(record(f, &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Reconnect{Reconnect: &ovationv1.Reconnect{Endpoint: "http://other"}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		client, err := New("http://fake")
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		room := &Room{client: client, id: "demo", log: client.log, mirror: newMirror(), events: make(chan Event, 1<<10)}
		room.stage = newStage(room.ClockOffset)
		defer room.stage.clear()
		l := newLink(room)
		defer l.renewal.timer.Stop()
		shown := map[string]bool{}
		source := bufio.NewReader(bytes.NewReader(data))
		for {
			frame := &ovationv1.SubscribeResponse{}
			if protodelim.UnmarshalFrom(source, frame) != nil || len(frame.GetWelcome().GetQuizFrames()) > 1_000 {
				return
			}
			before := room.order.cursor()
			err := l.handle(t.Context(), frame)
			for len(room.events) > 0 {
				if m, ok := (<-room.events).(*Messages); ok {
					checkMessages(t, before, m)
				}
			}
			for event := room.stage.next(); event != nil; event = room.stage.next() {
				quiz := event.(*QuizFrame).Frame
				if quiz.GetTally() == nil && shown[quiz.GetFrameId()] {
					t.Fatalf("%v is shown twice", quiz)
				}
				shown[quiz.GetFrameId()] = quiz.GetTally() == nil
			}
			if err != nil {
				checkEnd(t, err)
				return
			}
		}
	})
}

// checkMessages checks that messages lie between two places, in order. What begins anew
// is taken as the server has it.
func checkMessages(t *testing.T, before *ovationv1.Cursor, m *Messages) {
	t.Helper()
	if before == nil || m.Resync {
		return
	}
	at, end := placesOf(before), placesOf(m.Cursor)
	for _, message := range m.Messages {
		b := int(message.GetBucket()) - 1
		if message.GetTimestamp() <= at[b].timestamp || message.GetTimestamp() > end[b].timestamp {
			t.Fatalf("%v between %v and %v", message, at[b], end[b])
		}
		at[b] = place{message.GetTimestamp(), message.GetSequence()}
	}
}

// checkEnd checks that an error is one that a frame can end a stream with.
func checkEnd(t *testing.T, err error) {
	t.Helper()
	var kicked *KickedError
	var moved *movedError
	if !errors.As(err, &kicked) && !errors.As(err, &moved) && !errors.Is(err, ErrRoomEnded) {
		t.Fatalf("ended with %v", err)
	}
	_ = err.Error()
	if until, said := Until(err); said {
		t.Fatalf("until %v, which no frame says", until)
	}
}
