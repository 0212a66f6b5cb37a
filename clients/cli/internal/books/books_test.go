package books

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
)

// writer writes a ledger that is right.
type writer struct {
	all      []*ovationv1.LedgerTransaction
	balances map[account]int64
	given    []*ovationv1.LedgerTransaction // not settled
	numbers  map[string]uint64              // of settlements
}

// move writes a transaction.
func (w *writer) move(kind ovationv1.LedgerKind, amount int64, from, to account, edits ...func(*ovationv1.LedgerTransaction)) *ovationv1.LedgerTransaction {
	n := len(w.all) + 1
	t := &ovationv1.LedgerTransaction{
		TransactionId: fmt.Sprint("t", n), Sequence: uint64(2 * n), Kind: kind, At: int64(n), RequestId: fmt.Sprint("r", n),
		Postings: []*ovationv1.Posting{posting(from, -amount), posting(to, amount)},
	}
	switch kind {
	case ovationv1.LedgerKind_LEDGER_KIND_DEPOSIT:
		t.TransactionId = "deposit/" + t.GetRequestId()
	case ovationv1.LedgerKind_LEDGER_KIND_GIFT:
		t.TransactionId = gaveAs(from.owner, n)
	case ovationv1.LedgerKind_LEDGER_KIND_POT_SET_ASIDE:
		t.TransactionId = "quiz/" + to.owner + "/7/set-aside"
	case ovationv1.LedgerKind_LEDGER_KIND_PRIZE:
		t.TransactionId = "quiz/" + from.owner + "/7/prizes/1"
	case ovationv1.LedgerKind_LEDGER_KIND_POT_RETURNED:
		t.TransactionId = "quiz/" + from.owner + "/7/returned"
	default: // its number gives it one
	}
	slices.SortFunc(t.GetPostings(), func(a, b *ovationv1.Posting) int { return of(a.GetAccount()).compare(of(b.GetAccount())) })
	for _, edit := range edits {
		edit(t)
	}
	if w.balances == nil {
		w.balances = make(map[account]int64)
	}
	w.balances[from] -= amount
	w.balances[to] += amount
	w.all = append(w.all, t)
	return t
}

// gaveAs is the id of what somebody gave with the nth transaction.
func gaveAs(who string, n int) string {
	return gift.TransactionID(live.UserID(who), fmt.Sprint("r", n))
}

func posting(a account, amount int64) *ovationv1.Posting {
	return &ovationv1.Posting{Account: &ovationv1.Account{Kind: a.kind, OwnerId: a.owner}, Amount: amount}
}

// deposit gives a user coins.
func (w *writer) deposit(who string, amount int64) {
	w.move(ovationv1.LedgerKind_LEDGER_KIND_DEPOSIT, amount, account{external, ""}, account{user, who})
}

// give gives gifts.
func (w *writer) give(from, to, room string, gifts, coins int64) {
	w.given = append(w.given, w.move(ovationv1.LedgerKind_LEDGER_KIND_GIFT, coins, account{user, from}, account{waiting, to},
		func(t *ovationv1.LedgerTransaction) { t.RoomId, t.Gifts, t.Reference = room, gifts, "rose" }))
}

// settle settles the first of what was given.
func (w *writer) settle(sends int) {
	sums := make(map[sale]sum)
	var order []sale
	for _, t := range w.given[:sends] {
		for _, p := range t.GetPostings() {
			if p.GetAmount() > 0 {
				s := sale{p.GetAccount().GetOwnerId(), t.GetRoomId()}
				if _, known := sums[s]; !known {
					order = append(order, s)
				}
				sums[s] = sums[s].plus(sum{p.GetAmount(), t.GetGifts()})
			}
		}
	}
	w.given = w.given[sends:]
	if w.numbers == nil {
		w.numbers = make(map[string]uint64)
	}
	for _, s := range order {
		w.numbers[s.receiver]++
		w.move(ovationv1.LedgerKind_LEDGER_KIND_SETTLEMENT, sums[s].coins, account{waiting, s.receiver}, account{user, s.receiver},
			func(t *ovationv1.LedgerTransaction) {
				t.RoomId, t.Gifts, t.RequestId = s.room, sums[s].gifts, ""
				t.TransactionId = gift.SettlementID(live.UserID(s.receiver), w.numbers[s.receiver])
				t.Reference = t.GetTransactionId()
			})
	}
}

