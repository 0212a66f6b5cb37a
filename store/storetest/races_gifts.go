package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

var giftsRaces = []test{
	{"GiftIsPaidOnceByWhoever", giftIsPaidOnceByWhoever},
	{"GiftsAreSettledOnceByWhoever", giftsAreSettledOnceByWhoever},
	{"GiftsSurviveLostAnswers", giftsSurviveLostAnswers},
	{"NoGiftFollowsTheEnd", noGiftFollowsTheEnd},
	{"OpenGoalsAreLimitedWhoeverAsks", openGoalsAreLimitedWhoeverAsks},
}

func giftIsPaidOnceByWhoever(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 10)
	var paid, refused atomic.Int32
	parallel(crowd, func(i int) {
		for n := range 5 {
			got := s.give(aSend(fmt.Sprint(n), "r", "ann", "host", 1), aSend(fmt.Sprint(i, " ", n), "r", "bob", "host", 1))
			var short *ledger.InsufficientError
			if errors.As(got[0].Err, &short) {
				refused.Add(1)
			} else if must(s, "SendGifts", got[0], got[0].Err); !got[0].Repeated {
				paid.Add(1)
			}
			if !errors.As(got[1].Err, &short) {
				t.Errorf("bob has nothing: %+v", got[1])
			}
		}
	})
	if paid.Load() != 3 || refused.Load() != 2*crowd {
		t.Errorf("%d were paid, %d refused", paid.Load(), refused.Load())
	}
	s.wantBalance(purse("ann"), 1)
	s.wantBalance(pendingOf("host"), 9)
}

// audit proves the books: every transaction and all accounts add up to nothing, every gift is
// in one settlement, and those of each receiver follow each other, in order.
func (s *rig) audit(receivers ...live.UserID) {
	s.t.Helper()
	on := make(map[ledger.Account]int64)
	q := store.LedgerQuery{OldestFirst: true, Limit: 500}
	for {
		page := s.written(q)
		for _, one := range page {
			if err := one.Check(); err != nil {
				s.t.Fatalf("%v", err)
			}
			for _, p := range one.Postings {
				if on[p.Account] += p.Amount; on[p.Account] < 0 && !p.Account.MayBeNegative() {
					s.t.Fatalf("%+v is below zero with %+v", p.Account, one)
				}
			}
			q.After = one.Sequence
		}
		if len(page) == 0 {
			break
		}
	}
	var sum int64
	for _, a := range s.accounts(store.AccountQuery{Limit: 10_000}) {
		if sum += a.Amount; a.Amount != on[a.Account] {
			s.t.Fatalf("on %+v are %d, its postings come to %d", a.Account, a.Amount, on[a.Account])
		}
	}
	if sum != 0 {
		s.t.Fatalf("all accounts come to %d", sum)
	}
	for _, user := range receivers {
		s.auditReceiver(user)
	}
}

// auditReceiver follows what one receiver got: each settlement pays what was collected.
func (s *rig) auditReceiver(user live.UserID) {
	s.t.Helper()
	var sent, paid gift.Sum
	settlements := 0
	q := store.LedgerQuery{Accounts: only(pendingOf(user)), OldestFirst: true, Limit: 500}
	for {
		page := s.written(q)
		for _, one := range page {
			coins := one.Postings[1].Amount
			switch q.After = one.Sequence; one.Kind {
			case ledger.Gift:
				sent.Coins, sent.Gifts = sent.Coins+coins, sent.Gifts+one.Gifts
			default:
				settlements++
				paid.Coins, paid.Gifts = paid.Coins-coins, paid.Gifts+one.Gifts
			}
			if paid.Coins > sent.Coins || paid.Gifts > sent.Gifts {
				s.t.Fatalf("%q was paid %+v of %+v", user, paid, sent)
			}
		}
		if len(page) == 0 {
			break
		}
	}
	got := s.giftTotals("", user)
	sent.Points, paid.Points = got.Points+got.Pending.Points, got.Points
	if got.Sum != paid || got.Sum.Add(got.Pending) != sent {
		s.t.Fatalf("totals of %q are %+v and %+v; paid %+v, sent %+v", user, got.Sum, got.Pending, paid, sent)
	}
	var numbers []string
	for _, e := range s.events(store.EventQuery{Limit: 10_000, EventFilter: store.EventFilter{Kinds: []store.EventKind{5}}}) {
		var n int
		if _, err := fmt.Sscanf(afterward(string(e.Payload), "Receiver:"+string(user)+" "), "Sequence:%d", &n); err == nil {
			if numbers = append(numbers, e.ID); n != len(numbers) {
				s.t.Fatalf("settlement %d of %q is numbered %d", len(numbers), user, n)
			}
		}
	}
	if len(numbers) != settlements {
		s.t.Fatalf("%q: %d settlements in the books, %d events", user, settlements, len(numbers))
	}
}

// afterward returns what begins with the sequence, in the event of a receiver's settlement.
func afterward(payload, receiver string) string {
	for at := range payload {
		if len(payload) >= at+len(receiver) && payload[at:at+len(receiver)] == receiver {
			for to := at; to < len(payload); to++ {
				if len(payload) >= to+9 && payload[to:to+9] == "Sequence:" {
					return payload[to:]
				}
			}
		}
	}
	return ""
}

