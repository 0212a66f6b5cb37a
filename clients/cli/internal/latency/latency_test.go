package latency_test

import (
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/latency"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	recorder := latency.NewRecorder()
	var writers sync.WaitGroup
	for writer := range 4 {
		writers.Go(func() {
			for i := range 250 {
				recorder.Record(time.Duration(writer*250+i+1) * time.Millisecond)
			}
		})
	}
	writers.Wait()
	got := recorder.Summary()
	if got.Count != 1000 || got.Negative != 0 {
		t.Errorf("%+v", got)
	}
	near(t, "p50", got.P50, 500*time.Millisecond)
	near(t, "p99", got.P99, 990*time.Millisecond)
	near(t, "p999", got.P999, 999*time.Millisecond)
	near(t, "max", got.Max, time.Second)
}

func near(t *testing.T, what string, got latency.Micros, want time.Duration) {
	t.Helper()
	if off := (got.Duration() - want).Abs(); off > want/500 {
		t.Errorf("%s is %v, want %v", what, got.Duration(), want)
	}
}

func TestTimesOutOfRangeAreCounted(t *testing.T) {
	t.Parallel()
	recorder := latency.NewRecorder()
	recorder.Record()
	recorder.Record(-time.Second, 0, 24*time.Hour)
	got := recorder.Summary()
	if got.Count != 3 || got.Negative != 1 || got.Max.Duration() < 59*time.Minute {
		t.Errorf("%+v", got)
	}
}
