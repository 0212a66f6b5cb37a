package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

var eventsTests = []test{
	{"EventsAreInTheOrderOfAppending", eventsAreInTheOrderOfAppending},
	{"EventIsRecordedOnce", eventIsRecordedOnce},
	{"EventsAreFiltered", eventsAreFiltered},
	{"FilteredEventsAreReadToTheEnd", filteredEventsAreReadToTheEnd},
	{"PositionsHaveNoHoles", positionsHaveNoHoles},
	{"EventIsAwaited", eventIsAwaited},
	{"EventsArePrunedByAge", eventsArePrunedByAge},
	{"EventsAreRecordedInOrderOfTime", eventsAreRecordedInOrderOfTime},
	{"EventsAreAModel", eventsAreAModel},
}

// event returns an event with something in every field that a caller sets.
func event(id string, room live.RoomID) store.Event {
	return store.Event{
		ID: id, Room: room, At: live.Timestamp(1_893_553_445_000_001), Kind: 5, Payload: []byte("\x00 \xff " + id),
	}
}

// record appends events.
func (s *rig) record(events ...store.Event) {
	s.t.Helper()
	if err := s.Events.AppendEvents(s.t.Context(), events); err != nil {
		s.t.Fatalf("AppendEvents: %v", err)
	}
}

// page returns one page of events.
func (s *rig) page(q store.EventQuery) store.EventPage {
	s.t.Helper()
	page, err := s.Events.Events(s.t.Context(), q)
	must(s, "Events", page, err)
	if len(page.Events) > q.Limit || page.Next < q.After {
		s.t.Fatalf("Events(%+v) = %d events, and goes on at %d", q, len(page.Events), page.Next)
	}
	return page
}

// events returns all events that a query asks for, in pages.
func (s *rig) events(q store.EventQuery) (all []store.Event) {
	s.t.Helper()
	for {
		page := s.page(q)
		all = append(all, page.Events...)
		if !page.More {
			return all
		}
		if page.Next == q.After {
			s.t.Fatalf("Events(%+v) has more, and goes on where it began", q)
		}
		q.After = page.Next
	}
}

// wantEvents compares events with what was appended.
func (s *rig) wantEvents(got []store.Event, want ...store.Event) {
	s.t.Helper()
	if !slices.EqualFunc(got, want, sameEvent) {
		s.t.Fatalf("the events are %+v\nwant %+v", got, want)
	}
	for i := 1; i < len(got); i++ {
		if got[i].Position <= got[i-1].Position || got[i].Recorded < got[i-1].Recorded {
			s.t.Fatalf("%+v is after %+v", got[i], got[i-1])
		}
	}
}

// sameEvent says whether an event is what was appended.
func sameEvent(got, want store.Event) bool {
	return got.ID == want.ID && got.Room == want.Room && got.At == want.At && got.Kind == want.Kind &&
		bytes.Equal(got.Payload, want.Payload) && got.Position > 0 && got.Recorded > 0
}

// prune prunes and compares how many events that were.
func (s *rig) prune(keep time.Duration, limit, want int) {
	s.t.Helper()
	if n, err := s.Events.PruneEvents(s.t.Context(), keep, limit); err != nil || n != want {
		s.t.Fatalf("PruneEvents(%v, %d) = %d, %v; want %d", keep, limit, n, err, want)
	}
}

func eventsAreInTheOrderOfAppending(t *testing.T, s *rig) {
	s.wantEvents(s.events(store.EventQuery{Limit: 10}))
	var want []store.Event
	for i := range 10 {
		several := []store.Event{
			event(fmt.Sprint("a \x00", 9-i), "r"), event(fmt.Sprint("b", i), ""), {ID: fmt.Sprint("\u65e5", i), Room: "r \x00"},
		}
		s.record(several...)
		want = append(want, several...)
	}
	s.record()
	for _, limit := range []int{1, 7, 30, 31} {
		s.wantEvents(s.events(store.EventQuery{Limit: limit}), want...)
	}
	all := s.events(store.EventQuery{Limit: 100})
	s.wantEvents(s.events(store.EventQuery{After: all[11].Position, Limit: 100}), want[12:]...)
	last := all[29].Position
	if page := s.page(store.EventQuery{After: last, Limit: 10}); len(page.Events) > 0 || page.More || page.Next < last {
		t.Errorf("after the last event: %+v", page)
	}
	if page := s.page(store.EventQuery{After: last + 1000, Limit: 10}); len(page.Events) > 0 || page.Next != last+1000 {
		t.Errorf("far after the last event: %+v", page)
	}
}

func eventIsRecordedOnce(_ *testing.T, s *rig) {
	a, b, c := event("a", "r"), event("b", "r"), event("c", "r")
	other := event("a", "another")
	s.record(a, b, other)
	s.record(b, a)
	s.record(other, c, b)
	s.wantEvents(s.events(store.EventQuery{Limit: 10}), a, b, c)
}

func eventsAreFiltered(_ *testing.T, s *rig) {
	var all []store.Event
	for i := range 24 {
		e := event(fmt.Sprint(i), []live.RoomID{"", "r", "R", "r \x00"}[i%4])
		e.Kind = store.EventKind(1 + i%3)
		all = append(all, e)
	}
	s.record(all...)
	for _, q := range []store.EventQuery{
		{EventFilter: store.EventFilter{Rooms: []live.RoomID{"r"}}},
		{EventFilter: store.EventFilter{Rooms: []live.RoomID{"r \x00", "absent", ""}}},
		{EventFilter: store.EventFilter{Rooms: []live.RoomID{"absent"}}},
		{EventFilter: store.EventFilter{Kinds: []store.EventKind{1}}},
		{EventFilter: store.EventFilter{Kinds: []store.EventKind{3, 2, 9}}},
		{EventFilter: store.EventFilter{Rooms: []live.RoomID{"r", "R"}, Kinds: []store.EventKind{2}}},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(e store.Event) bool { return !asks(q, e) })
		for _, q.Limit = range []int{1, 2, 100} {
			s.wantEvents(s.events(q), want...)
		}
	}
}

