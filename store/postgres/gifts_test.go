package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// deposit is coins for somebody.
func deposit(user string, coins int64) ledger.Transaction {
	return ledger.Transaction{ID: "fund " + user, Kind: ledger.Deposit, Postings: []ledger.Posting{
		{Account: ledger.Account{Kind: ledger.User, Owner: user}, Amount: coins}, {Account: ledger.Account{Kind: ledger.External}, Amount: -coins},
	}}
}

// fund gives coins to somebody.
func fund(tb testing.TB, s *postgres.Store, user string, coins int64) {
	tb.Helper()
	if err := s.Post(tb.Context(), []ledger.Transaction{deposit(user, coins)}); err != nil {
		tb.Fatal(err)
	}
}

// rose is one rose, of 3 coins, from somebody to the host.
func rose(request string, id live.RoomID, giver live.UserID) gift.Send {
	return gift.Send{
		Room: id, Giver: giver, Receiver: "host", Gift: gift.Gift{ID: "rose", Price: 3, Points: 1, ComboWindow: time.Second},
		Count: 1, RequestID: request,
	}
}

// unrecorded records nothing of what is settled.
func unrecorded(gift.Settlement, []gift.Goal) []store.Event { return nil }

// unreached records nothing of goals.
func unreached(gift.Goal) []store.Event { return nil }

// give sends gifts that are all paid.
func give(tb testing.TB, s *postgres.Store, sends ...gift.Send) {
	tb.Helper()
	results, err := s.SendGifts(tb.Context(), sends)
	if err != nil {
		tb.Fatal(err)
	}
	for _, got := range results {
		if got.Err != nil {
			tb.Fatal(got.Err)
		}
	}
}

// A room that is forgotten takes its totals along; what is of the books, and of receivers,
// stays. None is forgotten before its gifts are settled.
func TestGiftsOfForgottenRooms(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock, c.RoomRetention = clock.now, time.Hour
	s := openWith(t, c)
	for _, id := range []live.RoomID{"live", "ended"} {
		create(t, s, id)
		fund(t, s, "ann "+string(id), 100)
		give(t, s, rose("1", id, "ann "+live.UserID(id)))
		if _, err := s.PutGoal(t.Context(), id, gift.Goal{ID: "g", Measure: gift.Coins, Target: 1}, 10, unreached); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.EndRoom(t.Context(), "ended"); err != nil {
		t.Fatal(err)
	}
	clock.at = clock.at.Add(time.Hour + time.Second)
	prune(t, s, postgres.Pruned{})
	if done, err := s.SettleGifts(t.Context(), 0, 10, unrecorded); err != nil || done.Sends != 2 {
		t.Fatalf("settled %+v, %v", done, err)
	}
	prune(t, s, postgres.Pruned{Rooms: 1})
	for id, want := range map[string]string{"live": "2 2 1", "ended": "0 0 0", "": "1 2 0"} {
		const ask = "SELECT concat_ws(' ', (SELECT count(*) FROM %[1]s.gift_tallies WHERE room = '%[2]s'), " +
			"(SELECT count(*) FROM %[1]s.gift_givers WHERE room = '%[2]s'), " +
			"(SELECT count(*) FROM %[1]s.gift_goals WHERE room = '%[2]s'))"
		if got := services.Query(t, c.URL, fmt.Sprintf(ask, c.Schema, id)); got != want {
			t.Errorf("%q has %s tallies, givers and goals, want %s", id, got, want)
		}
	}
	if n := services.Query(t, c.URL, "SELECT count(*) FROM "+c.Schema+".gift_combos"); n != "0" {
		t.Errorf("%s combos are left", n)
	}
	again, err := s.SendGifts(t.Context(), []gift.Send{rose("1", "ended", "ann ended")})
	if err != nil || again[0].Err != nil || !again[0].Repeated {
		t.Errorf("what was sent in the room that is forgotten: %+v, %v", again, err)
	}
}

// Who settles while another does has nothing to do, and is not kept waiting.
func TestSettlingIsOneNodes(t *testing.T) {
	t.Parallel()
	s := open(t)
	create(t, s, "r")
	fund(t, s, "ann", 100)
	give(t, s, rose("1", "r", "ann"))
	within := func(p gift.Settlement, _ []gift.Goal) []store.Event {
		if done, err := s.SettleGifts(t.Context(), 0, 10, unrecorded); err != nil || done != (store.GiftSettling{Busy: true}) {
			t.Errorf("while another settles: %+v, %v", done, err)
		}
		return []store.Event{{ID: p.ID, Room: p.Room, Kind: 1, At: p.At}}
	}
	done, err := s.SettleGifts(t.Context(), 0, 10, within)
	if err != nil || done.Sends != 1 || done.More || done.Busy || done.Lag > time.Hour {
		t.Errorf("settled %+v, %v", done, err)
	}
}

// A settlement whose node dies at its last step has not happened, and another makes it.
func TestSettlingThatIsCutOff(t *testing.T) {
	t.Parallel()
	s := open(t)
	create(t, s, "r")
	fund(t, s, "ann", 100)
	give(t, s, rose("1", "r", "ann"), rose("2", "r", "ann"))
	ctx, cut := context.WithCancel(t.Context())
	dies := func(gift.Settlement, []gift.Goal) []store.Event { cut(); return nil }
	if _, err := s.SettleGifts(ctx, 0, 10, dies); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want that it was cut off", err)
	}
	totals, err := s.GiftTotals(t.Context(), store.GiftTotalsQuery{Room: "r"})
	if err != nil || totals.Gifts != 0 || totals.Pending.Gifts != 2 {
		t.Errorf("cut off: %+v, %v", totals, err)
	}
	for _, want := range []int{2, 0} {
		for done := (store.GiftSettling{Busy: true}); done.Busy; { // until the server has noticed
			if done, err = s.SettleGifts(t.Context(), 0, 10, unrecorded); err != nil || !done.Busy && done.Sends != want {
				t.Fatalf("settled %+v, %v; want %d", done, err, want)
			}
		}
	}
}

