package gift_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// send is gifts of one kind.
func send(request string, id live.RoomID, giver, receiver live.UserID, count int64) gift.Send {
	return gift.Send{
		Room: id, Giver: giver, GiverName: strings.ToUpper(string(giver)), Receiver: receiver, Count: count, RequestID: request,
		Gift: gift.Gift{ID: "rose", Name: "Rose", Price: 3, Points: 2, ComboWindow: 2 * time.Second},
	}
}

// newTill returns a till at which nothing was sent, for users with so much.
func newTill(coins int64, users ...live.UserID) *gift.Till {
	t := &gift.Till{
		At: 1, Sent: make(map[string]*gift.Sent), Balances: make(map[live.UserID]int64), Combos: make(map[gift.ComboKey]gift.Combo),
	}
	for _, user := range users {
		t.Balances[user] = coins
	}
	return t
}

// newBooks returns books in which nothing is settled.
func newBooks() *gift.Books {
	return &gift.Books{
		Receivers: make(map[live.UserID]uint64), Tallies: make(map[gift.Scope]gift.Tally),
		Givers: make(map[gift.Scope]map[live.UserID]gift.Giver), Goals: make(map[live.RoomID][]gift.Goal),
	}
}

func TestTransactionIDs(t *testing.T) {
	t.Parallel()
	seen := make(map[string]string)
	for _, giver := range []live.UserID{"", "a", "ab", "a\x00b", "Ä"} {
		for _, request := range []string{"", "b", "ab", "\x00b", "b\x00"} {
			id := gift.TransactionID(giver, request)
			if id != gift.TransactionID(giver, request) || len(id) > 64 {
				t.Errorf("%q", id)
			}
			what := fmt.Sprintf("%q %q", giver, request)
			if other, taken := seen[id]; taken {
				t.Errorf("%s and %s have one id", what, other)
			}
			seen[id] = what
		}
	}
	if a, b := gift.TransactionID("ann", "1"), gift.TransactionID("ann", "2"); a[:13] != b[:13] {
		t.Errorf("%q and %q of one giver do not lie together", a, b)
	}
}

func TestTillRefuses(t *testing.T) {
	t.Parallel()
	closed := errors.New("closed")
	till := newTill(7, "ann")
	first := send("1", "r", "ann", "host", 2)
	sent, repeated, err := till.Take(&first, nil)
	if err != nil || repeated || till.Balances["ann"] != 1 || sent.Sequence != 1 {
		t.Fatalf("%+v, %v, %v", sent, repeated, err)
	}
	var short *ledger.InsufficientError
	next := send("2", "r", "ann", "host", 1)
	if _, _, err := till.Take(&next, nil); !errors.As(err, &short) || short.Balance != 1 {
		t.Errorf("what is not covered: %v", err)
	}
	if _, _, err := till.Take(&next, closed); !errors.Is(err, closed) {
		t.Errorf("in a room that takes none: %v", err)
	}
	if again, repeated, err := till.Take(&first, closed); err != nil || !repeated || again != sent {
		t.Errorf("again: %+v, %v, %v", again, repeated, err)
	}
	first.Count++
	if _, _, err := till.Take(&first, nil); !errors.Is(err, gift.ErrReused) {
		t.Errorf("with another count: %v", err)
	}
	till.Pending = map[live.UserID]int64{"host": math.MaxInt64 - 2, "bob": math.MaxInt64 - 3}
	till.Balances["bob"] = 7
	var limit *ledger.LimitError
	third := send("3", "r", "bob", "host", 1)
	if _, _, err := till.Take(&third, nil); !errors.As(err, &limit) || limit.Account.Owner != "host" || limit.Balance != math.MaxInt64-2 {
		t.Errorf("what cannot be added up: %v", err)
	}
	if till.Balances["ann"] != 1 || till.Balances["bob"] != 7 || till.Sequence != 1 {
		t.Errorf("what was refused changed the till: %+v", till)
	}
}

