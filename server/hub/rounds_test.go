package hub_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
)

// beginRound begins a round, without a message: what comes next waits for the one after.
func (s *stage) beginRound() {
	s.Helper()
	s.setAttribute("round", time.Now().String())
	passing(0)
}

func TestFirstMessageGoesOutAtOnceThenRoundsMerge(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		v.take()
		for range 2 { // after the beginning, and after a silence
			s.say(feed.Low, "first")
			passing(0)
			if got := texts(v.take()); !slices.Equal(got, []string{"first"}) {
				s.Fatalf("at once: %q", got)
			}
			s.sayMany(feed.Low, 10)
			s.sayMany(feed.High, 10)
			if passing(99 * time.Millisecond); len(v.take()) != 0 {
				s.Fatalf("a round came before the interval was over")
			}
			passing(time.Millisecond)
			if got := v.take(); len(got) != 1 || len(texts(got)) != 20 {
				s.Fatalf("20 messages of one round came as %d frames of %d", len(got), len(texts(got)))
			}
			passing(time.Second)
		}
	})
}

func TestRoundIsOneFrameHoweverLargeTheRoom(t *testing.T) {
	t.Parallel()
	play(t, func(r *room.Settings) { r.PullLimit = 10 }, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		v.take()
		s.hub.SetOnline(theRoom, room.Online{Users: 1e6, Sessions: 1e6})
		s.beginRound()
		v.take()
		s.sayMany(feed.Low, 500)
		passing(time.Second)
		if got := v.take(); !slices.Equal(kinds(got), []string{"batch"}) || len(texts(got)) != 500 {
			s.Fatalf("500 messages came as %q", kinds(got))
		}
	})
}

func TestControlFramesDoNotWaitForARound(t *testing.T) {
	t.Parallel()
	play(t, func(r *room.Settings) { r.RoundInterval = 5 * time.Second }, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		v.take()
		s.say(feed.Low, "begins a round")
		passing(0)
		v.take()
		s.say(feed.Low, "waits for the next")
		title := "another"
		s.change(room.Change{Title: &title})
		passing(0)
		got := v.take()
		if !slices.Equal(kinds(got), []string{"room_updated"}) || got[0].GetRoomUpdated().GetRoom().GetTitle() != title {
			s.Fatalf("of a change it got %v", got)
		}
		for i := range 2 {
			s.hub.SetOnline(theRoom, room.Online{Users: 7, Sessions: 8})
			passing(0)
			if got := v.take(); len(got) != 1-i {
				s.Fatalf("of the same count for time %d it got %v", i+1, got)
			}
		}
	})
}

// A reader that sleeps through many control frames finds the latest of each kind.
func TestControlFramesReplaceThoseBefore(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		title := "the last title"
		s.change(room.Change{Title: &title})
		for i := range 100 {
			s.hub.SetOnline(theRoom, room.Online{Users: i, Sessions: i + 1})
			passing(time.Second)
		}
		got := v.take()
		if !slices.Equal(kinds(got), []string{"room_updated", "counters"}) ||
			got[0].GetRoomUpdated().GetRoom().GetTitle() != title || got[1].GetCounters().GetOnline().GetUsers() != 99 {
			s.Fatalf("on waking it got %v", got)
		}
	})
}

func TestTheEndComesAfterWhatWasSaid(t *testing.T) {
	t.Parallel()
	play(t, func(r *room.Settings) { r.RoundInterval, r.PullLimit = 5*time.Second, 10 }, func(s *stage) {
		inline, behind := s.seat("inline", hub.Inline, feed.Cursor{}), s.seat("behind", hub.Inline, feed.Cursor{})
		behind.take()
		for i := range 30 {
			s.say(feed.Low, fmt.Sprint(i))
			passing(10 * time.Second)
		}
		inline.take()
		notified := s.seat("notified", hub.Notified, feed.Cursor{})
		s.say(feed.Low, "last words, in the middle of a round")
		s.end()
		passing(0)
		if got := kinds(inline.take()); !slices.Equal(got, []string{"batch", "room_ended"}) {
			s.Fatalf("inline: %q", got)
		}
		if got := kinds(notified.take()); !slices.Equal(got, []string{"notify", "room_ended"}) {
			s.Fatalf("notified: %q", got)
		}
		if got := behind.take(); len(texts(got)) != 31 || kinds(got)[len(got)-1] != "room_ended" {
			s.Fatalf("behind: %q", kinds(got))
		}
		for _, v := range []*seat{inline, behind, notified} {
			if v.sub.Ending() != hub.RoomOver {
				s.Fatalf("ending %v", v.sub.Ending())
			}
			v.leave()
		}
	})
}

func TestBusyRoomStretchesItsRounds(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("keeps up", hub.Inline, feed.Cursor{})
		defer v.leave()
		for i := range 200 { // these take a second to pull, every time
			other := s.seat(userNumber(i), hub.Notified, feed.Cursor{})
			defer other.leave()
		}
		v.take()
		rounds := 0
		for i := range 100 {
			s.talkFor(100 * time.Millisecond)
			if rounds += len(v.take()); i%10 == 9 {
				for i := range 200 {
					s.pull(userNumber(i), "", feed.Cursor{})
				}
			}
		}
		if rounds > 60 {
			s.Fatalf("%d rounds in 10 s with most viewers behind", rounds)
		}
	})
}

// The more there are, the less often they are told how many; the last count is told.
func TestCountsOfACrowd(t *testing.T) {
	t.Parallel()
	for crowd, want := range map[int]int{1: 20, 1001: 4} {
		t.Run(fmt.Sprint(crowd), func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				s.crowd(crowd - 1)
				v := s.seat("v", hub.Inline, feed.Cursor{})
				defer v.leave()
				v.take()
				told := 0
				var last *ovationv1.Counters
				for i := range 25 {
					s.hub.SetOnline(theRoom, room.Online{Users: min(i, 19) + 1})
					passing(time.Second)
					for _, f := range v.take() {
						last = f.GetCounters()
						told++
					}
				}
				if told < want || told > want+1 || last.GetOnline().GetUsers() != 20 {
					s.Fatalf("told %d times, the last time %v", told, last)
				}
			})
		})
	}
}