// listed returns what is on accounts.
func (w *writer) listed() []*ovationv1.AccountBalance {
	var all []*ovationv1.AccountBalance
	for _, a := range slices.SortedFunc(maps.Keys(w.balances), account.compare) {
		all = append(all, &ovationv1.AccountBalance{
			Account: &ovationv1.Account{Kind: a.kind, OwnerId: a.owner}, Balance: w.balances[a], AsOfSequence: w.latest(),
		})
	}
	return all
}

// latest returns the sequence of the latest transaction.
func (w *writer) latest() uint64 { return uint64(2 * len(w.all)) }

// written returns a ledger with something of everything.
func written() *writer {
	w := new(writer)
	w.deposit("ann", 100)
	w.deposit("bob", 100)
	w.give("ann", "host", "r", 1, 10)
	w.give("bob", "host", "r", 2, 20)
	w.give("bob", "cem", "r", 1, 5)
	w.settle(2)
	w.give("ann", "host", "s", 3, 30)
	w.give("ann", "host", "r", 1, 1)
	w.settle(2)
	quiz := account{pot, "r/q"}
	w.move(ovationv1.LedgerKind_LEDGER_KIND_POT_SET_ASIDE, 40, account{house, ""}, quiz)
	w.move(ovationv1.LedgerKind_LEDGER_KIND_PRIZE, 30, quiz, account{user, "ann"})
	w.move(ovationv1.LedgerKind_LEDGER_KIND_POT_RETURNED, 10, quiz, account{house, ""})
	w.move(ovationv1.LedgerKind_LEDGER_KIND_DEPOSIT, 3, account{user, "ann"}, account{external, ""})
	return w
}

// audited audits a ledger.
func audited(latest uint64, accounts []*ovationv1.AccountBalance, all []*ovationv1.LedgerTransaction) Report {
	b := New(latest)
	b.Accounts(accounts...)
	b.Transactions(all...)
	return b.Report(true)
}

func TestBooksThatAreRight(t *testing.T) {
	t.Parallel()
	w := written()
	r := audited(w.latest(), w.listed(), w.all)
	if r.Wrong != 0 || r.Transactions != int64(len(w.all)) || r.Gifts != 8 || r.GiftCoins != 66 || r.Settlements != 3 || r.Pending != 1 || r.PendingCoins != 1 || r.Sum != 0 {
		t.Errorf("%+v", r)
	}
	if text := r.Text(); !strings.Contains(text, "8 gifts for 66 coins were given; 1 gift for 1 coin wait") {
		t.Error(text)
	}
}

