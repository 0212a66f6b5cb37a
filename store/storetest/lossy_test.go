package storetest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/storetest"
)

// count is a bus on which every follower hears publications 1 to 1,000 at once.
type count struct{}

func (count) Follow(_ context.Context, _ live.RoomID, hear func(store.Publication)) (func(), error) {
	for i := range uint64(1000) {
		hear(store.Publication{Sequence: i + 1})
	}
	return func() {}, nil
}

// heard returns what a follower of a lossy bus hears.
func heard(t *testing.T, lossy storetest.Lossy) []uint64 {
	t.Helper()
	var sequences []uint64
	lossy.Bus = count{}
	_, err := lossy.Follow(t.Context(), "r", func(p store.Publication) { sequences = append(sequences, p.Sequence) })
	if err != nil {
		t.Fatal(err)
	}
	return sequences
}

func TestLossyLosesByItsSeed(t *testing.T) {
	t.Parallel()
	some := heard(t, storetest.Lossy{Seed: 1, Drop: 0.5})
	if n := len(some); n < 400 || n > 600 || !slices.IsSorted(some) {
		t.Errorf("heard %d of 1,000, in order %v", n, slices.IsSorted(some))
	}
	if again := heard(t, storetest.Lossy{Seed: 1, Drop: 0.5}); !slices.Equal(some, again) {
		t.Error("the same seed lost others")
	}
	if other := heard(t, storetest.Lossy{Seed: 2, Drop: 0.5}); slices.Equal(some, other) {
		t.Error("another seed lost the same")
	}
}

func TestLossyAtItsEnds(t *testing.T) {
	t.Parallel()
	if all := heard(t, storetest.Lossy{}); len(all) != 1000 {
		t.Errorf("a bus that loses nothing: heard %d of 1,000", len(all))
	}
	if none := heard(t, storetest.Lossy{Drop: 1, Repeat: 1}); len(none) != 0 {
		t.Errorf("a bus that loses everything: heard %d", len(none))
	}
}

func TestLossyRepeatsWhatWasHeard(t *testing.T) {
	t.Parallel()
	sequences := heard(t, storetest.Lossy{Drop: 0.2, Repeat: 0.5})
	late, seen := 0, map[uint64]bool{}
	last := uint64(0)
	for _, sequence := range sequences {
		if seen[sequence] {
			late++
		} else if sequence < last {
			t.Errorf("%d was heard first after %d", sequence, last)
		}
		seen[sequence], last = true, max(last, sequence)
	}
	if late < 300 || len(seen) < 700 {
		t.Errorf("heard %d, and %d again", len(seen), late)
	}
}
