package account_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/clients/cli/internal/account"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

const (
	high = ovationv1.Bucket_BUCKET_HIGH
	low  = ovationv1.Bucket_BUCKET_LOW
)

func at(epoch string, whitelist, high, low uint64) *ovationv1.Cursor {
	return &ovationv1.Cursor{Epoch: epoch, WhitelistSequence: whitelist, HighSequence: high, LowSequence: low}
}

func messages(bucket ovationv1.Bucket, sequences ...uint64) []*ovationv1.Message {
	var list []*ovationv1.Message
	for _, sequence := range sequences {
		list = append(list, &ovationv1.Message{Bucket: bucket, Sequence: sequence})
	}
	return list
}

// opened is an account that joined with two messages of LOW, at 10.
func opened() *account.Account {
	a := &account.Account{}
	first := messages(low, 9, 10)
	a.Begin(first, at("a", 0, 5, 10))
	a.Take(first, account.Dropped{}, at("a", 0, 5, 10))
	return a
}

func TestCounts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		what func(*account.Account)
		want account.Counts
	}{
		"nothing": {func(*account.Account) {}, account.Counts{History: 2}},
		"in order": {func(a *account.Account) {
			a.Take(messages(low, 11, 12), account.Dropped{}, at("a", 0, 5, 12))
			a.Take(messages(high, 6), account.Dropped{}, at("a", 0, 6, 12))
		}, account.Counts{History: 2, Delivered: 3}},
		"reported": {func(a *account.Account) {
			a.Take(messages(low, 14), account.Dropped{0, 0, 3}, at("a", 0, 5, 14))
		}, account.Counts{History: 2, Delivered: 1, Dropped: account.Dropped{0, 0, 3}}},
		"all dropped": {func(a *account.Account) {
			a.Take(nil, account.Dropped{0, 0, 4}, at("a", 0, 5, 14))
		}, account.Counts{History: 2, Dropped: account.Dropped{0, 0, 4}}},
		"gap": {func(a *account.Account) {
			a.Take(messages(low, 12), account.Dropped{}, at("a", 0, 5, 12))
		}, account.Counts{History: 2, Delivered: 1, Gaps: 1, Unaccounted: 1}},
		"gap before the cursor": {func(a *account.Account) {
			a.Take(nil, account.Dropped{}, at("a", 0, 7, 10))
		}, account.Counts{History: 2, Gaps: 2, Unaccounted: 2}},
		"too many reported": {func(a *account.Account) {
			a.Take(messages(low, 12), account.Dropped{0, 0, 3}, at("a", 0, 5, 12))
		}, account.Counts{History: 2, Delivered: 1, Dropped: account.Dropped{0, 0, 3}, Unaccounted: 2}},
		"reported for the wrong bucket": {func(a *account.Account) {
			a.Take(messages(low, 12), account.Dropped{0, 1, 0}, at("a", 0, 5, 12))
		}, account.Counts{History: 2, Delivered: 1, Dropped: account.Dropped{0, 1, 0}, Gaps: 1, Unaccounted: 2}},
		"twice": {func(a *account.Account) {
			a.Take(messages(low, 11, 11, 10), account.Dropped{}, at("a", 0, 5, 11))
		}, account.Counts{History: 2, Delivered: 1, Duplicates: 2}},
		"late": {func(a *account.Account) {
			a.Take(messages(low, 14, 12, 12), account.Dropped{}, at("a", 0, 5, 14))
		}, account.Counts{History: 2, Delivered: 1, Gaps: 3, Disorder: 1, Duplicates: 1, Unaccounted: 3}},
		"cursor behind the messages": {func(a *account.Account) {
			a.Take(messages(low, 11), account.Dropped{}, at("a", 0, 5, 10))
		}, account.Counts{History: 2, Delivered: 1, Unaccounted: 1}},
		"another life": {func(a *account.Account) {
			again := messages(low, 1, 2)
			a.Begin(again, at("b", 0, 0, 2))
			a.Take(again, account.Dropped{}, at("b", 0, 0, 2))
		}, account.Counts{History: 2, Delivered: 2, Resyncs: 1}},
		"a leap in the same life": {func(a *account.Account) {
			again := messages(low, 20)
			a.Begin(again, at("a", 0, 5, 20))
			a.Take(again, account.Dropped{}, at("a", 0, 5, 20))
		}, account.Counts{History: 2, Delivered: 1, Resyncs: 1, Leapt: 9}},
		"a resync that brings some again": {func(a *account.Account) {
			again := messages(low, 10, 11)
			a.Begin(again, at("a", 0, 5, 11))
			a.Take(again, account.Dropped{}, at("a", 0, 5, 11))
		}, account.Counts{History: 3, Delivered: 1, Resyncs: 1}},
		"a fault is not forgotten": {func(a *account.Account) {
			a.Take(messages(low, 12), account.Dropped{}, at("a", 0, 5, 12))
			a.Begin(nil, at("b", 0, 0, 0))
		}, account.Counts{History: 2, Delivered: 1, Gaps: 1, Unaccounted: 1, Resyncs: 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := opened()
			test.what(a)
			if got := a.Counts(); got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestBehind(t *testing.T) {
	t.Parallel()
	a := opened()
	if behind, same := a.Behind(at("a", 1, 7, 13)); behind != 6 || !same {
		t.Errorf("behind by %d, %v", behind, same)
	}
	if _, same := a.Behind(at("b", 0, 0, 0)); same {
		t.Error("another life passes for the same")
	}
}

// TestHonestDeliveryIsClean plays any mix of messages and reported drops.
func TestHonestDeliveryIsClean(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := opened()
		next := uint64(11)
		want := account.Counts{History: 2}
		for range rapid.IntRange(1, 20).Draw(t, "batches") {
			dropped := rapid.Uint64Range(0, 5).Draw(t, "dropped")
			next += dropped
			var list []*ovationv1.Message
			for range rapid.IntRange(0, 5).Draw(t, "messages") {
				list = append(list, messages(low, next)...)
				next++
			}
			a.Take(list, account.Dropped{0, 0, dropped}, at("a", 0, 5, next-1))
			want.Delivered += uint64(len(list))
			want.Dropped[2] += dropped
		}
		if got := a.Counts(); got != want || !got.Clean() {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// TestNoLossGoesUnseen leaves out messages at random.
func TestNoLossGoesUnseen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := opened()
		lost := uint64(0)
		for sequence := uint64(11); sequence < 60; sequence++ {
			if rapid.Bool().Draw(t, "lost") {
				lost++
				continue
			}
			a.Take(messages(low, sequence), account.Dropped{}, at("a", 0, 5, sequence))
		}
		a.Take(nil, account.Dropped{}, at("a", 0, 5, 59))
		if got := a.Counts(); got.Gaps != lost || got.Unaccounted != lost || got.Clean() != (lost == 0) {
			t.Fatalf("lost %d, got %+v", lost, got)
		}
	})
}
