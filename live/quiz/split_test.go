package quiz_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
)

// won returns winners with what the fastest are told by.
func won(answered []int, spent []int64) (list []quiz.Player) {
	for i := range answered {
		list = append(list, quiz.Player{
			User: live.UserID(string(rune('a' + i))), Status: quiz.Won, Answered: answered[i], Spent: spent[i],
		})
	}
	return list
}

func TestSplit(t *testing.T) {
	t.Parallel()
	answered, spent := []int{3, 3, 2, 3}, []int64{30, 10, 5, 30}
	for _, tt := range []struct {
		pot       int64
		remainder quiz.Remainder
		winners   int
		want      string // the prizes
		extra     int64
		returned  int64
	}{
		{0, quiz.RemainderDraw, 4, "0 0 0 0", 0, 0},
		{100, quiz.RemainderDraw, 0, "", 0, 100},
		{0, quiz.RemainderReturn, 0, "", 0, 0},
		{100, quiz.RemainderDraw, 4, "25 25 25 25", 0, 0},
		{100, quiz.RemainderReturn, 3, "33 33 33", 0, 1},
		{3, quiz.RemainderReturn, 4, "0 0 0 0", 0, 3},
		{9, quiz.RemainderFastest, 4, "2 3 2 2", 1, 0},
		// Of a and d, who are alike, a is drawn first.
		{10, quiz.RemainderFastest, 4, "3 3 2 2", 2, 0},
		{11, quiz.RemainderFastest, 4, "3 3 2 3", 3, 0},
		// In order of their hashes: c, a, d, b.
		{1, quiz.RemainderDraw, 4, "0 0 1 0", 1, 0},
		{2, quiz.RemainderDraw, 4, "1 0 1 0", 2, 0},
		{7, quiz.RemainderDraw, 4, "2 1 2 2", 3, 0},
	} {
		rules := quiz.DefaultRules()
		rules.Pot, rules.Remainder = tt.pot, tt.remainder
		b := sit(t, rules, choice(2, 1))
		r, paid := quiz.Split(b.q, won(answered[:tt.winners], spent[:tt.winners]))
		var prizes []string
		for _, p := range paid {
			prizes = append(prizes, fmt.Sprint(p.Prize))
		}
		if got := strings.Join(prizes, " "); got != tt.want || r.WithExtra != tt.extra || r.Returned != tt.returned || r.Pot != tt.pot {
			t.Errorf("%d by rule %d among %d: %q, %+v, want %q", tt.pot, tt.remainder, tt.winners, got, r, tt.want)
		}
	}
}

// Prizes are seen only when the quiz is finished; a winner of a quiz that was cancelled
// before it was has won nothing.
func TestStandingOfWinners(t *testing.T) {
	t.Parallel()
	rules := quiz.DefaultRules()
	rules.Pot = 5
	b := sit(t, rules, choice(2, 1))
	b.ask()
	b.answer("ann", 1, 0)
	b.close()
	b.reveal()
	b.move(b.q.Finish(0, b.now))
	cancelled, err := b.q.Cancel("", b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.work()
	p := b.player("ann")
	if p.Status != quiz.Won || p.Prize != 0 {
		t.Errorf("%+v is kept", p)
	}
	if p = b.q.Standing(p, b.now); p.Prize != 5 || p.Status != quiz.Won {
		t.Errorf("%+v of a finished quiz", p)
	}
	if p = cancelled.Standing(p, b.now); p.Prize != 0 || p.Status != quiz.Playing {
		t.Errorf("%+v of a cancelled quiz", p)
	}
}

func TestPot(t *testing.T) {
	t.Parallel()
	rules := quiz.DefaultRules()
	if b := sit(t, rules); quiz.SetAside(b.q) != nil || quiz.Returned(b.q) != nil || quiz.Prizes(b.q, nil) != nil {
		t.Error("coins move without a pot")
	}
	rules.Pot, rules.Remainder = 3_000_500, quiz.RemainderReturn
	b := sit(t, rules, choice(2, 1))
	pot := ledger.Account{Kind: ledger.Pot, Owner: "room/quiz"}
	for creator, source := range map[live.UserID]ledger.Account{
		"": {Kind: ledger.House}, "host": {Kind: ledger.User, Owner: "host"},
	} {
		q := b.q
		q.Creator = creator
		checkMove(t, quiz.SetAside(q), ledger.PotSetAside, source, pot, 3_000_500)
		q, err := q.Cancel("", b.now)
		if err != nil {
			t.Fatal(err)
		}
		checkMove(t, quiz.Returned(q), ledger.PotReturned, pot, source, 3_000_500)
	}

	var winners []quiz.Player
	for i := range 3000 {
		winners = append(winners, quiz.Player{User: live.UserID(fmt.Sprint(i)), Status: quiz.Won})
	}
	r, winners := quiz.Split(b.q, winners)
	b.q.Result, b.q.State = r, quiz.Finished
	ids := make(map[string]bool)
	got := make(map[string]int64)
	all := append(quiz.Prizes(b.q, winners), quiz.Returned(b.q)...)
	for _, move := range all {
		if err := move.Check(); err != nil {
			t.Error(err)
		}
		ids[move.ID] = true
		for _, p := range move.Postings {
			got[p.Account.Owner] += p.Amount
		}
	}
	if len(all) != 5 || len(ids) != 5 || got["room/quiz"] != -3_000_500 || got["7"] != 1000 || got[""] != 500 || len(got) != 3002 {
		t.Errorf("%d moves with %d ids of %d accounts: %d from the pot", len(all), len(ids), len(got), got["room/quiz"])
	}
}

func checkMove(t *testing.T, moves []ledger.Transaction, kind ledger.Kind, from, to ledger.Account, amount int64) {
	t.Helper()
	if len(moves) != 1 || moves[0].Kind != kind || moves[0].Room != "room" || moves[0].Reference != "quiz" {
		t.Fatalf("%+v", moves)
	}
	if err := moves[0].Check(); err != nil {
		t.Error(err)
	}
	for _, p := range moves[0].Postings {
		if want := map[ledger.Account]int64{from: -amount, to: amount}[p.Account]; p.Amount != want {
			t.Errorf("%+v, want %d", p, want)
		}
	}
}
