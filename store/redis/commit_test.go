package redis

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

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
	o.committer = newCommitter(func(_ context.Context, batch []*pending) {
		var texts []string
		for _, p := range batch {
			texts = append(texts, p.content)
		}
		o.sent <- texts
		err := <-o.send
		for i, p := range batch {
			p.err, p.receipt.Place.Sequence = err, uint64(i+1)
		}
	}, 0)
	return o
}

// outcome is what a caller was told.
type outcome struct {
	receipt feed.Receipt
	err     error
}

// hand hands a message over, and returns where its caller is told what became of it once the
// message waits or is sent.
func (o *office) hand(ctx context.Context, content string) <-chan outcome {
	told, p := make(chan outcome, 1), &pending{letter: letter{content: content}}
	leads, err := o.enter(ctx, p)
	go func() {
		if err != nil {
			told <- outcome{err: err}
			return
		}
		receipt, err := o.await(ctx, p, leads)
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
	told := []<-chan outcome{o.hand(t.Context(), "a")}
	o.wantSent(t, "a")
	for _, text := range []string{"b", "c", "d"} {
		told = append(told, o.hand(t.Context(), text))
	}
	o.send <- nil
	o.wantSent(t, "b", "c", "d")
	o.send <- nil
	for i, want := range []uint64{1, 1, 2, 3} {
		if got := <-told[i]; got.err != nil || got.receipt.Place.Sequence != want {
			t.Errorf("%d: %+v, want place %d", i, got, want)
		}
	}
	o.close()
	if o.led || len(o.waiting) != 0 {
		t.Errorf("led: %v, and %d wait", o.led, len(o.waiting))
	}
}

// Who was to lead next has gone: the next after them leads.
func TestCommitLeadIsHandedOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := o.hand(t.Context(), "a")
	o.wantSent(t, "a")
	gone, cancel := context.WithCancel(t.Context())
	second := &pending{letter: letter{content: "b"}}
	if leads, err := o.enter(gone, second); leads || err != nil {
		t.Fatal(leads, err)
	}
	third := o.hand(t.Context(), "c")
	o.send <- nil
	<-first // the second leads, and does not know yet
	cancel()
	if _, err := o.await(gone, second, false); !errors.Is(err, context.Canceled) {
		t.Errorf("the one that was to lead: %v, want the context's error", err)
	}
	o.wantSent(t, "c")
	o.send <- nil
	if got := <-third; got.err != nil {
		t.Error(got.err)
	}
	o.close()
}

func TestCommitScriptsAreOfOneRoom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := []live.RoomID{"a", "b", "c", "d"}[:rapid.IntRange(1, 4).Draw(t, "rooms")]
		batch := make([]*pending, rapid.IntRange(1, batchBounds.messages).Draw(t, "messages"))
		for i := range batch {
			batch[i] = &pending{room: rapid.SampledFrom(ids).Draw(t, "room"), limits: int64(i)}
		}
		count, latest := 0, make(map[live.RoomID]int64)
		for _, messages := range forScripts(batch) {
			if len(messages) == 0 || len(messages) > scriptBounds.messages {
				t.Fatalf("%d messages in a script", len(messages))
			}
			for _, p := range messages {
				before, known := latest[p.room]
				if p.room != messages[0].room || known && p.limits <= before {
					t.Fatalf("%+v is not where it should be", p)
				}
				latest[p.room] = p.limits
				count++
			}
		}
		if count != len(batch) {
			t.Fatalf("%d of %d messages", count, len(batch))
		}
	})
}

