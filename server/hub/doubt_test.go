package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// leases returns how many leases the node renews.
func (s *stage) leases() int { return len(s.hub.Sessions()[theRoom]) }

// Where there are other nodes, a viewer who does not pull here is left to them for a
// while, asked meanwhile, and ended only if nobody has their session then.
func TestDoubt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		verdict func(s *stage, v *seat)
		ending  hub.Ending
	}{
		{"nobody has the session", func(s *stage, v *seat) {
			lost := []store.Lost{{Lease: s.hub.Sessions()[theRoom][0]}}
			s.hub.EndSessions(theRoom, lost)
			frames := v.take()
			if last := frames[len(frames)-1].GetKicked(); last.GetReason() != wire.Offline || !last.GetMayReconnect() {
				s.Fatalf("ended with %v", last)
			}
		}, hub.Offline},
		{"it was renewed", func(s *stage, v *seat) {
			s.hub.Believe()
			v.take()
			if s.talkFor(20 * time.Second); s.leases() != 1 {
				s.Fatalf("still in doubt")
			}
		}, hub.Open},
		{"the viewer pulls here", func(s *stage, v *seat) {
			s.pull("u", live.SessionID(v.welcome.GetSessionId()), feed.Cursor{})
			if s.talkFor(20 * time.Second); s.leases() != 1 {
				s.Fatalf("still in doubt")
			}
		}, hub.Open},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				s.hub.Close()
				s.hub = hub.New(hub.Source{Rooms: s.store, Log: s.store, Bus: s.store}, hub.Config{DoubtFor: 40 * time.Second})
				defer s.hub.Close()
				v := s.seat("u", hub.Notified, feed.Cursor{})
				defer v.leave()
				if s.talkFor(35 * time.Second); v.sub.Ending() != hub.Open || s.leases() != 0 {
					s.Fatalf("ending %v, %d leases of a viewer who seems offline", v.sub.Ending(), s.leases())
				}
				v.take()
				s.hub.AskDoubted()
				if got := kinds(v.take()); !slices.Equal(got, []string{"notify"}) {
					s.Fatalf("asked by %q", got)
				}
				if passing(40 * time.Second); s.leases() != 1 {
					s.Fatalf("%d leases when it is time to see", s.leases())
				}
				tt.verdict(s, v)
				if got := v.sub.Ending(); got != tt.ending {
					s.Fatalf("ending %v", got)
				}
			})
		})
	}
}
