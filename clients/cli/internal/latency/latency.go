// Package latency records how long things took, from many goroutines at a time.
package latency

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What a histogram tells apart: from 1 microsecond to 1 hour, to three digits.
// Anything outside is counted at the nearer end.
const (
	shortest = 1
	longest  = int64(time.Hour / time.Microsecond)
	digits   = 3
)

// shards is how many writers can record without waiting for each other.
const shards = 8

// Recorder is safe for concurrent use.
type Recorder struct {
	shards [shards]shard
}

type shard struct {
	mu        sync.Mutex
	histogram *hdrhistogram.Histogram
	negative  uint64
}

// NewRecorder returns an empty recorder.
func NewRecorder() *Recorder {
	r := &Recorder{}
	for i := range r.shards {
		r.shards[i].histogram = hdrhistogram.New(shortest, longest, digits)
	}
	return r
}

// Record records times. Give many at once where they come at once: a call takes one
// lock however many they are.
func (r *Recorder) Record(times ...time.Duration) {
	if len(times) == 0 {
		return
	}
	s := &r.shards[rand.IntN(shards)] //nolint:gosec // spreads writers, no secret
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range times {
		if t < 0 {
			s.negative++
		}
		micros := min(max(t.Microseconds(), shortest), longest)
		_ = s.histogram.RecordValue(micros) // cannot fail: clamped to its range
	}
}

// Summary is what a recorder has seen. Times are in microseconds in JSON.
type Summary struct {
	// Count is how many times were recorded.
	Count int64 `json:"count"`
	// P50 is the median.
	P50 Micros `json:"p50_us"`
	// P99 is what 99 % stayed within.
	P99 Micros `json:"p99_us"`
	// P999 is what 99.9 % stayed within.
	P999 Micros `json:"p999_us"`
	// Max is the longest.
	Max Micros `json:"max_us"`
	// Negative is how many were below zero: clocks that do not agree.
	Negative uint64 `json:"negative,omitempty"`
}

// Micros is a time in microseconds.
type Micros int64

// Duration is the time as a Duration.
func (m Micros) Duration() time.Duration { return time.Duration(m) * time.Microsecond }

// Summary sums up what was recorded so far.
func (r *Recorder) Summary() Summary {
	all := hdrhistogram.New(shortest, longest, digits)
	var negative uint64
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		all.Merge(s.histogram)
		negative += s.negative
		s.mu.Unlock()
	}
	return Summary{
		Count:    all.TotalCount(),
		P50:      Micros(all.ValueAtQuantile(50)),
		P99:      Micros(all.ValueAtQuantile(99)),
		P999:     Micros(all.ValueAtQuantile(99.9)),
		Max:      Micros(all.Max()),
		Negative: negative,
	}
}
