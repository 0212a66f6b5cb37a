package storetest

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
)

// ledgerModel is the books that a store should keep.
type ledgerModel struct {
	s        *rig
	accounts []ledger.Account // the first may be below zero
	on       []int64
	posted   map[string]bool
	written  []ledger.Transaction // the newest first
	n        int
}

// post posts a few transactions to both, some of them again.
func (m *ledgerModel) post(t *rapid.T) {
	after, fresh := append([]int64{}, m.on...), []ledger.Transaction{}
	var all []ledger.Transaction
	seen := make(map[string]bool)
	for range rapid.IntRange(0, 3).Draw(t, "transactions") {
		n := rapid.IntRange(max(0, m.n-2), m.n).Draw(t, "number")
		from := rapid.IntRange(0, len(m.accounts)-1).Draw(t, "from")
		to := (from + rapid.IntRange(1, len(m.accounts)-1).Draw(t, "to")) % len(m.accounts)
		coins := rapid.Int64Range(1, 5).Draw(t, "coins")
		one := move(fmt.Sprint(m.accounts[1].Owner, " ", n), m.accounts[from], m.accounts[to], coins)
		all = append(all, one)
		if m.n = max(m.n, n+1); !m.posted[one.ID] && !seen[one.ID] {
			seen[one.ID] = true
			after[from] -= coins
			after[to] += coins
			fresh = append([]ledger.Transaction{one}, fresh...)
		}
	}
	refused := false
	for i, n := range after[1:] {
		refused = refused || n < 0 && n < m.on[i+1]
	}
	var short *ledger.InsufficientError
	if err := m.s.Ledger.Post(t.Context(), all); refused != errors.As(err, &short) || !refused && err != nil {
		t.Fatalf("Post(%+v) = %v, want it refused: %v", all, err, refused)
	}
	if refused {
		return
	}
	m.on, m.written = after, append(fresh, m.written...)
	for id := range seen {
		m.posted[id] = true
	}
}

// agree compares what is on the accounts, and what was written.
func (m *ledgerModel) agree(t *rapid.T) {
	got := m.s.balances(m.accounts[1:]...).Amounts
	for i, n := range got {
		if n != m.on[i+1] {
			t.Fatalf("on the accounts are %v, want %v", got, m.on[1:])
		}
	}
	for _, a := range m.accounts[1:] {
		var want []ledger.Transaction
		for _, one := range m.written {
			if one.Postings[0].Account == a || one.Postings[1].Account == a {
				want = append(want, one)
			}
		}
		m.s.wantWritten(a, want...)
	}
}

func ledgerIsAModel(t *testing.T, s *rig) {
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		m := &ledgerModel{
			s: s, accounts: []ledger.Account{outside, purse("ann " + string(id)), purse("bob " + string(id)), {Kind: ledger.Pot, Owner: string(id)}},
			on: make([]int64, 4), posted: make(map[string]bool),
		}
		t.Repeat(map[string]func(*rapid.T){"post": m.post, "": m.agree})
	})
}
