package paired

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

const (
	// atOnce is how many rooms are read from the durable backend at once on behalf of
	// calls: a hot one that has lost everything must not take the durable one along.
	atOnce = 16
	// within is how long such a read and what follows it may take.
	within = 10 * time.Second
)

// flights does something for a place once, for all who ask meanwhile, and for a bounded
// number of places at once. It goes on when whoever asked first has gone.
type flights struct {
	group singleflight.Group
	slots *semaphore.Weighted
}

func newFlights() *flights { return &flights{slots: semaphore.NewWeighted(atOnce)} }

// fly calls f for a place, or waits for the call that is under way.
func fly[T any](
	ctx context.Context, all *flights, place live.RoomID, f func(context.Context) (T, error),
) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	landed := all.group.DoChan(string(place), func() (any, error) {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
		defer cancel()
		if err := all.slots.Acquire(bounded, 1); err != nil {
			return none, late(err)
		}
		defer all.slots.Release(1)
		answer, err := f(bounded)
		return answer, late(err)
	})
	select {
	case result := <-landed:
		answer, _ := result.Val.(T)
		return answer, result.Err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// late says of what took longer than it may that a backend is away: the context that
// ended is not the caller's.
func late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, store.ErrUnavailable) {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}
