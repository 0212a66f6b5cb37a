package hub_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
)

// measured is a stage whose hub counts.
type measured struct {
	*stage
	registry *prometheus.Registry
}

// measure plays a test on a stage whose hub counts.
func measure(t *testing.T, change func(*room.Settings), test func(measured)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		s := measured{newMeasuredStage(t, roomWith(change), hub.NewMetrics(registry)), registry}
		defer s.hub.Close()
		test(s)
	})
}

// has fails unless series have come to these values.
func (s measured) has(want map[string]float64) {
	s.Helper()
	got, err := series.Of(s.registry)
	s.must(err)
	for name, value := range want {
		if v, there := got["ovation_hub_"+name]; !there || v != value {
			s.Fatalf("%s is %v (%v), want %v", name, v, there, value)
		}
	}
}

// value returns what a series has come to.
func (s measured) value(name string) float64 {
	s.Helper()
	all, err := series.Of(s.registry)
	s.must(err)
	return all["ovation_hub_"+name]
}

func TestRoundsAreMeasured(t *testing.T) {
	t.Parallel()
	measure(t, func(r *room.Settings) { r.RoundInterval = time.Second }, func(s measured) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		passing(time.Minute)
		s.say(feed.Low, "at once")
		passing(100 * time.Millisecond)
		s.has(map[string]float64{
			"rounds_total": 1, "round_messages_count": 1, "round_messages_sum": 1, "round_wait_seconds_count": 1, "followed_rooms": 1,
		})
		s.say(feed.Low, "waits 900 ms")
		passing(500 * time.Millisecond)
		s.say(feed.High, "waits 400 ms")
		passing(time.Second)
		s.has(map[string]float64{"rounds_total": 2, "round_messages_sum": 3, "round_wait_seconds_count": 2})
		if waited := s.value("round_wait_seconds_sum"); waited < .89 || waited > .92 {
			s.Fatalf("the oldest message waited %v s", waited)
		}
		s.setAttribute("k", "v")
		passing(2 * time.Second)
		s.has(map[string]float64{"rounds_total": 3, "round_messages_count": 3, "round_messages_sum": 3, "round_wait_seconds_count": 2})
	})
}

// A log that begins anew brings old messages: they have not waited for a round.
func TestAnotherEpochIsNoLag(t *testing.T) {
	t.Parallel()
	measure(t, nil, func(s measured) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		passing(time.Minute)
		s.store.restart(s.room)
		s.sayMany(feed.Low, 3)
		passing(10 * time.Second)
		s.has(map[string]float64{"epoch_changes_total": 1, "round_messages_sum": 0, "round_wait_seconds_count": 0})
		if s.value("mends_total") == 0 {
			s.Fatalf("no mend")
		}
	})
}

func TestNotificationsAreCounted(t *testing.T) {
	t.Parallel()
	measure(t, nil, func(s measured) {
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		passing(time.Second)
		s.say(feed.Low, "told")
		passing(time.Second)
		s.has(map[string]float64{`notifications_total{fate="made"}`: 1})
		s.say(feed.Low, "the viewer has not pulled")
		passing(time.Second / 4)
		s.has(map[string]float64{`notifications_total{fate="made"}`: 1, `notifications_total{fate="held"}`: 1})
		s.setAttribute("k", "this goes with the first, which is not taken")
		passing(time.Second / 4)
		s.has(map[string]float64{`notifications_total{fate="made"}`: 1, `notifications_total{fate="merged"}`: 1})
		v.take()
		passing(time.Second) // the mark ends
		s.has(map[string]float64{`notifications_total{fate="made"}`: 2, "rounds_total": 3})
		v.take()
		s.setAttribute("k", "another")
		passing(time.Second)
		s.has(map[string]float64{`notifications_total{fate="made"}`: 3})
	})
}

func TestSubscribersAreCountedByDelivery(t *testing.T) {
	t.Parallel()
	measure(t, nil, func(s measured) {
		var seats []*seat
		for i, d := range []hub.Delivery{hub.Auto, hub.Inline, hub.Inline, hub.Notified} {
			seats = append(seats, s.seat(userNumber(i), d, feed.Cursor{}))
		}
		s.has(map[string]float64{
			`subscribers{delivery="auto"}`: 1, `subscribers{delivery="inline"}`: 2, `subscribers{delivery="notify"}`: 1,
		})
		for _, v := range seats {
			v.leave()
			v.leave()
		}
		s.has(map[string]float64{
			`subscribers{delivery="auto"}`: 0, `subscribers{delivery="inline"}`: 0, `subscribers{delivery="notify"}`: 0,
		})
	})
}

// What readers are told is lost is counted by how they are told.
func TestLossesAreCounted(t *testing.T) {
	t.Parallel()
	measure(t, func(r *room.Settings) { r.Feed.Capacity, r.RoundInterval = 50, 500*time.Millisecond }, func(s measured) {
		v := s.seat("slow", hub.Inline, feed.Cursor{})
		defer v.leave()
		passing(time.Second)
		v.take()
		s.say(feed.High, "first")
		passing(time.Second)
		from := s.head().Cursor
		v.take()
		for range 20 { // more rounds than are kept
			s.sayMany(feed.Low, 5)
			passing(time.Second)
		}
		v.take()
		s.has(map[string]float64{
			`lost_messages_total{bucket="low",via="catch_up"}`: 50, `lost_messages_total{bucket="high",via="catch_up"}`: 0,
			`lost_messages_total{bucket="low",via="round"}`: 0, "catch_ups_total": 2,
		})
		_, err := s.hub.Pull(s.ctx(), hub.Pull{Room: theRoom, User: "u", Cursor: from})
		s.must(err)
		s.has(map[string]float64{`lost_messages_total{bucket="low",via="pull"}`: 50})
		s.sayMany(feed.Low, 1)
		synctest.Wait()
		s.sayMany(feed.Low, 70) // into one round
		passing(time.Second)
		s.has(map[string]float64{`lost_messages_total{bucket="low",via="round"}`: 20})
	})
}

