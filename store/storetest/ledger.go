package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

var ledgerTests = []test{
	{"PostMovesCoins", postMovesCoins},
	{"PostWritesOnce", postWritesOnce},
	{"PostIsAllOrNone", postIsAllOrNone},
	{"BelowZeroAreHouseAndWorld", belowZeroAreHouseAndWorld},
	{"BalancesAreOfTheAccounts", balancesAreOfTheAccounts},
	{"TransactionsAreNewestFirst", transactionsAreNewestFirst},
	{"LedgerIsAModel", ledgerIsAModel},
}

// wantWritten compares an account's transactions, the newest first, with what was posted.
func (s *rig) wantWritten(a ledger.Account, want ...ledger.Transaction) []ledger.Transaction {
	s.t.Helper()
	got := s.written(store.LedgerQuery{Account: a})
	if !slices.EqualFunc(got, want, sameMove) {
		s.t.Fatalf("Transactions = %+v\nwant %+v", got, want)
	}
	for i := 1; i < len(got); i++ {
		if got[i].Sequence >= got[i-1].Sequence || got[i].At > got[i-1].At {
			s.t.Fatalf("%+v is before %+v", got[i], got[i-1])
		}
	}
	return got
}

func postMovesCoins(t *testing.T, s *rig) {
	s.post()
	pot := ledger.Account{Kind: ledger.Pot, Owner: "r/q \x00"}
	first, second := move("a \x00", outside, purse("ann \x00Ä"), 1_000_000_000_000_000), move("b", purse("ann \x00Ä"), pot, 7)
	three := ledger.Transaction{ID: "日本", Kind: ledger.Prize, Postings: []ledger.Posting{
		{Account: purse("ann \x00Ä"), Amount: 3}, {Account: purse("bob"), Amount: 4}, {Account: pot, Amount: -7},
	}}
	s.post(first, second)
	s.post(three)
	s.wantWritten(ledger.Account{}, three, second, first)
	s.wantWritten(purse("bob"), three)
	s.wantWritten(outside, first)
	s.wantBalance(outside, -1_000_000_000_000_000)
	s.wantBalance(purse("ann \x00Ä"), 1_000_000_000_000_000-4)
	s.wantBalance(purse("bob"), 4)
	s.wantBalance(pot, 0)
	if got := s.balances(); len(got.Amounts) != 0 {
		t.Errorf("Balances of no account = %+v", got)
	}
}

func postWritesOnce(_ *testing.T, s *rig) {
	a, b := move("a", outside, purse("ann"), 5), move("b", outside, purse("ann"), 7)
	other := move("a", outside, purse("ann"), 1000)
	s.post(a, other)
	s.post(b, a, b)
	s.post(other)
	s.wantBalance(purse("ann"), 12)
	s.wantWritten(purse("ann"), b, a)
}

func postIsAllOrNone(t *testing.T, s *rig) {
	s.fund("ann", 10)
	good, bad := move("good", purse("ann"), purse("bob"), 4), move("bad", purse("ann"), purse("cy"), 7)
	var short *ledger.InsufficientError
	err := s.Ledger.Post(t.Context(), []ledger.Transaction{good, bad})
	if !errors.As(err, &short) || short.Account != purse("ann") || short.Balance != 10 {
		t.Errorf("%v, want that ann has 10", err)
	}
	s.wantBalance(purse("ann"), 10)
	s.wantBalance(purse("bob"), 0)
	s.wantWritten(purse("bob"))
	if err := s.Ledger.Post(t.Context(), []ledger.Transaction{move("x", purse("nobody"), purse("bob"), 1)}); !errors.As(err, &short) ||
		short.Account != purse("nobody") || short.Balance != 0 {
		t.Errorf("%v, want that nobody has nothing", err)
	}
	s.post(good)
	s.post(good, move("rest", purse("ann"), purse("cy"), 6))
	s.wantBalance(purse("ann"), 0)
	s.wantBalance(purse("bob"), 4)
}

func belowZeroAreHouseAndWorld(t *testing.T, s *rig) {
	for kind := ledger.User; kind <= ledger.External; kind++ {
		a := ledger.Account{Kind: kind, Owner: "o"}
		free := kind == ledger.House || kind == ledger.External
		if free {
			a.Owner = ""
		}
		var short *ledger.InsufficientError
		err := s.Ledger.Post(t.Context(), []ledger.Transaction{move(fmt.Sprint(kind), a, purse("ann"), 1)})
		if free && err != nil || !free && !errors.As(err, &short) {
			t.Errorf("%+v below zero: %v", a, err)
		}
	}
	s.wantBalance(purse("ann"), 2)
	s.wantBalance(outside, -1)
}

func balancesAreOfTheAccounts(t *testing.T, s *rig) {
	s.fund("ann", 3)
	s.fund("bob", 4)
	got := s.balances(purse("bob"), purse("cy"), outside, purse("ann"), purse("bob"))
	if !slices.Equal(got.Amounts, []int64{4, 0, -7, 3, 4}) {
		t.Errorf("Balances = %+v", got)
	}
	if last := s.written(store.LedgerQuery{Limit: 1})[0]; got.AsOf < last.Sequence {
		t.Errorf("as of %d, where the latest is %d", got.AsOf, last.Sequence)
	}
	s.post(move("next", purse("ann"), purse("bob"), 1))
	if next := s.written(store.LedgerQuery{Limit: 1})[0]; next.Sequence <= got.AsOf {
		t.Errorf("the next is %d, after %d", next.Sequence, got.AsOf)
	}
}

func transactionsAreNewestFirst(t *testing.T, s *rig) {
	var want, anns []ledger.Transaction
	for i := range 20 {
		m := move(fmt.Sprint(i), outside, purse([]string{"ann", "bob", "ann \x00"}[i%3]), int64(i)+1)
		s.post(m)
		if want = append([]ledger.Transaction{m}, want...); i%3 == 0 {
			anns = append([]ledger.Transaction{m}, anns...)
		}
	}
	s.wantWritten(ledger.Account{}, want...)
	s.wantWritten(purse("ann"), anns...)
	s.wantWritten(purse("cy"))
	for _, limit := range []int{1, 3, 7, 100} {
		for account, want := range map[ledger.Account][]ledger.Transaction{{}: want, purse("ann"): anns} {
			var got []ledger.Transaction
			for q := (store.LedgerQuery{Account: account, Limit: limit}); ; {
				page := s.written(q)
				if len(page) > limit {
					t.Fatalf("%d of a page of %d", len(page), limit)
				}
				if got = append(got, page...); len(page) == 0 {
					break
				}
				q.Before = page[len(page)-1].Sequence
			}
			if !slices.EqualFunc(got, want, sameMove) {
				t.Errorf("in pages of %d: %+v\nwant %+v", limit, got, want)
			}
		}
	}
}

// ledgerCalls is every method of Ledger.
var ledgerCalls = []call{
	{"Post", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return s.Ledger.Post(ctx, []ledger.Transaction{move("call", outside, purse("ann"), 1)})
	}},
	{"Post of none", false, func(ctx context.Context, s *rig, _ live.RoomID) error { return s.Ledger.Post(ctx, nil) }},
	{"Balances", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Ledger.Balances(ctx, []ledger.Account{purse("ann")})
		return err
	}},
	{"Transactions", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Ledger.Transactions(ctx, store.LedgerQuery{Limit: 10})
		return err
	}},
}
