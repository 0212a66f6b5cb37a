package limit

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

const (
	// shards is into how many parts a table is split, each with a lock of its own.
	shards = 64
	// tableKeys is how many keys a table remembers, beside those that hold something
	// open: about 100 bytes each, 250 where keys are as long as they may be, so at
	// most 32 MiB.
	tableKeys = 1 << 17
	// looked is how many keys are looked at to make room for another.
	looked = 8
)

// What an entry counts.
const (
	buckets = 3
	counts  = 2
)

// entry is what is known of a key. One whose buckets are full and who holds nothing
// open is like one who never came.
type entry struct {
	buckets [buckets]bucket
	held    [counts]int32
}

// holds says whether the key holds anything open.
func (e *entry) holds() bool { return e.held != [counts]int32{} }

// owes returns how long it takes until the key is as if it had never come.
func (e *entry) owes(now time.Duration) time.Duration {
	most := e.buckets[0].owes(now)
	for _, b := range e.buckets[1:] {
		most = max(most, b.owes(now))
	}
	return most
}

// table has an entry for each key. It may be used concurrently.
//
// It is bounded. A key that comes new looks at a few others: those as good as new are
// forgotten, and if the table is full all the same, the one that owes least. So a flood of
// keys forgets itself and not the key that is held to a limit, which owes most; and
// what holds something open is never forgotten.
type table[K comparable] struct {
	seed   maphash.Seed
	most   int                  // in a shard, beside those that hold something
	now    func() time.Duration // never goes back
	shards [shards]shard[K]
}

type shard[K comparable] struct {
	mu      sync.Mutex
	entries map[K]entry
}

// newTable returns a table that remembers so many keys.
func newTable[K comparable](most int) *table[K] {
	begun := time.Now()
	t := &table[K]{
		seed: maphash.MakeSeed(),
		most: max(most/shards, 1),
		now:  func() time.Duration { return time.Since(begun) },
	}
	for i := range t.shards {
		t.shards[i].entries = make(map[K]entry)
	}
	return t
}

// of returns the shard of a key. Nobody outside knows which it is.
func (t *table[K]) of(key K) *shard[K] { return &t.shards[maphash.Comparable(t.seed, key)%shards] }

// take takes one from a bucket of a key's. If that is empty it returns how long until
// there is one.
func (t *table[K]) take(key K, i int, p pace) (wait time.Duration) {
	if p.interval == 0 {
		return 0
	}
	s, now := t.of(key), t.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.entries[key]
	left, wait := e.buckets[i].take(p, now)
	if wait > 0 {
		return wait
	}
	if !known {
		s.makeRoom(now, t.most)
	}
	e.buckets[i] = left
	s.entries[key] = e
	return 0
}

// wait returns what take would, and takes nothing.
func (t *table[K]) wait(key K, i int, p pace) time.Duration {
	if p.interval == 0 {
		return 0
	}
	s, now := t.of(key), t.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[key]
	_, wait := e.buckets[i].take(p, now)
	return wait
}

// enter counts one more that a key holds open, unless there are most of them; 0 is no
// limit, and counted all the same.
func (t *table[K]) enter(key K, i, most int) bool {
	s, now := t.of(key), t.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.entries[key]
	if most > 0 && int(e.held[i]) >= most {
		return false
	}
	if !known {
		s.makeRoom(now, t.most)
	}
	e.held[i]++
	s.entries[key] = e
	return true
}

// leave takes back one enter.
func (t *table[K]) leave(key K, i int) {
	s, now := t.of(key), t.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[key]
	e.held[i]--
	if !e.holds() && e.owes(now) <= 0 {
		delete(s.entries, key)
		return
	}
	s.entries[key] = e
}

// makeRoom makes room for one more key. The caller holds s.mu.
func (s *shard[K]) makeRoom(now time.Duration, most int) {
	var lightest K
	least, left := time.Duration(math.MaxInt64), looked
	for key, e := range s.entries { // begins anywhere
		switch owes := e.owes(now); {
		case e.holds():
		case owes <= 0:
			delete(s.entries, key)
		case owes < least:
			lightest, least = key, owes
		}
		if left--; left == 0 {
			break
		}
	}
	if len(s.entries) >= most && least < math.MaxInt64 {
		delete(s.entries, lightest)
	}
}
