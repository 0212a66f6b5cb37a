package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// giftsModel is what was given, as it should be: every figure is made anew of what was paid.
type giftsModel struct {
	s        *rig
	rooms    []live.RoomID
	users    []live.UserID
	had      map[live.UserID]int64
	first    map[string]gift.Send // by giver and request
	paid     []gift.Send          // in order
	settled  int                  // how many of them are
	batches  []int                // where settlements ended
	requests int
}

// has returns what a user can spend.
func (m *giftsModel) has(user live.UserID) int64 {
	coins := m.had[user]
	for i, p := range m.paid {
		if p.Giver == user {
			coins -= p.Coins()
		}
		if p.Receiver == user && i < m.settled {
			coins += p.Coins()
		}
	}
	return coins
}

// draw draws a send, some of them again.
func (m *giftsModel) draw(t *rapid.T) gift.Send {
	m.requests++
	request := rapid.IntRange(max(0, m.requests-3), m.requests).Draw(t, "request")
	user := rapid.SampledFrom(m.users)
	send := aSend(fmt.Sprint(request), rapid.SampledFrom(m.rooms).Draw(t, "room"), user.Draw(t, "giver"), user.Draw(t, "receiver"), 1)
	send.Count = rapid.Int64Range(1, 3).Draw(t, "count")
	if again, there := m.first[string(send.Giver)+" "+send.RequestID]; there && rapid.Bool().Draw(t, "the same") {
		return again
	}
	return send
}

// send sends a few to both.
func (m *giftsModel) send(t *rapid.T) {
	sends := make([]gift.Send, rapid.IntRange(0, 5).Draw(t, "sends"))
	for i := range sends {
		sends[i] = m.draw(t)
	}
	sequences := make(map[string]uint64)
	before := len(m.paid)
	for i, got := range m.s.give(sends...) {
		send := sends[i]
		key := string(send.Giver) + " " + send.RequestID
		first, sent := m.first[key]
		var short *ledger.InsufficientError
		switch {
		case sent && (first.Room != send.Room || first.Receiver != send.Receiver || first.Count != send.Count):
			if !errors.Is(got.Err, store.ErrRequestReused) {
				t.Fatalf("%+v: %+v, want ErrRequestReused", send, got)
			}
		case sent:
			if got.Err != nil || !got.Repeated {
				t.Fatalf("%+v: %+v, want it repeated", send, got)
			}
		case m.has(send.Giver) < send.Coins():
			if !errors.As(got.Err, &short) || short.Balance != m.has(send.Giver) {
				t.Fatalf("%+v: %+v, want that there are %d", send, got, m.has(send.Giver))
			}
		default:
			m.first[key], m.paid, sequences[key] = send, append(m.paid, send), got.Sent.Sequence
			if got.Err != nil || got.Repeated || got.Balance != m.has(send.Giver) {
				t.Fatalf("%+v: %+v, want %d left", send, got, m.has(send.Giver))
			}
		}
	}
	place := func(p gift.Send) uint64 { return sequences[string(p.Giver)+" "+p.RequestID] }
	byGiver := make(map[live.UserID]uint64)
	for _, p := range m.paid[before:] {
		if place(p) <= byGiver[p.Giver] {
			t.Fatalf("%+v is at %d, and one of that giver's before it at %d", p, place(p), byGiver[p.Giver])
		}
		byGiver[p.Giver] = place(p)
	}
	slices.SortFunc(m.paid[before:], func(a, b gift.Send) int { return cmp.Compare(place(a), place(b)) })
}

// settle settles a few of both.
func (m *giftsModel) settle(t *rapid.T) {
	limit := rapid.IntRange(1, 4).Draw(t, "limit")
	n := min(limit, len(m.paid)-m.settled)
	want := store.GiftSettling{Sends: n, More: m.settled+n < len(m.paid)}
	if got := m.s.settleSome(limit); got != want {
		t.Fatalf("SettleGifts = %+v, want %+v", got, want)
	}
	if m.settled += n; n > 0 {
		m.batches = append(m.batches, m.settled)
	}
}

// totals returns what the totals of a scope should be, but for goals and instants.
func (m *giftsModel) totals(scope gift.Scope) (want gift.Totals) {
	givers, receivers := make(map[live.UserID]gift.Giver), make(map[live.UserID]gift.ReceiverTotals)
	for i, p := range m.paid {
		if !scope.Has(p.Room, p.Receiver) {
			continue
		}
		of := receivers[p.Receiver]
		if of.Receiver = p.Receiver; i >= m.settled {
			want.Pending, of.Pending = want.Pending.Add(p.Sum()), of.Pending.Add(p.Sum())
		} else {
			want.Sum, of.Sum = want.Sum.Add(p.Sum()), of.Sum.Add(p.Sum())
			giver := givers[p.Giver]
			givers[p.Giver] = gift.Giver{User: p.Giver, Name: p.GiverName, Coins: giver.Coins + p.Coins(), Gifts: giver.Gifts + p.Count}
		}
		receivers[p.Receiver] = of
	}
	want.Givers = int64(len(givers))
	for _, giver := range givers {
		want.Top = append(want.Top, giver)
	}
	for _, receiver := range receivers {
		want.Receivers = append(want.Receivers, receiver)
	}
	slices.SortFunc(want.Top, func(a, b gift.Giver) int {
		return cmp.Or(cmp.Compare(b.Coins, a.Coins), cmp.Compare(a.User, b.User))
	})
	slices.SortFunc(want.Receivers, func(a, b gift.ReceiverTotals) int {
		return cmp.Or(cmp.Compare(b.Coins, a.Coins), cmp.Compare(a.Receiver, b.Receiver))
	})
	return want
}

