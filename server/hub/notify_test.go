package hub_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
)

// talkFor says something in every round for a while.
func (s *stage) talkFor(d time.Duration) {
	s.Helper()
	for range d / (100 * time.Millisecond) {
		s.say(feed.Low, "word")
		passing(100 * time.Millisecond)
	}
}

func (s *stage) pull(user live.UserID, session live.SessionID, c feed.Cursor) hub.Pulled {
	s.Helper()
	pulled, err := s.hub.Pull(s.ctx(), hub.Pull{Room: theRoom, User: user, Session: session, Cursor: c})
	s.must(err)
	return pulled
}

func TestOneNotificationUntilThePull(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		s.beginRound()
		v.take()
		s.sayMany(feed.Low, 30)
		passing(100 * time.Millisecond)
		got := v.take()
		if !slices.Equal(kinds(got), []string{"notify"}) || !got[0].GetNotify().GetMessages() || got[0].GetNotify().GetAttributes() {
			s.Fatalf("of 30 messages it was told %v", got)
		}
		if n := got[0].GetNotify().GetHeads().GetCursor().GetLowSequence(); n != 30 {
			s.Fatalf("the heads say %d", n)
		}
		if s.talkFor(1800 * time.Millisecond); len(v.take()) != 0 {
			s.Fatalf("told again before it pulled")
		}
		if s.talkFor(200 * time.Millisecond); len(v.take()) != 1 {
			s.Fatalf("not told again after 2 s without a pull")
		}
		for _, session := range []live.SessionID{"u's", ""} {
			if pulled := s.pull("u", session, feed.Cursor{}); !pulled.Streaming {
				s.Fatalf("a pull by %q does not count for the stream", session)
			}
			if s.talkFor(100 * time.Millisecond); len(v.take()) != 1 {
				s.Fatalf("not told at once after a pull by %q", session)
			}
		}
		for _, who := range []hub.Pull{{User: "u", Session: "another"}, {User: "another"}} {
			if pulled := s.pull(who.User, who.Session, feed.Cursor{}); pulled.Streaming {
				s.Fatalf("a pull by %v counts", who)
			}
			if s.talkFor(100 * time.Millisecond); len(v.take()) != 0 {
				s.Fatalf("a pull by %v takes the mark", who)
			}
		}
	})
}

func TestWhoNeverPullsIsOffline(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		gone := s.seat("gone", hub.Notified, feed.Cursor{})
		defer gone.leave()
		host, err := s.trySeat(hub.Subscription{
			Room: theRoom, Session: room.Session{ID: "h", User: "h"}, Delivery: hub.Notified, Protected: true,
		})
		s.must(err)
		defer host.leave()
		silent := s.seat("in time", hub.Notified, feed.Cursor{})
		defer silent.leave()
		passing(time.Hour) // in silence nobody goes offline
		s.talkFor(29 * time.Second)
		if gone.sub.Ending() != hub.Open {
			s.Fatalf("offline too soon")
		}
		s.pull("in time", "", feed.Cursor{})
		s.talkFor(2 * time.Second)
		frames := gone.take()
		if last := frames[len(frames)-1].GetKicked(); last.GetReason() != wire.Offline || !last.GetMayReconnect() {
			s.Fatalf("ended with %v", last)
		}
		if gone.sub.Ending() != hub.Offline || silent.sub.Ending() != hub.Open {
			s.Fatalf("endings: %v, %v", gone.sub.Ending(), silent.sub.Ending())
		}
		if s.talkFor(time.Minute); host.sub.Ending() != hub.Open {
			s.Fatalf("a protected user is offline")
		}
	})
}

// Attributes are not answered by a pull: they do not mark, and a mark does not hide
// them.
func TestAttributesAreToldInEveryRound(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		s.say(feed.Low, "marks")
		passing(time.Second)
		v.take()
		for i := range 40 {
			s.setAttribute("k", fmt.Sprint(i))
			passing(time.Second)
			got := v.take()
			if !slices.Equal(kinds(got), []string{"notify"}) || got[0].GetNotify().GetMessages() || !got[0].GetNotify().GetAttributes() {
				s.Fatalf("of attribute change %d it was told %v", i, got)
			}
		}
	})
}

