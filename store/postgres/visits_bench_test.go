package postgres_test

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

const second = live.Timestamp(1_000_000)

// queueParts is in how many parts, by user, events come from the queue.
const queueParts = 16

// comings returns n events of viewers who come to a room one after the other and stay for up
// to some minutes, in the order of time.
func comings(id live.RoomID, from live.Timestamp, n int) []visit.Event {
	events := make([]visit.Event, 0, n+1)
	for viewer := range int64(n+1) / 2 {
		e := visit.Event{
			Room: id, User: live.UserID(fmt.Sprintf("user-%x", viewer*2654435761%(1<<32))),
			Session: live.SessionID(fmt.Sprintf("session-%d", viewer)), Version: 1, At: from + live.Timestamp(viewer)*3600,
		}
		events = append(events, e)
		e.Version, e.At = 2, e.At+live.Timestamp(viewer*40_503%144_000)*1000
		events = append(events, e)
	}
	slices.SortFunc(events, func(a, b visit.Event) int { return cmp.Compare(a.At, b.At) })
	return events[:n]
}

// dealt returns events as the queue deals them: so many of one part together.
func dealt(events []visit.Event, size int) (batches [][]visit.Event) {
	var parts [queueParts][]visit.Event
	for _, e := range events {
		p := &parts[visit.Part(e.User, queueParts)]
		if *p = append(*p, e); len(*p) == size {
			batches, *p = append(batches, *p), nil
		}
	}
	for _, rest := range parts {
		if len(rest) > 0 {
			batches = append(batches, rest)
		}
	}
	return batches
}

// BenchmarkVisitsMerge merges events, in batches, by two at once as two nodes would, on a
// Postgres that waits for its disk.
func BenchmarkVisitsMerge(b *testing.B) {
	for _, size := range []int{2000, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := openWith(b, postgres.Config{URL: durable(b), Timeout: patience, MaxConns: 8})
			r := create(b, s, "r")
			all := dealt(comings("r", r.Created-3600*second, b.N), size)
			batches := make(chan []visit.Event)
			b.ResetTimer()
			var mergers sync.WaitGroup
			for range 2 {
				mergers.Go(func() {
					for batch := range batches {
						if aside, err := s.MergeVisits(b.Context(), batch, nil); err != nil || len(aside) > 0 {
							b.Errorf("%d set aside, %v", len(aside), err)
						}
					}
				})
			}
			for _, some := range all {
				batches <- some
			}
			close(batches)
			mergers.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkVisitsOfOne merges events of one user, in batches of 10,000, to the many visits
// that the user has in the room, each of a session of its own, in no order.
func BenchmarkVisitsOfOne(b *testing.B) {
	s := open(b)
	r := create(b, s, "r")
	n := 0
	told := func(size int) []visit.Event {
		events := make([]visit.Event, 0, size)
		for range size / 2 {
			session := live.SessionID(fmt.Sprintf("%08x", int64(n)*2654435761%(1<<32)))
			e := visit.Event{Room: "r", User: "one", Session: session, Version: 1, At: r.Created - 10*86_400*second + live.Timestamp(n)*1000}
			events = append(events, e)
			e.Version, e.At = 2, e.At+500
			events, n = append(events, e), n+1
		}
		return events
	}
	grow := func() {
		if aside, err := s.MergeVisits(b.Context(), told(10_000), nil); err != nil || len(aside) > 0 {
			b.Fatalf("%d set aside, %v", len(aside), err)
		}
	}
	for _, visits := range []int{10_000, 100_000, 300_000} {
		b.Run(fmt.Sprint(visits, " visits"), func(b *testing.B) {
			for n < visits {
				grow()
			}
			b.ResetTimer()
			for range b.N {
				grow()
			}
		})
	}
}

// full returns a store with a room of n visits, of which every tenth is open.
func full(tb testing.TB, n int) *postgres.Store {
	tb.Helper()
	s := open(tb)
	r := create(tb, s, "r")
	from := r.Created - 3600*second
	events := make([]visit.Event, 0, 20_000)
	flush := func() {
		if _, err := s.MergeVisits(tb.Context(), events, nil); err != nil {
			tb.Fatal(err)
		}
		events = events[:0]
	}
	for i := range n {
		user := live.UserID(fmt.Sprintf("user-%x", int64(i)*2654435761%(1<<32)))
		at := from + live.Timestamp(int64(i)*3_500_000_000/int64(n))
		events = append(events, visit.Event{Room: "r", User: user, Session: "s", Version: 1, At: at})
		if i%10 > 0 {
			events = append(events, visit.Event{Room: "r", User: user, Session: "s", Version: 2, At: min(at+live.Timestamp(i%1800)*second, r.Created)})
		}
		if len(events) >= 19_998 {
			flush()
		}
	}
	flush()
	return s
}

// BenchmarkVisitsAttendance asks for all figures of a room with a million visits.
func BenchmarkVisitsAttendance(b *testing.B) {
	s := full(b, 1_000_000)
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
