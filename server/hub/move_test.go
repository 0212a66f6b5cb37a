package hub_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
)

// sentTo fails unless the last frame of a seat sends it to an endpoint for a reason.
func (v *seat) sentTo(endpoint string, why ovationv1.ReconnectReason) {
	v.Helper()
	got := v.take()
	if !slices.Equal(kinds(got), []string{"reconnect"}) {
		v.Fatalf("ended with %v", got)
	}
	r := got[0].GetReconnect()
	if r.GetEndpoint() != endpoint || r.GetReason() != why || r.GetJitter().AsDuration() != time.Second {
		v.Fatalf("told %v", r)
	}
}

const (
	toMove  = ovationv1.ReconnectReason_RECONNECT_REASON_MOVE
	toDrain = ovationv1.ReconnectReason_RECONNECT_REASON_DRAIN
)

// movesOf sends sessions of the room to an endpoint.
func movesOf(endpoint string, sessions ...room.Session) (moves []hub.Move) {
	for _, s := range sessions {
		moves = append(moves, hub.Move{Room: theRoom, Session: s, Endpoint: endpoint})
	}
	return moves
}

func TestMoveTellsWhereToGo(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.say(feed.Low, "not taken")
		moved, stays := s.seat("moved", hub.Inline, feed.Cursor{}), s.seat("stays", hub.Notified, feed.Cursor{})
		defer moved.leave()
		defer stays.leave()
		session := room.Session{ID: "moved's", User: "moved"}
		resumed := session
		resumed.Incarnation = 7
		moves := movesOf("http://b", resumed, room.Session{ID: "another", User: "moved"}, room.Session{ID: "moved's", User: "x"}, session, session)
		moves = append(moves, hub.Move{Room: "elsewhere", Session: session, Endpoint: "http://b"})
		if told := s.hub.Move(s.ctx(), moves, 0); told != 1 {
			s.Fatalf("%d were told", told)
		}
		moved.sentTo("http://b", toMove)
		if got := kinds(stays.take()); moved.sub.Ending() != hub.Moved || stays.sub.Ending() != hub.Open || slices.Contains(got, "reconnect") {
			s.Fatalf("ended %v; of who stays %v: %v", moved.sub.Ending(), stays.sub.Ending(), got)
		}
	})
}

// Who is on their way out already hears why, and is not counted.
func TestMoveOverrulesNothing(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		v.sub.Expire()
		if told := s.hub.Move(s.ctx(), movesOf("http://b", room.Session{ID: "u's", User: "u"}), 0); told != 0 {
			s.Fatalf("%d were told", told)
		}
		if got := v.take(); v.sub.Ending() != hub.Expired || got[0].GetKicked() == nil {
			s.Fatalf("ended with %v", got)
		}
	})
}

func TestMoveIsSpreadOverTime(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		woken := s.crowd(1000)
		moves := movesOf("http://b", s.hub.SessionsIn(theRoom)...)
		go func() {
			time.Sleep(2 * time.Second)
			if half := woken.Load(); half < 450 || half > 550 {
				t.Errorf("after half the time %d of 1000 are told", half)
			}
		}()
		begun := time.Now()
		if told := s.hub.Move(s.ctx(), moves, 4*time.Second); told != 1000 || woken.Load() != 1000 {
			t.Errorf("told %d, woke %d of 1000", told, woken.Load())
		}
		if took := time.Since(begun); took < 3900*time.Millisecond || took > 4100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestMoveEndsWithItsContext(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.crowd(1000)
		ctx, stop := context.WithTimeout(s.ctx(), time.Second)
		defer stop()
		if told := s.hub.Move(ctx, movesOf("http://b", s.hub.SessionsIn(theRoom)...), 4*time.Second); told < 200 || told > 300 {
			t.Errorf("told %d in a quarter of the time", told)
		}
	})
}

// A node counts what it serves, though nobody has told it of those.
func TestCrowds(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		if got := s.hub.Crowds(); len(got) != 0 {
			s.Fatalf("of nobody: %+v", got)
		}
		for i, user := range []live.UserID{"a", "b"} {
			v := s.seat(user, hub.Inline, feed.Cursor{})
			defer v.leave()
			want := map[live.RoomID]hub.Crowd{theRoom: {Here: i + 1, Online: room.Online{Sessions: i + 1}}}
			if got := s.hub.Crowds(); !maps.Equal(got, want) {
				s.Fatalf("%+v, want %+v", got, want)
			}
		}
		s.hub.SetOnline(theRoom, room.Online{Users: 40, Sessions: 50})
		want := map[live.RoomID]hub.Crowd{theRoom: {Here: 2, Online: room.Online{Users: 40, Sessions: 50}}}
		if got := s.hub.Crowds(); !maps.Equal(got, want) {
			s.Fatalf("%+v, want %+v", got, want)
		}
	})
}

// Each of those whom a drain sends away is told where to go, as it is known by then.
func TestDrainNamesEndpoints(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		var seats []*seat
		for i := range 3 {
			v := s.seat(userNumber(i), hub.Inline, feed.Cursor{})
			defer v.leave()
			seats = append(seats, v)
		}
		away := farewell
		away.Endpoint = func(id live.RoomID, sessions int, user live.UserID) string {
			if id != theRoom || sessions != 3 {
				t.Errorf("asked for %q of %d", id, sessions)
			}
			if user == userNumber(2) {
				return ""
			}
			return "http://" + string(user)
		}
		s.hub.Drain(s.ctx(), away)
		seats[0].sentTo("http://user 0", toDrain)
		seats[1].sentTo("http://user 1", toDrain)
		seats[2].sentTo("", toDrain)
	})
}
