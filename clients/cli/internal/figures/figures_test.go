package figures_test

import (
	"testing"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/latency"
)

func TestFigures(t *testing.T) {
	t.Parallel()
	same(t, figures.Count(0), "0")
	same(t, figures.Count(999), "999")
	same(t, figures.Count(47527), "47,527")
	same(t, figures.Count(int64(-1234567)), "-1,234,567")
	same(t, figures.Counts(map[string]int{"a": 1, "b\x1b": 2000, "c": 1, "none": 0}), `b\x1b 2,000, a 1, c 1`)
	same(t, figures.Counts(map[string]uint64{"a": 1, "b": 1 << 62}), "b 4,611,686,018,427,387,904, a 1")
	same(t, figures.Count(figures.Sum(map[string]int{"a": 1, "b": 2000})), "2,001")
	same(t, figures.Count(figures.Sum(map[string]uint64{})), "0")
	same(t, figures.Rate(152.44), "152.4/s")
	same(t, figures.Rate(12345.6), "12,346/s")
	same(t, figures.Span(850*time.Microsecond), "850 µs")
	same(t, figures.Span(3140*time.Microsecond), "3.14 ms")
	same(t, figures.Span(12400*time.Millisecond), "12.4 s")
	same(t, figures.Span(302400*time.Millisecond), "5m2s")
	same(t, figures.Latency(latency.Summary{}), "-")
	same(t, figures.Latency(latency.Summary{Count: 1, P50: 1000, P99: 2000, P999: 3000, Max: 4000, Negative: 5}),
		"p50 1 ms, p99 2 ms, p99.9 3 ms, max 4 ms (5 below zero: the clocks do not agree)")
}

func TestTable(t *testing.T) {
	t.Parallel()
	table := figures.Table{}
	table.Row("lines", "1,234", "")
	table.Row("  accepted", "5", "all")
	same(t, table.String(), "lines       1,234\n  accepted      5  all\n")
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
