package wire

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
)

func TestFrameIsEncodedOnceInEachForm(t *testing.T) {
	t.Parallel()
	var built atomic.Int64
	f := newFrame(KindLast, func() *ovationv1.SubscribeResponse {
		built.Add(1)
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_RoomEnded{
			RoomEnded: &ovationv1.RoomEnded{EndedAt: 7},
		}}
	})
	if built.Load() != 0 {
		t.Error("built before anyone asked")
	}
	var group sync.WaitGroup
	for _, encode := range []func([]byte) ([]byte, error){f.AppendProto, f.AppendJSON} {
		want, err := encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			group.Go(func() {
				got, err := encode([]byte("before"))
				if err != nil || !bytes.Equal(got, append([]byte("before"), want...)) {
					t.Errorf("got %q, %v", got, err)
				}
				for i := range got { // it is the caller's
					got[i] = 'x'
				}
			})
		}
	}
	group.Wait()
	if built.Load() != 2 {
		t.Errorf("built %d times for two forms", built.Load())
	}
}

// Every frame says the same in both forms.
func TestFrames(t *testing.T) {
	t.Parallel()
	heads := feed.Heads{Attributes: 3, Revision: 4, Cursor: feed.Cursor{Epoch: "e", At: [feed.Buckets]feed.Place{{Timestamp: 1, Sequence: 2}}}}
	batch := feed.Batch{
		Messages: []*feed.Message{{Timestamp: 5, Sequence: 6, Bucket: feed.Low, Content: feed.Content{Text: "hello"}}},
		Cursor:   heads.Cursor, Dropped: [feed.Buckets]uint64{1, 2, 3}, More: true, Resync: true,
	}
	for name, f := range map[string]*Frame{
		"welcome":      Welcome{Session: "s", Heads: heads, Inline: true, Room: room.Room{ID: "r"}}.Frame(),
		"notify":       NotifyFrame(heads, true, false),
		"batch":        BatchFrame(batch, nil, heads),
		"heartbeat":    HeartbeatFrame(heads, 9),
		"counters":     CountersFrame(room.Online{Users: 1, Sessions: 2}, nil),
		"room_updated": RoomUpdatedFrame(room.Room{ID: "r", State: room.Live, Settings: room.DefaultSettings()}),
		"room_ended":   RoomEndedFrame(8),
		"kicked":       KickedFrame(Replaced),
		"reconnect":    MoveFrame(1, 2, "http://a"),
	} {
		binary, err := f.AppendProto(nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := f.AppendJSON(nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var a, b ovationv1.SubscribeResponse
		if err := proto.Unmarshal(binary, &a); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := protojson.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m := a.ProtoReflect()
		if got := m.WhichOneof(m.Descriptor().Oneofs().Get(0)); !proto.Equal(&a, &b) || string(got.Name()) != name {
			t.Errorf("%s: %v and %v", name, &a, &b)
		}
		if got := f.Kind().String(); got != kinds[name] {
			t.Errorf("%s is counted as %s", name, got)
		}
	}
}

// kinds is what every frame is counted as.
var kinds = map[string]string{
	"welcome": "welcome", "notify": "notify", "batch": "batch", "heartbeat": "heartbeat",
	"counters": "control", "room_updated": "control", "room_ended": "last", "kicked": "last", "reconnect": "last",
}

// A frame's size is known to those who did not encode it, while others do.
func TestFrameSize(t *testing.T) {
	t.Parallel()
	f := KickedFrame(Replaced)
	if got := f.Size(); got != 0 {
		t.Errorf("%d bytes before anybody asked", got)
	}
	text, err := f.AppendJSON(nil)
	if got := f.Size(); err != nil || got != len(text) {
		t.Errorf("%d bytes of %q, %v", got, text, err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := f.AppendProto(nil); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			if f.Size() == 0 {
				t.Error("no size")
			}
		})
	}
	group.Wait()
	if binary, _ := f.AppendProto(nil); f.Size() != len(binary) {
		t.Errorf("%d bytes of %q", f.Size(), binary)
	}
}

func TestFrameKindsHaveNames(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for k := range FrameKind(FrameKinds) {
		seen[k.String()] = true
	}
	if len(seen) != FrameKinds || seen[""] || seen["unknown"] || FrameKind(FrameKinds).String() != "unknown" {
		t.Errorf("names: %v", seen)
	}
}

func TestEveryKickHasAText(t *testing.T) {
	t.Parallel()
	for _, reason := range []KickReason{Offline, Replaced, Left, Moderated, Banned, TokenExpired} {
		if kickText[reason] == "" {
			t.Errorf("%v says nothing to people", reason)
		}
	}
}

// A frame whose contents panic is an error to everyone who comes after, not empty.
func TestFrameThatCannotBeBuilt(t *testing.T) {
	t.Parallel()
	f := newFrame(KindLast, func() *ovationv1.SubscribeResponse { panic("no contents") })
	for _, encode := range []func([]byte) ([]byte, error){f.AppendProto, f.AppendJSON} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_, _ = encode(nil)
		}()
		if _, err := encode(nil); err == nil {
			t.Error("afterwards it is empty")
		}
	}
}

//nolint:paralleltest // it counts allocations
func TestEncodedFrameIsAppendedWithoutAllocating(t *testing.T) {
	f, dst := KickedFrame(Left), make([]byte, 0, 1<<10)
	got := testing.AllocsPerRun(100, func() {
		if _, err := f.AppendProto(dst); err != nil {
			t.Error(err)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}