// Whatever is wrong with books is found, and named.
func TestBooksThatAreWrong(t *testing.T) {
	t.Parallel()
	type kept struct {
		latest   uint64
		accounts []*ovationv1.AccountBalance
		all      []*ovationv1.LedgerTransaction
	}
	for want, spoil := range map[string]func(*kept){
		"USER ann: the server says":                                              func(k *kept) { k.accounts[0].Balance++ },
		"USER bob: the ledger has it since 4":                                    func(k *kept) { k.accounts = slices.Delete(k.accounts, 1, 2) },
		"are not listed in order":                                                func(k *kept) { k.accounts[0], k.accounts[1] = k.accounts[1], k.accounts[0] },
		"transaction 6 (" + gaveAs("ann", 3) + "): adds up to 1 coins":           func(k *kept) { k.all[2].Postings[0].Amount++ },
		"transaction 8 (" + gaveAs("ann", 3) + "): is there twice":               func(k *kept) { k.all[3].TransactionId = gaveAs("ann", 3) },
		"transaction 7 (" + gaveAs("bob", 4) + "): comes after 8":                func(k *kept) { k.all[3].Sequence, k.all[2].Sequence = 7, 8 },
		"which its caller used before":                                           func(k *kept) { k.all[4].RequestId = k.all[3].RequestId },
		"(deposit/r1): has no request id":                                        func(k *kept) { k.all[0].RequestId = "" },
		"transaction 6 (" + gaveAs("ann", 3) + "): leaves -10 coins on USER ann": func(k *kept) { k.all = k.all[1:] },
		": pays host 30 coins for 4 gifts":                                       func(k *kept) { k.all[5].Gifts = 4 },
		": pays host 30 coins for 3 gifts in room":                               func(k *kept) { k.all = slices.Delete(k.all, 3, 4) },
		"the gifts of transaction 10 were passed over": func(k *kept) {
			k.all[8], k.all[9] = k.all[9], k.all[8] // the other receiver's was due first
			k.all = slices.Delete(k.all, 9, 10)
		},
		": moves -30 coins on PENDING host":                          func(k *kept) { k.all[5].Kind = ovationv1.LedgerKind_LEDGER_KIND_PRIZE },
		"which there is not":                                         func(k *kept) { k.all[5].Kind = 99 },
		"has 1 postings":                                             func(k *kept) { k.all[0].Postings = k.all[0].Postings[:1] },
		"not in order of account":                                    func(k *kept) { slices.Reverse(k.all[0].Postings) },
		"names the account USER":                                     func(k *kept) { k.all[0].Postings[0].Account.OwnerId = "" },
		"moves 0 coins":                                              func(k *kept) { k.all[0].Postings[0].Amount = 0 },
		"has not the id that the settlement 2 of host":               func(k *kept) { k.all[9].TransactionId = gift.SettlementID("host", 3) },
		"is a settlement between 2 users":                            func(k *kept) { k.all[5].Postings[0].Account.OwnerId = "hosu" },
		"is no gift from one to another":                             func(k *kept) { k.all[2].RoomId = "" },
		"is of an earlier instant":                                   func(k *kept) { k.all[4].At = 1 },
		"transaction 2 (deposit/other): has not the id that follows": func(k *kept) { k.all[0].TransactionId = "deposit/other" },
		"transaction 10 (other): has not the id that follows":        func(k *kept) { k.all[4].TransactionId = "other" },
		"transaction 12 (paid-0): has not the id that follows":       func(k *kept) { k.all[5].TransactionId = "paid-0" },
		"transaction 22 (quiz/r/q/7/returned): has not the id":       func(k *kept) { k.all[10].TransactionId = "quiz/r/q/7/returned" },
		"transaction 24 (quiz/r/q/x/prizes/1): has not the id":       func(k *kept) { k.all[11].TransactionId = "quiz/r/q/x/prizes/1" },
		"transaction 24 (quiz/r/q/7/prizes/): has not the id":        func(k *kept) { k.all[11].TransactionId = "quiz/r/q/7/prizes/" },
		"transaction 26 (quiz/r/p/7/returned): has not the id":       func(k *kept) { k.all[12].TransactionId = "quiz/r/p/7/returned" },
		"all accounts together hold":                                 func(k *kept) { k.all[2].Postings[0].Amount++ },
	} {
		w := written()
		k := &kept{w.latest(), w.listed(), nil}
		for _, t := range w.all {
			k.all = append(k.all, proto.CloneOf(t))
		}
		spoil(k)
		if r := audited(k.latest, k.accounts, k.all); r.Wrong == 0 || !strings.Contains(strings.Join(r.Discrepancies, "\n"), want) {
			t.Errorf("%q is not found: %+v", want, r)
		}
	}
}

