//go:build linux

package main

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/bench/internal/load"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// samples are frames, and what they say.
func samples() map[string]struct {
	frame *ovationv1.SubscribeResponse
	want  load.Reading
} {
	heads := &ovationv1.Heads{Cursor: &ovationv1.Cursor{Epoch: "e", Low: 7}, AttributesTimestamp: 1234}
	return map[string]struct {
		frame *ovationv1.SubscribeResponse
		want  load.Reading
	}{
		"a batch": {&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Batch{Batch: &ovationv1.InlineBatch{
			Batch: &ovationv1.Batch{
				Messages: []*ovationv1.Message{{Text: "a"}, {Text: "b"}}, Cursor: heads.GetCursor(),
				Dropped: &ovationv1.Dropped{Low: 300, High: 2},
			}, Heads: heads,
		}}}, load.Reading{News: true, Messages: 2, Dropped: 302}},
		"a notification": {&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Notify{
			Notify: &ovationv1.Notify{Heads: heads, Messages: true},
		}}, load.Reading{News: true, Mark: 1234}},
		"a heartbeat": {&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Heartbeat{
			Heartbeat: &ovationv1.Heartbeat{Heads: heads},
		}}, load.Reading{}},
		"a last frame": {&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Kicked{
			Kicked: &ovationv1.Kicked{Message: "gone"},
		}}, load.Reading{Last: true}},
	}
}

func TestReadFrame(t *testing.T) {
	t.Parallel()
	for name, s := range samples() {
		b, err := proto.Marshal(s.frame)
		if err != nil {
			t.Fatal(err)
		}
		if got := readFrame(b); got != s.want {
			t.Errorf("%s: %+v, want %+v", name, got, s.want)
		}
	}
	answer, err := proto.Marshal(&ovationv1.SendResponse{Status: ovationv1.SendStatus_SEND_STATUS_ACCEPTED, Timestamp: 5})
	if err != nil || !accepted(answer) {
		t.Errorf("an accepted message counts as refused (%v)", err)
	}
	answer, err = proto.Marshal(&ovationv1.SendResponse{Status: ovationv1.SendStatus_SEND_STATUS_DROPPED_RATE_LIMITED})
	if err != nil || accepted(answer) {
		t.Errorf("a dropped message counts as accepted (%v)", err)
	}
}

// As many messages are counted as a decoder finds, and nothing panics.
func FuzzReadFrame(f *testing.F) {
	for _, s := range samples() {
		b, err := proto.Marshal(s.frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = readFrame(b)
		var frame ovationv1.SubscribeResponse
		if proto.Unmarshal(b, &frame) != nil {
			return
		}
		// In the encoding that servers write: fields once, and of one frame alone.
		again, err := proto.Marshal(&frame)
		if err != nil {
			t.Fatal(err)
		}
		got := readFrame(again)
		if want := len(frame.GetBatch().GetBatch().GetMessages()); int(got.Messages) != want {
			t.Errorf("%d messages, want %d", got.Messages, want)
		}
	})
}
