package limit

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// clocked returns a table whose clock the test moves.
func clocked(most int) (*table[string], *time.Duration) {
	now := new(time.Duration)
	t := newTable[string](most)
	t.now = func() time.Duration { return *now }
	return t, now
}

// size returns how many keys a table remembers.
func (t *table[K]) size() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += len(s.entries)
		s.mu.Unlock()
	}
	return n
}

// While it is not full a table is a bucket and a count for each key, whatever is
// forgotten meanwhile.
func TestTableIsABucketForEachKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const keys, most = 20, 2
		p := paceOf(rapid.IntRange(1, 5).Draw(t, "rate"))
		table, now := clocked(keys * shards)
		buckets, held := make(map[string]bucket), make(map[string]int)
		key := rapid.StringMatching("[a-t]")
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				k := key.Draw(t, "key")
				left, want := buckets[k].take(p, *now)
				if peeked, got := table.wait(k, 1, p), table.take(k, 1, p); got != want || peeked != want {
					t.Fatalf("%s waits %v, looks like %v, want %v", k, got, peeked, want)
				}
				buckets[k] = left
			},
			"enter": func(t *rapid.T) {
				k := key.Draw(t, "key")
				if got, want := table.enter(k, 1, most), held[k] < most; got != want {
					t.Fatalf("%s enters: %v, want %v", k, got, want)
				}
				held[k] = min(held[k]+1, most)
			},
			"leave": func(t *rapid.T) {
				k := key.Draw(t, "key")
				if held[k] == 0 {
					t.Skip("holds nothing")
				}
				table.leave(k, 1)
				held[k]--
			},
			"time": func(t *rapid.T) {
				*now += time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "passes"))
			},
		})
	})
}

// However many keys come, a table stays within its bound, forgets nothing that is held,
// and goes on refusing who is over a limit.
func TestFloodOfKeys(t *testing.T) {
	t.Parallel()
	const most = 10 * shards
	table, now := clocked(most)
	p := paceOf(1)
	for range burst / p.interval {
		if table.take("greedy", 0, p) > 0 {
			t.Fatal("less than a burst")
		}
	}
	for range 3 {
		if !table.enter("holder", 0, 3) {
			t.Fatal("cannot enter")
		}
	}
	for i := range 100 * most {
		key := strconv.Itoa(i)
		if wait := table.take(key, 0, p); wait > 0 {
			t.Fatalf("%s, who never came before, waits %v", key, wait)
		}
		if n := table.size(); i%997 == 0 && n > most+1 { // the holder is beside the bound
			t.Fatalf("%d keys are remembered, bound %d", n, most)
		}
		if i%most == 0 && table.take("greedy", 0, p) == 0 {
			t.Fatalf("forgotten after %d others", i)
		}
	}
	if table.enter("holder", 0, 3) {
		t.Error("what is held was forgotten")
	}
	*now += time.Hour
	for i := range 10 * most {
		table.take("late-"+strconv.Itoa(i), 0, p)
	}
	if n := table.size(); n > most+1 {
		t.Errorf("%d keys are remembered, bound %d", n, most)
	}
}

// Keys that are as good as new go as others come: the table is as large as what is
// active.
func TestTableShrinks(t *testing.T) {
	t.Parallel()
	table, now := clocked(100 * shards)
	p := paceOf(5)
	for i := range 10_000 {
		table.take(fmt.Sprint("early ", i), 0, p)
	}
	*now += time.Minute
	for i := range 5_000 {
		table.take(fmt.Sprint("late ", i), 0, p)
	}
	if n := table.size(); n > 6_000 {
		t.Errorf("%d keys are remembered, 5000 are active", n)
	}
	table.enter("x", 0, 1)
	before := table.size()
	table.leave("x", 0)
	if table.size() != before-1 {
		t.Error("who left is still there")
	}
}

// Many at once take no more than there is.
func TestTableIsConcurrent(t *testing.T) {
	t.Parallel()
	table, _ := clocked(shards)
	p := paceOf(10)
	var group sync.WaitGroup
	var mu sync.Mutex
	passed, entered := 0, 0
	for range 8 {
		group.Go(func() {
			for range 100 {
				took, in := table.take("k", 0, p) == 0, table.enter("k", 0, 5)
				mu.Lock()
				if took {
					passed++
				}
				if in {
					entered++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if passed != 50 || entered != 5 {
		t.Errorf("%d took, %d entered", passed, entered)
	}
}
