package events

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// sending is a webhook of a store, and nodes that send to it and are killed.
type sending struct {
	t     *rapid.T
	set   store.Set
	now   live.Timestamp
	nodes int
	claim store.ClaimedWebhook
	lanes *lanes
	fly   []*lane

	appended []store.Event
	took     map[live.RoomID][]store.EventPosition // what the webhook took, in order
	dead     map[store.EventPosition]bool
	cursor   store.EventPosition
}

const everyRoom = failingAt + 2

// begin has another node begin where the store is: the one before is killed.
func (s *sending) begin(*rapid.T) {
	s.nodes++
	s.now += live.Timestamp(time.Hour.Microseconds()) // its lease is over
	all, err := s.set.Webhooks.ClaimWebhooks(s.t.Context(), store.NodeID(fmt.Sprint("n", s.nodes)), 1, time.Minute)
	if err != nil || len(all) != 1 {
		s.t.Fatalf("%+v, %v", all, err)
	}
	held, err := s.set.Webhooks.HeldDeliveries(s.t.Context(), "hook")
	if err != nil {
		s.t.Fatal(err)
	}
	s.claim, s.fly = all[0], nil
	s.lanes = newLanes(s.claim, held, s.now)
	s.lanes.most, s.lanes.mostOfRoom = 6, 3
}

// append records an event of some room.
func (s *sending) append(t *rapid.T) {
	n := len(s.appended)
	e := store.Event{
		ID: fmt.Sprint(n), Room: live.RoomID(fmt.Sprint(rapid.IntRange(0, everyRoom-1).Draw(t, "room"))),
		Kind: store.EventKind(rapid.IntRange(1, 2).Draw(t, "kind")), // 2 is not asked for
	}
	if err := s.set.Events.AppendEvents(t.Context(), []store.Event{e}); err != nil {
		t.Fatal(err)
	}
	e.Position = store.EventPosition(n + 1)
	s.appended = append(s.appended, e)
}

// read reads the log on.
func (s *sending) read(t *rapid.T) {
	page, err := s.set.Events.Events(t.Context(), store.EventQuery{
		After: s.lanes.read, EventFilter: s.claim.Webhook.EventFilter, Limit: rapid.IntRange(1, 4).Draw(t, "limit"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !s.lanes.roomy(s.now) {
		return
	}
	before := len(s.lanes.dead)
	if over := s.lanes.take(page, s.now); over.events != len(s.lanes.dead)-before {
		t.Fatalf("%+v, and %d are dead letters", over, len(s.lanes.dead)-before)
	}
}

// launch sends one more.
func (s *sending) launch(*rapid.T) {
	if l := s.lanes.next(s.now); l != nil {
		s.fly = append(s.fly, l)
	}
}

// land has something that is on its way be taken, or not.
func (s *sending) land(t *rapid.T) {
	if len(s.fly) == 0 {
		return
	}
	i := rapid.IntRange(0, len(s.fly)-1).Draw(t, "which")
	s.lands(i, rapid.Bool().Draw(t, "taken"))
}

func (s *sending) lands(i int, taken bool) {
	l := s.fly[i]
	s.fly = slices.Delete(s.fly, i, i+1)
	e := l.items[0].Event
	if taken {
		s.took[e.Room] = append(s.took[e.Room], e.Position)
	}
	if s.lanes.over(l, answer{taken: taken, status: 500}, s.now) {
		s.dead[e.Position] = true
	}
}

// outage has the webhook take nothing of what may be sent.
func (s *sending) outage(t *rapid.T) {
	s.read(t)
	for range everyRoom {
		s.launch(t)
	}
	for len(s.fly) > 0 {
		s.lands(0, false)
	}
}

// settle tells the store.
func (s *sending) settle(t *rapid.T) {
	done, some := s.lanes.settlement()
	if !some {
		return
	}
	done.Name, done.Node, done.Revision = "hook", store.NodeID(fmt.Sprint("n", s.nodes)), s.claim.Revision
	if err := s.set.Webhooks.SettleDeliveries(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	for _, d := range done.Dead {
		s.dead[d.Event.Position] = true
	}
	s.lanes.told(done)
}

// pass lets time pass.
func (s *sending) pass(t *rapid.T) {
	s.now = s.now.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "seconds")) * time.Second)
}

// agree checks what holds at any time.
func (s *sending) agree(t *rapid.T) {
	c, err := s.set.Consumers.EventConsumer(t.Context(), "hook")
	if err != nil || c.Acknowledged < s.cursor {
		t.Fatalf("%+v, %v: it was at %d", c, err, s.cursor)
	}
	s.cursor = c.Acknowledged
	for _, e := range s.appended[:c.Acknowledged] {
		if e.Kind == 1 && !s.dead[e.Position] && !slices.Contains(s.took[e.Room], e.Position) {
			t.Fatalf("the cursor is at %d, and nobody took %+v", c.Acknowledged, e)
		}
	}
}

// finish has everything sent that is left.
func (s *sending) finish(t *rapid.T) {
	for range 10_000 {
		for len(s.fly) > 0 {
			s.lands(0, true)
		}
		s.read(t)
		s.settle(t)
		s.launch(t)
		if due := s.lanes.due(); len(s.fly) == 0 && due > s.now {
			s.now = due
		}
		if s.lanes.settled == store.EventPosition(len(s.appended)) && len(s.lanes.held) == 0 && len(s.fly) == 0 {
			s.settle(t)
			return
		}
	}
	t.Fatalf("it does not come to an end: %+v", s.lanes)
}

// inOrder checks that events of a room were taken in their order, those that were sent twice
// in it each time.
func (s *sending) inOrder(t *rapid.T) {
	for room, took := range s.took {
		var most store.EventPosition
		for i, at := range took {
			if at > most { // taken for the first time
				for _, e := range s.appended[most : at-1] {
					if e.Room == room && e.Kind == 1 && !s.dead[e.Position] {
						t.Fatalf("room %s: %v was taken without %d before it", room, took[:i+1], e.Position)
					}
				}
				most = at
			}
		}
	}
}

// Whatever fails, and whenever nodes are killed: every event is taken or is a dead letter,
// none before those of its room that came before it, and the cursor does not go back.
func TestEveryEventIsTakenInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &sending{
			t: t, now: 1_893_553_445_000_000, took: make(map[live.RoomID][]store.EventPosition), dead: make(map[store.EventPosition]bool),
		}
		s.set = memory.New(memory.WithClock(func() live.Timestamp { return s.now })).Set()
		_, err := s.set.Webhooks.PutWebhook(t.Context(), "hook", store.Webhook{
			Secret: "s", EventFilter: store.EventFilter{Kinds: []store.EventKind{1}}, GiveUpAfter: 5 * time.Minute,
		}, store.StartEarliest)
		if err != nil {
			t.Fatal(err)
		}
		s.begin(t)
		t.Repeat(map[string]func(*rapid.T){
			"append": s.append, "append more": s.append, "read": s.read, "launch": s.launch, "launch more": s.launch,
			"land": s.land, "land more": s.land, "outage": s.outage, "settle": s.settle, "killed": s.begin, "pass": s.pass, "": s.agree,
		})
		s.finish(t)
		s.agree(t)
		s.inOrder(t)
		if s.cursor != store.EventPosition(len(s.appended)) {
			t.Fatalf("at the end the cursor is at %d of %d", s.cursor, len(s.appended))
		}
	})
}

