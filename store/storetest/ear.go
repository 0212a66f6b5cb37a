package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// ear follows a room and keeps what it hears.
type ear struct {
	s    *rig
	stop func()
	more chan struct{} // holds one when something was heard

	mu    sync.Mutex
	heard []store.Publication
}

// follow follows a room until the test is over.
func (s *rig) follow(tb testing.TB, id live.RoomID) *ear {
	tb.Helper()
	return s.followOn(tb, s.Bus, id)
}

// followOn follows a room on another bus than the store's own.
func (s *rig) followOn(tb testing.TB, bus store.Bus, id live.RoomID) *ear {
	tb.Helper()
	e := &ear{s: s, more: make(chan struct{}, 1)}
	stop, err := bus.Follow(tb.Context(), id, e.hear)
	e.stop = must(s, "Follow", stop, err)
	tb.Cleanup(e.stop)
	return e
}

// hear never blocks, whatever the test does.
func (e *ear) hear(p store.Publication) {
	e.mu.Lock()
	e.heard = append(e.heard, p)
	e.mu.Unlock()
	select {
	case e.more <- struct{}{}:
	default:
	}
}

// so returns what was heard so far.
func (e *ear) so() []store.Publication {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// all waits until n publications were heard and returns everything heard.
func (e *ear) all(n int) []store.Publication {
	e.s.t.Helper()
	return e.until(fmt.Sprint(n), func(heard []store.Publication) bool { return len(heard) >= n })
}

// upTo waits until the publication of a sequence was heard and returns everything
// heard.
func (e *ear) upTo(sequence uint64) []store.Publication {
	e.s.t.Helper()
	return e.until(fmt.Sprintf("up to sequence %d", sequence), func(heard []store.Publication) bool {
		return len(heard) > 0 && heard[len(heard)-1].Sequence >= sequence
	})
}

// until waits until what was heard is enough and returns everything heard.
func (e *ear) until(want string, enough func(heard []store.Publication) bool) []store.Publication {
	e.s.t.Helper()
	patient := time.After(patience)
	for {
		if heard := e.so(); enough(heard) {
			return heard
		}
		select {
		case <-e.more:
		case <-patient:
			e.s.t.Fatalf("heard %d publications in %v, want %s", len(e.so()), patience, want)
		}
	}
}
