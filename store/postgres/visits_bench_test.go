package postgres_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

const second = live.Timestamp(1_000_000)

// audience makes the events of viewers who come and go, in the order of time: each comes
// twice in an hour, and stays for some minutes.
type audience struct {
	room live.RoomID
	from live.Timestamp
	n    atomic.Int64
}

// batch returns the next n events of the viewers of one part of two.
func (a *audience) batch(n int) []visit.Event {
	events := make([]visit.Event, n)
	first := a.n.Add(int64(n)) - int64(n)
	for i := range events {
		events[i] = a.event(first + int64(i))
	}
	return events
}

// event returns an event: an enter, and 40,000 later the exit.
func (a *audience) event(i int64) visit.Event {
	const apart = 40_000
	block, place := i/(2*apart), i%(2*apart)
	e := visit.Event{Room: a.room, Version: 1, At: a.from + live.Timestamp(i)*1800}
	if place >= apart {
		e.Version, place = 2, place-apart
	}
	viewer := block*apart + place
	e.User, e.Session = live.UserID(fmt.Sprintf("user-%x", viewer*2654435761%(1<<32))), live.SessionID(fmt.Sprintf("session-%d", viewer))
	return e
}

// BenchmarkVisitsMerge merges events, in batches, by two at once as two nodes would.
func BenchmarkVisitsMerge(b *testing.B) {
	for _, size := range []int{2000, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := open(b)
			r := create(b, s, "r")
			a := &audience{room: "r", from: r.Created - 3600*second}
			batches := make(chan []visit.Event, 2)
			b.ResetTimer()
			var all sync.WaitGroup
			for range 2 {
				all.Go(func() {
					for batch := range batches {
						if aside, err := s.MergeVisits(b.Context(), batch, nil); err != nil || len(aside) > 0 {
							b.Errorf("%d set aside, %v", len(aside), err)
						}
					}
				})
			}
			for left := b.N; left > 0; left -= size {
				batches <- a.batch(min(size, left))
			}
			close(batches)
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// crowded returns a store with a room of n visits, of which every tenth is open.
func crowded(tb testing.TB, n int) (*postgres.Store, *audience) {
	tb.Helper()
	s := open(tb)
	r := create(tb, s, "r")
	a := &audience{room: "r", from: r.Created - 3600*second}
	events := make([]visit.Event, 0, 20_000)
	flush := func() {
		if _, err := s.MergeVisits(tb.Context(), events, nil); err != nil {
			tb.Fatal(err)
		}
		events = events[:0]
	}
	for i := range n {
		user := live.UserID(fmt.Sprintf("user-%x", int64(i)*2654435761%(1<<32)))
		at := a.from + live.Timestamp(int64(i)*3_500_000_000/int64(n))
		events = append(events, visit.Event{Room: "r", User: user, Session: "s", Version: 1, At: at})
		if i%10 > 0 {
			events = append(events, visit.Event{Room: "r", User: user, Session: "s", Version: 2, At: min(at+live.Timestamp(i%1800)*second, r.Created)})
		}
		if len(events) >= 19_998 {
			flush()
		}
	}
	flush()
	return s, a
}

// BenchmarkVisitsAttendance asks for all figures of a room with a million visits.
func BenchmarkVisitsAttendance(b *testing.B) {
	s, _ := crowded(b, 1_000_000)
	q := store.AttendanceQuery{Room: "r", Curve: true, Retention: true}
	if a, err := s.Attendance(b.Context(), q); err != nil || a.Visits != 1_000_000 || len(a.Curve) < 59 {
		b.Fatalf("%d visits, %d minutes, %v", a.Visits, len(a.Curve), err)
	}
	for b.Loop() {
		if _, err := s.Attendance(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
}
