package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// givers send gifts, each again until it is answered, while nodes settle them.
type givers struct {
	s    *postgres.Store
	stop chan struct{}
	all  sync.WaitGroup

	mu       sync.Mutex
	paid     []string // the transactions of what was answered
	failed   int
	settling int // how often something was settled
}

// ask makes a call until it is answered.
func (g *givers) ask(t *testing.T, call func() error) {
	t.Helper()
	for {
		err := call()
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%v, want ErrUnavailable", err)
			return
		}
		g.mu.Lock()
		g.failed++
		g.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
}

// over says whether no more is to be sent.
func (g *givers) over() bool {
	select {
	case <-g.stop:
		return true
	default:
		return false
	}
}

// give sends gifts of one giver, a few at a time.
func (g *givers) give(t *testing.T, giver live.UserID) {
	t.Helper()
	for n := 0; !g.over(); n++ {
		sends := []gift.Send{rose(fmt.Sprint(n, " a"), "r", giver), rose(fmt.Sprint(n, " b"), "r", giver)}
		sends[1].Receiver = "bob"
		g.ask(t, func() error {
			results, err := g.s.SendGifts(t.Context(), sends)
			if err != nil {
				return err
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			for _, got := range results {
				if got.Err != nil {
					t.Errorf("a gift that is covered: %v", got.Err)
				}
				g.paid = append(g.paid, got.Transaction)
			}
			return nil
		})
	}
}

// settle settles what there is, until nothing is sent any more.
func (g *givers) settle(t *testing.T) {
	t.Helper()
	for !g.over() {
		g.ask(t, func() error {
			done, err := g.s.SettleGifts(t.Context(), 0, 50, recorded)
			g.mu.Lock()
			defer g.mu.Unlock()
			if done.Sends > 0 {
				g.settling++
			}
			return err
		})
	}
}

// recorded records a settlement.
func recorded(p gift.Settlement, _ []gift.Goal) []store.Event {
	return []store.Event{{ID: p.ID, Room: p.Room, At: p.At, Kind: 1, Payload: fmt.Appendf(nil, "%s %d %d", p.Receiver, p.Sequence, p.Coins)}}
}

// counts returns how many gifts were paid, and how often something was settled.
func (g *givers) counts() (paid, settling int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.paid), g.settling
}

// Whenever Postgres is killed, what was answered is there, once, and every gift is in one
// settlement, those of each receiver in order.
func TestGiftsSurviveKills(t *testing.T) {
	t.Parallel()
	server := services.NewPostgres(t)
	g := &givers{
		s:    openWith(t, postgres.Config{URL: server.NewDatabase(t), Timeout: 5 * time.Second, MaxConns: 8}),
		stop: make(chan struct{}),
	}
	create(t, g.s, "r")
	for i := range 4 {
		giver := live.UserID(fmt.Sprint("giver ", i))
		fund(t, g.s, string(giver), 1_000_000_000)
		g.all.Go(func() { g.give(t, giver) })
	}
	for range 2 {
		g.all.Go(func() { g.settle(t) })
	}
	goOn := func() {
		t.Helper()
		paid, settling := g.counts()
		eventually(t, "gifts are sent and settled", func() bool {
			p, n := g.counts()
			return p > paid+40 && n > settling+2
		})
	}
	for range 4 {
		goOn()
		server.Kill()
		server.Start(t)
	}
	goOn()
	close(g.stop)
	g.all.Wait()
	if _, err := g.s.SettleGifts(t.Context(), 0, 1_000_000, recorded); err != nil {
		t.Fatal(err)
	}
	g.check(t)
}

// check proves the books.
func (g *givers) check(t *testing.T) {
	t.Helper()
	slices.Sort(g.paid)
	if len(slices.Compact(slices.Clone(g.paid))) != len(g.paid) {
		t.Error("two gifts are one transaction")
	}
	written := make(map[string]bool)
	coins := make(map[ledger.Account]int64)
	for q := (store.LedgerQuery{OldestFirst: true, Limit: 1000}); ; {
		page, err := g.s.Transactions(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page {
			written[one.ID] = true
			for _, p := range one.Postings {
				if coins[p.Account] += p.Amount; coins[p.Account] < 0 && !p.Account.MayBeNegative() {
					t.Fatalf("%+v is below zero with %+v", p.Account, one)
				}
			}
			q.After = one.Sequence
		}
		if len(page) == 0 {
			break
		}
	}
	for _, id := range g.paid {
		if !written[id] {
			t.Errorf("gift %q was answered, and is not in the books", id)
		}
	}
	for _, user := range []string{"host", "bob"} {
		want := 3 * int64(len(g.paid)/2)
		if got := coins[ledger.Account{Kind: ledger.User, Owner: user}]; got != want {
			t.Errorf("%s was paid %d, of gifts of %d", user, got, want)
		}
		g.checkSettlements(t, user, want)
	}
}

// checkSettlements follows the settlements of a receiver, as they were recorded.
func (g *givers) checkSettlements(t *testing.T, user string, want int64) {
	t.Helper()
	page, err := g.s.Events(context.WithoutCancel(t.Context()), store.EventQuery{Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	n, sum := 0, int64(0)
	for _, e := range page.Events {
		var sequence int
		var coins int64
		if _, err := fmt.Sscanf(string(e.Payload), user+" %d %d", &sequence, &coins); err != nil {
			continue
		}
		n++
		if sum += coins; sequence != n {
			t.Fatalf("settlement %d of %s is numbered %d", n, user, sequence)
		}
	}
	if sum != want {
		t.Errorf("%d settlements of %s come to %d, want %d", n, user, sum, want)
	}
}