// settlements returns how many settlements each receiver should have had.
func (m *giftsModel) settlements() map[live.UserID]int {
	n := make(map[live.UserID]int)
	begin := 0
	for _, end := range m.batches {
		seen := make(map[gift.Scope]bool)
		for _, p := range m.paid[begin:end] {
			if scope := (gift.Scope{Room: p.Room, Receiver: p.Receiver}); !seen[scope] {
				seen[scope] = true
				n[p.Receiver]++
			}
		}
		begin = end
	}
	return n
}

// agree compares the totals of a scope, a balance and a goal. Wrong sums stay wrong: whatever
// this misses, agreeOnAll finds in the end.
func (m *giftsModel) agree(t *rapid.T) {
	id, user := rapid.SampledFrom(m.rooms).Draw(t, "of"), rapid.SampledFrom(m.users).Draw(t, "whose")
	scope := rapid.SampledFrom([]gift.Scope{{Room: id, Receiver: user}, {Room: id}, {Receiver: user}}).Draw(t, "scope")
	m.agreeOn(t, scope)
	m.agreeOnGoal(t, id)
	m.s.wantBalance(purse(string(user)), m.has(user))
}

// agreeOnAll compares all totals, balances, goals and settlements.
func (m *giftsModel) agreeOnAll(t *rapid.T) {
	for _, id := range append([]live.RoomID{""}, m.rooms...) {
		for _, user := range append([]live.UserID{""}, m.users...) {
			if id != "" || user != "" {
				m.agreeOn(t, gift.Scope{Room: id, Receiver: user})
			}
		}
	}
	for _, id := range m.rooms {
		m.agreeOnGoal(t, id)
	}
	for user, n := range m.settlements() {
		q := store.LedgerQuery{Accounts: only(purse(string(user))), Kinds: []ledger.Kind{ledger.Settlement}}
		if got := len(m.s.written(q)); got != n {
			t.Fatalf("%q got %d settlements, want %d", user, got, n)
		}
	}
	for _, user := range m.users {
		m.s.wantBalance(purse(string(user)), m.has(user))
		m.s.wantBalance(pendingOf(user), m.totals(gift.Scope{Receiver: user}).Pending.Coins)
	}
}

// agreeOn compares the totals of a scope.
func (m *giftsModel) agreeOn(t *rapid.T, scope gift.Scope) {
	got, want := m.s.giftTotals(scope.Room, scope.Receiver), m.totals(scope)
	if (got.Settled != 0) != (want.Gifts > 0) {
		t.Fatalf("GiftTotals of %+v were settled at %d", scope, got.Settled)
	}
	if got.Revision, got.Settled, got.Goals = 0, 0, nil; len(got.Top) == 0 {
		got.Top = nil
	}
	for i := range got.Receivers {
		got.Receivers[i].Settled = 0
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("GiftTotals of %+v = %+v\nwant %+v", scope, got, want)
	}
}

// agreeOnGoal compares a room's goal.
func (m *giftsModel) agreeOnGoal(t *rapid.T, id live.RoomID) {
	got, want := m.s.goal(id, "all"), m.totals(gift.Scope{Room: id}).Coins
	if got.Progress != want || (got.Reached != 0) != (want >= 20) {
		t.Fatalf("the goal of %q is %+v, want %d", id, got, want)
	}
}

func giftsAreAModel(t *testing.T, s *rig) {
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		s.settleAll() // of other checks
		m := &giftsModel{s: s, rooms: []live.RoomID{id, id + "b"}, had: make(map[live.UserID]int64), first: make(map[string]gift.Send)}
		for i, name := range []string{"ann", "bob", "cy"} {
			user := live.UserID(name + string(id))
			m.users, m.had[user] = append(m.users, user), int64(i)*20
			if m.had[user] > 0 {
				s.fund(string(user), m.had[user])
			}
		}
		for _, id := range m.rooms {
			s.create(id)
			s.putGoal(id, aGoal("all", 20))
		}
		t.Repeat(map[string]func(*rapid.T){"send": m.send, "send again": m.send, "settle": m.settle, "": m.agree})
		m.agreeOnAll(t)
		s.settleAll()
	})
}
