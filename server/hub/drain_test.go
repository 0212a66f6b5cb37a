package hub_test

import (
	"context"
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

// farewell gives a node all the time it needs.
var farewell = hub.Farewell{After: time.Minute, Jitter: time.Hour, Within: time.Hour}

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
				if r := got[0].GetReconnect(); r.GetAfter().AsDuration() != time.Minute || r.GetJitter().AsDuration() != time.Second {
					s.Fatalf("told %v", r)
				}
			}()
		}
		s.hub.Drain(s.ctx(), farewell)
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
		group.Go(func() { <-begin; s.hub.Drain(s.ctx(), farewell) })
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
		s.hub.Drain(s.ctx(), farewell)
		close(held)
		group.Wait()
		defer v.leave()
		if got := v.take(); got[len(got)-1].GetReconnect().GetJitter().AsDuration() != time.Second {
			s.Fatalf("got %v", got)
		}
	})
}

// Streams end at 500 a second, faster if there is less time, and are served until then.
func TestDrainIsSpreadOverTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		jitter, within time.Duration
		streams        int
		took, told     time.Duration
	}{
		"nobody":            {time.Minute, time.Minute, 0, 0, time.Second},
		"few":               {time.Minute, time.Minute, 5, 10 * time.Millisecond, time.Second},
		"a crowd":           {time.Minute, time.Minute, 1500, 3 * time.Second, time.Second},
		"in a short jitter": {2 * time.Second, time.Minute, 1500, 2 * time.Second, time.Second},
		"in a shorter one":  {100 * time.Millisecond, time.Minute, 1500, 100 * time.Millisecond, 100 * time.Millisecond},
		"in a hurry":        {time.Minute, time.Second, 1500, time.Second, 2 * time.Second},
		"at once":           {time.Minute, 0, 1500, 0, 3 * time.Second},
		"without jitter":    {0, time.Minute, 1500, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				woken := s.crowd(tt.streams)
				poll, answered := time.Now(), time.Duration(0)
				var group sync.WaitGroup
				group.Go(func() {
					_, _ = s.hub.Pull(s.ctx(), hub.Pull{Room: theRoom, User: "poller", Cursor: s.head().Cursor, Wait: time.Minute})
					answered = time.Since(poll)
				})
				passing(0)
				v := s.seat("last", hub.Inline, feed.Cursor{})
				defer v.leave()
				group.Go(func() {
					time.Sleep(tt.took / 2)
					half := int(woken.Load())
					if tt.took > time.Second/2 && (half < tt.streams*4/10 || half > tt.streams*6/10) {
						t.Errorf("after half the time %d of %d are told", half, tt.streams)
					}
				})
				begun := time.Now()
				s.hub.Drain(s.ctx(), hub.Farewell{After: time.Minute, Jitter: tt.jitter, Within: tt.within})
				if took := time.Since(begun); took < tt.took-40*time.Millisecond || took > tt.took+40*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				group.Wait()
				if int(woken.Load()) != tt.streams {
					t.Errorf("told %d of %d", woken.Load(), tt.streams)
				}
				got := v.take()
				told := got[len(got)-1].GetReconnect()
				if told.GetJitter().AsDuration().Round(10*time.Millisecond) != tt.told {
					t.Errorf("told %v", told)
				}
				if answered < tt.took-40*time.Millisecond || answered > tt.took+time.Second {
					t.Errorf("a long poll was answered after %v", answered)
				}
			})
		})
	}
}

func TestDrainIsForced(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.crowd(1500)
		ctx, force := context.WithTimeout(s.ctx(), time.Second)
		defer force()
		begun := time.Now()
		s.hub.Drain(ctx, farewell)
		if took := time.Since(begun); took != time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
