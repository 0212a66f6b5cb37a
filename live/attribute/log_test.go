package attribute_test

import (
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// filled returns a map of updates at 10 (two changes), 20 (one) and 30 (two).
func filled(t *testing.T, capacity int) *attribute.Map {
	t.Helper()
	limits := attribute.DefaultLimits()
	limits.Log = capacity
	m := attribute.NewMap()
	for i, keys := range [][]string{{"a", "b"}, {"c"}, {"d", "e"}} {
		var updates []attribute.Update
		for _, key := range keys {
			updates = append(updates, attribute.Update{Key: key})
		}
		p, err := m.Plan(host, limits, updates)
		if err != nil {
			t.Fatalf("Plan: %v", err)
		}
		m.Commit(p, live.Timestamp(10*(i+1)), limits)
	}
	return m
}

func TestSince(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		log   int
		after live.Timestamp
		want  int // changes; -1: none to be had
	}{
		{"from the beginning", 5, 0, 5},
		{"before the beginning", 5, -1, -1},
		{"between two updates", 5, 15, 3},
		{"at an update", 5, 20, 2},
		{"at the map", 5, 30, 0},
		{"in the future", 5, 31, -1},
		{"a trimmed update goes whole", 4, 0, -1},
		{"a trimmed update goes whole, before it", 4, 9, -1},
		{"at the last trimmed", 4, 10, 3},
		{"after the last trimmed", 4, 11, 3},
		{"the next one is safe", 3, 10, 3},
		{"before the only one left", 2, 19, -1},
		{"at the only one left", 2, 20, 2},
		{"an update larger than the log", 1, 29, -1},
		{"an update larger than the log, at the map", 1, 30, 0},
		{"no log", 0, 20, -1},
		{"a log of less than nothing", -1, 30, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := filled(t, tt.log).Since(tt.after)
			if ok != (tt.want >= 0) {
				t.Fatalf("Since says %v", ok)
			}
			if ok && (len(got.List) != tt.want || got.After != tt.after || got.Timestamp != 30) {
				t.Errorf("%d changes from %d to %d, want %d from %d to 30", len(got.List), got.After, got.Timestamp, tt.want, tt.after)
			}
		})
	}
}
