package failure

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

const (
	// counted is the attribute that a setter counts up.
	counted = "counted"
	// setEvery is how often it does.
	setEvery = 200 * time.Millisecond
)

// setter counts an attribute up, each step again until it is acknowledged.
type setter struct {
	client *ovation.Client
	room   string
	acked  atomic.Int64  // the latest value that was acknowledged
	quit   chan struct{} // closed to end it after the step that it is at
	over   chan struct{} // closed when it has ended
}

// set starts a setter, until the test ends.
func set(t *testing.T, client *ovation.Client, room string) *setter {
	t.Helper()
	s := &setter{client: client, room: room, quit: make(chan struct{}), over: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	go s.run(ctx)
	t.Cleanup(func() {
		cancel()
		<-s.over
	})
	return s
}

func (s *setter) run(ctx context.Context) {
	defer close(s.over)
	ticker := time.NewTicker(setEvery)
	defer ticker.Stop()
	for n := int64(1); ; n++ {
		for s.step(ctx, n) != nil && ctx.Err() == nil {
			select {
			case <-ticker.C:
			case <-ctx.Done():
			}
		}
		select {
		case <-ticker.C:
		case <-s.quit:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (s *setter) step(ctx context.Context, n int64) error {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	value := strconv.FormatInt(n, 10)
	_, err := s.client.Attributes().UpdateAttributes(ctx, &ovationv1.UpdateAttributesRequest{
		RoomId: s.room, RequestId: value, Updates: []*ovationv1.AttributeUpdate{{Key: counted, Value: []byte(value)}},
	})
	if err == nil {
		s.acked.Store(n)
	}
	return err
}

// stop has the setter end with the step that it is at, and waits for that.
func (s *setter) stop(t *testing.T) {
	t.Helper()
	close(s.quit)
	select {
	case <-s.over:
	case <-time.After(patience):
		t.Fatalf("the attribute cannot be set to %d", s.acked.Load()+1)
	}
}

// agree stops the setter, and checks that the room has what it set last, and every viewer.
func (s *stage) agree(t *testing.T) {
	t.Helper()
	s.setter.stop(t)
	wanted := strconv.FormatInt(s.setter.acked.Load(), 10)
	got, err := s.operator.Attributes().GetAttributes(t.Context(), &ovationv1.GetAttributesRequest{RoomId: s.room})
	if all := got.GetSnapshot().GetAttributes(); err != nil || len(all) != 1 || string(all[0].GetValue()) != wanted {
		t.Errorf("%s was set, and the room has %v, %v", wanted, all, err)
	}
	eventually(t, "every viewer has what was set", func() bool {
		return !slices.ContainsFunc(s.viewers, func(v *viewer) bool {
			a, ok := v.room.Attribute(counted)
			return !ok || string(a.Value) != wanted
		})
	})
}
