package failure

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

// The load of a test.
const (
	viewers   = 30
	senders   = 3
	sendEvery = 50 * time.Millisecond
)

// stage is a room of a deployment with those who watch it and those who send.
type stage struct {
	room     string
	operator *ovation.Client
	viewers  []*viewer
	senders  []*sender
	setter   *setter
	begun    time.Time
	ended    time.Time // when the senders had stopped
}

// play opens a room, has viewers join and senders send, and returns when everybody sees
// messages.
func play(t *testing.T, d *deployment) *stage {
	t.Helper()
	s := &stage{room: "stage", operator: d.client(t, "operator", live.RoleBackend)}
	capacity, rate, patient, pulls := uint32(10_000), uint32(100_000), uint32(10_000), uint32(1000)
	_, err := s.operator.Rooms().CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{
		RoomId: s.room, RequestId: "stage", Settings: &ovationv1.RoomSettings{
			RingCapacity: &capacity, UpstreamRate: &rate, OfflineNotifications: &patient, PullLimit: &pulls,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range viewers {
		name, delivery := fmt.Sprintf("viewer-%d", i), ovationv1.Delivery_DELIVERY_NOTIFY
		if i%2 == 1 {
			delivery = ovationv1.Delivery_DELIVERY_INLINE
		}
		s.viewers = append(s.viewers, watch(t, d.client(t, name, live.RoleViewer), s.room, name, delivery))
	}
	s.begun = time.Now()
	for i := range senders {
		name := fmt.Sprintf("sender-%d", i)
		s.senders = append(s.senders, send(t, d.client(t, name, live.RoleViewer), s.room, name, sendEvery))
	}
	s.setter = set(t, d.client(t, "setter", live.RoleHost), s.room)
	s.flows(t)
	s.flows(t)
	return s
}

// flows waits until every sender has sent a second's messages from now on, and every viewer
// has seen what was sent after that began. It returns how long the latest viewer took.
func (s *stage) flows(t *testing.T) time.Duration {
	t.Helper()
	since := time.Now()
	eventually(t, "every sender sends", func() bool {
		return !slices.ContainsFunc(s.senders, func(o *sender) bool { return len(o.since(since)) < int(time.Second/sendEvery) })
	})
	var first []receipt
	for _, o := range s.senders {
		first = append(first, o.since(since)[0])
	}
	var latest time.Time
	eventually(t, "every viewer sees what is sent", func() bool {
		return !slices.ContainsFunc(s.viewers, func(v *viewer) bool {
			return !slices.ContainsFunc(first, func(r receipt) bool {
				at, ok := v.has(r.text)
				if ok && at.After(latest) {
					latest = at
				}
				return ok
			})
		})
	})
	return max(latest.Sub(since), 0)
}

// stop has the senders stop, and waits until every viewer has seen the last message of each.
func (s *stage) stop(t *testing.T) {
	t.Helper()
	for _, o := range s.senders {
		o.stop(t)
	}
	s.ended = time.Now()
	for _, o := range s.senders {
		last, _ := o.last() // there is one: it has stopped
		eventually(t, "every viewer sees the last message", func() bool {
			return !slices.ContainsFunc(s.viewers, func(v *viewer) bool {
				_, ok := v.has(last.text)
				return !ok
			})
		})
	}
}

// receipts returns all messages that were acknowledged.
func (s *stage) receipts() (all []receipt) {
	for _, o := range s.senders {
		all = append(all, o.since(time.Time{})...)
	}
	return all
}

// refusals returns all calls of senders that failed.
func (s *stage) refusals() (all []refusal) {
	for _, o := range s.senders {
		o.mu.Lock()
		all = append(all, o.refusals...)
		o.mu.Unlock()
	}
	return all
}

// breaks returns how often viewers' connections broke, or were ended.
func (s *stage) breaks() (n int) {
	for _, v := range s.viewers {
		v.mu.Lock()
		n += len(v.breaks)
		v.mu.Unlock()
	}
	return n
}

// history returns the texts of all messages that are kept.
func (s *stage) history(ctx context.Context) (map[string]bool, error) {
	kept, request := map[string]bool{}, &ovationv1.ListHistoryRequest{RoomId: s.room, PageSize: 1000}
	for {
		page, err := s.operator.Feed().ListHistory(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, message := range page.GetMessages() {
			kept[message.GetText()] = true
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return kept, nil
		}
	}
}
