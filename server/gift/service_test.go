package gift_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/gift"
	"github.com/ovation-live/ovation/store"
)

// What is given is settled in time, viewers are told, and other systems too.
func TestSettling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		s := h.node()
		defer runs(s)()
		defer runs(h.node())() // two nodes settle once
		h.deposit(1000, "ann")
		_, err := s.PutGoal(t.Context(), backend, "r", rules.Goal{ID: "g", Title: "t", Measure: rules.Gifts, Target: 2})
		h.must(err)
		for i := range 3 {
			h.send(t, s, "ann", fmt.Sprint(i), 1)
			time.Sleep(7 * time.Second)
			synctest.Wait()
			h.mu.Lock()
			told := h.told["r"]
			h.mu.Unlock()
			if told.Gifts != int64(i+1) || told.Coins != 10*int64(i+1) || told.Goals[0].Progress != int64(i+1) {
				t.Errorf("after %d viewers are told %+v", i+1, told)
			}
		}
		page, err := h.set.Events.Events(t.Context(), store.EventQuery{Limit: 10})
		h.must(err)
		kinds := make(map[store.EventKind]int)
		for _, e := range page.Events {
			kinds[e.Kind]++
		}
		if kinds[2] != 3 || kinds[3] != 1 || h.has("host") != 30 {
			t.Errorf("events %v, the host has %d", kinds, h.has("host"))
		}
		_, err = s.PutGoal(t.Context(), backend, "r", rules.Goal{ID: "less", Title: "t", Measure: rules.Gifts, Target: 9})
		h.must(err)
		h.send(t, s, "ann", "more", 1)
		time.Sleep(7 * time.Second)
		synctest.Wait()
		less, err := s.PutGoal(t.Context(), backend, "r", rules.Goal{ID: "less", Title: "t", Measure: rules.Gifts, Target: 1})
		h.must(err)
		page, err = h.set.Events.Events(t.Context(), store.EventQuery{EventFilter: store.EventFilter{Kinds: []store.EventKind{store.GoalReached}}, Limit: 10})
		h.must(err)
		if n := len(page.Events); n != 2 || page.Events[1].At != less.Reached || less.Reached == 0 || !strings.HasPrefix(page.Events[1].ID, "goal_reached/r/less/") {
			t.Errorf("the goal that is reached by less is %+v, and recorded are %+v", less, page.Events)
		}
	})
}

// What was read of the catalogue is good for a second, unless this node changes it.
func TestTheCatalogue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		s := h.node()
		defer s.Close()
		on := func() int { return len(s.OnSale(t.Context(), "r")) }
		if got := on(); got != 2 {
			t.Fatalf("%d gifts are for sale", got)
		}
		put := func(g rules.Gift) {
			t.Helper()
			_, err := h.PutGift(t.Context(), g, 10) // by another node
			h.must(err)
		}
		put(rules.Gift{ID: "moon", Name: "A moon", Price: 1})
		put(rules.Gift{ID: "rose", Name: "A rose", Price: 10, Retired: true})
		put(rules.Gift{ID: "star", Name: "A star", Price: 3, Retired: true})
		put(rules.Gift{ID: "comet", Name: "A comet", Price: 3, Room: "elsewhere"})
		if got := on(); got != 2 {
			t.Errorf("at once %d are", got)
		}
		h.deposit(100, "ann")
		h.send(t, s, "ann", "new", 1, func(o *gift.Order) { o.Gift = "moon" }) // the store knows it
		time.Sleep(time.Second)
		if got := on(); got != 1 {
			t.Errorf("after a second %d are", got)
		}
		_, err := s.Put(t.Context(), backend, rules.Gift{ID: "sun", Name: " A sun\n", Price: 9})
		h.must(err)
		if got := on(); got != 2 {
			t.Errorf("after this node put one %d are", got)
		}
	})
}

