package hub_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
)

func userNumber(i int) live.UserID { return live.UserID(fmt.Sprint("user ", i)) }

func TestDrainTellsEverybody(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.say(feed.Low, "not taken")
		for i, delivery := range []hub.Delivery{hub.Inline, hub.Notified, hub.Auto} {
			v := s.seat(userNumber(i), delivery, feed.Cursor{})
			defer v.leave()
			defer func() {
				got := v.take()
				if !slices.Equal(kinds(got), []string{"reconnect"}) || v.sub.Ending() != hub.Drained {
					s.Fatalf("delivery %v ended with %v", delivery, got)
				}
				if r := got[0].GetReconnect(); r.GetAfter().AsDuration() != time.Minute || r.GetJitter().AsDuration() != time.Hour {
					s.Fatalf("told %v", r)
				}
			}()
		}
		s.hub.Drain(time.Minute, time.Hour)
		sub := hub.Subscription{Room: theRoom, Session: room.Session{ID: "late", User: "late"}}
		if _, err := s.trySeat(sub); !errors.Is(err, hub.ErrDraining) {
			s.Fatalf("Subscribe: %v", err)
		}
		if got := s.pull("user 0", "", feed.Cursor{}); len(got.Batch.Messages) != 1 {
			s.Fatalf("Pull while draining: %+v", got)
		}
	})
}

// Whoever subscribes while the drain begins is refused or told: nobody stays.
func TestDrainMissesNobodyWhoComesMeanwhile(t *testing.T) {
	t.Parallel()
	for range 50 {
		s := newStage(t, roomWith(nil))
		s.seat("first", hub.Inline, feed.Cursor{}).leave()
		var group sync.WaitGroup
		begin := make(chan struct{})
		for i := range 8 {
			group.Go(func() {
				<-begin
				sub := hub.Subscription{Room: theRoom, Session: room.Session{ID: live.SessionID(fmt.Sprint(i)), User: userNumber(i)}}
				v, err := s.trySeat(sub)
				if errors.Is(err, hub.ErrDraining) {
					return
				}
				if err != nil {
					t.Errorf("Subscribe: %v", err)
					return
				}
				defer v.leave()
				select {
				case <-v.bell:
				case <-time.After(10 * time.Second):
					t.Error("nobody woke a subscriber of a hub that drains")
				}
				got := v.take()
				if r := got[len(got)-1].GetReconnect(); r.GetAfter().AsDuration() != time.Minute {
					t.Errorf("ended with %v", got)
				}
			})
		}
		group.Go(func() { <-begin; s.hub.Drain(time.Minute, time.Hour) })
		close(begin)
		group.Wait()
		s.hub.Close()
	}
}

func TestDrainReachesWhoIsOnTheirWayIn(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		held := make(chan struct{})
		s.store.set(func(b *backing) { b.held = held })
		var v *seat
		var group sync.WaitGroup
		group.Go(func() { v = s.seat("u", hub.Inline, feed.Cursor{}) })
		passing(time.Second)
		s.hub.Drain(time.Minute, time.Hour)
		close(held)
		group.Wait()
		defer v.leave()
		if got := v.take(); got[len(got)-1].GetReconnect().GetJitter().AsDuration() != time.Hour {
			s.Fatalf("got %v", got)
		}
	})
}
