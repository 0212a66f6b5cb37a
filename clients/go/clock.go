package ovation

import (
	"context"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

const (
	clockSamples = 5
	clockPeriod  = 3 * time.Minute
)

// sample is one exchange of clocks, in Unix microseconds: sent and back by ours,
// received and answered by the server's.
type sample struct{ sent, received, answered, back int64 }

// offset is what to add to our clock to get the server's: the mean of both ways.
func (s sample) offset() time.Duration {
	return time.Duration((s.received-s.sent)+(s.answered-s.back)) * time.Microsecond / 2
}

// bound is how far the offset can be off: half the time spent on the way.
func (s sample) bound() time.Duration {
	onTheWay := (s.back - s.sent) - (s.answered - s.received)
	return time.Duration(max(onTheWay, 0)) * time.Microsecond / 2
}

// closest returns the sample with the tightest bound; of those alike, the latest.
func closest(samples []sample) sample {
	best := samples[0]
	for _, s := range samples[1:] {
		if s.bound() <= best.bound() {
			best = s
		}
	}
	return best
}

// stopwatch reads our clock once and counts on from there, so that a step of the
// clock does not spoil a sample.
type stopwatch time.Time

func startWatch() stopwatch     { return stopwatch(time.Now()) }
func (w stopwatch) sent() int64 { return time.Time(w).UnixMicro() }
func (w stopwatch) back() int64 { return w.sent() + time.Since(time.Time(w)).Microseconds() }

// keepClock measures the clock now and every few minutes, until ctx ends.
func (r *Room) keepClock(ctx context.Context) {
	for {
		if samples := r.exchangeClocks(ctx); len(samples) > 0 {
			best := closest(samples)
			r.update(func(v *view) { v.clock = best })
		}
		if sleep(ctx, between(clockPeriod, clockPeriod/10)) != nil {
			return
		}
	}
}

// exchangeClocks takes samples until one fails.
func (r *Room) exchangeClocks(ctx context.Context) []sample {
	var samples []sample
	for range clockSamples {
		watch := startWatch()
		request := &ovationv1.SyncClockRequest{ClientSentAt: watch.sent()}
		response, err := try(ctx, callLimit, func(ctx context.Context) (*ovationv1.SyncClockResponse, error) {
			return r.client.feed.SyncClock(ctx, request)
		})
		if err != nil {
			r.log.DebugContext(ctx, "clock not measured", "error", err)
			break
		}
		samples = append(samples, sample{watch.sent(), response.ReceivedAt, response.SentAt, watch.back()})
	}
	return samples
}
