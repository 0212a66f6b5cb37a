package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// office is a committer whose batches the test sends.
type office struct {
	*committer
	sent chan []string // what each batch is of
	send chan error    // what becomes of it
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{sent: make(chan []string), send: make(chan error)}
	o.committer = newCommitter(func(_ context.Context, id live.RoomID, batch []*pending) {
		texts := []string{string(id)}
		for _, p := range batch {
			texts = append(texts, p.content)
		}
		o.sent <- texts
		err := <-o.send
		for i, p := range batch {
			p.err, p.receipt.Place.Sequence = err, uint64(i+1)
		}
	})
	return o
}

// outcome is what a caller was told.
type outcome struct {
	receipt feed.Receipt
	err     error
}

// hand hands a message over, and returns where its caller is told what became of it once the
// message waits or is sent.
func (o *office) hand(ctx context.Context, id live.RoomID, content string) <-chan outcome {
	told, p := make(chan outcome, 1), &pending{letter: letter{content: content}, done: make(chan struct{})}
	q, err := o.enter(ctx, id, p)
	go func() {
		if err != nil {
			told <- outcome{err: err}
			return
		}
		receipt, err := o.await(ctx, q, p)
		told <- outcome{receipt, err}
	}()
	return told
}

func (o *office) wantSent(t *testing.T, want ...string) {
	t.Helper()
	if got := <-o.sent; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestCommitMergesWhatComesMeanwhile(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	told := []<-chan outcome{o.hand(t.Context(), "r", "a")}
	o.wantSent(t, "r", "a")
	for _, text := range []string{"b", "c", "d"} {
		told = append(told, o.hand(t.Context(), "r", text))
	}
	o.send <- nil
	o.wantSent(t, "r", "b", "c", "d")
	o.send <- nil
	for i, want := range []uint64{1, 1, 2, 3} {
		if got := <-told[i]; got.err != nil || got.receipt.Place.Sequence != want {
			t.Errorf("%d: %+v, want place %d", i, got, want)
		}
	}
	o.close()
	if len(o.rooms) != 0 {
		t.Errorf("%d rooms are left", len(o.rooms))
	}
}

func TestCommitOfOneRoomDoesNotWaitForAnother(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	a := o.hand(t.Context(), "a", "first")
	o.wantSent(t, "a", "first")
	b := o.hand(t.Context(), "b", "second")
	o.wantSent(t, "b", "second")
	o.send <- nil
	o.send <- nil
	if got, other := <-a, <-b; got.err != nil || other.err != nil {
		t.Errorf("%v, %v", got.err, other.err)
	}
}

func TestCommitObeysAContextUntilItIsSent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx, cancel := context.WithCancel(t.Context())
	first := o.hand(ctx, "r", "sent")
	o.wantSent(t, "r", "sent")
	second := o.hand(ctx, "r", "waits")
	third := o.hand(t.Context(), "r", "stays")
	cancel()
	if got := <-second; !errors.Is(got.err, context.Canceled) {
		t.Errorf("the one that waited: %+v, want the context's error", got)
	}
	if got := <-o.hand(ctx, "r", "late"); !errors.Is(got.err, context.Canceled) {
		t.Errorf("one that came late: %+v, want the context's error", got)
	}
	o.send <- nil
	if got := <-first; got.err != nil || got.receipt.Place.Sequence != 1 {
		t.Errorf("the one that was sent: %+v, want its receipt", got)
	}
	o.wantSent(t, "r", "stays")
	o.send <- store.ErrUnavailable
	if got := <-third; !errors.Is(got.err, store.ErrUnavailable) {
		t.Errorf("the one that stayed: %+v, want what became of its batch", got)
	}
}

func TestCommitBoundsBatches(t *testing.T) {
	t.Parallel()
	message := func(bytes int) *pending { return &pending{letter: letter{content: strings.Repeat("x", bytes)}} }
	tests := []struct {
		name    string
		waiting []*pending
		want    int
	}{
		{"none", nil, 0},
		{"one, however large", []*pending{message(2 * batchBytes), message(1)}, 1},
		{"as many bytes as fit", []*pending{message(batchBytes / 2), message(batchBytes / 2), message(1)}, 2},
		{"as many as fit", slices.Repeat([]*pending{message(1)}, batchMessages+1), batchMessages},
	}
	for _, test := range tests {
		if got := fit(test.waiting); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestCommitClosesWhenAllIsSent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	told := []<-chan outcome{o.hand(t.Context(), "r", "a")}
	o.wantSent(t, "r", "a")
	told = append(told, o.hand(t.Context(), "r", "b"))
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		o.close()
	}()
	o.send <- nil
	o.wantSent(t, "r", "b")
	select {
	case <-closed:
		t.Error("it was closed while a batch was under way")
	default:
	}
	o.send <- nil
	<-closed
	for i := range told {
		if got := <-told[i]; got.err != nil {
			t.Errorf("%d: %v", i, got.err)
		}
	}
	if got := <-o.hand(t.Context(), "r", "late"); !errors.Is(got.err, store.ErrUnavailable) {
		t.Errorf("after it was closed: %+v, want that it is unavailable", got)
	}
}

func TestCommitFromManyAtOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	under, sent := make(map[live.RoomID]bool), make(map[string]int)
	c := newCommitter(func(_ context.Context, id live.RoomID, batch []*pending) {
		mu.Lock()
		defer mu.Unlock()
		if under[id] {
			t.Errorf("two batches of %q at once", id)
		}
		under[id] = true
		for _, p := range batch {
			sent[p.content]++
		}
		under[id] = false
	})
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			for i := range 100 {
				p := &pending{letter: letter{content: fmt.Sprint(n, " ", i)}, done: make(chan struct{})}
				if _, err := c.append(t.Context(), live.RoomID(fmt.Sprint(i%3)), p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	c.close()
	for text, times := range sent {
		if times != 1 {
			t.Errorf("%q was sent %d times", text, times)
		}
	}
	if len(sent) != 2000 || len(c.rooms) != 0 {
		t.Errorf("%d messages were sent, %d rooms are left", len(sent), len(c.rooms))
	}
}
