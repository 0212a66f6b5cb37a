package hub_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

func TestNewerStreamOfASessionReplacesTheOlder(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		older, newer := s.seat("u", hub.Inline, feed.Cursor{}), s.seat("u", hub.Inline, feed.Cursor{})
		frames := older.take()
		kicked := frames[len(frames)-1].GetKicked()
		if kicked.GetReason() != wire.Replaced || kicked.GetMayReconnect() || older.sub.Ending() != hub.Replaced {
			s.Fatalf("the older ended with %v", frames)
		}
		if newer.sub.Ending() != hub.Open {
			s.Fatalf("the newer ended too")
		}
		newer.take()
		older.leave()
		older.leave() // late, and twice
		s.say(feed.Low, "still here")
		passing(time.Second)
		if got := texts(newer.take()); !slices.Equal(got, []string{"still here"}) {
			s.Fatalf("the newer got %q", got)
		}
		if got := s.hub.Sessions()[theRoom]; len(got) != 1 || got[0].Session != "u's" || got[0].User != "u" {
			s.Fatalf("sessions %+v", got)
		}
		newer.leave()
		newer.leave()
		if got := s.hub.Rooms(); len(got) != 0 {
			s.Fatalf("rooms %q", got)
		}
	})
}

func TestUnsubscribingTwiceLetsNobodyElseGo(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		a, b := s.seat("a", hub.Inline, feed.Cursor{}), s.seat("b", hub.Inline, feed.Cursor{})
		defer b.leave()
		a.leave()
		a.leave()
		passing(time.Minute) // longer than a room without subscribers lingers
		b.take()
		s.say(feed.Low, "hello")
		passing(time.Second)
		if got := texts(b.take()); !slices.Equal(got, []string{"hello"}) {
			s.Fatalf("who stayed got %q", got)
		}
	})
}

func TestDeparturesEndStreamsAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		session live.SessionID
		lost    bool // a publication before it
		gone    []bool
	}{
		{"a session", "1", false, []bool{true, false, false}},
		{"a user", "", false, []bool{true, true, false}},
		{"after a loss", "", true, []bool{true, true, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				var seats []*seat
				for _, who := range []room.Session{{ID: "1", User: "u"}, {ID: "2", User: "u"}, {ID: "3", User: "v"}} {
					who = enter(s, who)
					v, err := s.trySeat(hub.Subscription{Room: theRoom, Session: who, Delivery: hub.Inline})
					s.must(err)
					defer v.leave()
					v.take()
					seats = append(seats, v)
				}
				if tt.lost {
					s.store.fate = func(p store.Publication) int { return min(1, max(0, int(p.Sequence)-1)) }
					s.say(feed.Low, "lost")
					s.store.set(func(b *backing) { b.err = store.ErrUnavailable })
				}
				_, err := s.store.now().Leave(t.Context(), store.Departure{Room: theRoom, User: "u", Session: tt.session})
				s.must(err)
				passing(0)
				for i, v := range seats {
					if ended := v.sub.Ending() == hub.Left; ended != tt.gone[i] {
						s.Fatalf("stream %d ended: %v", i+1, ended)
					}
				}
			})
		})
	}
}

// enter enters a session into the store's presence.
func enter(s *stage, who room.Session) room.Session {
	s.Helper()
	session, _, err := s.store.now().Join(s.ctx(), theRoom, who, time.Hour)
	s.must(err)
	return session
}

func TestDeparturesSayWhy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		departure store.Departure
		reason    wire.KickReason
		message   string
	}{
		{store.Departure{}, wire.Left, "the session was left"},
		{store.Departure{Reason: store.ReasonModerated, Message: "calm down"}, wire.Moderated, "calm down"},
		{store.Departure{Reason: store.ReasonBanned, Message: "for good"}, wire.Banned, "for good"},
	} {
		play(t, nil, func(s *stage) {
			who := enter(s, room.Session{ID: "1", User: "u"})
			v, err := s.trySeat(hub.Subscription{Room: theRoom, Session: who, Delivery: hub.Inline})
			s.must(err)
			defer v.leave()
			v.take()
			tt.departure.Room, tt.departure.User = theRoom, "u"
			_, err = s.store.now().Leave(t.Context(), tt.departure)
			s.must(err)
			passing(0)
			frames := v.take()
			last := frames[len(frames)-1].GetKicked()
			if last.GetReason() != tt.reason || last.GetMessage() != tt.message || last.GetMayReconnect() {
				s.Fatalf("%+v ended the stream with %v", tt.departure, last)
			}
		})
	}
}

// A departure that is heard late says nothing of who has joined since.
func TestDeparturesSpareWhoHasJoinedSince(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		who := enter(s, room.Session{ID: "1", User: "u"})
		who.Incarnation++
		v, err := s.trySeat(hub.Subscription{Room: theRoom, Session: who, Delivery: hub.Inline})
		s.must(err)
		defer v.leave()
		_, err = s.store.now().Leave(t.Context(), store.Departure{Room: theRoom, User: "u"})
		s.must(err)
		passing(0)
		if v.sub.Ending() != hub.Open {
			s.Fatalf("ended: %v", v.sub.Ending())
		}
	})
}