func TestCommitObeysAContextUntilItIsSent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx, cancel := context.WithCancel(t.Context())
	first := o.hand(ctx, "sent")
	o.wantSent(t, "sent")
	second := o.hand(ctx, "waits")
	third := o.hand(t.Context(), "stays")
	cancel()
	if got := <-second; !errors.Is(got.err, context.Canceled) {
		t.Errorf("the one that waited: %+v, want the context's error", got)
	}
	if got := <-o.hand(ctx, "late"); !errors.Is(got.err, context.Canceled) {
		t.Errorf("one that came late: %+v, want the context's error", got)
	}
	o.send <- nil
	if got := <-first; got.err != nil || got.receipt.Place.Sequence != 1 {
		t.Errorf("the one that was sent: %+v, want its receipt", got)
	}
	o.wantSent(t, "stays")
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
		{"one, however large", []*pending{message(2 * scriptBounds.bytes), message(1)}, 1},
		{"as many bytes as fit", []*pending{message(scriptBounds.bytes / 2), message(scriptBounds.bytes / 2), message(1)}, 2},
		{"as many as fit", slices.Repeat([]*pending{message(1)}, scriptBounds.messages+1), scriptBounds.messages},
	}
	for _, test := range tests {
		if got := scriptBounds.fit(test.waiting); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestCommitClosesWhenAllIsSent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	told := []<-chan outcome{o.hand(t.Context(), "a")}
	o.wantSent(t, "a")
	told = append(told, o.hand(t.Context(), "b"))
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		o.close()
	}()
	o.send <- nil
	o.wantSent(t, "b")
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
	if got := <-o.hand(t.Context(), "late"); !errors.Is(got.err, store.ErrUnavailable) {
		t.Errorf("after it was closed: %+v, want that it is unavailable", got)
	}
}

// What comes soon after a batch waits for more, until there is enough; who gives up meanwhile was
// never sent, though they were to lead.
func TestCommitWaitsForMore(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.apart = time.Hour
	first := o.hand(t.Context(), "first")
	o.wantSent(t, "first")
	o.send <- nil
	<-first
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	gone := o.hand(ctx, "gone")
	var told []<-chan outcome
	var want []string
	for i := range enough {
		if i == enough/2 {
			cancel()
			if got := <-gone; !errors.Is(got.err, context.Canceled) {
				t.Errorf("who gave up was told %+v", got)
			}
		}
		want = append(want, fmt.Sprint(i))
		told = append(told, o.hand(t.Context(), want[i]))
	}
	o.wantSent(t, want...)
	o.send <- nil
	for i := range told {
		if got := <-told[i]; got.err != nil {
			t.Errorf("%d: %v", i, got.err)
		}
	}
	o.close()
}

func TestCommitFromManyAtOnce(t *testing.T) {
	t.Parallel()
	for _, apart := range []time.Duration{0, 50 * time.Microsecond} {
		t.Run(apart.String(), func(t *testing.T) {
			t.Parallel()
			commitFromManyAtOnce(t, apart)
		})
	}
}

func commitFromManyAtOnce(t *testing.T, apart time.Duration) {
	t.Helper()
	var mu sync.Mutex
	under, sent := false, make(map[string]int)
	c := newCommitter(func(_ context.Context, batch []*pending) {
		mu.Lock()
		if under {
			t.Error("two batches at once")
		}
		under = true
		mu.Unlock()
		runtime.Gosched()
		mu.Lock()
		defer mu.Unlock()
		for _, p := range batch {
			sent[p.content]++
		}
		under = false
	}, apart)
	var all sync.WaitGroup
	var obeyed atomic.Int64
	for n := range 20 {
		all.Go(func() {
			for i := range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%10 == n%10 {
					go cancel()
				}
				_, err := c.append(ctx, &pending{letter: letter{content: fmt.Sprint(n, " ", i)}})
				switch {
				case errors.Is(err, context.Canceled):
					obeyed.Add(1)
				case err != nil:
					t.Error(err)
				}
				cancel()
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
	if len(sent)+int(obeyed.Load()) != 2000 || len(c.waiting) != 0 || c.led {
		t.Errorf("%d messages were sent, %d given up, %d wait", len(sent), obeyed.Load(), len(c.waiting))
	}
}
