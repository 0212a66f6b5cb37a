package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
)

// share gives the stage a hub as it is where there are several.
func (s *stage) share() {
	s.hub.Close()
	s.hub = hub.New(hub.Source{Rooms: s.store, Log: s.store, Bus: s.store}, hub.Config{DoubtFor: 40 * time.Second})
}

// told returns how far the low bucket is by the notifications that a viewer takes.
func (v *seat) told() (sequences []uint64) {
	v.Helper()
	for _, f := range v.take() {
		sequences = append(sequences, f.GetNotify().GetHeads().GetCursor().GetLowSequence())
	}
	return sequences
}

// wasTold fails unless a viewer takes notifications that say so.
func (v *seat) wasTold(when string, want ...uint64) {
	v.Helper()
	if got := v.told(); !slices.Equal(got, want) {
		v.Fatalf("%s %q was told %v, want %v", when, v.welcome.GetSessionId(), got, want)
	}
}

// What comes while a viewer is left alone they are told when their mark ends, once.
func TestWhatMarksHideIsToldWhenTheyEnd(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		slow, quick := s.seat("slow", hub.Notified, feed.Cursor{}), s.seat("quick", hub.Notified, feed.Cursor{})
		defer slow.leave()
		defer quick.leave()
		s.say(feed.Low, "at 0 s")
		passing(time.Second)
		slow.wasTold("at first", 1)
		quick.wasTold("at first", 1)
		s.pull("quick", "", feed.Cursor{})
		s.say(feed.Low, "at 1 s")
		passing(500 * time.Millisecond)
		slow.wasTold("within its mark")
		quick.wasTold("after a pull", 2)
		s.say(feed.Low, "at 1.5 s")
		passing(500*time.Millisecond - time.Microsecond)
		slow.wasTold("just before 2 s")
		passing(time.Microsecond)
		slow.wasTold("at 2 s", 3)
		quick.wasTold("at 2 s")
		passing(time.Second)
		slow.wasTold("at 3 s")
		quick.wasTold("at 3 s", 3)
		passing(time.Hour)
		slow.wasTold("in silence")
		quick.wasTold("in silence")
		if slow.sub.Ending() != hub.Open {
			s.Fatalf("ended in silence: %v", slow.sub.Ending())
		}
	})
}

// Rounds of attributes say nothing of messages, and so put nothing off.
func TestAttributesDoNotPutOffWhatMarksHide(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		s.say(feed.Low, "1")
		passing(time.Second)
		v.wasTold("at first", 1)
		s.say(feed.Low, "2")
		messages := 0
		for range 30 {
			passing(50 * time.Millisecond)
			s.setAttribute("k", time.Now().String())
			for _, f := range v.take() {
				if f.GetNotify().GetMessages() {
					messages++
				}
			}
		}
		if messages != 1 {
			s.Fatalf("told of messages %d times", messages)
		}
	})
}

// Viewers whose marks end together are woken together, and once.
func TestMarksThatEndTogether(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		var seats []*seat
		for i := range 100 {
			v := s.seat(userNumber(i), hub.Notified, feed.Cursor{})
			defer v.leave()
			seats = append(seats, v)
		}
		for i := range uint64(10) {
			s.say(feed.Low, "a message every 100 ms")
			passing(100 * time.Millisecond)
			if i == 0 {
				for _, v := range seats {
					v.wasTold("at first", 1)
				}
			}
		}
		passing(time.Minute)
		for _, v := range seats {
			v.wasTold("when all marks had ended", 10)
		}
	})
}

// pullElsewhere is a pull that another node answers. It returns where it brings the
// viewer.
func (s *stage) pullElsewhere() feed.Cursor { return s.head().Cursor }

// Where there are several nodes, a viewer who is seen to pull from another as well is
// notified in every round; who is merely slow is not, nor is anyone on a node alone.
func TestWhoPullsElsewhereIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shared, elsewhere bool
		want              []uint64
	}{
		"pulls elsewhere":     {true, true, []uint64{3, 4, 5}},
		"pulls here":          {true, false, []uint64{3}},
		"there is no other":   {false, true, []uint64{3}},
		"nor does it pretend": {false, false, []uint64{3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				if tt.shared {
					s.share()
					defer s.hub.Close()
				}
				v := s.seat("u", hub.Notified, feed.Cursor{})
				defer v.leave()
				s.say(feed.Low, "1")
				passing(time.Second)
				c := s.pull("u", "u's", feed.Cursor{}).Batch.Cursor
				s.say(feed.Low, "2")
				passing(time.Second)
				if tt.elsewhere {
					c = s.pullElsewhere()
				}
				v.take()
				s.pull("u", "u's", c)
				var got []uint64
				for range 3 {
					s.say(feed.Low, "more")
					passing(100 * time.Millisecond)
					got = append(got, v.told()...)
				}
				if !slices.Equal(got, tt.want) {
					s.Fatalf("told %v", got)
				}
				passing(time.Hour)
				v.wasTold("when the mark had ended", 5)
			})
		})
	}
}

// Another node may have answered a pull before it had heard what the viewer was notified
// of: who is not heard to pull is notified once more.
func TestPullsThatAreNotHeardOfMayHaveBeenInVain(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.share()
		defer s.hub.Close()
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		for n := range uint64(3) {
			s.say(feed.Low, "new")
			passing(2*time.Second - time.Microsecond)
			v.wasTold("of a message", n+1)
			passing(time.Minute)
			v.wasTold("when the mark had ended", n+1)
			s.pull("u", "u's", feed.Cursor{})
			passing(time.Minute)
			v.wasTold("in silence")
		}
		s.say(feed.Low, "new")
		passing(time.Second)
		s.pull("u", "u's", feed.Cursor{})
		passing(time.Minute)
		v.wasTold("who was heard to pull", 4)
	})
}

// Nor is a viewer whose every pull goes elsewhere waited for, once their session is seen
// to be renewed there.
func TestWhoOnlyPullsElsewhereIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.share()
		defer s.hub.Close()
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		s.talkFor(35 * time.Second)
		passing(40 * time.Second)
		s.hub.Believe()
		v.take()
		for range 10 {
			if s.talkFor(100 * time.Millisecond); len(v.take()) != 1 {
				s.Fatalf("not told of a round")
			}
		}
		if s.talkFor(40 * time.Second); v.sub.Ending() != hub.Open || s.leases() != 0 {
			s.Fatalf("ending %v, %d leases: it is not doubted again", v.sub.Ending(), s.leases())
		}
	})
}

// Rounds do not stretch for viewers whose pulls cannot be heard of.
func TestRoundsDoNotWaitForWhoPullsElsewhere(t *testing.T) {
	t.Parallel()
	play(t, func(r *room.Settings) { r.RoundInterval = 100 * time.Millisecond }, func(s *stage) {
		s.share()
		defer s.hub.Close()
		var seats []*seat
		for i := range 64 {
			v := s.seat(userNumber(i), hub.Notified, feed.Cursor{})
			defer v.leave()
			seats = append(seats, v)
			s.say(feed.Low, "here")
			s.pull(userNumber(i), live.SessionID(userNumber(i))+"'s", feed.Cursor{})
			s.say(feed.Low, "elsewhere")
			s.pull(userNumber(i), live.SessionID(userNumber(i))+"'s", s.pullElsewhere())
		}
		passing(time.Minute)
		for _, v := range seats {
			v.take()
		}
		for range 50 {
			if s.talkFor(100 * time.Millisecond); len(seats[0].take()) != 1 {
				s.Fatalf("not told of a round")
			}
		}
	})
}
