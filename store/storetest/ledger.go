package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

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
	{"DepositsHaveALimit", depositsHaveALimit},
	{"TransactionsAreNewestFirst", transactionsAreNewestFirst},
	{"TransactionsAreOfAQuery", transactionsAreOfAQuery},
	{"PagesHoldNotTooManyPostings", pagesHoldNotTooManyPostings},
	{"TransactionIsFoundByItsID", transactionIsFoundByItsID},
	{"AccountsAreInOrder", accountsAreInOrder},
	{"LedgerIsAModel", ledgerIsAModel},
}

// only returns an account for a query; none for the zero value.
func only(a ledger.Account) []ledger.Account {
	if a == (ledger.Account{}) {
		return nil
	}
	return []ledger.Account{a}
}

// wantWritten compares an account's transactions, the newest first, with what was posted.
func (s *rig) wantWritten(a ledger.Account, want ...ledger.Transaction) []ledger.Transaction {
	s.t.Helper()
	got := s.written(store.LedgerQuery{Accounts: only(a)})
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

func postWritesOnce(t *testing.T, s *rig) {
	a, b := move("a", outside, purse("ann"), 5), move("b", outside, purse("ann"), 7)
	other := move("a", outside, purse("ann"), 1000)
	a.Call, other.Call = "first \x00", "second"
	s.post(a, other)
	s.post(b, a, b)
	s.post(other)
	s.wantBalance(purse("ann"), 12)
	s.wantWritten(purse("ann"), b, a)
	if got, there, err := s.Ledger.Transaction(t.Context(), "a"); err != nil || !there || got.Call != a.Call {
		t.Errorf("Transaction = %+v, %v, %v; want that %q wrote it", got, there, err, a.Call)
	}
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
			for q := (store.LedgerQuery{Accounts: only(account), Limit: limit}); ; {
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

func depositsHaveALimit(t *testing.T, s *rig) {
	deposit := func(id string, from, to ledger.Account, coins int64) error {
		m := move(id, from, to, coins)
		m.Kind = ledger.Deposit
		return s.Ledger.Post(t.Context(), []ledger.Transaction{m})
	}
	const step = ledger.MaxAmount
	for i := int64(0); i+step <= ledger.MaxBalance; i += step {
		if err := deposit(fmt.Sprint(i), outside, purse("ann"), step); err != nil {
			t.Fatal(err)
		}
	}
	const has = ledger.MaxBalance / step * step
	for _, to := range []ledger.Account{purse("ann"), purse("bob")} { // there is as much outside
		var limit *ledger.LimitError
		if err := deposit("too much", outside, to, ledger.MaxBalance-has+1); !errors.As(err, &limit) {
			t.Errorf("%v, want a limit", err)
		} else if limit.Balance != -has || limit.Account != outside {
			if to == purse("bob") || limit.Balance != has || limit.Account != to {
				t.Errorf("the limit is about %+v", limit)
			}
		}
	}
	s.wantBalance(purse("ann"), has)
	s.wantWritten(purse("bob"))
	if err := deposit("back", purse("ann"), outside, 1); err != nil {
		t.Errorf("a payout: %v", err)
	}
	house := ledger.Account{Kind: ledger.House}
	s.post(move("given", house, purse("ann"), step), move("again", house, purse("ann"), step))
	s.wantBalance(purse("ann"), has-1+2*step)
}

// shuffledBooks posts transactions of several kinds, accounts and instants, and returns them,
// the oldest first, with what is the store's to say.
func (s *rig) shuffledBooks() []ledger.Transaction {
	s.t.Helper()
	users := []string{"ann", "bob", "ann \x00"}
	s.fund("ann", 1000)
	for i := range 40 {
		m := move(fmt.Sprint(i), outside, purse(users[i%3]), int64(i)+1)
		if m.Kind = ledger.Kind(1 + i%3); i%4 == 0 {
			m = move(fmt.Sprint(i), purse("ann"), purse("bob"), 1)
		}
		s.post(m)
		if i%5 == 0 {
			s.pass(2 * time.Microsecond)
		}
	}
	all := s.written(store.LedgerQuery{OldestFirst: true})
	if len(all) != 41 {
		s.t.Fatalf("%d transactions, want 41", len(all))
	}
	return all
}

// chosen returns those of some transactions, the oldest first, that a query asks for.
func chosen(all []ledger.Transaction, q store.LedgerQuery) (found []ledger.Transaction) {
	for _, t := range all {
		own := len(q.Accounts) == 0 || slices.ContainsFunc(t.Postings, func(p ledger.Posting) bool {
			return slices.Contains(q.Accounts, p.Account)
		})
		if own && t.Sequence > q.After && (q.Before == 0 || t.Sequence < q.Before) && t.At >= q.From &&
			(q.Until == 0 || t.At < q.Until) && (len(q.Kinds) == 0 || slices.Contains(q.Kinds, t.Kind)) {
			found = append(found, t)
		}
	}
	if !q.OldestFirst {
		slices.Reverse(found)
	}
	return found[:min(len(found), q.Limit)]
}

func transactionsAreOfAQuery(t *testing.T, s *rig) {
	all := s.shuffledBooks()
	accounts := []ledger.Account{purse("ann"), purse("bob"), purse("ann \x00"), purse("cy"), outside}
	kinds := []ledger.Kind{ledger.Deposit, ledger.Gift, ledger.Settlement, ledger.Prize}
	s.checks(t, func(t *rapid.T) {
		first, last := all[0], all[len(all)-1]
		sequence := rapid.Uint64Range(0, last.Sequence+2)
		at := rapid.Custom(func(t *rapid.T) live.Timestamp {
			near := rapid.SampledFrom(all).Draw(t, "near").At
			return rapid.SampledFrom([]live.Timestamp{0, 0, near, near + 1, first.At - 1, last.At + 1}).Draw(t, "at")
		})
		q := store.LedgerQuery{
			Accounts: rapid.SliceOfNDistinct(rapid.SampledFrom(accounts), 0, 3, rapid.ID).Draw(t, "accounts"),
			After:    sequence.Draw(t, "after"), Before: sequence.Draw(t, "before"),
			From: at.Draw(t, "from"), Until: at.Draw(t, "until"),
			Kinds:       rapid.SliceOfNDistinct(rapid.SampledFrom(kinds), 0, 2, rapid.ID).Draw(t, "kinds"),
			OldestFirst: rapid.Bool().Draw(t, "oldest first"),
			Limit:       rapid.SampledFrom([]int{1, 3, 100}).Draw(t, "limit"),
		}
		if got, want := s.written(q), chosen(all, q); !reflect.DeepEqual(got, want) {
			t.Fatalf("Transactions(%+v) = %+v\nwant %+v", q, got, want)
		}
	})
}

func pagesHoldNotTooManyPostings(t *testing.T, s *rig) {
	const transactions, each = 25, ledger.MaxPostings
	var all []ledger.Transaction
	for i := range transactions {
		one := ledger.Transaction{ID: fmt.Sprint(i), Kind: ledger.Prize}
		for k := range each - 1 {
			one.Postings = append(one.Postings, ledger.Posting{Account: purse(fmt.Sprintf("%03d", k)), Amount: 1})
		}
		one.Postings = append(one.Postings, ledger.Posting{Account: ledger.Account{Kind: ledger.House}, Amount: 1 - each})
		all = append(all, one)
	}
	s.post(all...)
	for _, q := range []store.LedgerQuery{{}, {OldestFirst: true}, {Accounts: only(purse("007"))}, {Kinds: []ledger.Kind{ledger.Prize}}} {
		seen := 0
		for q.Limit = 100; ; {
			page := s.written(q)
			if seen += len(page); len(page) == 0 {
				break
			}
			if postings := each * len(page); postings > store.MaxPostings+each || postings <= store.MaxPostings && seen < transactions {
				t.Errorf("a page of %d postings after %d transactions", postings, seen)
			}
			if q.OldestFirst {
				q.After = page[len(page)-1].Sequence
			} else {
				q.Before = page[len(page)-1].Sequence
			}
		}
		if seen != transactions {
			t.Errorf("%+v: %d transactions, want %d", q, seen, transactions)
		}
	}
}

func transactionIsFoundByItsID(t *testing.T, s *rig) {
	want := move("a \x00", outside, purse("ann"), 3)
	s.post(move("a", outside, purse("bob"), 4), want)
	got, there, err := s.Ledger.Transaction(t.Context(), want.ID)
	if err != nil || !there || !sameMove(got, want) || got.Sequence != s.written(store.LedgerQuery{Limit: 1})[0].Sequence {
		t.Errorf("Transaction = %+v, %v, %v; want %+v", got, there, err, want)
	}
	if got, there, err := s.Ledger.Transaction(t.Context(), "A"); err != nil || there {
		t.Errorf("what is not there: %+v, %v, %v", got, there, err)
	}
}

func accountsAreInOrder(t *testing.T, s *rig) {
	var want []store.AccountBalance
	has := func(a ledger.Account, n int64) { want = append(want, store.AccountBalance{Account: a, Amount: n}) }
	pot := ledger.Account{Kind: ledger.Pot, Owner: "r/q"}
	has(purse("ann"), 0)
	has(purse("ann \x00"), 3)
	has(purse("bob"), 4)
	has(purse("Ä"), 1)
	has(pot, 5)
	has(outside, -13)
	if got := s.accounts(store.AccountQuery{Limit: 10}); len(got) != 0 {
		t.Fatalf("Accounts of no books = %+v", got)
	}
	s.fund("Ä", 1)
	s.fund("bob", 4)
	s.accounts(store.AccountQuery{Limit: 10})
	s.fund("ann \x00", 3)
	s.fund("ann", 5)
	s.post(move("aside", purse("ann"), pot, 5))
	for _, limit := range []int{1, 2, 3, 100} {
		for kind := ledger.AccountKind(0); kind <= ledger.External; kind++ {
			var got []store.AccountBalance
			for q := (store.AccountQuery{Kind: kind, Limit: limit}); ; {
				page := s.accounts(q)
				if got = append(got, page...); len(page) < limit {
					break
				}
				q.After = page[len(page)-1].Account
			}
			of := slices.DeleteFunc(slices.Clone(want), func(a store.AccountBalance) bool { return kind != 0 && a.Kind != kind })
			if !slices.Equal(got, of) {
				t.Errorf("Accounts of kind %d in pages of %d = %+v\nwant %+v", kind, limit, got, of)
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
	{"Transaction", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, _, err := s.Ledger.Transaction(ctx, "call")
		return err
	}},
	{"Accounts", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, _, err := s.Ledger.Accounts(ctx, store.AccountQuery{Limit: 10})
		return err
	}},
	{"Transactions", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Ledger.Transactions(ctx, store.LedgerQuery{Limit: 10})
		return err
	}},
}