// A price that another node has put is known to whoever was shown it, at once.
func TestANewPriceIsKnownToWhoWasShownIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		s := h.node()
		defer s.Close()
		h.deposit(100, "ann")
		h.send(t, s, "ann", "before", 1, func(o *gift.Order) { o.ExpectedPrice = 10 })
		_, err := h.PutGift(t.Context(), rules.Gift{ID: "rose", Name: "A rose", Price: 12}, 10) // by another node
		h.must(err)
		changed := new(gift.PriceChangedError)
		for _, wrong := range []int64{9, 11} {
			o := order("wrong")
			o.ExpectedPrice = wrong
			if _, err := s.Send(t.Context(), viewer("ann"), o); !errors.As(err, &changed) || changed.Price != 12 {
				t.Errorf("for %d: %v, want that it costs 12", wrong, err)
			}
		}
		if done := h.send(t, s, "ann", "after", 1, func(o *gift.Order) { o.ExpectedPrice = 12 }); done.Sent.Coins() != 12 {
			t.Errorf("paid %d", done.Sent.Coins())
		}
		if got := s.OnSale(t.Context(), "r"); got[0].ID != "rose" || got[0].Price != 12 {
			t.Errorf("what is known now: %+v", got)
		}
		_, err = h.PutGift(t.Context(), rules.Gift{ID: "rose", Name: "A rose", Price: 13, Retired: true}, 10)
		h.must(err)
		o := order("retired")
		o.ExpectedPrice = 13
		if _, err := s.Send(t.Context(), viewer("ann"), o); !errors.Is(err, store.ErrGiftNotFound) {
			t.Errorf("for what is retired: %v", err)
		}
	})
}

// What somebody paid before they were banned is answered as it was, and nothing else is.
func TestBannedGiversHearWhatTheyPaid(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	s := h.node()
	defer s.Close()
	h.deposit(100, "ann")
	send := func(id string) (store.GiftResult, error) {
		o := order(id)
		o.OnBehalfOf, o.Name = "ann", "Ann"
		return s.Send(t.Context(), backend, o)
	}
	first, err := send("before")
	h.must(err)
	_, err = h.set.Sanctions.ApplySanction(t.Context(), store.SanctionOrder{Order: moderation.Order{Kind: moderation.Ban, User: "ann", Room: "r"}})
	h.must(err)
	again, err := send("before")
	if err != nil || !again.Repeated || again.Transaction != first.Transaction || again.Balance != 90 {
		t.Errorf("again: %+v, %v", again, err)
	}
	banned := new(moderation.BannedError)
	if _, err := send("after"); !errors.As(err, &banned) || h.has("ann") != 90 {
		t.Errorf("after the ban: %v, ann has %d", err, h.has("ann"))
	}
	for id, want := range map[string]bool{"before": true, "after": false} {
		if paid, err := s.Repeats(t.Context(), viewer("ann"), order(id)); err != nil || paid != want {
			t.Errorf("%s: %v, %v", id, paid, err)
		}
	}
}

// While nobody can say whether an order was paid, nobody says that it was not.
func TestRefusalsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.set.Ledger = unreachable{h.set.Ledger}
	s := h.node()
	defer s.Close()
	o := order("x")
	o.ExpectedPrice = 1
	if _, err := s.Send(t.Context(), viewer("ann"), o); !errors.Is(err, store.ErrUnavailable) || errors.As(err, new(*gift.PriceChangedError)) {
		t.Errorf("%v", err)
	}
}

// unreachable is a ledger that cannot be asked for what is in it.
type unreachable struct{ store.Ledger }

// Transaction implements store.Ledger.
func (unreachable) Transaction(context.Context, string) (ledger.Transaction, bool, error) {
	return ledger.Transaction{}, false, store.ErrUnavailable
}

