package failure

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
)

const (
	giftRoom = "given"
	givers   = 20
	funds    = 10_000_000 // coins that every giver begins with
)

// giver sends one gift after the other, each under an id of its own, and each again until it
// is paid.
type giver struct {
	name   string
	client *ovation.Client

	mu    sync.Mutex
	paid  map[string]int64 // coins, by transaction
	gifts map[string]int64 // by receiver
	at    time.Time        // when the last was paid
	pause time.Duration    // the longest without one
	fault string
}

// give sends gifts until ctx is done; the last is paid then.
func (g *giver) give(ctx context.Context) {
	g.at = time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		g.pay(context.WithoutCancel(ctx), &ovationv1.SendGiftRequest{
			RoomId: giftRoom, GiftId: "rose", Count: uint32(1 + n%3),
			ReceiverId: fmt.Sprint("star-", n%2), RequestId: fmt.Sprint(g.name, "-", n),
		})
	}
}

// pay sends a gift until it is paid, or refused for good.
func (g *giver) pay(ctx context.Context, request *ovationv1.SendGiftRequest) {
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(20 * time.Millisecond) {
		attempt, cancel := context.WithTimeout(ctx, attemptLimit)
		got, err := g.client.Gifts().SendGift(attempt, request)
		cancel()
		switch code := connect.CodeOf(err); {
		case err == nil:
			g.receipt(request, got)
			return
		case code != connect.CodeUnavailable && code != connect.CodeDeadlineExceeded:
			g.failed("%s was refused: %v", request.GetRequestId(), err)
			return
		}
	}
	g.failed("%s is not paid after %s", request.GetRequestId(), patience)
}

func (g *giver) receipt(request *ovationv1.SendGiftRequest, got *ovationv1.SendGiftResponse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pause, g.at = max(g.pause, time.Since(g.at)), time.Now()
	if _, there := g.paid[got.GetTransactionId()]; there {
		g.fault = fmt.Sprintf("%s is the transaction of an earlier gift", request.GetRequestId())
	}
	g.paid[got.GetTransactionId()] = got.GetCoins()
	g.gifts[request.GetReceiverId()] += int64(request.GetCount())
}

func (g *giver) failed(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault = fmt.Sprintf(format, args...)
}

// count returns how many gifts were paid.
func (g *giver) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.paid)
}

// coins returns what was paid.
func (g *giver) coins() (sum int64) {
	for coins := range maps.Values(g.paid) {
		sum += coins
	}
	return sum
}

// judge compares what was paid with what the ledger has.
func (g *giver) judge(t *testing.T, operator *ovation.Client) {
	t.Helper()
	if g.fault != "" {
		t.Error(g.fault)
	}
	written := make(map[string]int64)
	request := &ovationv1.ListLedgerRequest{
		Account: &ovationv1.Account{Kind: ovationv1.AccountKind_ACCOUNT_KIND_USER, OwnerId: g.name},
		Kinds:   []ovationv1.LedgerKind{ovationv1.LedgerKind_LEDGER_KIND_GIFT}, PageSize: 1000,
	}
	for {
		page := until(t, operator.Wallets().ListLedger, request)
		for _, one := range page.GetTransactions() {
			for _, p := range one.GetPostings() {
				if p.GetAccount().GetOwnerId() == g.name {
					written[one.GetTransactionId()] -= p.GetAmount()
				}
			}
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			break
		}
	}
	if !maps.Equal(written, g.paid) {
		t.Errorf("%s was told of %d gifts, the ledger has %d", g.name, len(g.paid), len(written))
	}
	balance := until(t, operator.Wallets().GetBalance, &ovationv1.GetBalanceRequest{UserId: g.name}).GetBalance()
	if balance.GetCoins() != funds-g.coins() {
		t.Errorf("%s has %d coins, want %d less %d", g.name, balance.GetCoins(), funds, g.coins())
	}
}

// giving is givers at work.
type giving struct {
	givers []*giver
	stop   func() // ends it when every gift is paid
}

