package feed_test

import (
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// full returns a log whose three rings hold 1,000 messages each, and its clock.
func full(b *testing.B) (*feed.Log, *live.Clock) {
	b.Helper()
	log, clock := feed.NewLog(epoch, 1000), new(live.Clock)
	for i := range 3000 {
		log.Append(clock, 0, draft(feed.Bucket(i%feed.Buckets), "hello"), generous(1000))
	}
	return log, clock
}

// BenchmarkAppend appends 1,000 messages a second of the room's time, each with a
// client id that was not there before.
func BenchmarkAppend(b *testing.B) {
	log, clock := full(b)
	limits, d := generous(1000), draft(feed.Low, "hello")
	ids := make([]string, 1<<16)
	for i := range ids {
		ids[i] = string([]byte{byte(i >> 8), byte(i), '.'})
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.ClientMessageID, d.Sender = ids[i%len(ids)], live.UserID(ids[(i>>16)%len(ids)])
		log.Append(clock, live.Timestamp(1_000_000+1000*i), d, limits)
	}
}

// BenchmarkNewLog makes the log of a room in which ten messages are said.
func BenchmarkNewLog(b *testing.B) {
	limits, d := generous(1000), draft(feed.Low, "hello")
	b.ReportAllocs()
	for b.Loop() {
		log, clock := feed.NewLog(epoch, 1000), new(live.Clock)
		for range 10 {
			log.Append(clock, 0, d, limits)
		}
	}
}

// BenchmarkSelect pulls 20 new messages from full rings.
func BenchmarkSelect(b *testing.B) {
	log, clock := full(b)
	cursor := log.Rings().Head()
	for i := range 20 {
		log.Append(clock, 0, draft(feed.Bucket(i%feed.Buckets), "hello"), generous(1000))
	}
	b.ReportAllocs()
	for b.Loop() {
		if batch := log.Rings().Select(cursor, 200); len(batch.Messages) != 20 {
			b.Fatal(len(batch.Messages))
		}
	}
}

// BenchmarkLatest is the first pull of a viewer who comes in.
func BenchmarkLatest(b *testing.B) {
	log, _ := full(b)
	b.ReportAllocs()
	for b.Loop() {
		if batch := log.Rings().Select(feed.Cursor{}, 200); len(batch.Messages) != feed.FirstPull {
			b.Fatal(len(batch.Messages))
		}
	}
}