// asks says whether a query asks for an event.
func asks(q store.EventQuery, e store.Event) bool {
	return q.Asks(e)
}

// However much a reader does not ask for, it comes past it, and does not come back to it.
func filteredEventsAreReadToTheEnd(t *testing.T, s *rig) {
	const many, each = 25_000, 5000
	for n := range many / each {
		several := make([]store.Event, each)
		for i := range several {
			several[i] = store.Event{ID: fmt.Sprint(n, " ", i), Room: "loud"}
		}
		s.record(several...)
	}
	s.record(event("a", "quiet"))
	q := store.EventQuery{EventFilter: store.EventFilter{Rooms: []live.RoomID{"quiet"}}, Limit: 10}
	got := s.events(q)
	s.wantEvents(got, event("a", "quiet"))
	q.Rooms = []live.RoomID{"silent"}
	for page := s.page(q); page.More; page = s.page(q) {
		if q.After = page.Next; q.After > got[0].Position {
			t.Fatalf("it goes on at %d, the latest event is at %d", q.After, got[0].Position)
		}
	}
	if page := s.page(q); page.Next < got[0].Position {
		t.Errorf("at the end it goes on at %d, before the latest event", page.Next)
	}
}

func positionsHaveNoHoles(t *testing.T, s *rig) {
	s.record(event("a", "r"), event("b", "r"), event("a", "r"))
	s.record(event("b", "r"), event("c", "r"), event("c", "r"), event("a", ""))
	s.record(event("c", "r"))
	s.record(event("d", "r"))
	for i, e := range s.events(store.EventQuery{Limit: 10}) {
		if e.Position != store.EventPosition(i+1) {
			t.Errorf("event %d is at %d", i+1, e.Position)
		}
	}
}

func eventIsAwaited(t *testing.T, s *rig) {
	s.record(event("a", "r"))
	if latest, err := s.Events.AwaitEvents(t.Context(), 0); err != nil || latest != 1 {
		t.Fatalf("AwaitEvents after 0 = %d, %v; want 1", latest, err)
	}
	var latest store.EventPosition
	var err error
	awaited := meanwhile(func() { latest, err = s.Events.AwaitEvents(t.Context(), 1) })
	s.record(event("a", "r"))
	select {
	case <-awaited:
		t.Errorf("AwaitEvents after 1 = %d, %v; nothing was recorded", latest, err)
	default:
	}
	s.record(event("b", "r"), event("c", "r"))
	<-awaited
	if err != nil || latest != 3 {
		t.Errorf("AwaitEvents after 1 = %d, %v; want 3", latest, err)
	}
	if latest, err := s.Events.AwaitEvents(t.Context(), 7); err != nil || latest != 3 {
		t.Errorf("AwaitEvents at 7, which was lost = %d, %v; want 3", latest, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	given := meanwhile(func() { _, err = s.Events.AwaitEvents(ctx, 3) })
	cancel()
	<-given
	if !errors.Is(err, context.Canceled) {
		t.Errorf("AwaitEvents that nobody waits for: %v", err)
	}
}

func eventsArePrunedByAge(t *testing.T, s *rig) {
	clock := s.clock(t)
	a, b, c := event("a", "r"), event("b", "r"), event("c", "r")
	s.record(a, b)
	first := s.events(store.EventQuery{Limit: 10})
	clock.Advance(time.Hour)
	s.prune(time.Hour, 10, 0)
	s.record(c)
	clock.Advance(time.Microsecond)
	s.prune(time.Hour, 1, 1)
	s.wantEvents(s.events(store.EventQuery{Limit: 10}), b, c)
	s.prune(time.Hour, 10, 1)
	s.prune(time.Hour, 10, 0)
	s.wantEvents(s.events(store.EventQuery{Limit: 10}), c)
	s.record(b) // as if it were another
	got := s.events(store.EventQuery{After: first[1].Position, Limit: 10})
	s.wantEvents(got, c, b)
	clock.Advance(2 * time.Hour)
	s.prune(time.Hour, 10, 2)
	s.record(a) // positions are not used again
	if again := s.events(store.EventQuery{Limit: 10}); len(again) != 1 || again[0].Position <= got[1].Position {
		t.Errorf("%+v, want one after %d", again, got[1].Position)
	}
}

func eventsAreRecordedInOrderOfTime(t *testing.T, s *rig) {
	clock := s.clock(t)
	at := clock.Now()
	s.record(event("a", "r"))
	clock.Advance(-time.Hour)
	s.record(event("b", "r"))
	clock.Advance(2 * time.Hour)
	s.record(event("c", "r"))
	want := []live.Timestamp{at, at, at.Add(time.Hour)}
	for i, e := range s.events(store.EventQuery{Limit: 10}) {
		if e.Recorded != want[i] {
			t.Errorf("%s was recorded at %d, want %d", e.ID, e.Recorded, want[i])
		}
	}
}

// eventsCalls is every method of Events.
var eventsCalls = []call{
	{"AppendEvents", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		return s.Events.AppendEvents(ctx, []store.Event{event("new", id)})
	}},
	{"AppendEvents of none", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return s.Events.AppendEvents(ctx, nil)
	}},
	{"Events", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Events.Events(ctx, store.EventQuery{Limit: 10})
		return err
	}},
	{"AwaitEvents", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Events.AwaitEvents(ctx, 0)
		return err
	}},
	{"PruneEvents", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Events.PruneEvents(ctx, 0, 10)
		return err
	}},
}
