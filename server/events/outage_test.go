package events

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// endpoint is a webhook without a network, for tests whose time is not real.
type endpoint struct {
	mu      sync.Mutex
	asked   int
	took    []string
	refuses func(id string) bool
}

// RoundTrip implements http.RoundTripper.
func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	id := r.Header.Get(idHeader)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	status := http.StatusNoContent
	if e.refuses(id) {
		status = http.StatusServiceUnavailable
	} else {
		e.took = append(e.took, id)
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: http.NoBody, Request: r}, nil
}

// refuse has it refuse other events from now on.
func (e *endpoint) refuse(what func(id string) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuses = what
}

// seen returns how often it was asked, and what it took.
func (e *endpoint) seen() (asked int, took []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked, slices.Clone(e.took)
}

// failing runs a test in a bubble, with a node that sends to a webhook.
func failing(t *testing.T, test func(s *stage, e *endpoint)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := setup(t)
		e := &endpoint{refuses: func(string) bool { return false }}
		node := New(s.set, Config{Node: "n"})
		node.post.client.Transport = e
		w := store.Webhook{URL: "http://hook.example", Secret: "a secret of sixteen bytes", GiveUpAfter: 24 * time.Hour}
		who := backend
		who.Expires = time.Now().Add(24 * time.Hour)
		if _, err := node.Put(t.Context(), who, "hook", w, store.StartEarliest); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		ctx := t.Context()
		go func() {
			defer close(done)
			node.Run(ctx)
		}()
		t.Cleanup(func() { <-done }) // the context is done before
		test(s, e)
	})
}

// rooms records an event in each of so many rooms.
func (s *stage) rooms(prefix string, n int) (ids []string) {
	s.t.Helper()
	for i := range n {
		ids = append(ids, s.record(live.RoomID(fmt.Sprint(prefix, i)), 1)...)
	}
	return ids
}

// All of these fail for ever: events of other rooms come at once, however long that has gone
// on and however many there are.
func TestEventsThatAreNeverTakenHoldUpNobodyElse(t *testing.T) {
	for _, rooms := range []int{1, failingAt, 3 * failingAt} {
		t.Run(fmt.Sprint(rooms), func(t *testing.T) {
			failing(t, func(s *stage, e *endpoint) {
				never := s.rooms("poison", rooms)
				e.refuse(func(id string) bool { return slices.Contains(never, id) })
				time.Sleep(time.Hour)
				if asked, took := e.seen(); asked < failingAt || len(took) > 0 {
					t.Fatalf("asked %d times, it took %q", asked, took)
				}
				ids := s.rooms("good", 40)
				time.Sleep(2 * time.Second)
				if _, took := e.seen(); len(took) != len(ids) {
					t.Errorf("it took %q, want %q", took, ids)
				}
				before, _ := e.seen()
				for range 600 { // what goes well does not have those tried all the time
					s.record("good", 1)
					time.Sleep(time.Second)
				}
				if asked, took := e.seen(); len(took) != len(ids)+600 || asked-before-600 > 10*rooms {
					t.Errorf("asked %d times more than it took, which is %d", asked-before-600, len(took))
				}
			})
		})
	}
}

// Of some rooms the log has far more than is held, and nothing of it is ever taken: what others
// have between comes soon.
func TestLargeRoomsThatAreNeverTakenHoldUpNobodyElse(t *testing.T) {
	const events = 4 * maxHeld
	for _, tt := range []struct{ rooms, every int }{{1, 10}, {1, 4000}, {failingAt - 1, 10}, {failingAt - 1, 1000}, {3 * failingAt, 100}, {3 * failingAt, 4000}} {
		t.Run(fmt.Sprintf("%d rooms, others have every %dth", tt.rooms, tt.every), func(t *testing.T) {
			failing(t, func(s *stage, e *endpoint) {
				good := make(map[string]bool)
				e.refuse(func(id string) bool { return !good[id] })
				e.mu.Lock() // it answers once all is recorded
				for i := range events / tt.every {
					for j := range tt.every - 1 {
						s.record(live.RoomID(fmt.Sprint("poison", (i+j)%tt.rooms)), 1)
					}
					good[s.record(live.RoomID(fmt.Sprint("good", i)), 1)[0]] = true
				}
				e.mu.Unlock()
				if time.Sleep(time.Minute); tt.rooms >= failingAt {
					time.Sleep(15 * maxProbe) // it may be taken for away at first
				}
				if asked, took := e.seen(); len(took) != len(good) || asked > len(good)+20*tt.rooms {
					t.Errorf("it took %d of %d; it was asked %d times", len(took), len(good), asked)
				}
				if held := s.consumer("hook").Held; held > 2*maxHeld+windowSize {
					t.Errorf("%d are held", held)
				}
			})
		})
	}
}