func TestNotificationsThatWaitAreMerged(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		s.say(feed.Low, "a message")
		passing(time.Second)
		s.setAttribute("k", "v")
		passing(time.Second)
		got := v.take()
		if len(got) != 1 || !got[0].GetNotify().GetMessages() || !got[0].GetNotify().GetAttributes() {
			s.Fatalf("a reader that wakes is told %v", got)
		}
	})
}

func TestDeliveryChangesWhileTheStreamIsLive(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		percent := func(n int) {
			s.change(room.Change{Settings: room.SettingsChange{InlinePercent: &n}})
			passing(time.Second)
		}
		auto := s.seat("auto", hub.Auto, feed.Cursor{})
		fixed := s.seat("fixed", hub.Notified, feed.Cursor{})
		defer auto.leave()
		defer fixed.leave()
		s.say(feed.Low, "1")
		passing(time.Second)
		if got := kinds(auto.take()); !slices.Equal(got, []string{"notify"}) {
			s.Fatalf("at 0 percent %q", got)
		}
		s.pull("auto", "auto's", feed.Cursor{})
		percent(100)
		s.say(feed.Low, "2")
		passing(time.Second)
		if got := auto.take(); !slices.Equal(kinds(got), []string{"room_updated", "batch"}) || !slices.Equal(texts(got), []string{"2"}) {
			s.Fatalf("at 100 percent %v", got)
		}
		s.say(feed.Low, "3")
		passing(time.Second)
		if got := texts(auto.take()); !slices.Equal(got, []string{"3"}) {
			s.Fatalf("then %q", got)
		}
		percent(0)
		s.say(feed.Low, "4")
		passing(time.Second)
		if got := kinds(auto.take()); !slices.Equal(got, []string{"room_updated", "notify"}) {
			s.Fatalf("at 0 percent again %q", got)
		}
		if got := kinds(fixed.take()); slices.Contains(got, "batch") {
			s.Fatalf("one who asked for notifications got %q", got)
		}
	})
}

// One who is moved to another delivery and back before they take anything is told, in
// the end, of all that came meanwhile.
func TestDeliveryChangesBackBeforeAnythingIsTaken(t *testing.T) {
	t.Parallel()
	for name, news := range map[string]struct{ before, meanwhile, after func(s *stage) }{
		"attributes, then messages": {
			func(s *stage) { s.setAttribute("k", "1") },
			func(s *stage) { s.say(feed.Low, "meanwhile") },
			func(s *stage) { s.say(feed.Low, "after") },
		},
		"messages, then attributes": {
			func(s *stage) { s.say(feed.Low, "before") },
			func(s *stage) { s.say(feed.Low, "meanwhile") },
			func(s *stage) { s.setAttribute("k", "1") },
		},
		"both meanwhile": {
			func(*stage) {},
			func(s *stage) { s.say(feed.Low, "meanwhile"); s.setAttribute("k", "1") },
			func(s *stage) { s.say(feed.Low, "after") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				percent := func(n int) {
					s.change(room.Change{Settings: room.SettingsChange{InlinePercent: &n}})
					passing(time.Second)
				}
				v := s.seat("u", hub.Auto, feed.Cursor{})
				defer v.leave()
				for _, step := range []func(){
					func() { news.before(s) },
					func() { percent(100) },
					func() { news.meanwhile(s) },
					func() { percent(0) },
					func() { news.after(s) },
				} {
					step()
					passing(time.Second)
				}
				got := v.take()
				told := got[len(got)-1].GetNotify()
				if !told.GetMessages() || !told.GetAttributes() {
					s.Fatalf("told %v", got)
				}
			})
		})
	}
}
