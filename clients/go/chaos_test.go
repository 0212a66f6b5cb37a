package ovation

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
)

// Streams that break, fall silent, never begin, switch between ways of delivery and
// repeat themselves; pulls that fail and come late; a reader that now and then
// dozes: after a while of it every message was seen once or counted as dropped, and
// the attributes are the server's.
func TestChaos(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(numbers(int(seed), int(seed))[0], func(t *testing.T) {
			scenario(t, func(t *testing.T, f *fake) { chaos(t, f, seed) })
		})
	}
}

// dice is randomness that several goroutines share.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (d *dice) roll(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

func chaos(t *testing.T, f *fake, seed uint64) {
	d := &dice{rng: rand.New(rand.NewPCG(seed, 1))}
	calm := make(chan struct{}) // closed when it is over
	isCalm := func() bool {
		select {
		case <-calm:
			return true
		default:
			return false
		}
	}
	f.onPull = func(*ovationv1.PullRequest) error {
		if d.roll(8) == 0 && !isCalm() {
			return connect.NewError(connect.CodeUnavailable, errors.New("no"))
		}
		return nil
	}
	f.beforePull = func(ctx context.Context) {
		select {
		case <-time.After(time.Duration(d.roll(300)) * time.Millisecond):
		case <-ctx.Done():
		}
	}
	f.onSubscribe = func(_ int, s *subscription) error { return f.chaoticStream(s, d, isCalm) }
	room := f.join(WithBuffer(2))

	const total = 800
	go func() {
		for i := range total {
			f.say(feed.Bucket(d.roll(3)), numbers(i, i)...)
			if i%10 == 0 {
				f.set(numbers(d.roll(20), 99)[0], numbers(i, i)[0])
			}
			time.Sleep(time.Duration(d.roll(1200)) * time.Millisecond)
		}
		close(calm)
		f.say(feed.Whitelist, "the end")
	}()

	var check reader
	check.next = [buckets]uint64{1, 1, 1}
	for {
		m := next[*Messages](t, room)
		if err := check.takes(m); err != nil || m.Resync {
			t.Fatal(err, m.Resync)
		}
		if isCalm() && !room.orderBehind(f.heads().Cursor, m.Cursor) {
			break
		}
		if d.roll(20) == 0 {
			time.Sleep(time.Duration(d.roll(60)) * time.Second)
		}
	}
	for deadline := 0; room.mirror.behind(f.heads()) && deadline < 300; deadline++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, _ = room.Next(ctx)
		cancel()
	}
	f.mu.Lock()
	want := f.snapshotLocked().Attributes
	f.mu.Unlock()
	got := room.Attributes()
	if len(got) != len(want) {
		t.Fatalf("%d attributes, want %d", len(got), len(want))
	}
	for i, a := range want {
		if got[i].Key != a.Key || string(got[i].Value) != string(a.Value) || int64(got[i].Timestamp) != a.Timestamp {
			t.Errorf("%+v, want %v", got[i], a)
		}
	}
	t.Logf("%d of %d seen over %d streams and %d pulls", check.seen, total, f.streams, len(f.pulls))
}

// orderBehind compares cursors.
func (*Room) orderBehind(head, cursor *ovationv1.Cursor) bool {
	o := orderAt(cursor)
	return o.behind(head)
}

// chaoticStream does anything that a stream can do.
func (f *fake) chaoticStream(s *subscription, d *dice, calm func() bool) error {
	if calm() {
		return f.plainStream(s)
	}
	switch d.roll(6) {
	case 0:
		return connect.NewError(connect.CodeUnavailable, errors.New("no"))
	case 1:
		<-s.ctx.Done() // never begins
		return nil
	}
	inline := d.roll(2) == 0
	delivery := notifying
	if inline {
		delivery = inlining
	}
	if err := s.welcome(f, delivery); err != nil {
		return err
	}
	cursor := s.request.Cursor
	f.mu.Lock()
	attributesAt := f.attributes.Timestamp()
	f.mu.Unlock()
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		var err error
		switch roll := d.roll(200); {
		case calm():
			return nil
		case roll == 0:
			return nil // ends
		case roll == 1:
			<-s.ctx.Done() // falls silent
			return nil
		case roll < 10:
			inline = !inline
			cursor = f.heads().Cursor // at another place than the reader's
		case roll < 15:
			err = s.heartbeat(f)
		case inline:
			b := f.batchAfter(cursor, 1+d.roll(10))
			if roll > 20 { // else it repeats itself
				cursor = b.Cursor
			}
			changes := f.changesAfter(attributesAt)
			f.mu.Lock()
			attributesAt = f.attributes.Timestamp()
			f.mu.Unlock()
			err = s.batch(f, b, changes)
		default:
			err = s.notify(f)
		}
		if err != nil {
			return err
		}
		select {
		case <-changed:
		case <-s.ctx.Done():
			return nil
		}
	}
}