// largeRoomsWhileAway records more in some rooms than is held of one while a webhook takes
// nothing, which goes on for a minute. It returns how many events these are.
func largeRoomsWhileAway(s *stage, e *endpoint) (all int) {
	s.t.Helper()
	e.refuse(func(string) bool { return true })
	const rooms, each = 3, 3 * maxOfRoom
	for i := range each / 100 * rooms {
		s.record(live.RoomID(fmt.Sprint("r", i%rooms)), 100)
	}
	time.Sleep(time.Minute)
	return rooms * each
}

// A webhook that is back, and at first refuses some of what it gets, loses nothing.
func TestWebhookThatComesBackHalting(t *testing.T) {
	failing(t, func(s *stage, e *endpoint) {
		largeRoomsWhileAway(s, e)
		refused := make(map[string]int)
		e.refuse(func(id string) bool {
			refused[id]++
			return strings.HasSuffix(id, "00") && refused[id] < 4
		})
		time.Sleep(10 * time.Minute)
		if c := s.consumer("hook"); c.Dead > 0 || c.Acknowledged != c.Latest {
			t.Errorf("%+v", c)
		}
	})
}

// While a webhook is away it is asked little, and little is held; when it is back, all comes soon.
func TestWebhookThatComesBack(t *testing.T) {
	failing(t, func(s *stage, e *endpoint) {
		e.refuse(func(string) bool { return true })
		s.rooms("r", 1000)
		time.Sleep(time.Minute)
		if asked, _ := e.seen(); asked > 300 {
			t.Errorf("it was asked %d times within a minute", asked)
		}
		time.Sleep(time.Hour)
		if held := s.consumer("hook").Held; held < failingAt || held > 120 {
			t.Errorf("%d are held", held)
		}
		s.record("r0", 1)
		e.refuse(func(string) bool { return false })
		time.Sleep(maxProbe*12/10 + healWithin + time.Second)
		_, took := e.seen()
		if c := s.consumer("hook"); len(took) != 1001 || c.Held > 0 || c.Acknowledged != c.Latest {
			t.Errorf("it took %d; %+v", len(took), c)
		}
	})
}

// A webhook that asks not to be asked is not hurried.
func TestHurryMindsRetryAfter(t *testing.T) {
	t.Parallel()
	const began live.Timestamp = 1_893_553_445_000_000
	q := newLanes(store.ClaimedWebhook{Webhook: store.Webhook{GiveUpAfter: time.Hour}}, nil, began)
	var page store.EventPage
	for i := range failingAt + 1 {
		page.Events = append(page.Events, store.Event{Position: store.EventPosition(i + 1), Room: live.RoomID(fmt.Sprint(i))})
	}
	q.take(page, began)
	for i := range failingAt {
		a := answer{status: 503}
		if i == 0 {
			a.retryAfter = 4 * time.Minute
		}
		q.over(q.next(began), a, began)
	}
	if !q.away() || q.next(began) != nil {
		t.Fatal("it is away, and is asked at once")
	}
	for _, l := range q.later {
		l.due = l.due.Add(time.Minute) // as after more attempts
	}
	back := q.probe
	q.over(q.next(back), answer{taken: true}, back)
	for _, l := range q.later {
		asked := l.key.room == "0"
		if l.due < back || asked != (l.due > back.Add(healWithin)) || asked && l.due < began.Add(4*time.Minute) {
			t.Errorf("room %s is due %v after", l.key.room, l.due.Sub(back))
		}
	}
}