func TestCombos(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		till := newTill(1<<40, "ann")
		var last live.Timestamp
		var count int64
		var id string
		for n := range rapid.IntRange(1, 20).Draw(t, "sends") {
			till.At += live.Timestamp(rapid.Int64Range(0, 4_000_000).Draw(t, "pause"))
			s := send(fmt.Sprint(n), "r", "ann", "host", rapid.Int64Range(1, 5).Draw(t, "count"))
			sent, _, err := till.Take(&s, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 || till.At-last > 2_000_000 {
				id, count = sent.ID, 0
			}
			count += s.Count
			if last = till.At; sent.Combo != (gift.Combo{ID: id, Count: count, Last: last}) {
				t.Fatalf("combo %+v, want %d of %q", sent.Combo, count, id)
			}
		}
	})
}

func TestGoalsArePut(t *testing.T) {
	t.Parallel()
	base := gift.Goal{ID: "g", Measure: gift.Coins, Target: 10, Progress: 99, Reached: 99, Created: 99}
	first := base.Put(nil, 5)
	if first.Progress != 0 || first.Reached != 0 || first.Created != 5 {
		t.Errorf("first: %+v", first)
	}
	reached := first
	reached.Progress, reached.Reached = 12, 7
	for name, tt := range map[string]struct {
		change            func(*gift.Goal)
		progress, reached live.Timestamp
	}{
		"the same":         {func(*gift.Goal) {}, 12, 7},
		"another title":    {func(g *gift.Goal) { g.Title = "x" }, 12, 7},
		"closed":           {func(g *gift.Goal) { g.Closed = true }, 12, 7},
		"a higher target":  {func(g *gift.Goal) { g.Target = 13 }, 12, 0},
		"a lower target":   {func(g *gift.Goal) { g.Target = 1 }, 12, 7},
		"another measure":  {func(g *gift.Goal) { g.Measure = gift.Gifts }, 0, 0},
		"another gift":     {func(g *gift.Goal) { g.Gift = "lily" }, 0, 0},
		"another receiver": {func(g *gift.Goal) { g.Receiver = "bob" }, 0, 0},
	} {
		g := base
		tt.change(&g)
		if got := g.Put(&reached, 9); live.Timestamp(got.Progress) != tt.progress || got.Reached != tt.reached || got.Created != 5 {
			t.Errorf("%s: %+v, want %d reached at %d", name, got, tt.progress, tt.reached)
		}
	}
}

func TestSumsEnd(t *testing.T) {
	t.Parallel()
	most := gift.Sum{Coins: math.MaxInt64 - 1, Gifts: 1, Points: math.MaxInt64}
	if got := most.Add(gift.Sum{Coins: 2, Gifts: 2, Points: 1}); got != (gift.Sum{Coins: math.MaxInt64, Gifts: 3, Points: math.MaxInt64}) {
		t.Errorf("%+v", got)
	}
}

// What one posting cannot move is settled in several stretches.
func TestStretchesEndWhereAPostingDoes(t *testing.T) {
	t.Parallel()
	big := func(n int, receiver live.UserID) *gift.Sent {
		s := send(fmt.Sprint(n), "r", "ann", receiver, 1)
		s.Gift.Price = ledger.MaxAmount/2 + 1
		return &gift.Sent{Send: s, Sequence: uint64(n)}
	}
	batch := gift.AddUp([]*gift.Sent{big(1, "host"), big(2, "bob"), big(3, "host"), big(4, "bob")})
	if batch.Sends != 2 || batch.Upto != 2 || len(batch.Parts) != 2 {
		t.Errorf("%d sends up to %d in %d parts", batch.Sends, batch.Upto, len(batch.Parts))
	}
}

// world is coins that move by the rules: books in memory that a crash may cut back to what was
// committed, between any two steps.
type world struct {
	till     *gift.Till
	sent     []*gift.Sent
	settled  int
	books    *gift.Books
	on       map[ledger.Account]int64
	ids      map[string]bool
	paid     map[live.UserID][]gift.Settlement
	accepted map[string]gift.Send
}

