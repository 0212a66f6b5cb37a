package storetest

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

func setAsideIsKeptOnce(t *testing.T, s *rig) {
	a := store.AsideVisit{Event: came("r \x00", "ann", "", 0, -5), Reason: visit.Malformed, Detail: "a session \x00 is missing"}
	b := store.AsideVisit{Event: seen(came("q", "ann", "a", 2, 7)), Reason: visit.RoomNotFound}
	first, err := s.Visits.SetAside(t.Context(), []store.AsideVisit{a, b, a})
	if err != nil || len(first) != 3 || first[0] != first[2] || first[0].ID == "" || first[0].ID == first[1].ID || first[0].At == 0 {
		t.Fatalf("SetAside = %+v, %v", first, err)
	}
	b.ID, b.Reason, b.Detail = first[1].ID, visit.MergeFailed, "again and again"
	again, err := s.Visits.SetAside(t.Context(), []store.AsideVisit{b})
	if b.At = first[1].At; err != nil || len(again) != 1 || again[0] != b {
		t.Errorf("SetAside = %+v, %v, want %+v", again, err, b)
	}
	a = first[0]
	want := []store.AsideVisit{a, b}
	slices.SortFunc(want, func(a, b store.AsideVisit) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	list := func(id live.RoomID, after string, limit int) []store.AsideVisit {
		got, err := s.Visits.AsideVisits(t.Context(), id, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := list("", "", 10); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := list("", want[0].ID, 1); !slices.Equal(got, want[1:]) {
		t.Errorf("%+v, want %+v", got, want[1:])
	}
	if got := list("r \x00", "", 10); !slices.Equal(got, []store.AsideVisit{a}) {
		t.Errorf("%+v, want %+v", got, a)
	}
	taken, err := s.Visits.TakeAside(t.Context(), []string{b.ID, "none", a.ID, b.ID})
	if err != nil || !slices.Equal(taken, want) {
		t.Errorf("TakeAside = %+v, %v", taken, err)
	}
	if err := s.Visits.DropAside(t.Context(), []string{a.ID, "none"}); err != nil {
		t.Error(err)
	}
	if got := list("", "", 10); !slices.Equal(got, []store.AsideVisit{b}) {
		t.Errorf("%+v, want %+v", got, b)
	}
}

func whatCannotBeMergedIsSetAside(t *testing.T, s *rig) {
	at := s.hourAgo("r")
	good := came("r", "ann", "a", 1, at)
	bad := []visit.Event{
		came("unknown", "ann", "a", 1, at), came("r", "ann", "a", 3, at+1_000_000*minute), came("r", "", "a", 1, at), came("r", "ann", "", 1, at),
		came("r", "ann", "a", 0, at), came("r", "ann", "a", 1, 0), came("", "ann", "a", 1, at),
	}
	reasons := []visit.SetAside{visit.RoomNotFound, visit.InFuture, visit.Malformed, visit.Malformed, visit.Malformed, visit.Malformed, visit.Malformed}
	var ids []string
	for range 2 {
		aside, err := s.Visits.MergeVisits(t.Context(), append(slices.Clone(bad), good), nil)
		if err != nil || len(aside) != len(bad) {
			t.Fatalf("MergeVisits = %+v, %v", aside, err)
		}
		got := make(map[visit.Event]visit.SetAside)
		var now []string
		for _, a := range aside {
			got[a.Event] = a.Reason
			now = append(now, a.ID)
		}
		for i, e := range bad {
			if got[e] != reasons[i] {
				t.Errorf("%+v: %d, want %d", e, got[e], reasons[i])
			}
		}
		slices.Sort(now)
		if ids != nil && !slices.Equal(now, ids) {
			t.Errorf("ids %v, before %v", now, ids)
		}
		ids = now
	}
	kept, err := s.Visits.AsideVisits(t.Context(), "", "", 100)
	if err != nil || len(kept) != len(bad) {
		t.Errorf("AsideVisits = %+v, %v", kept, err)
	}
	if got := s.visits(store.VisitQuery{Room: "r"}); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

// However often an event is set aside, it says why it is so the last time: never nothing, nor
// what was true before.
func whatIsSetAsideAgainSaysWhy(t *testing.T, s *rig) {
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		at := s.hourAgo(id)
		e := came(rapid.SampledFrom([]live.RoomID{id, "unknown-" + id}).Draw(t, "room"), "ann", "a",
			visit.Version(rapid.IntRange(0, 1).Draw(t, "version")), at+live.Timestamp(rapid.SampledFrom([]int{0, 1_000_000}).Draw(t, "at"))*minute)
		for range rapid.IntRange(1, 3).Draw(t, "times") {
			said := store.AsideVisit{Event: e, Reason: visit.MergeFailed, Detail: rapid.SampledFrom([]string{"so it is", visit.MergeFailed.Detail()}).Draw(t, "detail")}
			kept, err := s.Visits.SetAside(t.Context(), []store.AsideVisit{said})
			if err != nil {
				t.Fatal(err)
			}
			s.replay(t, kept[0])
		}
	})
}

// replay merges an event again that was set aside, and compares what is kept of it.
func (s *rig) replay(t *rapid.T, a store.AsideVisit) {
	again, err := s.Visits.MergeVisits(t.Context(), []visit.Event{a.Event}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := a
	for _, now := range again {
		want.Reason, want.Detail = now.Reason, now.Reason.Detail()
		if now != want || want.Detail == "" {
			t.Fatalf("%+v, want %+v", now, want)
		}
	}
	if kept, err := s.Visits.TakeAside(t.Context(), []string{a.ID}); err != nil || !slices.Equal(kept, []store.AsideVisit{want}) {
		t.Fatalf("TakeAside = %+v, %v, want %+v", kept, err, want)
	}
}