// Nothing is lost of rooms that have more than is held of one, of a webhook that was away for all.
func TestWebhookThatComesBackGetsAllOfLargeRooms(t *testing.T) {
	failing(t, func(s *stage, e *endpoint) {
		all := largeRoomsWhileAway(s, e)
		e.refuse(func(string) bool { return false })
		time.Sleep(maxProbe*12/10 + time.Minute)
		_, took := e.seen()
		if c := s.consumer("hook"); len(took) != all || c.Acknowledged != c.Latest {
			t.Errorf("it took %d of %d; %+v", len(took), all, c)
		}
	})
}

// However few rooms have failed while a webhook was away: once it takes one, all come soon.
func TestWebhookThatComesBackToFewRooms(t *testing.T) {
	failing(t, func(s *stage, e *endpoint) {
		e.refuse(func(string) bool { return true })
		const rooms = failingAt - 1
		s.rooms("r", rooms)
		time.Sleep(2 * time.Hour)
		e.refuse(func(string) bool { return false })
		for took := []string(nil); len(took) == 0; _, took = e.seen() {
			time.Sleep(time.Second)
		}
		time.Sleep(healWithin)
		if _, took := e.seen(); len(took) != rooms {
			t.Errorf("it took %d", len(took))
		}
	})
}

// A room that failed for a reason of its own comes as soon as others once the webhook was away
// for all: that may have mended it.
func TestWebhookThatComesBackMended(t *testing.T) {
	failing(t, func(s *stage, e *endpoint) {
		poison := s.rooms("poison", 1)
		e.refuse(func(id string) bool { return id == poison[0] })
		for range 100 {
			s.record("good", 1)
			time.Sleep(10 * time.Second)
		}
		e.refuse(func(string) bool { return true })
		s.record("good", 1)
		time.Sleep(time.Hour)
		e.refuse(func(string) bool { return false })
		s.record("another", 1)
		time.Sleep(healWithin + time.Second)
		if _, took := e.seen(); len(took) != 103 {
			t.Errorf("it took %d", len(took))
		}
	})
}

// A webhook that takes everything gets everything at once, however much the log has.
func TestWebhookIsNotKeptWaiting(t *testing.T) {
	failing(t, func(s *stage, e *endpoint) {
		for i := range 8 * windowSize {
			s.record(live.RoomID(fmt.Sprint("r", i%3)), 1)
		}
		time.Sleep(3 * time.Second)
		if _, took := e.seen(); len(took) != 8*windowSize {
			t.Errorf("it took %d of %d", len(took), 8*windowSize)
		}
	})
}

// What failed is hurried by whoever sends next too, and once each time it failed.
func TestHurryOfWhatAnotherNodeTried(t *testing.T) {
	t.Parallel()
	const began live.Timestamp = 1_893_553_445_000_000
	var held []store.Delivery
	for i := range 100 {
		held = append(held, store.Delivery{
			Event:    store.Event{Position: store.EventPosition(i + 1), Room: live.RoomID(fmt.Sprint(i))},
			Attempts: 12, First: began.Add(-time.Hour), Due: began.Add(maxPause),
		})
	}
	q := newLanes(store.ClaimedWebhook{Webhook: store.Webhook{GiveUpAfter: 24 * time.Hour}}, held, began)
	at := store.EventPosition(len(held))
	sent := func(room live.RoomID, taken bool) {
		at++
		q.take(store.EventPage{Events: []store.Event{{Position: at, Room: room}}}, began)
		q.over(q.next(began), answer{taken: taken, status: 503}, began)
	}
	sum := func() (all time.Duration) {
		for _, l := range q.later {
			if l.key.room != "bad" {
				all += l.due.Sub(began)
			}
		}
		return all
	}
	sent("good", true)
	hurried := sum()
	if hurried > 100*healWithin {
		t.Errorf("they come after %v on average", hurried/100)
	}
	sent("bad", false)
	sent("good", true)
	if got := sum(); got != hurried {
		t.Errorf("they come after %v on average, before it was %v", got/100, hurried/100)
	}
}
