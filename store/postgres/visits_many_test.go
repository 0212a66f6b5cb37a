package postgres_test

import (
	"fmt"
	"testing"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// A user has no more visits to a room than there may be. What is told of those, and of others,
// is merged with what is too much, which is set aside.
func TestVisitsOfOneAreBounded(t *testing.T) {
	t.Parallel()
	const most = 10
	s := openWith(t, postgres.Config{URL: services.NewDatabase(t), MaxVisits: most})
	r := create(t, s, "r")
	enter := func(user live.UserID, n int) visit.Event {
		return visit.Event{
			Room: "r", User: user, Session: live.SessionID(fmt.Sprint("s", n)), Version: 1, At: r.Created - live.Timestamp(100-n)*second,
		}
	}
	merge := func(events []visit.Event) []store.AsideVisit {
		t.Helper()
		aside, err := s.MergeVisits(t.Context(), events, nil)
		if err != nil {
			t.Fatal(err)
		}
		return aside
	}
	var first []visit.Event
	for n := range most {
		first = append(first, enter("ann", n))
	}
	if aside := merge(first); len(aside) != 0 {
		t.Fatalf("%+v is set aside", aside)
	}
	exit := first[0]
	exit.Version, exit.At = 2, exit.At+second
	aside := merge([]visit.Event{enter("ann", most), exit, enter("bob", 0), first[1]})
	if len(aside) != 1 || aside[0].Reason != visit.TooMany || aside[0].Event != enter("ann", most) {
		t.Errorf("%+v is set aside", aside)
	}
	w, err := s.Watch(t.Context(), store.WatchQuery{Room: "r"})
	if err != nil || w.Visits != most+1 || w.Open != most || w.Users != 2 {
		t.Errorf("%+v, %v", w, err)
	}
}