// give has givers send gifts, until the test ends at the latest.
func give(t *testing.T, d *deployment, operator *ovation.Client) *giving {
	t.Helper()
	rose := &ovationv1.Gift{GiftId: "rose", Name: "Rose", Price: 7, Points: 3}
	until(t, operator.Gifts().PutGift, &ovationv1.PutGiftRequest{Gift: rose})
	ctx, cancel := context.WithCancel(context.Background())
	w := &giving{}
	var all sync.WaitGroup
	w.stop = func() { cancel(); all.Wait() }
	t.Cleanup(w.stop)
	for i := range givers {
		name := fmt.Sprint("giver-", i)
		until(t, operator.Wallets().Deposit, &ovationv1.DepositRequest{UserId: name, Amount: funds, RequestId: name})
		g := &giver{
			name: name, client: d.client(t, name, live.RoleViewer), paid: make(map[string]int64), gifts: make(map[string]int64),
		}
		w.givers = append(w.givers, g)
		all.Go(func() { g.give(ctx) })
	}
	return w
}

// goOn waits until everybody has paid more.
func (w *giving) goOn(t *testing.T) {
	t.Helper()
	for _, g := range w.givers {
		more := g.count() + 5
		eventually(t, g.name+" pays", func() bool { return g.count() >= more })
	}
}

// judge compares the totals, and what other systems are told, with what was paid.
func (w *giving) judge(t *testing.T, operator *ovation.Client, told *received) (paid int) {
	t.Helper()
	coins, gifts := int64(0), make(map[string]int64)
	for _, g := range w.givers {
		g.judge(t, operator)
		paid += len(g.paid)
		coins += g.coins()
		for receiver, n := range g.gifts {
			gifts[receiver] += n
		}
	}
	request := &ovationv1.GetGiftTotalsRequest{RoomId: giftRoom}
	eventually(t, "everything is settled", func() bool {
		return until(t, operator.Gifts().GetGiftTotals, request).GetPendingGifts() == 0
	})
	got := until(t, operator.Gifts().GetGiftTotals, request)
	all := gifts["star-0"] + gifts["star-1"]
	if s := got.GetSettled(); s.GetCoins() != coins || s.GetGifts() != all || s.GetPoints() != 3*all || got.GetGivers() != givers || coins != 7*all {
		t.Errorf("the totals are %v, want %d coins for %d gifts of %d givers", got, coins, all, givers)
	}
	eventually(t, "the settlements are told", func() bool { return maps.Equal(told.settled(), gifts) })
	told.judge(t, "who is told of settlements")
	return paid
}

// settled returns how many gifts of each receiver were settled, as was told.
func (r *received) settled() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	gifts, seen := make(map[string]int64), make(map[string]bool)
	for _, e := range r.all {
		if s := e.GetSettlement(); s != nil && !seen[e.GetEventId()] {
			gifts[s.GetReceiverId()] += s.GetGifts()
			seen[e.GetEventId()] = true
		}
	}
	return gifts
}

// audit has the CLI prove the books.
func audit(t *testing.T, d *deployment) {
	t.Helper()
	path, err := commandLine()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "--server", d.balancer.url(), "audit", "ledger", "--no-progress")
	cmd.Env = append(os.Environ(), "OVATION_AUTH_SECRET="+secret)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// Gifts are paid while nodes are killed and Postgres is stopped, and killed: each once, and
// each is settled once.
func TestGiftsWhileNodesAndPostgresFail(t *testing.T) {
	begin(t)
	postgres := services.NewPostgres(t)
	d := deploy(t, services.SharedRedis(t), postgres.NewDatabase(t))
	operator := d.client(t, "operator", live.RoleBackend)
	until(t, operator.Rooms().CreateRoom, &ovationv1.CreateRoomRequest{RoomId: giftRoom, RequestId: giftRoom})
	told := consume(t, d.client(t, "reader", live.RoleBackend))
	w := give(t, d, operator)
	w.goOn(t)
	d.nodes[0].kill(t)
	w.goOn(t)
	postgres.Pause(t)
	time.Sleep(absence)
	postgres.Resume(t)
	w.goOn(t)
	d.nodes[1].kill(t)
	w.goOn(t)
	postgres.Kill()
	time.Sleep(absence)
	postgres.Start(t)
	w.goOn(t)
	w.stop()

	paid := w.judge(t, operator, told)
	audit(t, d)
	longest := slices.MaxFunc(w.givers, func(a, b *giver) int { return int(a.pause - b.pause) }).pause
	t.Logf("| two nodes of three are killed (`kill -9`), Postgres is stopped for 3 s, and killed and started 3 s later, while %d users send gifts | %d payments, each once, all settled; no user waited longer than %.1f s |",
		givers, paid, longest.Seconds())
}
