package storetest

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/store"
)

func hasGifts(s store.Set) bool { return s.Gifts != nil && s.Ledger != nil && s.Events != nil }

var giftsTests = []test{
	{"PutGiftCountsChanges", putGiftCountsChanges},
	{"GiftsStayWhereTheyAre", giftsStayWhereTheyAre},
	{"PutGiftIsLimited", putGiftIsLimited},
	{"GiftsAreInOrder", giftsAreInOrder},
	{"SendIsPaidAtOnce", sendIsPaidAtOnce},
	{"SendIsRefusedAlone", sendIsRefusedAlone},
	{"SendIsPaidOnce", sendIsPaidOnce},
	{"SendIsKnownAfterTheEnd", sendIsKnownAfterTheEnd},
	{"CombosGoOn", combosGoOn},
	{"SettlingPaysInOrder", settlingPaysInOrder},
	{"SettlingWaitsItsTime", settlingWaitsItsTime},
	{"GoalsAreReached", goalsAreReached},
	{"GoalsKeepWhatTheyReached", goalsKeepWhatTheyReached},
	{"GoalsAreReachedByLess", goalsAreReachedByLess},
	{"GoalsAreLimited", goalsAreLimited},
	{"CountersAreOfLaterRevisions", countersAreOfLaterRevisions},
	{"TopGiversAreTheGreatest", topGiversAreTheGreatest},
	{"ReceiversAreInOrder", receiversAreInOrder},
	{"GiftsAreAModel", giftsAreAModel},
}

// sameGift says whether two gifts are equal, where nil is as good as empty.
func sameGift(a, b gift.Gift) bool {
	same := maps.Equal(a.Labels, b.Labels)
	a.Labels, b.Labels = nil, nil
	return same && reflect.DeepEqual(a, b)
}

func putGiftCountsChanges(t *testing.T, s *rig) {
	if _, err := s.Gifts.Gift(t.Context(), "rose"); !errors.Is(err, store.ErrGiftNotFound) {
		t.Errorf("%v, want ErrGiftNotFound", err)
	}
	want := aGift("rose", 3)
	want.Revision = 99 // not the caller's to say
	for i, change := range []func(){
		func() {}, func() {}, func() { want.Price = 4 }, func() { want.Labels = map[string]string{} }, func() { want.Labels = nil },
		func() { want.Retired = true }, func() { want.ComboWindow = 0 }, func() { want.Position = -3 },
	} {
		change()
		put := s.putGift(want)
		want.Revision = []int64{1, 1, 2, 3, 3, 4, 5, 6}[i]
		got, err := s.Gifts.Gift(t.Context(), "rose")
		if must(s, "Gift", got, err); !sameGift(put, want) || !sameGift(got, want) {
			t.Errorf("%d: PutGift = %+v, Gift = %+v\nwant %+v", i, put, got, want)
		}
	}
}

func giftsStayWhereTheyAre(t *testing.T, s *rig) {
	here := aGift("here", 3)
	here.Room = "r"
	for _, want := range []gift.Gift{s.putGift(aGift("rose", 3)), s.putGift(here)} {
		for _, elsewhere := range []live.RoomID{"", "r", "q"} {
			moved := want
			moved.Room, moved.Price = elsewhere, 1
			if elsewhere == want.Room {
				continue
			}
			if _, err := s.Gifts.PutGift(t.Context(), moved, 10); !errors.Is(err, store.ErrGiftElsewhere) {
				t.Errorf("%q from %q to %q: %v, want ErrGiftElsewhere", want.ID, want.Room, elsewhere, err)
			}
		}
		got, err := s.Gifts.Gift(t.Context(), want.ID)
		if must(s, "Gift", got, err); !sameGift(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func putGiftIsLimited(t *testing.T, s *rig) {
	put := func(id gift.ID, retired bool) error {
		g := aGift(id, 1)
		g.Retired = retired
		_, err := s.Gifts.PutGift(t.Context(), g, 2)
		return err
	}
	for i, step := range []struct {
		id      gift.ID
		retired bool
		want    error
	}{
		{"a", false, nil},
		{"b", false, nil},
		{"c", false, store.ErrGiftLimit},
		{"c", true, nil},
		{"a", false, nil},
		{"a", true, nil},
		{"c", false, nil},
		{"a", false, store.ErrGiftLimit},
	} {
		if err := put(step.id, step.retired); !errors.Is(err, step.want) {
			t.Errorf("%d: %v, want %v", i, err, step.want)
		}
	}
}

func giftsAreInOrder(t *testing.T, s *rig) {
	var all []gift.Gift
	for i, id := range []gift.ID{"d", "a \x00", "c", "b", "a", "Ä", "z"} {
		g := aGift(id, 1)
		g.Position, g.Retired, g.Room = []int32{5, -1, 0}[i%3], i == 3, []live.RoomID{"", "r", "q"}[i%3]
		all = append(all, s.putGift(g))
	}
	slices.SortFunc(all, func(a, b gift.Gift) int { return a.Compare(&b) })
	for _, q := range []store.GiftQuery{{}, {Room: "r"}, {Room: "q", Retired: true}, {All: true}, {All: true, Retired: true}} {
		want := slices.DeleteFunc(slices.Clone(all), func(g gift.Gift) bool {
			return g.Retired && !q.Retired || !q.All && g.Room != "" && g.Room != q.Room
		})
		for _, q.Limit = range []int{1, 2, 100} {
			var got []gift.Gift
			for q.After = nil; ; {
				page := s.gifts(q)
				if got = append(got, page...); len(page) < q.Limit {
					break
				}
				q.After = &page[len(page)-1]
			}
			if !slices.EqualFunc(got, want, sameGift) {
				t.Errorf("Gifts(%+v) = %+v\nwant %+v", q, got, want)
			}
		}
	}
}

// giftsCalls is the method of Gifts that takes a room's id.
var giftsCalls = []call{
	{"PutGoal", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Gifts.PutGoal(ctx, id, aGoal("call", 5), 10, recordGoal)
		return err
	}},
}

// giftsAnywhere is every other.
var giftsAnywhere = []call{
	{"PutGift", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.PutGift(ctx, aGift("call", 1), 10)
		return err
	}},
	{"Gift", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.Gift(ctx, "call")
		return err
	}},
	{"Gifts", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.Gifts(ctx, store.GiftQuery{Limit: 10})
		return err
	}},
	{"SendGifts", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Gifts.SendGifts(ctx, []gift.Send{aSend("call", id, "ann", "host", 1)})
		return err
	}},
	{"SendGifts of none", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.SendGifts(ctx, nil)
		return err
	}},
	{"SettleGifts", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.SettleGifts(ctx, 0, 10, recordGifts)
		return err
	}},
	{"GiftsSetAside", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.GiftsSetAside(ctx, 10)
		return err
	}},
	{"GiftTotals", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Gifts.GiftTotals(ctx, store.GiftTotalsQuery{Room: id})
		return err
	}},
	{"GiftCounters", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Gifts.GiftCounters(ctx, map[live.RoomID]int64{id: 0})
		return err
	}},
	{"Points", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.Points(ctx, []live.UserID{"ann"})
		return err
	}},
}