// post moves the coins of a transaction, which must be right.
func (w *world) post(t *rapid.T, one ledger.Transaction) {
	if err := one.Check(); err != nil {
		t.Fatal(err)
	}
	if w.ids[one.ID] {
		t.Fatalf("%q is posted twice", one.ID)
	}
	w.ids[one.ID] = true
	for _, p := range one.Postings {
		if w.on[p.Account] += p.Amount; w.on[p.Account] < 0 && !p.Account.MayBeNegative() {
			t.Fatalf("%+v is below zero", p.Account)
		}
	}
}

var users = []live.UserID{"ann", "bob", "cy"}

// send sends something, maybe again; the answer may be lost.
func (w *world) send(t *rapid.T) {
	pick := rapid.SampledFrom(users)
	s := send(fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "request")), rapid.SampledFrom([]live.RoomID{"r", "q"}).Draw(t, "room"),
		pick.Draw(t, "giver"), pick.Draw(t, "receiver"), rapid.Int64Range(1, 4).Draw(t, "count"))
	w.till.At += live.Timestamp(rapid.Int64Range(0, 1_500_000).Draw(t, "pause"))
	for _, user := range users {
		w.till.Balances[user] = w.on[ledger.Account{Kind: ledger.User, Owner: string(user)}]
	}
	sent, repeated, err := w.till.Take(&s, nil)
	first, before := w.accepted[gift.TransactionID(s.Giver, s.RequestID)]
	switch {
	case before && (first.Room != s.Room || first.Receiver != s.Receiver || first.Count != s.Count):
		if !errors.Is(err, gift.ErrReused) {
			t.Fatalf("%+v after %+v: %v", s, first, err)
		}
	case before != repeated:
		t.Fatalf("%+v: repeated %v, sent before %v", s, repeated, before)
	case err == nil && !repeated:
		w.accepted[sent.ID] = s
		w.sent = append(w.sent, sent)
		w.post(t, sent.Transaction())
	}
}

// settle settles a stretch. A node that crashes on the way leaves nothing of it.
func (w *world) settle(t *rapid.T) {
	waiting := w.sent[w.settled:]
	batch := gift.AddUp(waiting[:min(len(waiting), rapid.IntRange(1, 5).Draw(t, "limit"))])
	books := w.copy(batch)
	books.At = w.till.At
	batch.Settle(books)
	if rapid.IntRange(0, 2).Draw(t, "crash") == 0 {
		return
	}
	w.books.At = books.At
	for scope, tally := range books.Tallies {
		w.books.Tallies[scope] = tally
		w.books.Givers[scope] = books.Givers[scope]
	}
	maps.Copy(w.books.Receivers, books.Receivers)
	maps.Copy(w.books.Goals, books.Goals)
	for _, part := range batch.Parts {
		p := part.Settlement()
		w.paid[p.Receiver] = append(w.paid[p.Receiver], p)
		w.post(t, p.Transaction())
	}
	w.settled += batch.Sends
}

// copy returns the books as they are read for a batch.
func (w *world) copy(batch *gift.Batch) *gift.Books {
	books := newBooks()
	for _, scope := range batch.Scopes() {
		books.Tallies[scope] = w.books.Tallies[scope]
		books.Givers[scope] = make(map[live.UserID]gift.Giver)
		maps.Copy(books.Givers[scope], w.books.Givers[scope])
	}
	maps.Copy(books.Receivers, w.books.Receivers)
	for room, goals := range w.books.Goals {
		books.Goals[room] = slices.Clone(goals)
	}
	return books
}