func giftsAreSettledOnceByWhoever(t *testing.T, s *rig) {
	rooms, receivers := []live.RoomID{"q", "r"}, []live.UserID{"host", "bob", "dee"}
	for _, id := range rooms {
		s.create(id)
		s.putGoal(id, aGoal("g", 1))
	}
	for i := range crowd {
		s.fund(fmt.Sprint("giver", i), 3*20*5)
	}
	over := meanwhile(func() {
		parallel(crowd, func(i int) {
			for n := range 20 {
				var sends []gift.Send
				for k := range 5 {
					giver := live.UserID(fmt.Sprint("giver", i))
					sends = append(sends, aSend(fmt.Sprint(n, " ", k), rooms[(i+n)%2], giver, receivers[(n+k)%3], 1))
				}
				for _, got := range s.give(sends...) {
					must(s, "SendGifts", got, got.Err)
				}
			}
		})
	})
	nodes := meanwhile(func() {
		parallel(3, func(int) {
			for running := true; running; {
				select {
				case <-over:
					running = false
				default:
				}
				s.settleSome(50)
			}
		})
	})
	s.watchTotals(over)
	<-nodes
	s.settleAll()
	s.audit(receivers...)
	for _, id := range rooms {
		got := s.giftTotals(id, "")
		if got.Gifts != crowd*20*5/2 || got.Pending != (gift.Sum{}) || got.Givers != crowd || got.Goals[0].Progress != got.Coins {
			t.Errorf("%+v", got)
		}
	}
}

// watchTotals looks, until it is over, that what is settled and what waits is all there is: it
// never gets less, and balances are those of the same instant.
func (s *rig) watchTotals(over <-chan struct{}) {
	s.t.Helper()
	var before gift.Sum
	for {
		got := s.giftTotals("", "host")
		all := got.Sum.Add(got.Pending)
		if all.Coins < before.Coins || all.Coins != 3*all.Gifts || all.Points != 6*all.Gifts {
			s.t.Errorf("in all %+v, after %+v", all, before)
			return
		}
		before = all
		accounts, _, err := s.Ledger.Accounts(s.t.Context(), store.AccountQuery{Limit: 10_000})
		must(s, "Accounts", accounts, err)
		var sum int64
		for _, a := range accounts {
			sum += a.Amount
		}
		if sum != 0 {
			s.t.Errorf("all accounts come to %d", sum)
			return
		}
		select {
		case <-over:
			return
		default:
		}
	}
}

// giftsSurviveLostAnswers has senders and nodes lose their answers, and repeat what they asked.
func giftsSurviveLostAnswers(t *testing.T, s *rig) {
	s.create("r")
	for n := range 4 {
		s.fund(fmt.Sprint("giver", n), 3*40)
	}
	parallel(4, func(n int) {
		giver := live.UserID(fmt.Sprint("giver", n))
		for i := range 40 {
			send := aSend(fmt.Sprint(i), "r", giver, "host", 1)
			s.interrupted(i, func(ctx context.Context) error {
				_, err := s.Gifts.SendGifts(ctx, []gift.Send{send})
				return err
			})
			if s.Break != nil && n == 0 && i%10 == 0 {
				s.Break()
			}
			s.persist(func(ctx context.Context) error {
				got, err := s.Gifts.SendGifts(ctx, []gift.Send{send})
				if err == nil && got[0].Err != nil {
					t.Errorf("%+v: %v", send, got[0].Err)
				}
				return err
			})
			s.interrupted(i, func(ctx context.Context) error {
				_, err := s.Gifts.SettleGifts(ctx, 0, 10, recordGifts)
				return err
			})
		}
	})
	s.persist(func(ctx context.Context) error { // connections that were cut may be found so only now
		_, err := s.Gifts.SettleGifts(ctx, 0, 10, recordGifts)
		return err
	})
	s.settleAll()
	s.audit("host")
	s.wantBalance(purse("host"), 4*3*40)
	if got := s.giftTotals("r", ""); got.Gifts != 160 || got.Pending != (gift.Sum{}) {
		t.Errorf("%+v", got)
	}
}

// persist makes a call until it is answered.
func (s *rig) persist(f func(context.Context) error) {
	s.t.Helper()
	s.eventually("an answer", func() bool {
		err := f(s.t.Context())
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			s.t.Errorf("persisting: %v", err)
		}
		return err == nil
	})
}

func noGiftFollowsTheEnd(t *testing.T, s *rig) {
	for i := range 10 {
		id := live.RoomID(fmt.Sprint("r", i))
		s.create(id)
		var ended, late atomic.Bool
		parallel(crowd, func(n int) {
			if n == 0 {
				s.end(id)
				ended.Store(true)
				return
			}
			giver := live.UserID(fmt.Sprint("giver", n, " ", i))
			s.fund(string(giver), 100)
			for k := range 5 {
				before := ended.Load()
				if got := s.give(aSend(fmt.Sprint(k), id, giver, "host", 1))[0]; got.Err == nil && before {
					late.Store(true)
				} else if got.Err != nil && !errors.Is(got.Err, store.ErrRoomEnded) {
					t.Errorf("%v", got.Err)
				}
			}
		})
		if late.Load() {
			t.Errorf("a gift was paid after the end")
		}
	}
	s.settleAll()
	s.audit("host")
}

func openGoalsAreLimitedWhoeverAsks(t *testing.T, s *rig) {
	s.create("r")
	var put atomic.Int32
	parallel(crowd, func(n int) {
		if _, err := s.Gifts.PutGoal(t.Context(), "r", aGoal(gift.GoalID(fmt.Sprint(n)), 1), 3, recordGoal); err == nil {
			put.Add(1)
		} else if !errors.Is(err, store.ErrGiftLimit) {
			t.Errorf("PutGoal: %v", err)
		}
	})
	if n := len(s.giftTotals("r", "").Goals); put.Load() != 3 || n != 3 {
		t.Errorf("%d goals were put, %d are there", put.Load(), n)
	}
}