// A gift that is damaged is passed over by settlements, and they are not wrong for that; it is
// wrong until it is settled itself.
func TestAGiftThatIsSetAside(t *testing.T) {
	t.Parallel()
	w := new(writer)
	w.deposit("ann", 100)
	for _, coins := range []int64{1, 2, 4, 8, 16} {
		w.give("ann", "host", "r", 1, coins)
	}
	aside := w.given[1]
	w.given = slices.Delete(w.given, 1, 2)
	w.settle(2)
	w.settle(1)
	told := func() string {
		r := audited(w.latest(), w.listed(), w.all)
		return fmt.Sprint(r.Wrong, r.Late, r.Pending, r.Discrepancies)
	}
	if got := told(); got != "1 0 2 [the gifts of transaction 6 were passed over: those up to 10 are settled]" {
		t.Error(got)
	}
	w.deposit("ann", 1)
	w.given = append([]*ovationv1.LedgerTransaction{aside}, w.given...)
	w.settle(2)
	if got := told(); got != "0 1 0 []" {
		t.Error(got)
	}
}

// Of gifts that were set aside some are mended before others.
func TestSomeOfWhatIsSetAside(t *testing.T) {
	t.Parallel()
	w := new(writer)
	w.deposit("ann", 100)
	for _, coins := range []int64{1, 2, 4, 8, 16, 32} {
		w.give("ann", "host", "r", 1, coins)
	}
	aside := slices.Clone(w.given[1:4])
	w.given = slices.Delete(w.given, 1, 4)
	w.settle(2)
	w.deposit("ann", 1)
	w.given = append([]*ovationv1.LedgerTransaction{aside[1]}, w.given...)
	w.settle(2)
	r := audited(w.latest(), w.listed(), w.all)
	want := "[the gifts of transaction 6 were passed over: those up to 14 are settled the gifts of transaction 10 were passed over: those up to 14 are settled]"
	if fmt.Sprint(r.Discrepancies) != want {
		t.Errorf("%q", r.Discrepancies)
	}
}

// What is settled rightly is not wrong for what came before it: gifts that were passed over, or a
// settlement that paid what it should not have, or has another's number.
func TestWhoseFaultItIs(t *testing.T) {
	t.Parallel()
	pays := func(w *writer, coins int64) {
		first := w.given[0]
		w.given[0] = proto.CloneOf(first)
		for _, p := range w.given[0].GetPostings() {
			p.Amount = p.Amount / max(p.GetAmount(), -p.GetAmount()) * coins
		}
		w.settle(1)
	}
	for name, tt := range map[string]struct {
		spoil func(w *writer)
		want  string
	}{
		"gifts were passed over": {
			func(w *writer) { w.given = w.given[2:]; w.settle(2) },
			"[the gifts of transaction 4 were passed over: those up to 10 are settled the gifts of transaction 6 were passed over: those up to 10 are settled]",
		},
		"a settlement paid too much": {
			func(w *writer) { pays(w, 3); w.settle(2) },
			"[transaction 14 (" + gift.SettlementID("host", 1) + "): pays host 3 coins for 1 gifts in room r, but the oldest gifts that were not settled are 1 for 1 coins]",
		},
		"a settlement paid nobody's gifts": {
			func(w *writer) {
				all := slices.Clone(w.given)
				pays(w, 3)
				w.given = all
				w.settle(2)
			},
			"[transaction 14 (" + gift.SettlementID("host", 1) + "): pays host 3 coins for 1 gifts in room r, but the oldest gifts that were not settled are 1 for 1 coins]",
		},
		"a settlement skipped numbers": {
			func(w *writer) { w.numbers = map[string]uint64{"host": 4}; w.settle(1); w.settle(1); w.settle(2) },
			"[transaction 14 (" + gift.SettlementID("host", 5) + "): has not the id that the settlement 1 of host has]",
		},
	} {
		w := new(writer)
		w.deposit("ann", 100)
		for _, coins := range []int64{1, 2, 4, 8, 16} {
			w.give("ann", "host", "r", 1, coins)
		}
		tt.spoil(w)
		if r := audited(w.latest(), w.listed(), w.all); fmt.Sprint(r.Discrepancies) != tt.want {
			t.Errorf("%s: %q", name, r.Discrepancies)
		}
	}
}