// trial returns what sends to a webhook that takes what is said, and what has rooms record
// events, and sends what may be sent.
func trial(t *testing.T, takes func(live.RoomID) bool) (
	q *lanes, after func(rooms ...live.RoomID), dead *[]store.Delivery,
) {
	t.Helper()
	var letters []store.Delivery
	now := live.Timestamp(1_893_553_445_000_000)
	q = newLanes(store.ClaimedWebhook{Webhook: store.Webhook{GiveUpAfter: 24 * time.Hour}}, nil, now)
	q.most, q.mostOfRoom = 20, 5
	at := store.EventPosition(0)
	return q, func(rooms ...live.RoomID) {
		var page store.EventPage
		for _, id := range rooms {
			at++
			page.Events = append(page.Events, store.Event{Position: at, Room: id, ID: fmt.Sprint(at)})
		}
		page.Next = at
		if q.roomy(now) {
			q.take(page, now)
		} else {
			at -= store.EventPosition(len(rooms)) // they are left unread
		}
		for l := q.next(now); l != nil; l = q.next(now) {
			q.over(l, answer{taken: takes(l.key.room), status: 500}, now)
		}
		now = now.Add(maxPause)
		done, _ := q.settlement()
		q.told(done)
		letters = append(letters, done.Dead...)
	}, &letters
}

// A room of which nothing is taken, however much it has, holds up no other: what is too much
// of it is given up, and says why.
func TestOneRoomFillsNothing(t *testing.T) {
	t.Parallel()
	q, after, dead := trial(t, func(id live.RoomID) bool { return id != "bad" })
	for range 200 {
		before := q.successes
		after("bad", "good", "bad")
		if q.successes == before {
			t.Fatalf("nothing more is taken of the others, with %d held", len(q.held))
		}
	}
	if len(q.held) > q.most || len(*dead) < 300 {
		t.Errorf("%d are held, %d are dead letters", len(q.held), len(*dead))
	}
	for _, d := range *dead {
		if d.Event.Room != "bad" || !strings.Contains(d.LastError, "one of its room is not taken") {
			t.Errorf("a dead letter is %+v", d)
		}
	}
}