// What is asked all the time is found by an index: none of it grows with the ledger.
func TestGiftPlans(t *testing.T) {
	t.Parallel()
	c := empty(t)
	s := openWith(t, c)
	create(t, s, "r")
	for i := range 20 {
		user := fmt.Sprint("giver ", i)
		fund(t, s, user, 1_000_000)
		sends := make([]gift.Send, 100)
		for k := range sends {
			sends[k] = rose(fmt.Sprint(k), "r", live.UserID(user))
		}
		give(t, s, sends...)
	}
	if _, err := s.SettleGifts(t.Context(), 0, 10_000, unrecorded); err != nil {
		t.Fatal(err)
	}
	execute(t, c.URL, strings.ReplaceAll("ANALYSE s.gift_payments, s.other_transactions, s.other_postings", "s.", c.Schema+"."))
	for _, ask := range []string{
		"SELECT * FROM s.gift_payments WHERE sequence > (SELECT settled FROM s.gift_cursor) ORDER BY sequence LIMIT 100",
		"SELECT * FROM s.ledger_transactions WHERE sequence > 1900 ORDER BY sequence DESC LIMIT 10",
		"SELECT * FROM s.ledger_transactions WHERE id = 'gift-1'",
		"SELECT * FROM s.ledger_postings WHERE kind = 2 AND owner = 'host' AND sequence > 7 ORDER BY sequence DESC LIMIT 10",
		"SELECT * FROM s.ledger_postings WHERE sequence = ANY (ARRAY[7, 8, 9]::bigint[]) ORDER BY sequence, place",
	} {
		plan := explain(t, c.URL, strings.ReplaceAll(ask, "s.", c.Schema+"."))
		for line := range strings.Lines(plan) {
			if strings.Contains(line, "Seq Scan on gift_payments") || strings.Contains(line, "Sort  (") && strings.Contains(ask, "LIMIT") {
				t.Errorf("%s\nis planned as\n%s", ask, plan)
			}
		}
	}
}

// explain returns how Postgres would do something.
func explain(t *testing.T, url, ask string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), "EXPLAIN "+ask)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
