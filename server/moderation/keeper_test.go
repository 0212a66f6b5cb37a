package moderation_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	rules "github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/storetest"
)

// farewell returns the frame that a stream has ended with, nil if it has not.
func farewell(t *testing.T, sub *hub.Subscriber) *ovationv1.Kicked {
	t.Helper()
	if sub.Ending() == hub.Open {
		return nil
	}
	frames, done := sub.Next(nil)
	if !done {
		t.Fatalf("%d frames are due, and none is the last", len(frames))
	}
	return decoded(t, frames[len(frames)-1]).GetKicked()
}

func decoded(tb testing.TB, f *wire.Frame) *ovationv1.SubscribeResponse {
	tb.Helper()
	b, err := f.AppendProto(nil)
	m := new(ovationv1.SubscribeResponse)
	if err == nil {
		err = proto.Unmarshal(b, m)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// A ban of a room, or of all, ends streams at once on the node that is told, and within
// a second on every other, though it hears nothing.
func TestBansReachEveryNode(t *testing.T) {
	t.Parallel()
	for _, place := range []live.RoomID{"r", ""} {
		synctest.Test(t, func(t *testing.T) {
			told := setup(t)
			deaf := told.store
			deaf.Bus = storetest.Lossy{Bus: told.store.Bus, Drop: 1}
			other := node(t, deaf)
			told.keep()
			other.keep()
			var here, there []*hub.Subscriber
			for range 2 {
				here, there = append(here, told.sit("ann", live.RoleViewer)), append(there, other.sit("ann", live.RoleViewer))
			}
			stay := []*hub.Subscriber{told.sit("bob", live.RoleViewer), other.sit("bob", live.RoleViewer), other.sit("ann", live.RoleBackend)}
			time.Sleep(1300 * time.Millisecond)
			told.apply(order(rules.Ban, place, "ann"))
			synctest.Wait()
			for _, sub := range here {
				if k := farewell(t, sub); k.GetReason() != wire.Banned || k.GetMessage() != "why" {
					t.Errorf("banned from %q, here: %v", place, k)
				}
			}
			time.Sleep(time.Second)
			synctest.Wait()
			for _, sub := range there {
				if k := farewell(t, sub); k.GetReason() != wire.Banned || k.GetMessage() != "why" {
					t.Errorf("banned from %q, there: %v", place, k)
				}
			}
			if place == "" {
				stay = append(stay, other.sit("cy", live.RoleViewer))
			} else {
				stay[2] = stay[0] // whose sessions the ban of a room ends too
			}
			for _, sub := range stay {
				if k := farewell(t, sub); k != nil {
					t.Errorf("banned from %q, another: %v", place, k)
				}
			}
		})
	}
}

// Timed bans let their users back in by themselves, on streams and calls alike.
func TestATimedBanEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.keep()
		ban := order(rules.Ban, "", "ann")
		ban.For = time.Minute
		h.apply(ban)
		time.Sleep(time.Minute - time.Microsecond)
		if _, err := h.say(as("ann", live.RoleViewer), "hello"); err == nil {
			t.Error("banned, and speaks")
		}
		time.Sleep(time.Microsecond)
		if _, err := h.say(as("ann", live.RoleViewer), "hello"); err != nil {
			t.Errorf("after the ban: %v", err)
		}
		sub := h.sit("ann", live.RoleViewer)
		time.Sleep(5 * time.Second)
		if k := farewell(t, sub); k != nil {
			t.Errorf("after the ban: %v", k)
		}
	})
}

// talk lets the host say something every second.
func (h house) talk(d time.Duration) {
	h.t.Helper()
	for range d / time.Second {
		time.Sleep(time.Second)
		if _, err := h.say(as("host", live.RoleHost), "hello"); err != nil {
			h.t.Fatal(err)
		}
	}
	synctest.Wait()
}

