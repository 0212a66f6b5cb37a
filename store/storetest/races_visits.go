package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

var visitsRaces = []test{
	{"MergersAtOnceComeToTheSame", mergersAtOnceComeToTheSame},
	{"RoomEndsWhileVisitsAreMerged", roomEndsWhileVisitsAreMerged},
}

// churn is events of many users who come and go, some of whom are not heard of again.
func churn(ids []live.RoomID, at live.Timestamp) (events []visit.Event) {
	//nolint:gosec // the same each time
	random := rand.New(rand.NewPCG(1, 2))
	for _, id := range ids {
		for user := range 40 {
			when := at + live.Timestamp(random.IntN(300))*1_000_000
			for visits := range random.IntN(8) {
				e := came(id, live.UserID(fmt.Sprint("user ", user)), live.SessionID(fmt.Sprint(random.IntN(2))), visit.Version(2*visits+1), when)
				when += live.Timestamp(random.IntN(200_000_000))
				if random.IntN(10) > 0 {
					events = append(events, e)
				}
				e.Version, e.At, e.Inferred = e.Version+1, when, random.IntN(4) == 0
				if random.IntN(10) > 0 {
					events = append(events, e)
				}
			}
		}
	}
	return events
}

// mergeAll merges events shuffled, each several times, from many at once.
func (s *rig) mergeAll(events []visit.Event, during func(i int)) {
	parallel(crowd, func(n int) {
		//nolint:gosec // any order will do
		random := rand.New(rand.NewPCG(uint64(n), 3))
		var mine []visit.Event
		for i, e := range events {
			if i%crowd == n || random.IntN(crowd) == 0 {
				mine = append(mine, e)
			}
		}
		random.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
		for i := 0; len(mine) > 0; i++ {
			size := min(len(mine), 1+random.IntN(60))
			if aside, err := s.Visits.MergeVisits(s.t.Context(), mine[:size], nil); err != nil || len(aside) > 0 {
				s.t.Errorf("MergeVisits = %+v, %v", aside, err)
				return
			}
			mine = mine[size:]
			if n == 0 {
				during(i)
			}
		}
	})
}

// wantBook compares a room's visits and attendance with those of a book.
func (s *rig) wantBook(id live.RoomID, b *visit.Book) {
	s.t.Helper()
	if got := s.visits(store.VisitQuery{Room: id}); !slices.Equal(got, b.All()) {
		s.t.Errorf("%d visits to %s, want %d; or others", len(got), id, len(b.All()))
	}
	until := b.Figures().Latest + 1
	got := s.attendance(store.AttendanceQuery{Room: id, Curve: true, Retention: true, CurveUntil: until})
	if want := b.Attendance(got.AsOf, true, true, 0, until); !sameAttendance(got, want) {
		s.t.Errorf("%s: %+v\nwant %+v", id, got, want)
	}
}

func mergersAtOnceComeToTheSame(_ *testing.T, s *rig) {
	ids := []live.RoomID{"r", "q", "p"}
	at := s.hourAgo("r")
	s.create("q")
	s.create("p")
	events := churn(ids, at)
	s.mergeAll(events, func(int) {
		s.attendance(store.AttendanceQuery{Room: "r", Curve: true})
	})
	for _, id := range ids {
		s.wantBook(id, book(id, 0, slices.DeleteFunc(slices.Clone(events), func(e visit.Event) bool { return e.Room != id })))
	}
}

func roomEndsWhileVisitsAreMerged(_ *testing.T, s *rig) {
	at := s.hourAgo("r")
	events := churn([]live.RoomID{"r"}, at+50*minute) // some of it later than the end
	var once sync.Once
	events = slices.DeleteFunc(events, func(e visit.Event) bool { return e.At > at+64*minute }) // those would be in the future
	s.mergeAll(events, func(int) {
		once.Do(func() { s.end("r") })
		if _, _, err := s.Visits.CloseVisits(s.t.Context(), 3, nil); err != nil {
			s.t.Errorf("CloseVisits: %v", err)
		}
	})
	end := s.end("r").Ended
	s.closeVisits(7)
	s.wantBook("r", book("r", end, events))
}