// Of two instants that are not in order the one is told that is wrong, once; and those are that
// are yet to come.
func TestInstants(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		at   []int64
		want string
	}{
		{[]int64{1, 2, 2, 4}, "[]"},
		{[]int64{1, 5, 2, 6, 7}, "[transaction 6 (deposit/r3): is of an earlier instant than one before it]"},
		{[]int64{1, 9, 2, 3, 4}, "[transaction 4 (deposit/r2): is of a later instant, 1970-01-01T00:00:00.000009Z, than those after it]"},
		{[]int64{1, 9, 2}, "[transaction 6 (deposit/r3): is of an earlier instant than one before it]"},
		{[]int64{1, 60_000_011, 61_000_000, 60_000_011, 3}, "[transaction 4 (deposit/r2): is of the instant 1970-01-01T00:01:00.000011Z, which is yet to come " +
			"transaction 6 (deposit/r3): is of the instant 1970-01-01T00:01:01Z, which is yet to come]"},
	} {
		w := new(writer)
		for i, at := range tt.at {
			w.deposit("ann", 1)
			w.all[i].At = at
		}
		b := New(w.latest())
		b.Clock(10)
		b.Accounts(w.listed()...)
		b.Transactions(w.all...)
		if r := b.Report(true); fmt.Sprint(r.Discrepancies) != tt.want {
			t.Errorf("%v: %q", tt.at, r.Discrepancies)
		}
	}
}

// Gifts that wait for too long are found, those that wait a moment are not.
func TestGiftsThatWait(t *testing.T) {
	t.Parallel()
	for before, want := range map[int64]string{0: "[]", 8: "[]", 9: "[1 gifts to host in room r wait to be settled since 1970-01-01T00:00:00Z, the first of transaction 16]"} {
		w := written()
		b := New(w.latest())
		b.Overdue(before)
		b.Accounts(w.listed()...)
		b.Transactions(w.all...)
		if r := b.Report(true); fmt.Sprint(r.Discrepancies) != want {
			t.Errorf("before %d: %q", before, r.Discrepancies)
		}
	}
}

// totalsOf is what the server says of what was settled, with its receivers where it is a room.
func totalsOf(coins, gifts, points int64, receivers ...*ovationv1.ReceiverTotals) *ovationv1.GetGiftTotalsResponse {
	return &ovationv1.GetGiftTotalsResponse{
		Settled: &ovationv1.GiftCounters{Coins: coins, Gifts: gifts, Points: points}, Receivers: receivers,
	}
}

// pendingOf adds what the server says waits.
func pendingOf(coins, gifts int64, r *ovationv1.GetGiftTotalsResponse) *ovationv1.GetGiftTotalsResponse {
	r.PendingCoins, r.PendingGifts = coins, gifts
	return r
}

func received(who string, coins, gifts, points int64) *ovationv1.ReceiverTotals {
	return &ovationv1.ReceiverTotals{ReceiverId: who, Coins: coins, Gifts: gifts, Points: points, SettledAt: 1}
}

// waits adds a pending coin for a gift.
func waits(r *ovationv1.ReceiverTotals) *ovationv1.ReceiverTotals {
	r.PendingCoins, r.PendingGifts = 1, 1
	return r
}

