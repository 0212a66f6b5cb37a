package redis

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

// Events come back as they were.
func TestEventsArePacked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOf(rapid.Custom(func(t *rapid.T) visit.Event {
			return visit.Event{
				Room: live.RoomID(rapid.String().Draw(t, "room")), User: live.UserID(rapid.String().Draw(t, "user")),
				Session: live.SessionID(rapid.String().Draw(t, "session")), Version: visit.Version(rapid.Int64().Draw(t, "version")),
				At: live.Timestamp(rapid.Int64().Draw(t, "at")), Inferred: rapid.Bool().Draw(t, "inferred"),
			}
		})).Draw(t, "events")
		if got, err := unpackEvents(packEvents(events)); err != nil || !slices.Equal(got, events) {
			t.Fatalf("%+v, %v, want %+v", got, err, events)
		}
	})
}

// Whatever is in an entry, reading it is an error at worst.
func FuzzUnpackEvents(f *testing.F) {
	f.Add(packEvents(nil))
	f.Add(packEvents([]visit.Event{{Room: "r", User: "ann", Session: "a", Version: 1, At: 1 << 50, Inferred: true}}))
	f.Add([]byte{2, 0})
	f.Add([]byte{1, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		events, err := unpackEvents(b)
		if err != nil {
			return
		}
		again, err := unpackEvents(packEvents(events))
		if err != nil || !slices.Equal(again, events) {
			t.Fatalf("%+v came back as %+v, %v", events, again, err)
		}
	})
}