// A protected user who never pulls is not taken for offline, whether they were there
// first or their protection was, until it ends, by itself or otherwise; nor is one who was
// appointed.
func TestProtectedUsersAreNotOffline(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind  rules.Kind
		place live.RoomID
		term  time.Duration
		end   func(house)
	}{
		"until it is over":          {rules.Protect, "r", 5 * time.Minute, func(house) { time.Sleep(4 * time.Minute) }},
		"everywhere":                {rules.Protect, "", 5 * time.Minute, func(house) { time.Sleep(4 * time.Minute) }},
		"until it is ended":         {rules.Protect, "r", 0, func(h house) { h.lift(rules.Protect, "r", "ann") }},
		"until it is ended for all": {rules.Protect, "", time.Hour, func(h house) { h.lift(rules.Protect, "", "ann") }},
		"appointed":                 {rules.Appoint, "r", 0, func(h house) { h.lift(rules.Appoint, "r", "ann") }},
		"appointed for a while":     {rules.Appoint, "", 5 * time.Minute, func(house) { time.Sleep(4 * time.Minute) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				h.keep()
				first, other := h.sit("ann", live.RoleViewer), h.sit("bob", live.RoleViewer)
				protect := order(tt.kind, tt.place, "ann")
				protect.For = tt.term
				h.apply(protect)
				streamed := h.stream("ann")
				h.talk(time.Minute)
				if first.Ending() != hub.Open || other.Ending() != hub.Offline || streamed.ended.Load() {
					t.Fatalf("protected: %v, another: %v, by a stream: %v", first.Ending(), other.Ending(), streamed.ended.Load())
				}
				tt.end(h)
				h.talk(time.Minute)
				if first.Ending() != hub.Offline || !streamed.ended.Load() {
					t.Errorf("after it: %v, by a stream: %v", first.Ending(), streamed.ended.Load())
				}
			})
		})
	}
}

// streamed is a stream that was opened as a call opens it.
type streamed struct {
	ended atomic.Bool
	first *ovationv1.SubscribeResponse
	t     testing.TB
}

// WriteFrames implements hub.Writer.
func (s *streamed) WriteFrames(frames ...*wire.Frame) error {
	if s.first == nil {
		s.first = decoded(s.t, frames[0])
	}
	return nil
}

// stream opens a stream that is told what is new and never pulls.
func (h house) stream(user live.UserID) *streamed {
	h.t.Helper()
	s := &streamed{t: h.t}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if v, err := h.chat.Subscribe(ctx, as(user, live.RoleViewer), chat.Stream{Room: "r", Delivery: hub.Notified}); err == nil {
			_ = v.Serve(ctx, s)
		}
		s.ended.Store(true)
	}()
	h.t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return s
}

// One who was banned after they were let in gets no frame, and leaves no session.
func TestAStreamOfOneWhoIsBannedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.apply(order(rules.Ban, "", "ann"))
		v, err := h.chat.Subscribe(t.Context(), as("ann", live.RoleViewer), chat.Stream{Room: "r"})
		var ban *rules.BannedError
		if !errors.As(err, &ban) || v != nil || h.sessions() != 0 || len(h.hub.Sessions()) != 0 {
			t.Errorf("%v, %v, %d sessions", err, v, h.sessions())
		}
	})
}

// register is store.Sanctions by a name that is not one of its methods'.
type register = store.Sanctions

// ailing is a store of sanctions that can be away, and counts what it is asked.
type ailing struct {
	register
	away      atomic.Bool
	standings atomic.Int64
}

func (a *ailing) Standings(ctx context.Context, id live.RoomID, users []live.UserID) ([]rules.Standing, error) {
	a.standings.Add(1)
	if a.away.Load() {
		return nil, store.ErrUnavailable
	}
	return a.register.Standings(ctx, id, users)
}

func (a *ailing) SanctionRevisions(
	ctx context.Context, ids []live.RoomID,
) (map[live.RoomID]store.SanctionRevision, error) {
	if a.away.Load() {
		return nil, store.ErrUnavailable
	}
	return a.register.SanctionRevisions(ctx, ids)
}