// A webhook that takes nothing of anybody loses nothing: the log is left unread.
func TestAnOutageGivesNothingUp(t *testing.T) {
	t.Parallel()
	down := false
	q, after, dead := trial(t, func(live.RoomID) bool { return !down })
	after("a", "b", "a")
	down = true
	for range 200 {
		after("a", "a", "a")
	}
	if len(*dead) > 0 || len(q.held) > 2*q.most+3 {
		t.Errorf("%d are dead letters, %d are held", len(*dead), len(q.held))
	}
	down = false
	before := q.read
	for range 100 {
		after("a")
	}
	if q.read <= before || len(q.held) > 0 {
		t.Errorf("back again: the log is read up to %d, %d are held", q.read, len(q.held))
	}
}

// A webhook that is away for everybody, now and then and however long, loses nothing of rooms
// however large, and once it takes one again all that had failed is tried soon.
func TestOutagesGiveNothingUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := live.Timestamp(1_893_553_445_000_000)
		q := newLanes(store.ClaimedWebhook{Webhook: store.Webhook{GiveUpAfter: 24 * time.Hour}}, nil, now)
		q.most, q.mostOfRoom = 20, 5
		rooms := rapid.IntRange(1, everyRoom).Draw(t, "rooms")
		second := func(up bool) (asked int) {
			now = now.Add(time.Second)
			if page := (store.EventPage{Next: q.read}); q.roomy(now) {
				for range rapid.IntRange(0, 3).Draw(t, "events") {
					page.Next++
					room := live.RoomID(fmt.Sprint(rapid.IntRange(0, rooms-1).Draw(t, "room")))
					page.Events = append(page.Events, store.Event{Position: page.Next, Room: room})
				}
				q.take(page, now)
			}
			for l := q.next(now); l != nil; l = q.next(now) {
				q.over(l, answer{taken: up, status: 500}, now)
				asked++
			}
			return asked
		}
		for range rapid.IntRange(1, 4).Draw(t, "outages") {
			for range rapid.IntRange(1, 400).Draw(t, "down") {
				second(false)
			}
			before := q.successes
			for seconds := 0; q.successes == before && len(q.lanes) > 0; seconds++ {
				if second(true); seconds > int(maxPause.Seconds()) {
					t.Fatalf("nothing is tried within %v: %+v", maxPause, q)
				}
			}
			for range int(healWithin.Seconds()) {
				second(true)
			}
			for _, l := range q.lanes {
				if l.items[0].Attempts > 0 {
					t.Fatalf("%v after it took one, a room waits for %v more", healWithin, l.due.Sub(now))
				}
			}
		}
		if len(q.dead) > 0 {
			t.Fatalf("%d are dead letters, such as %+v", len(q.dead), q.dead[0])
		}
	})
}

// Whether it is a room's own reason that it fails is known once it failed again, and again,
// though others were taken.
func TestRoomThatFailsAlone(t *testing.T) {
	t.Parallel()
	most := strings.Repeat("tf", aloneAt-1)
	for history, want := range map[string]bool{ // f: it failed, t: another was taken, s: it was taken itself
		"f": false, "tf": false, "ft": false, "ftf": false, "tf" + most: false, "f" + most + "t": false,
		"f" + most + "tf": true, "f" + most + "tft": true,
		strings.Repeat("f", 2*aloneAt): false, "f" + most + "ff": false, "f" + most + "ftf": true, // not always were others
		"f" + most + "tfff":  true, // it is until it is taken
		"f" + most + "sftf":  false,
		"sf" + most + "tf":   true,
		"f" + most + "tfsff": false,
	} {
		now := live.Timestamp(1)
		q := newLanes(store.ClaimedWebhook{Webhook: store.Webhook{GiveUpAfter: 24 * time.Hour}}, nil, now)
		q.take(store.EventPage{Events: []store.Event{{Position: 1, Room: "own"}, {Position: 2, Room: "own"}, {Position: 3, Room: "own"}}, Next: 3}, now)
		for _, what := range history {
			if now = now.Add(maxPause); what == 't' {
				q.took(now)
			} else {
				q.over(q.next(now), answer{taken: what == 's', status: 500}, now)
			}
		}
		if got := q.alone(q.lanes[laneKey{room: "own"}]); got != want {
			t.Errorf("%s: %v", history, got)
		}
	}
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 9: 256 * time.Second, 10: maxPause, 1 << 20: maxPause,
	} {
		for range 20 {
			if d := pauseAfter(attempts); d < want*79/100 || d > min(want*121/100, maxPause) {
				t.Errorf("after %d attempts %v, want about %v", attempts, d, want)
			}
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, at := range []store.EventPosition{0, 1, 35, 36, 1 << 40} {
		f.Add(Cursor(at))
	}
	f.Add("")
	f.Add("x")
	f.Fuzz(func(t *testing.T, cursor string) {
		at, err := position(cursor)
		if err == nil && cursor != "" && (at < 0 || Cursor(at) != cursor) {
			t.Errorf("%q stands for %d, whose cursor is %q", cursor, at, Cursor(at))
		}
	})
}
