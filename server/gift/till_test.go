package gift_test

import (
	"bytes"
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

	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/server/gift"
	"github.com/ovation-live/ovation/store"
)

// While calls of the store are under way, payments gather; each is answered for itself.
func TestPaymentsGoTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, all := newHall(t), users(1500)
		s := h.node()
		defer s.Close()
		h.deposit(10, all[1:]...)
		open := make(chan struct{})
		h.happens(func(context.Context) error { <-open; return nil }, nil)
		var group sync.WaitGroup
		var poor atomic.Int64
		for _, user := range all {
			group.Go(func() {
				done, err := s.Send(t.Context(), viewer(user), order("x"))
				if short := new(ledger.InsufficientError); errors.As(err, &short) && user == all[0] {
					poor.Add(1)
				} else if err != nil || done.Balance != 0 || done.Sent.Giver != viewer(user).User {
					t.Errorf("%s: %+v, %v", user, done, err)
				}
			})
		}
		synctest.Wait()
		close(open)
		group.Wait()
		if poor.Load() != 1 {
			t.Error("who has nothing has paid")
		}
		if len(h.calls) > 6 {
			t.Errorf("%d payments took the calls %v", len(all), h.calls)
		}
		for _, n := range h.calls {
			if n > 512 {
				t.Errorf("a call carried %d", n)
			}
		}
	})
}

// While the store hangs everyone is told soon that it is away; then the same payments find
// out what became of them.
func TestTheStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, all := newHall(t), users(3000)
		s := h.node()
		defer s.Close()
		h.deposit(10, all...)
		h.happens(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, nil)
		begun := time.Now()
		var group sync.WaitGroup
		for _, user := range all {
			group.Go(func() {
				if _, err := s.Send(t.Context(), viewer(user), order("x")); !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%s: %v", user, err)
				}
			})
		}
		group.Wait()
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("it took %v to say so", took)
		}
		h.happens(nil, nil)
		for _, user := range all {
			if _, err := s.Send(t.Context(), viewer(user), order("x")); err != nil || h.has(user) != 0 {
				t.Fatalf("%s: %v, has %d", user, err, h.has(user))
			}
		}
	})
}

// A payment whose answer was lost is made again by itself, once, and announced.
func TestALostAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		s := h.node()
		h.deposit(30, "ann")
		lost := false
		h.happens(nil, func() error {
			if lost {
				return nil
			}
			lost = true
			return store.ErrUnavailable
		})
		done, err := s.Send(t.Context(), viewer("ann"), order("x"))
		if err != nil || done.Balance != 20 || !lost || h.has("ann") != 20 {
			t.Errorf("%+v, %v, has %d", done, err, h.has("ann"))
		}
		if _, err := s.Send(t.Context(), viewer("ann"), order("x")); err != nil {
			t.Error(err)
		}
		s.Close()
		if len(h.heard()) != 1 || h.heard()[0].ClientMessageID != done.Transaction {
			t.Errorf("said %+v", h.heard())
		}
	})
}

// More than may wait are sent away, and nothing of theirs is paid; nor is anything of who
// has gone before their turn.
func TestTooManyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, all := newHall(t), users(4)
		s := h.node(func(c *gift.Config) { c.MaxWaiting = 2 })
		defer s.Close()
		h.deposit(10, all...)
		open := make(chan struct{})
		h.happens(func(context.Context) error { <-open; return nil }, nil)
		gone, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		pay := func(ctx context.Context, user string, want error) {
			group.Go(func() {
				if _, err := s.Send(ctx, viewer(user), order("x")); !errors.Is(err, want) {
					t.Errorf("%s: %v", user, err)
				}
			})
			synctest.Wait()
		}
		pay(t.Context(), all[0], nil) // a call is under way
		pay(t.Context(), all[1], nil) // and two wait
		pay(gone, all[2], context.Canceled)
		busy := new(gift.BusyError)
		if _, err := s.Send(t.Context(), viewer(all[3]), order("x")); !errors.As(err, &busy) || busy.Retry() <= 0 {
			t.Errorf("one too many: %v", err)
		}
		leave()
		synctest.Wait()
		close(open)
		group.Wait()
		for i, want := range []int64{0, 0, 10, 10} {
			if got := h.has(all[i]); got != want {
				t.Errorf("%s has %d", all[i], got)
			}
		}
	})
}

// harmed is gifts of which one cannot be settled.
type harmed struct {
	kept

	found atomic.Bool
}

// SettleGifts implements store.Gifts.
func (h *harmed) SettleGifts(
	ctx context.Context, every time.Duration, limit int, record store.GiftRecorder,
) (store.GiftSettling, error) {
	done, err := h.kept.SettleGifts(ctx, every, limit, record)
	if err == nil && done.Sends > 0 && h.found.CompareAndSwap(false, true) {
		done.Aside = 1
	}
	return done, err
}

// GiftsSetAside implements store.Gifts.
func (h *harmed) GiftsSetAside(_ context.Context, limit int) ([]store.GiftSetAside, error) {
	return []store.GiftSetAside{{Sequence: 77, Room: "r", Receiver: "eve", Why: "it does not cost what was paid"}}[:limit], nil
}

// What is set aside is said once, by account and sequence, and the rest is settled.
func TestWhatIsSetAsideIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		h.set.Gifts = &harmed{kept: h.set.Gifts}
		var log bytes.Buffer
		s := h.node(func(c *gift.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		stop := runs(s)
		h.deposit(100, "ann")
		for i := range 2 {
			h.send(t, s, "ann", fmt.Sprint(i), 1)
			time.Sleep(7 * time.Second)
		}
		stop()
		if got := log.String(); strings.Count(got, "level=ERROR") != 1 || !strings.Contains(got, "account=pending/eve sequence=77 error=\"it does not cost what was paid\"") {
			t.Errorf("logged:\n%s", got)
		}
		if got := h.has("host"); got != 20 {
			t.Errorf("the host has %d", got)
		}
	})
}

// A payment whose answer is lost between the store and the node is found when it is asked for
// again, and is no repetition; what others repeat so is one, and the room hears of neither twice.
func TestALostAnswerRepeatsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		s := h.node()
		defer s.Close()
		h.deposit(100, "ann")
		for i, want := range []bool{false, true} {
			var lost atomic.Bool
			h.happens(nil, func() error {
				if lost.Swap(true) {
					return nil
				}
				return store.ErrUnavailable
			})
			done, err := s.Send(t.Context(), viewer("ann"), order("one"))
			if err != nil || done.Repeated != want || done.Balance != 90 {
				t.Errorf("call %d: %+v, %v; want it repeated: %v", i+1, done, err, want)
			}
			time.Sleep(time.Minute)
		}
		if got := len(h.heard()); got != 1 {
			t.Errorf("the room has heard of it %d times", got)
		}
	})
}
