package words_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	livewords "github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/server/words"
	"github.com/ovation-live/ovation/store"
)

// gated is a store whose words are read when the test says so.
type gated struct {
	store.Words
	loads atomic.Int64
	gate  chan error // each load takes one; nil: loads pass
}

func (g *gated) AllWords(ctx context.Context, id live.RoomID) ([]livewords.List, store.WordsRevision, error) {
	g.loads.Add(1)
	if g.gate != nil {
		select {
		case err := <-g.gate:
			if err != nil {
				return nil, 0, err
			}
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
	return g.Words.AllWords(ctx, id)
}

// filtered is a filter over a gated store.
type filtered struct {
	*words.Filter
	words *gated
	t     *testing.T
}

func setupFilter(t *testing.T) filtered {
	t.Helper()
	set := setup(t)
	g := &gated{Words: set.Words}
	set.Words = g
	return filtered{words.NewFilter(set, slog.New(slog.DiscardHandler)), g, t}
}

func (f filtered) put(id live.RoomID, c livewords.Change) {
	f.t.Helper()
	if _, err := f.words.PutWords(f.t.Context(), id, c); err != nil {
		f.t.Fatal(err)
	}
}

// want checks what becomes of a text.
func (f filtered) want(id live.RoomID, text, want string) {
	f.t.Helper()
	if got, err := f.Judge(f.t.Context(), id, text); err != nil || got != want {
		f.t.Errorf("%q in %q: %q, %v; want %q", text, id, got, err, want)
	}
}

func TestListsAct(t *testing.T) {
	t.Parallel()
	f := setupFilter(t)
	f.want("r", "own everywhere", "own everywhere")
	if n := f.words.loads.Load(); n != 0 {
		t.Errorf("%d loads of no words", n)
	}
	f.put("r", change("l", livewords.Mask, "own"))
	f.put("", change("l", livewords.Mask, "everywhere"))
	f.want("r", "own everywhere", "*** **********")
	f.want("s", "own everywhere", "own **********")
	f.want("s", "", "")
	f.put("", change("strict", livewords.Refuse, "worst"))
	f.put("r", change("local", livewords.Refuse, "bad"))
	eventually(t, func() error { // what acted before may act for half a second
		for text, list := range map[string]string{"worst": "strict", "bad": "local"} {
			refused := new(words.RefusedError)
			if _, err := f.Judge(t.Context(), "r", text); !errors.As(err, &refused) || refused.List != list {
				return fmt.Errorf("%q: %w", text, err)
			}
		}
		return nil
	})
	if n := f.words.loads.Load(); n != 4 {
		t.Errorf("%d loads for 4 changes", n)
	}
}

// eventually waits until check finds nothing wrong.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// Many who speak first in a room wait for one load.
func TestOneLoadForAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setupFilter(t)
		f.put("r", change("l", livewords.Mask, "bad"))
		f.words.gate = make(chan error)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { f.want("r", "bad", "***") })
		}
		impatient, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := f.Judge(impatient, "r", "bad"); !errors.Is(err, context.Canceled) {
				t.Errorf("one who gives up: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		f.words.gate <- nil
		all.Wait()
		if n := f.words.loads.Load(); n != 1 {
			t.Errorf("%d loads", n)
		}
	})
}

// What acted goes on for half a second while changed words are made ready, no longer.
func TestWordsBeforeActForAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setupFilter(t)
		f.put("r", change("l", livewords.Mask, "bad"))
		f.want("r", "bad worse", "*** worse")
		f.words.gate = make(chan error)
		f.put("r", change("l", livewords.Mask, "worse"))
		f.want("r", "bad worse", "*** worse")
		time.Sleep(400 * time.Millisecond)
		f.want("r", "bad worse", "*** worse")
		time.Sleep(100 * time.Millisecond)
		var waits sync.WaitGroup
		waits.Go(func() { f.want("r", "bad worse", "*** *****") })
		synctest.Wait()
		f.words.gate <- nil
		waits.Wait()
		f.want("r", "bad worse", "*** *****")
		if n := f.words.loads.Load(); n != 2 {
			t.Errorf("%d loads", n)
		}
	})
}

// Where words cannot be read those that were known act on, and nothing passes unseen
// where none were.
func TestWordsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := setupFilter(t)
		f.put("r", change("l", livewords.Mask, "bad"))
		f.words.gate = make(chan error, 1)
		f.words.gate <- store.ErrUnavailable
		if got, err := f.Judge(t.Context(), "r", "bad"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("nothing known: %q, %v", got, err)
		}
		f.words.gate <- nil
		f.want("r", "bad", "***")
		f.put("r", change("l", livewords.Mask, "worse"))
		f.words.gate <- store.ErrUnavailable
		f.want("r", "bad worse", "*** worse")
		time.Sleep(time.Second)
		f.words.gate <- store.ErrUnavailable
		f.want("r", "bad worse", "*** worse")
		f.words.gate <- nil
		f.want("r", "bad worse", "*** *****")
	})
}

// Filters of rooms are bounded in words; what was dropped is read again.
func TestFewWordsAreKept(t *testing.T) {
	t.Parallel()
	f := setupFilter(t)
	for _, id := range []live.RoomID{"r", "s"} {
		f.put(id, change("l", livewords.Mask, strings.Repeat("long", 3), string(id)))
	}
	for range 3 {
		f.want("r", "r s", "* s")
		f.want("s", "r s", "r *")
	}
	if n := f.words.loads.Load(); n != 2 {
		t.Errorf("%d loads of two rooms", n)
	}
	f.SetMaxWords(3)
	for range 3 {
		f.want("r", "r s", "* s")
		f.want("s", "r s", "r *")
	}
	if n := f.words.loads.Load(); n < 5 {
		t.Errorf("%d loads, though one room's words are kept at a time", n)
	}
}
