package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
)

// variety applies sanctions of every kind in several places, and returns how many.
func (s *rig) variety() int {
	s.create("r")
	s.create("other")
	for i := range 10 {
		for _, room := range []live.RoomID{"r", "", "other"} {
			s.sanction(order(room, moderation.Mute, live.UserID(fmt.Sprint("user ", i%4))))
		}
		s.sanction(order("r", moderation.RoomMute, ""))
	}
	s.sanction(order("r", moderation.Protect, "user 1")) // lifts a mute
	return 10*4 + 1
}

func sanctionsAreNewestFirst(t *testing.T, s *rig) {
	n := s.variety()
	for room, want := range map[live.RoomID]int{"": n, "r": n - 10, "other": 20} {
		all := s.sanctions(room, moderation.Query{Past: true})
		newer := func(a, b moderation.Sanction) int { return moderation.Newer(a.Mark(), b.Mark()) }
		if len(all) != want || !slices.IsSortedFunc(all, newer) {
			t.Errorf("%d sanctions in %q, want %d; in order: %v", len(all), room, want, slices.IsSortedFunc(all, newer))
		}
		if room != "" && slices.ContainsFunc(all, func(s moderation.Sanction) bool { return s.Room != room && s.Room != "" }) {
			t.Errorf("sanctions of another room are among those of %q", room)
		}
	}
}

func sanctionsAreSelected(t *testing.T, s *rig) {
	s.variety()
	all := s.sanctions("r", moderation.Query{Past: true})
	for _, q := range []moderation.Query{
		{},
		{User: "user 1"},
		{User: "user 1", Past: true},
		{User: "nobody", Past: true},
		{Kinds: []moderation.Kind{moderation.Mute}},
		{Kinds: []moderation.Kind{moderation.RoomMute, moderation.Protect}, Past: true},
		{Kinds: []moderation.Kind{moderation.Ban}, Past: true},
		{User: "user 2", Kinds: []moderation.Kind{moderation.Mute}, Past: true},
	} {
		var want []moderation.Sanction
		for _, sanction := range all {
			if (q.Past || sanction.State == moderation.Active) && (q.User == "" || q.User == sanction.User) &&
				(q.Kinds == nil || slices.Contains(q.Kinds, sanction.Kind)) {
				want = append(want, sanction)
			}
		}
		if got := s.sanctions("r", q); !slices.Equal(got, want) {
			t.Errorf("%+v: %+v\nwant %+v", q, got, want)
		}
	}
}

func sanctionsArePaged(t *testing.T, s *rig) {
	s.variety()
	for _, room := range []live.RoomID{"", "r"} {
		want := s.sanctions(room, moderation.Query{Past: true})
		for _, limit := range []int{1, 3, 7, len(want), 1000} {
			var got []moderation.Sanction
			q := moderation.Query{Past: true, Limit: limit}
			for more := true; more; {
				page := s.sanctions(room, q)
				if got = append(got, page...); len(page) > 0 {
					q.After = page[len(page)-1].Mark()
				}
				more = len(page) == limit
			}
			if !slices.Equal(got, want) {
				t.Errorf("by %d: %d sanctions of %q, want %d; or others", limit, len(got), room, len(want))
			}
		}
	}
}

func sanctionsOfThePastAreKept(t *testing.T, s *rig) {
	s.create("r")
	s.sanction(order("r", moderation.Ban, "first"))
	for range 1000 {
		s.sanction(order("r", moderation.Mute, "ann"))
	}
	if n := len(s.sanctions("r", moderation.Query{Past: true})); n != 1001 {
		t.Errorf("%d sanctions, want all 1,001", n)
	}
}
