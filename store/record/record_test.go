package record_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// content draws something in any field.
var content = rapid.Custom(func(t *rapid.T) feed.Content {
	text := func(name string) string { return rapid.String().Draw(t, name) }
	payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
	if len(payload) == 0 {
		payload = nil
	}
	return feed.Content{
		Kind:        feed.Kind(rapid.IntRange(0, 7).Draw(t, "kind")),
		Sender:      live.UserID(text("sender")),
		SenderName:  text("name"),
		Text:        text("text"),
		Payload:     payload,
		ContentType: text("type"),
		Style: feed.Style{
			Colour:   rapid.Uint32().Draw(t, "colour"),
			Size:     rapid.Uint32().Draw(t, "size"),
			Position: feed.Position(rapid.IntRange(0, 3).Draw(t, "position")),
			Effect:   text("effect"),
		},
		ClientMessageID: text("id"),
		Origin:          live.RoomID(text("origin")),
	}
})

func TestContentIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := content.Draw(t, "content")
		b, kept, err := record.AppendContent([]byte("before"), want)
		if err != nil || !bytes.HasPrefix(b, []byte("before")) {
			t.Fatalf("%q, %v", b, err)
		}
		b = b[len("before"):]
		got, err := record.Content(b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v\nwant %+v", got, err, want)
		}
		left, err := record.Content(b[:kept])
		want.Text, want.Payload, want.ContentType, want.Style = "", nil, "", feed.Style{}
		if err != nil || !reflect.DeepEqual(left, want) {
			t.Fatalf("recalled: %+v, %v\nwant %+v", left, err, want)
		}
	})
}

// settings has another value in every field.
var settings = room.Settings{
	Feed:          feed.Limits{Rate: 1, WhitelistRate: 2, SlowMode: 3 * time.Second, Capacity: 54},
	MaxTextLength: 5,
	Rules:         feed.Rules{{Kind: feed.KindGift, Role: live.RoleHost, Bucket: feed.Low}, {Bucket: feed.Whitelist}},
	PullLimit:     17,
	RoundInterval: time.Second,
	Notify:        feed.NotifyPolicy{PullMark: 2 * time.Second, OfflineAfter: 4 * time.Second, OfflineNotifications: 6},
	InlinePercent: 11,
	Attributes:    attribute.Limits{Keys: 12, KeyBytes: 13, ValueBytes: 14, Log: 15, ViewersWrite: true},
}

// Nothing may be added to a room that its records do not hold.
func TestRoomIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	want := room.Room{
		ID: "r", Title: "An evening", Host: "host", State: room.Ended, Settings: settings,
		Labels: map[string]string{"topic": "music"}, Revision: 7, Created: 8, Ended: 9,
	}
	for i, v := 0, reflect.ValueOf(want); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("the test leaves %s empty", v.Type().Field(i).Name)
		}
	}
	b, err := record.MarshalRoom(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := record.UnmarshalRoom(b); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
}

func TestSettingsAreReadFromJSON(t *testing.T) {
	t.Parallel()
	b, err := record.SettingsJSON(settings)
	if err != nil {
		t.Fatal(err)
	}
	later := append([]byte(`{"whatALaterBuildWrites": 1, `), b[1:]...)
	for _, b := range [][]byte{b, later} {
		if got, err := record.SettingsOfJSON(b); err != nil || !reflect.DeepEqual(got, settings) {
			t.Errorf("%s: %+v, %v\nwant %+v", b, got, err, settings)
		}
	}
}

func FuzzContent(f *testing.F) {
	b, _, err := record.AppendContent(nil, feed.Content{Kind: feed.KindText, Sender: "ann", Text: "hello"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := record.Content(b)
		if err != nil {
			return
		}
		again, _, err := record.AppendContent(nil, first)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := record.Content(again); err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%+v, %v, want %+v", second, err, first)
		}
	})
}

func FuzzRoom(f *testing.F) {
	b, err := record.MarshalRoom(room.Room{ID: "r", Settings: settings, Labels: map[string]string{"a": "b"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("\x2a\x0a\x40\xff\xff\xff\xff\xff\xff\xff\xff\x7f")) // a round as long as can be
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := record.UnmarshalRoom(b)
		if err != nil {
			return
		}
		again, err := record.MarshalRoom(first)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := record.UnmarshalRoom(again); err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%+v, %v, want %+v", second, err, first)
		}
	})
}
