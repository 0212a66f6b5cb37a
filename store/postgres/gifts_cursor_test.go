package postgres_test

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// remedy is the statement that operators are told to make the cursor anew with.
func remedy(t *testing.T, c postgres.Config) string {
	t.Helper()
	guide, err := os.ReadFile("../../docs/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```sql\n(WITH aside AS .*?)```").FindSubmatch(guide)
	if found == nil {
		t.Fatal("operators are told of no statement")
	}
	return "SET search_path = " + c.Schema + "; " + string(found[1])
}

// Nor is anything settled without the ledger's head, and that too is said.
func TestHeadThatIsGone(t *testing.T) {
	t.Parallel()
	c := config(t)
	s := openWith(t, c)
	execute(t, c.URL, "DELETE FROM "+c.Schema+".ledger_head")
	if done, err := s.SettleGifts(t.Context(), 0, 100, unrecorded); err == nil || !strings.Contains(err.Error(), "ledger_head") {
		t.Errorf("settled %+v, %v", done, err)
	}
}

// Without the cursor nothing is settled, and no room is forgotten that has gifts: it is said what
// is wrong. The statement that operators are told of makes it anew where the books say what it
// was, and else does not.
func TestCursorThatIsGone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settled, aside, later int // gifts
		damage                string
	}{
		"nothing was settled": {later: 3},
		"nothing was given":   {},
		"all was settled":     {settled: 3},
		"some was settled":    {settled: 3, later: 4},
		"some is set aside":   {settled: 3, aside: 2, later: 4},
		"with other damage":   {settled: 3, later: 4, damage: "UPDATE s.ledger_accounts SET balance = balance + 1 WHERE kind = 2 AND owner = 'moon'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log said
			clock, c := newClock(), config(t)
			c.Clock, c.RoomRetention = clock.now, time.Hour
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			s := openWith(t, c)
			in := func(statement string) string { return strings.ReplaceAll(statement, "s.", c.Schema+".") }
			create(t, s, "r")
			fund(t, s, "ann", 1000)
			n := 0
			some := func(gifts int) {
				for range gifts {
					n++
					moon := rose(fmt.Sprint("moon", n), "r", "ann")
					moon.Receiver, moon.Count = "moon", int64(n)
					give(t, s, rose(fmt.Sprint(n), "r", "ann"), moon)
				}
			}
			settle := func(sends, aside int) {
				t.Helper()
				done, err := s.SettleGifts(t.Context(), 0, 100, unrecorded)
				if err != nil || done.Busy || done.Sends != sends || done.Aside != aside {
					t.Fatalf("settled %+v, %v; want %d, and %d set aside", done, err, sends, aside)
				}
			}
			some(test.settled)
			settle(2*test.settled, 0)
			some(test.aside)
			execute(t, c.URL, in("UPDATE s.gift_payments SET points = -1 WHERE sequence > (SELECT settled FROM s.gift_cursor)"))
			settle(0, 2*test.aside)
			some(test.later)
			if test.damage != "" {
				execute(t, c.URL, in(test.damage))
			}
			execute(t, c.URL, in("DELETE FROM s.gift_cursor"))
			for range 2 {
				done, err := s.SettleGifts(t.Context(), 0, 100, unrecorded)
				if err == nil || !strings.Contains(err.Error(), "gift_cursor") || done != (store.GiftSettling{}) {
					t.Fatalf("without a cursor: %+v, %v", done, err)
				}
			}
			if log.times("level=ERROR") != 1 || log.times("OPERATIONS.md") != 1 {
				t.Errorf("said: %s", log.text.String())
			}
			if _, err := s.EndRoom(t.Context(), "r"); err != nil {
				t.Fatal(err)
			}
			clock.at = clock.at.Add(2 * time.Hour)
			if done, err := s.Prune(t.Context()); err != nil || done.Rooms != 0 {
				t.Errorf("forgotten: %+v, %v", done, err)
			}
			execute(t, c.URL, remedy(t, c))
			if test.damage != "" {
				if got := services.Query(t, c.URL, in("SELECT count(*) FROM s.gift_cursor")); got != "0" {
					t.Error("the cursor was made anew where nobody can know what it was")
				}
				return
			}
			settle(2*test.later, 0)
			execute(t, c.URL, in("UPDATE s.gift_payments SET points = 1"))
			settle(2*test.aside, 0)
			totals, err := s.GiftTotals(t.Context(), store.GiftTotalsQuery{Receiver: "moon"})
			if want := int64(n * (n + 1) / 2); err != nil || totals.Sum != (gift.Sum{Coins: 3 * want, Gifts: want, Points: want}) {
				t.Errorf("in the end %+v, %v; want %d", totals, err, want)
			}
			got, err := s.Balances(t.Context(), []ledger.Account{{Kind: ledger.User, Owner: "host"}, {Kind: ledger.Pending, Owner: "moon"}})
			if err != nil || got.Amounts[0] != int64(3*n) || got.Amounts[1] != 0 {
				t.Errorf("they have %+v, %v", got, err)
			}
		})
	}
}
