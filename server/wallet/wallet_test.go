package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/wallet"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

var (
	backend = auth.Principal{User: "backend", Role: live.RoleBackend, Rooms: []live.RoomID{auth.AnyRoom}}
	viewer  = auth.Principal{User: "ann", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}}
)

// kept is store.Ledger under another name.
type kept = store.Ledger

// faulty is a ledger that fails to answer.
type faulty struct {
	kept

	before, after func(ctx context.Context) error // nil: they succeed
}

// Post implements store.Ledger.
func (f *faulty) Post(ctx context.Context, all []ledger.Transaction) error {
	if f.before != nil {
		if err := f.before(ctx); err != nil {
			return err
		}
	}
	err := f.kept.Post(ctx, all)
	if err == nil && f.after != nil {
		err = f.after(ctx)
	}
	return err
}

// newFaulty returns use cases over a ledger that does not fail yet.
func newFaulty() (*wallet.Service, *faulty) {
	set := memory.New().Set()
	f := &faulty{kept: set.Ledger}
	set.Ledger = f
	return wallet.New(set), f
}

func TestADepositWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, f := newFaulty()
		tries := 0
		f.after = func(context.Context) error {
			if tries++; tries == 1 {
				return store.ErrUnavailable
			}
			return nil
		}
		done, err := s.Deposit(t.Context(), backend, wallet.Movement{User: "ann", Amount: 7, RequestID: "x"})
		if err != nil || done.Balance.Coins != 7 || done.Duplicate || tries != 2 {
			t.Errorf("%+v, %v after %d tries", done, err, tries)
		}
	})
}

// Of deposits with one id, which are made at once, and of whose answers one may be lost,
// exactly one says that it moved the coins.
func TestDepositsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) { // a bubble has no deadline
			s, f := newFaulty()
			calls := rapid.IntRange(2, 4).Draw(t, "calls")
			lost := rapid.IntRange(0, calls).Draw(t, "lost") // the answer to this post; 0: none
			var all sync.WaitGroup                           // each has found that nobody has made it
			all.Add(calls)
			var mu sync.Mutex
			posts, answers := 0, 0
			f.before = func(context.Context) error {
				mu.Lock()
				posts++
				first := posts <= calls
				mu.Unlock()
				if first {
					all.Done()
					all.Wait()
				}
				return nil
			}
			f.after = func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				if answers++; answers == lost {
					return store.ErrUnavailable
				}
				return nil
			}
			moved := make(chan bool, calls)
			for range calls {
				go func() {
					done, err := s.Deposit(context.Background(), backend, wallet.Movement{User: "ann", Amount: 7, RequestID: "x"})
					if err != nil || done.Balance.Coins != 7 {
						t.Errorf("%+v, %v", done, err)
					}
					moved <- !done.Duplicate
				}()
			}
			n := 0
			for range calls {
				if <-moved {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("%d of %d say that they moved the coins", n, calls)
			}
			again, err := s.Deposit(context.Background(), backend, wallet.Movement{User: "ann", Amount: 7, RequestID: "x"})
			if err != nil || !again.Duplicate {
				t.Fatalf("again: %+v, %v", again, err)
			}
		})
	})
}

func TestALedgerThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, f := newFaulty()
		f.before = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		begun := time.Now()
		_, err := s.Deposit(t.Context(), backend, wallet.Movement{User: "ann", Amount: 7, RequestID: "x"})
		if !errors.Is(err, store.ErrUnavailable) || time.Since(begun) > 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

// Another deposit of the same id that comes between is not taken for this one.
func TestADepositThatComesBetween(t *testing.T) {
	t.Parallel()
	s, f := newFaulty()
	f.before = func(ctx context.Context) error {
		f.before = nil
		_, err := s.Deposit(ctx, backend, wallet.Movement{User: "bob", Amount: 7, RequestID: "x"})
		return err
	}
	_, err := s.Deposit(t.Context(), backend, wallet.Movement{User: "ann", Amount: 7, RequestID: "x"})
	if !errors.Is(err, store.ErrRequestReused) {
		t.Error(err)
	}
}

func TestWhoMaySeeWhat(t *testing.T) {
	t.Parallel()
	s, _ := newFaulty()
	ofOne := backend
	ofOne.Rooms = []live.RoomID{"r"}
	own := &ledger.Account{Kind: ledger.User, Owner: "ann"}
	other := &ledger.Account{Kind: ledger.Pending, Owner: "bob"}
	invalid := errors.New("a field is wrong")
	for i, tt := range []struct {
		p    auth.Principal
		x    wallet.Extract
		want error
	}{
		{viewer, wallet.Extract{}, nil},
		{viewer, wallet.Extract{User: "ann"}, nil},
		{viewer, wallet.Extract{Account: own}, nil},
		{viewer, wallet.Extract{User: "bob"}, auth.ErrRoleForbidden},
		{viewer, wallet.Extract{Account: other}, auth.ErrRoleForbidden},
		{ofOne, wallet.Extract{Account: other}, auth.ErrRoomForbidden},
		{backend, wallet.Extract{Account: other}, nil},
		{backend, wallet.Extract{Account: other, User: "bob"}, invalid},
		{backend, wallet.Extract{Account: &ledger.Account{}}, invalid},
		{backend, wallet.Extract{Account: &ledger.Account{Kind: ledger.House, Owner: "x"}}, invalid},
		{backend, wallet.Extract{Account: &ledger.Account{Kind: ledger.User}}, invalid},
		{backend, wallet.Extract{Token: "x"}, page.ErrToken},
	} {
		tt.x.Size = 10
		_, _, err := s.Ledger(t.Context(), tt.p, tt.x)
		if field := new(wallet.InvalidError); errors.As(err, &field) {
			err = invalid
		}
		if !errors.Is(err, tt.want) {
			t.Errorf("%d: %v", i, err)
		}
	}
	for _, p := range []auth.Principal{viewer, ofOne} {
		if _, err := s.Deposit(t.Context(), p, wallet.Movement{User: "ann", Amount: 1, RequestID: "x"}); err == nil {
			t.Errorf("%s deposits", p.User)
		}
		if _, _, _, err := s.Accounts(t.Context(), p, 0, 10, ""); err == nil {
			t.Errorf("%s lists accounts", p.User)
		}
	}
}

// A page ends where it holds as many postings as it may, and the next goes on after it.
func TestPagesOfLargeTransactions(t *testing.T) {
	t.Parallel()
	s, f := newFaulty()
	const each, all = ledger.MaxPostings, 25
	for i := range all {
		tx := ledger.Transaction{ID: fmt.Sprint(i), Kind: ledger.Prize}
		for user := range each - 1 {
			tx.Postings = append(tx.Postings, ledger.Posting{Account: ledger.Account{Kind: ledger.User, Owner: fmt.Sprintf("%03d", user)}, Amount: 1})
		}
		tx.Postings = append(tx.Postings, ledger.Posting{Account: ledger.Account{Kind: ledger.House}, Amount: 1 - each})
		if err := f.Post(t.Context(), []ledger.Transaction{tx}); err != nil {
			t.Fatal(err)
		}
	}
	seen, pages := 0, 0
	for token, first := "", true; first || token != ""; first = false {
		found, next, err := s.Ledger(t.Context(), backend, wallet.Extract{Size: 20, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range found {
			if tx.ID != fmt.Sprint(seen) {
				t.Fatalf("%s comes in place of %d", tx.ID, seen)
			}
			seen++
		}
		token = next
		pages++
	}
	if seen != all || pages < 3 {
		t.Errorf("%d in %d pages", seen, pages)
	}
}