func TestSessionsThatAreGoneEnd(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		a, b := s.seat("a", hub.Inline, feed.Cursor{}), s.seat("b", hub.Notified, feed.Cursor{})
		defer a.leave()
		defer b.leave()
		c, d := s.seat("c", hub.Inline, feed.Cursor{}), s.seat("d", hub.Inline, feed.Cursor{})
		defer c.leave()
		defer d.leave()
		s.hub.EndSessions(map[live.RoomID][]store.Lost{
			theRoom: {
				{Lease: store.Lease{Session: "d's", User: "d"}, Ended: new(store.Ended)}, // the room is over
				{Lease: store.Lease{Session: "a's", User: "a"}},
				{Lease: store.Lease{Session: "b's", User: "b", Incarnation: 7}}, // of a stream before
				{Lease: store.Lease{Session: "c's", User: "c"}, Resumed: true},
				{Lease: store.Lease{Session: "another"}},
			},
			"no such room": slices.Repeat([]store.Lost{{Lease: store.Lease{Session: "b's", User: "b"}}}, 995),
		})
		if a.sub.Ending() != hub.Lost || b.sub.Ending() != hub.Open || c.sub.Ending() != hub.Replaced || d.sub.Ending() != hub.Open {
			s.Fatalf("endings: %v, %v, %v, %v", a.sub.Ending(), b.sub.Ending(), c.sub.Ending(), d.sub.Ending())
		}
		frames := a.take() // as fast as those of a node that drains
		if again := frames[len(frames)-1].GetReconnect(); again.GetJitter().AsDuration() != 2*time.Second || again.GetAfter().AsDuration() != 0 {
			s.Fatalf("told %v", frames)
		}
		b.sub.Expire()
		frames = b.take()
		if last := frames[len(frames)-1].GetKicked(); last.GetReason() != wire.TokenExpired || !last.GetMayReconnect() {
			s.Fatalf("ended with %v", frames)
		}
		if len(b.take()) != 1 {
			s.Fatalf("the last frame is not the last")
		}
	})
}

// Who ends streams of a session that the store has forgotten spares those who have
// joined since.
func TestDepart(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		who := enter(s, room.Session{ID: "1", User: "u"})
		v, err := s.trySeat(hub.Subscription{Room: theRoom, Session: who, Delivery: hub.Inline})
		s.must(err)
		defer v.leave()
		v.take()
		if got := s.hub.SessionsIn(theRoom); len(got) != 1 || got[0] != who {
			s.Fatalf("sessions %+v", got)
		}
		d := store.Departure{Room: theRoom, User: "u", Session: "1", Incarnation: who.Incarnation - 1, Reason: store.ReasonBanned}
		s.hub.Depart(d)
		if v.sub.Ending() != hub.Open {
			s.Fatalf("ended by an older departure")
		}
		d.Incarnation++
		s.hub.Depart(d)
		frames := v.take()
		if last := frames[len(frames)-1].GetKicked(); last.GetReason() != wire.Banned || v.sub.Ending() != hub.Left {
			s.Fatalf("ended with %v", last)
		}
		d.Room = "nowhere"
		s.hub.Depart(d)
		s.hub.Stand("nowhere", nil)
		if got := s.hub.SessionsIn("nowhere"); len(got) != 0 {
			s.Fatalf("sessions %+v", got)
		}
	})
}

func TestProtect(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		protected, other := s.seat("p", hub.Notified, feed.Cursor{}), s.seat("o", hub.Notified, feed.Cursor{})
		defer protected.leave()
		defer other.leave()
		s.hub.Stand(theRoom, map[live.UserID]hub.Stand{"p": {Guarded: live.At(time.Now().Add(2 * time.Minute))}})
		s.talkFor(time.Minute)
		if protected.sub.Ending() != hub.Open || other.sub.Ending() != hub.Offline {
			s.Fatalf("endings: %v, %v", protected.sub.Ending(), other.sub.Ending())
		}
		if s.talkFor(70 * time.Second); protected.sub.Ending() != hub.Offline {
			s.Fatalf("after its end: %v", protected.sub.Ending())
		}
		again := s.seat("p", hub.Notified, feed.Cursor{})
		defer again.leave()
		s.hub.Stand(theRoom, map[live.UserID]hub.Stand{"p": {Guarded: math.MaxInt64}})
		if s.talkFor(time.Minute); again.sub.Ending() != hub.Open {
			s.Fatalf("protected for good: %v", again.sub.Ending())
		}
		s.hub.Stand(theRoom, nil)
		if s.talkFor(time.Minute); again.sub.Ending() != hub.Offline {
			s.Fatalf("protected no more: %v", again.sub.Ending())
		}
	})
}