// What has been put before a gift was retired, or its room ended, can still be cleared up.
func TestWhatIsRetired(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	s := h.node()
	defer s.Close()
	goal := func(edits ...func(*rules.Goal)) error {
		g := rules.Goal{ID: "g", Title: "t", Measure: rules.Gifts, Target: 2, Gift: "rose"}
		for _, edit := range edits {
			edit(&g)
		}
		_, err := s.PutGoal(t.Context(), backend, "r", g)
		return err
	}
	put := func(edits ...func(*rules.Gift)) error {
		g := rules.Gift{ID: "here", Name: "x", Price: 1, Room: "r"}
		for _, edit := range edits {
			edit(&g)
		}
		_, err := s.Put(t.Context(), backend, g)
		return err
	}
	h.must(goal())
	h.must(put())
	_, err := s.Put(t.Context(), backend, rules.Gift{ID: "rose", Name: "A rose", Price: 10, Retired: true})
	h.must(err)
	h.must(goal(func(g *rules.Goal) { g.Title = "another" }))
	h.must(goal(func(g *rules.Goal) { g.Target = 7 }))
	for name, edit := range map[string]func(*rules.Goal){
		"another goal":     func(g *rules.Goal) { g.ID = "new" },
		"an unknown gift":  func(g *rules.Goal) { g.Gift = "none" },
		"another that was": func(g *rules.Goal) { g.ID, g.Gift = "star", "rose" },
	} {
		if err := goal(edit); !errors.Is(err, store.ErrGiftNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.must(goal(func(g *rules.Goal) { g.Closed = true }))
	_, err = h.set.Rooms.EndRoom(t.Context(), "r")
	h.must(err)
	retired := func(g *rules.Gift) { g.Retired = true }
	for name, tt := range map[string]struct {
		edits []func(*rules.Gift)
		want  error
	}{
		"a change":          {[]func(*rules.Gift){func(g *rules.Gift) { g.Price = 2 }}, store.ErrRoomEnded},
		"a new one":         {[]func(*rules.Gift){func(g *rules.Gift) { g.ID = "new" }}, store.ErrRoomEnded},
		"a new retired one": {[]func(*rules.Gift){func(g *rules.Gift) { g.ID = "new" }, retired}, store.ErrRoomEnded},
		"retiring it":       {[]func(*rules.Gift){retired}, nil},
		"nowhere":           {[]func(*rules.Gift){func(g *rules.Gift) { g.Room = "nowhere" }, retired}, store.ErrRoomNotFound},
	} {
		if err := put(tt.edits...); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if err := goal(); !errors.Is(err, store.ErrRoomEnded) {
		t.Errorf("a goal of a room that has ended: %v", err)
	}
}

func TestCatalogueInPages(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	s := h.node()
	defer s.Close()
	for i := range 7 {
		g := rules.Gift{ID: rules.ID(fmt.Sprint("g", i)), Name: "x", Price: 1, Position: int32(-i), Retired: i == 3}
		_, err := s.Put(t.Context(), backend, g)
		h.must(err)
	}
	var got string
	for token, first := "", true; first || token != ""; first = false {
		page, next, err := s.List(t.Context(), backend, gift.Listing{Retired: true, Size: 2, Token: token})
		h.must(err)
		for _, g := range page {
			got += string(g.ID) + " "
		}
		token = next
	}
	if got != "g6 g5 g4 g3 g2 g1 g0 rose star " {
		t.Error(got)
	}
	if _, _, err := s.List(t.Context(), viewer("ann"), gift.Listing{Retired: true, Size: 2}); !errors.Is(err, auth.ErrRoleForbidden) {
		t.Errorf("a viewer sees what is retired: %v", err)
	}
}

// There are bounds to gifts and goals, which say what is full.
func TestLimits(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	s := h.node()
	defer s.Close()
	var full *gift.LimitError
	for i := range gift.MaxGoals + 1 {
		g := rules.Goal{ID: rules.GoalID(fmt.Sprint("g", i)), Title: "t", Measure: rules.Coins, Target: 1}
		_, err := s.PutGoal(t.Context(), backend, "r", g)
		if i == gift.MaxGoals && (!errors.As(err, &full) || full.Limit != "goals" || full.Max != gift.MaxGoals || !errors.Is(err, store.ErrGiftLimit)) {
			t.Errorf("one too many: %v", err)
		} else if i < gift.MaxGoals && err != nil {
			t.Fatal(err)
		}
	}
	for name, g := range map[string]rules.Goal{
		"gift.ID":    {ID: "a", Title: "t", Measure: rules.Coins, Target: 1, Gift: "none"},
		"goal.title": {ID: "a", Title: "\x00 ", Measure: rules.Coins, Target: 1},
	} {
		invalid := new(gift.InvalidError)
		_, err := s.PutGoal(t.Context(), backend, "r", g)
		if refused := errors.Is(err, store.ErrGiftNotFound) || errors.As(err, &invalid) && invalid.Field == name; !refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever fails on the way, and however often senders repeat, each request is paid once,
// what is settled and what is pending adds up to what was paid, and no coin is lost.
func TestPaidOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) { // a bubble has no deadline
			h := newHall(t)
			s := h.node()
			defer s.Close()
			all := users(3)
			h.deposit(60, all...)
			flaky := func() error {
				if rapid.IntRange(0, 2).Draw(t, "fails") == 0 {
					return store.ErrUnavailable
				}
				return nil
			}
			h.happens(func(context.Context) error { return flaky() }, flaky)
			paid := make(map[string]int64)
			t.Repeat(map[string]func(*rapid.T){
				"send": func(t *rapid.T) {
					user, id := rapid.SampledFrom(all).Draw(t, "user"), fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "id"))
					o := order(id)
					if id > "2" {
						o.Gift, o.Count = "star", 2
					}
					done, err := s.Send(t.Context(), viewer(user), o)
					short := new(ledger.InsufficientError)
					switch {
					case err == nil:
						paid[user+"/"+id] = done.Sent.Coins()
					case !errors.Is(err, store.ErrUnavailable) && !errors.As(err, &short):
						t.Fatal(err)
					case errors.As(err, &short) && paid[user+"/"+id] != 0:
						t.Fatalf("what was paid is refused: %v", err)
					}
				},
				"settle": func(t *rapid.T) {
					_, err := h.SettleGifts(t.Context(), 0, rapid.IntRange(1, 5).Draw(t, "limit"),
						func(rules.Settlement, []rules.Goal) []store.Event { return nil })
					h.must(err)
				},
			})
			h.happens(nil, nil)
			var sum int64
			for _, user := range all {
				for id := range 6 { // what became of what failed
					o := order(fmt.Sprint(id))
					if id > 2 {
						o.Gift, o.Count = "star", 2
					}
					if done, err := s.Send(t.Context(), viewer(user), o); err == nil {
						paid[fmt.Sprint(user, "/", id)] = done.Sent.Coins()
					}
				}
				left := int64(60)
				for id := range 6 {
					left -= paid[fmt.Sprint(user, "/", id)]
					sum += paid[fmt.Sprint(user, "/", id)]
				}
				if got := h.has(user); got != left {
					t.Fatalf("%s has %d, want %d", user, got, left)
				}
			}
			totals, err := s.Totals(t.Context(), viewer(all[0]), "r", "", 0)
			h.must(err)
			if totals.Coins+totals.Pending.Coins != sum || h.has("host") != totals.Coins {
				t.Fatalf("%d coins are paid, %+v says the room, the host has %d", sum, totals, h.has("host"))
			}
		})
	})
}

// Totals over all rooms are for who got them, and for backends of all rooms.
func TestWhoMayCount(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	s := h.node()
	defer s.Close()
	ofOne := backend
	ofOne.Rooms = []live.RoomID{"r"}
	for _, tt := range []struct {
		p        auth.Principal
		room     live.RoomID
		receiver live.UserID
		want     error
	}{
		{viewer("ann"), "r", "", nil},
		{viewer("ann"), "r", "host", nil},
		{viewer("ann"), "", "ann", nil},
		{viewer("ann"), "", "host", auth.ErrRoleForbidden},
		{viewer("ann"), "elsewhere", "", auth.ErrRoomForbidden},
		{backend, "", "host", nil},
		{ofOne, "", "host", auth.ErrRoomForbidden},
		{backend, "nowhere", "", store.ErrRoomNotFound},
	} {
		if _, err := s.Totals(t.Context(), tt.p, tt.room, tt.receiver, 0); !errors.Is(err, tt.want) {
			t.Errorf("%s in %q of %q: %v", tt.p.User, tt.room, tt.receiver, err)
		}
	}
}