// While the store is away streams go on; what was missed is made up for. Of an outage
// the log has its beginning and its end.
func TestTheKeeperSitsOutAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := setup(t)
		set := told.store
		sick := &ailing{register: set.Sanctions}
		set.Sanctions = sick
		set.Bus = storetest.Lossy{Bus: set.Bus, Drop: 1}
		h := node(t, set)
		h.keep()
		ann := h.sit("ann", live.RoleViewer)
		sick.away.Store(true)
		time.Sleep(3 * time.Second)
		told.apply(order(rules.Ban, "r", "ann"))
		time.Sleep(10 * time.Second)
		if k := farewell(t, ann); k != nil {
			t.Errorf("ended while nothing could be known: %v", k)
		}
		sick.away.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		if k := farewell(t, ann); k.GetReason() != wire.Banned {
			t.Errorf("after the outage: %v", k)
		}
		logged := h.logs.String()
		if strings.Count(logged, "cannot read all sanctions") != 1 || strings.Count(logged, "can be read again") != 1 {
			t.Errorf("logged %s", logged)
		}
	})
}

// A keeper costs one call of the store each time, however many there are, as long as
// nothing changes.
func TestTheKeeperAsksForWhatHasChanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := setup(t).store
		counting := &ailing{register: set.Sanctions}
		set.Sanctions = counting
		h := node(t, set)
		h.apply(order(rules.Mute, "", "cy"))
		h.keep()
		for range 3 {
			h.sit("ann", live.RoleViewer)
		}
		time.Sleep(time.Minute)
		if n := counting.standings.Load(); n != 1 {
			t.Errorf("standings were read %d times, want once: when the room was new", n)
		}
		h.apply(order(rules.Mute, "r", "ann"))
		time.Sleep(time.Minute)
		if n := counting.standings.Load(); n != 2 {
			t.Errorf("standings were read %d times, want once more", n)
		}
	})
}

// refusing is a store whose sessions cannot be ended.
type refusing struct{ store.Presence }

func (refusing) Leave(context.Context, store.Departure) ([]store.Ended, error) {
	return nil, store.ErrUnavailable
}

// A ban that is made acts, though the sessions cannot be ended now.
func TestABanActsWhoeverIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := setup(t).store
		set.Presence = refusing{set.Presence}
		h := node(t, set)
		h.keep()
		ann := h.sit("ann", live.RoleViewer)
		h.apply(order(rules.Ban, "r", "ann"))
		synctest.Wait()
		if k := farewell(t, ann); k.GetReason() != wire.Banned {
			t.Errorf("the stream goes on: %v", k)
		}
		if _, err := h.say(as("ann", live.RoleViewer), "hello"); err == nil {
			t.Error("banned, and speaks")
		}
	})
}

// Messages of one who is protected ride WHITELIST, and neither slow mode nor a room's
// mute stops them; a mute of their own in the other place does.
func TestProtectedUsersSpeak(t *testing.T) {
	t.Parallel()
	for _, place := range []live.RoomID{"r", ""} {
		h := setup(t)
		h.apply(order(rules.Protect, place, "ann"))
		h.apply(order(rules.RoomMute, "r", ""))
		for _, p := range []auth.Principal{as("ann", live.RoleViewer), as("mod", live.RoleModerator), as("host", live.RoleHost), backend} {
			receipt, err := h.say(p, "hello")
			if err != nil || receipt.Outcome != feed.Accepted || p.User == "ann" && receipt.Bucket != feed.Whitelist {
				t.Errorf("%s: %+v, %v", p.User, receipt, err)
			}
		}
		var muted *rules.MutedError
		if _, err := h.say(as("bob", live.RoleViewer), "hello"); !errors.As(err, &muted) {
			t.Errorf("bob: %v", err)
		}
		if place == "r" {
			h.apply(order(rules.Mute, "", "ann"))
			if _, err := h.say(as("ann", live.RoleViewer), "hello"); !errors.As(err, &muted) {
				t.Errorf("protected here, muted everywhere: %v", err)
			}
		}
	}
}