// agree compares what is settled with what was sent, added up anew.
func (w *world) agree(t *rapid.T) {
	var sum int64
	for _, coins := range w.on {
		sum += coins
	}
	if sum != 0 {
		t.Fatalf("all accounts come to %d", sum)
	}
	got := make(map[live.UserID]int64)
	given := make(map[live.RoomID]gift.Sum)
	for _, s := range w.sent[:w.settled] {
		got[s.Receiver] += s.Coins()
		given[s.Room] = given[s.Room].Add(s.Sum())
	}
	for user, all := range w.paid {
		var coins int64
		for i, p := range all {
			if coins += p.Coins; p.Sequence != uint64(i)+1 {
				t.Fatalf("settlement %d of %q is numbered %d", i+1, user, p.Sequence)
			}
		}
		if coins != got[user] {
			t.Fatalf("%q was paid %d, of %d", user, coins, got[user])
		}
	}
	for room, want := range given {
		tally := w.books.Tallies[gift.Scope{Room: room}]
		if tally.Sum != want || w.books.Goals[room][0].Progress != want.Coins {
			t.Fatalf("%q: %+v, want %+v; the goal is at %+v", room, tally, want, w.books.Goals[room])
		}
		var top int64
		for _, giver := range tally.Top {
			top += giver.Coins
		}
		if top != want.Coins || int64(len(tally.Top)) != tally.Givers {
			t.Fatalf("%q: the givers gave %d of %d", room, top, want.Coins)
		}
	}
}

// For any schedule of sends, repeats, settlements and crashes between any two steps, balances
// add up to nothing and nobody is below zero, every request counts once, every coin is settled
// once, and the settlements of a receiver follow each other.
func TestAnySchedule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &world{
			till: newTill(0), books: newBooks(), on: make(map[ledger.Account]int64), ids: make(map[string]bool),
			paid: make(map[live.UserID][]gift.Settlement), accepted: make(map[string]gift.Send),
		}
		for _, room := range []live.RoomID{"q", "r"} {
			w.books.Goals[room] = []gift.Goal{{ID: "g", Measure: gift.Coins, Target: 10}}
		}
		for _, user := range users {
			w.post(t, ledger.Transaction{ID: string(user), Kind: ledger.Deposit, Postings: []ledger.Posting{
				{Account: ledger.Account{Kind: ledger.User, Owner: string(user)}, Amount: 30},
				{Account: ledger.Account{Kind: ledger.External}, Amount: -30},
			}})
		}
		t.Repeat(map[string]func(*rapid.T){"send": w.send, "send more": w.send, "settle": w.settle, "": w.agree})
	})
}

// The top givers, kept from settlement to settlement, are those of all that was given.
func TestTopIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		books, gave := newBooks(), make(map[live.UserID]int64)
		var sequence uint64
		for range rapid.IntRange(1, 6).Draw(t, "settlements") {
			var sends []*gift.Sent
			for range rapid.IntRange(1, 60).Draw(t, "sends") {
				sequence++
				giver := live.UserID(fmt.Sprintf("%03d", rapid.IntRange(0, 300).Draw(t, "giver")))
				s := send("", "r", giver, "host", rapid.Int64Range(1, 50).Draw(t, "count"))
				gave[giver] += s.Coins()
				sends = append(sends, &gift.Sent{Send: s, Sequence: sequence})
			}
			books.At++
			gift.AddUp(sends).Settle(books)
			var want []gift.Giver
			for giver, coins := range gave {
				want = append(want, gift.Giver{User: giver, Name: string(giver), Coins: coins, Gifts: coins / 3})
			}
			slices.SortFunc(want, func(a, b gift.Giver) int {
				if a.Coins != b.Coins {
					return int(b.Coins - a.Coins)
				}
				return strings.Compare(string(a.User), string(b.User))
			})
			got := books.Tallies[gift.Scope{Room: "r"}]
			if !slices.Equal(got.Top, want[:min(len(want), gift.MaxTop)]) || got.Givers != int64(len(gave)) {
				t.Fatalf("%d givers, the top is %+v\nwant %d, %+v", got.Givers, got.Top, len(gave), want)
			}
		}
	})
}