func TestTotals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		host, room *ovationv1.GetGiftTotalsResponse
		points     int64
		revision   int64
		want       string
	}{
		"right": {pendingOf(1, 1, totalsOf(60, 6, 12)), pendingOf(1, 1, totalsOf(35, 4, 8, waits(received("host", 30, 3, 6)), received("cem", 5, 1, 2))), 2, 1, ""},
		"as they are later": {
			totalsOf(61, 7, 14), totalsOf(36, 5, 10, received("host", 31, 4, 8), received("cem", 5, 1, 2)), 2, 1, "",
		},
		"coins": {
			pendingOf(1, 1, totalsOf(59, 6, 12)), pendingOf(1, 1, totalsOf(35, 4, 8, waits(received("host", 30, 3, 6)), received("cem", 5, 1, 2))), 2, 1,
			"receiver host: the server says 59 coins for 6 gifts, 12 points, but settled were 61 for 7, with 14 points",
		},
		"gifts of a room": {
			pendingOf(1, 1, totalsOf(60, 6, 12)), pendingOf(1, 1, totalsOf(35, 5, 8, waits(received("host", 30, 4, 6)), received("cem", 5, 1, 2))), 2, 1,
			"room r: the server says 35 coins for 5 gifts",
		},
		"points": {
			pendingOf(1, 1, totalsOf(60, 6, 13)), pendingOf(1, 1, totalsOf(35, 4, 8, waits(received("host", 30, 3, 6)), received("cem", 5, 1, 2))), 2, 1,
			"receiver host: the server says 60 coins for 6 gifts, 13 points",
		},
		"of one receiver there": {
			pendingOf(1, 1, totalsOf(60, 6, 12)), pendingOf(1, 1, totalsOf(35, 4, 9, waits(received("host", 30, 3, 7)), received("cem", 5, 1, 2))), 2, 1,
			"receiver host in room r: the server says 30 coins for 3 gifts, 7 points",
		},
		"of all receivers there": {
			pendingOf(1, 1, totalsOf(60, 6, 12)), pendingOf(1, 1, totalsOf(35, 4, 8, waits(received("host", 30, 3, 6)), received("cem", 5, 1, 1))), 2, 2,
			"room r: the server says 35 coins for 4 gifts, 8 points, but of its receivers 35 for 4, 7 points",
		},
		"what is pending": {
			totalsOf(60, 6, 12), pendingOf(1, 1, totalsOf(35, 4, 8, waits(received("host", 30, 3, 6)), received("cem", 5, 1, 2))), 2, 1,
			"receiver host: the server says 0 coins for 0 gifts are pending, but of what was given 1 for 1 were not settled",
		},
		"what is pending of a room": {
			pendingOf(1, 1, totalsOf(60, 6, 12)), pendingOf(1, 2, totalsOf(35, 4, 8, waits(received("host", 30, 3, 6)), received("cem", 5, 1, 2))), 2, 1,
			"room r: the server says 1 coins for 2 gifts are pending, but of what was given 1 for 1 were not settled",
		},
		"what is pending of one receiver there": {
			pendingOf(1, 1, totalsOf(60, 6, 12)), pendingOf(1, 1, totalsOf(35, 4, 8, received("host", 30, 3, 6), waits(received("cem", 5, 1, 2)))), 2, 1,
			"receiver cem in room r: the server says 1 coins for 1 gifts are pending, but of what was given 0 for 0 were not settled",
		},
		"points that changed": {pendingOf(1, 1, totalsOf(60, 6, 99)), pendingOf(1, 1, totalsOf(35, 4, 8, waits(received("host", 30, 3, 6)), received("cem", 5, 1, 2))), 2, 2, ""},
	} {
		w := written()
		n := len(w.all)
		w.settle(1)
		b := New(w.latest())
		b.Rooms(&ovationv1.Room{RoomId: "r", CreatedAt: 1})
		b.Accounts(w.listed()...)
		b.Transactions(w.all[:n]...)
		if fmt.Sprint(b.Receivers(), b.GiftRooms()) != "[cem host] [r]" {
			t.Errorf("paid were %q in %q", b.Receivers(), b.GiftRooms())
		}
		b.Totals("", "host", tt.host)
		b.Totals("r", "", tt.room)
		b.Catalogue(&ovationv1.Gift{GiftId: "rose", Points: tt.points, Revision: tt.revision})
		b.Compare()
		b.Transactions(w.all[n:]...)
		r := b.Report(true)
		if got := strings.Join(r.Discrepancies, "\n"); (r.Wrong == 0) != (tt.want == "") || !strings.Contains(got, tt.want) || r.Tallies != 4 || (r.Points == 4) != (tt.revision == 1) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// What was given in an earlier room of the same id went with it.
func TestTotalsOfARoomThatCameAgain(t *testing.T) {
	t.Parallel()
	w := written()
	b := New(w.latest())
	b.Rooms(&ovationv1.Room{RoomId: "r", CreatedAt: 9}, &ovationv1.Room{RoomId: "s", CreatedAt: 7})
	b.Transactions(w.all...)
	b.Totals("r", "", pendingOf(1, 1, totalsOf(5, 1, 0, received("cem", 5, 1, 0))))
	b.Totals("s", "", totalsOf(30, 3, 0, received("host", 30, 3, 0)))
	b.Compare()
	b.Accounts(w.listed()...)
	if r := b.Report(true); r.Wrong != 0 || r.Tallies != 4 {
		t.Errorf("%+v", r)
	}
}

func TestALedgerThatIsCutShort(t *testing.T) {
	t.Parallel()
	w := written()
	b := New(w.latest())
	b.Accounts(w.listed()...)
	b.Transactions(w.all[:5]...)
	if r := b.Report(false); !strings.Contains(strings.Join(r.Discrepancies, "\n"), "up to 10 only") {
		t.Errorf("%+v", r)
	}
}

// Books that are right are found right, whatever is written while they are read; and of
// the amounts in them none can be changed unnoticed.
func TestAnyBooks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, b := new(writer), (*Books)(nil)
		users := []string{"ann", "bob", "cem"}
		steps := rapid.IntRange(1, 60).Draw(t, "steps")
		begin, list := rapid.IntRange(0, steps-1).Draw(t, "begin"), rapid.IntRange(0, steps-1).Draw(t, "list")
		for i := range steps {
			if i == min(begin, list) {
				b = New(w.latest())
			}
			if i == max(begin, list) { // the second page is read a little later
				page := w.listed()
				cut := rapid.IntRange(0, len(page)).Draw(t, "cut")
				b.Accounts(page[:cut]...)
				w.deposit("zoe", 1)
				for _, later := range w.listed() {
					if cut == 0 || of(page[cut-1].GetAccount()).compare(of(later.GetAccount())) < 0 {
						b.Accounts(later)
					}
				}
			}
			from, to := rapid.SampledFrom(users).Draw(t, "from"), rapid.SampledFrom(users).Draw(t, "to")
			coins := rapid.Int64Range(1, 5).Draw(t, "coins")
			switch {
			case from != to && w.balances[account{user, from}] >= coins:
				w.give(from, to, rapid.SampledFrom([]string{"r", "s"}).Draw(t, "room"), rapid.Int64Range(1, coins).Draw(t, "gifts"), coins)
			case len(w.given) > 0 && rapid.Bool().Draw(t, "settle"):
				w.settle(rapid.IntRange(1, len(w.given)).Draw(t, "sends"))
			default:
				w.deposit(from, coins)
			}
		}
		b.Transactions(w.all...)
		if r := b.Report(true); r.Wrong != 0 {
			t.Fatalf("%+v", r)
		}
		spoilt := proto.CloneOf(rapid.SampledFrom(w.all).Draw(t, "spoilt"))
		at := slices.IndexFunc(w.all, func(t *ovationv1.LedgerTransaction) bool { return t.GetSequence() == spoilt.GetSequence() })
		spoilt.Postings[rapid.IntRange(0, 1).Draw(t, "posting")].Amount += cmp.Or(rapid.Int64Range(-3, 3).Draw(t, "by"), 1)
		w.all[at] = spoilt
		if r := audited(w.latest(), w.listed(), w.all); r.Wrong == 0 {
			t.Fatalf("%v went unnoticed", spoilt)
		}
	})
}