func TestPullsAreCounted(t *testing.T) {
	t.Parallel()
	measure(t, nil, func(s measured) {
		pull := func(c feed.Cursor) {
			_, err := s.hub.Pull(s.ctx(), hub.Pull{Room: theRoom, User: "u", Cursor: c})
			s.must(err)
		}
		s.say(feed.Low, "hello")
		pulls := func() {
			pull(feed.Cursor{})
			pull(s.head().Cursor)
			pull(feed.Cursor{Epoch: "another"})
		}
		pulls()
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		pulls()
		for _, from := range []string{"memory", "store"} {
			for _, what := range []string{"messages", "empty", "resync"} {
				s.has(map[string]float64{fmt.Sprintf("pulls_total{result=%q,source=%q}", what, from): 1})
			}
		}
	})
}

func TestLongPollsAreCounted(t *testing.T) {
	t.Parallel()
	measure(t, nil, func(s measured) {
		ctx, leave := context.WithCancel(s.ctx())
		gone, stays := s.poll(ctx, s.head().Cursor), s.poll(s.ctx(), s.head().Cursor)
		s.has(map[string]float64{"long_polls_waiting": 2, `long_polls_total{outcome="gone"}`: 0})
		leave()
		<-gone
		s.has(map[string]float64{"long_polls_waiting": 1, `long_polls_total{outcome="gone"}`: 1})
		s.say(feed.Low, "hello")
		<-stays
		s.has(map[string]float64{`long_polls_total{outcome="answered"}`: 1})
		<-s.poll(s.ctx(), s.head().Cursor)
		s.has(map[string]float64{`long_polls_total{outcome="timeout"}`: 1})
		last := s.poll(s.ctx(), s.head().Cursor)
		s.hub.Drain(s.ctx(), hub.Farewell{})
		<-last
		s.has(map[string]float64{
			"long_polls_waiting": 0, `long_polls_total{outcome="drained"}`: 1,
			`pulls_total{result="messages",source="memory"}`: 1, `pulls_total{result="empty",source="memory"}`: 2,
		})
	})
}

// Frames are counted when they are written, with their bytes and how long after their
// round's cut that was; what is no round's has no lag.
func TestFramesAreCounted(t *testing.T) {
	t.Parallel()
	measure(t, nil, func(s measured) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		w := &slowWriter{takes: 3 * time.Second}
		ended := v.serve(context.Background(), w)
		passing(30 * time.Second) // a batch of where it stands, then a heartbeat
		s.has(map[string]float64{
			`frames_total{kind="batch"}`: 1, `frames_total{kind="heartbeat"}`: 1, "frame_lag_seconds_count": 0,
		})
		s.say(feed.Low, "hello")
		passing(10 * time.Second)
		s.has(map[string]float64{`frames_total{kind="batch"}`: 2, "frame_lag_seconds_count": 1})
		if lag := s.value("frame_lag_seconds_sum"); lag != 3 {
			s.Fatalf("the frame was written after %v s", lag)
		}
		s.hub.SetOnline(theRoom, room.Online{Users: 9})
		passing(10 * time.Second)
		v.sub.Expire()
		<-ended
		s.has(map[string]float64{
			`frames_total{kind="control"}`: 1, `frames_total{kind="last"}`: 1, "frame_lag_seconds_count": 1,
			`frames_total{kind="welcome"}`: 0, `frames_total{kind="notify"}`: 0,
		})
		total := 0.0
		for _, kind := range []string{"batch", "heartbeat", "control", "last"} {
			total += s.value(fmt.Sprintf("frame_bytes_total{kind=%q}", kind))
		}
		if total != float64(w.bytes) {
			s.Fatalf("%v bytes counted, %d written", total, w.bytes)
		}
	})
}

// slowWriter is a Writer that takes its time.
type slowWriter struct {
	takes time.Duration
	bytes int
}

// WriteFrames implements hub.Writer.
func (w *slowWriter) WriteFrames(frames ...*wire.Frame) error {
	for _, f := range frames {
		b, err := f.AppendProto(nil)
		if err != nil {
			return err
		}
		w.bytes += len(b)
		time.Sleep(w.takes)
	}
	return nil
}

//nolint:paralleltest // it counts allocations
func TestCountingAFrameAllocatesNothing(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := hub.New(hub.Source{}, hub.Config{Metrics: hub.NewMetrics(registry)})
	defer h.Close()
	f := wire.NotifyFrame(feed.Heads{}, true, false).CutAt(time.Now())
	if _, err := f.AppendProto(nil); err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(1000, func() { h.Wrote(f) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// BenchmarkWrote is what counting one frame costs, by many streams at once.
func BenchmarkWrote(b *testing.B) {
	h := hub.New(hub.Source{}, hub.Config{Metrics: hub.NewMetrics(prometheus.NewRegistry())})
	defer h.Close()
	f := wire.NotifyFrame(feed.Heads{}, true, false).CutAt(time.Now())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h.Wrote(f)
		}
	})
}

// BenchmarkBroadcastCounted is BenchmarkBroadcast with metrics that are registered and
// with metrics that are not: what is counted is the same, and allocates nothing.
func BenchmarkBroadcastCounted(b *testing.B) {
	for name, m := range map[string]*hub.Metrics{
		"registered": hub.NewMetrics(prometheus.NewRegistry()), "unregistered": hub.NewMetrics(nil),
	} {
		b.Run(name, func(b *testing.B) { broadcastOf(b, hub.Inline, 1000, m) })
	}
}
