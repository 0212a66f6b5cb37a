package redis

import (
	"context"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

var _ store.Bus = (*Store)(nil)

// bus is what this node follows: one subscription per room, however many follow it here, on
// connections that only batches of messages use besides (see runAll). Nobody who hears waits for
// an answer: it would come after what they hear.
//
// Locks: bus.mu, then subscription.mu. Publications are heard under the latter.
type bus struct {
	store  *Store
	client rueidis.Client

	mu      sync.Mutex
	rooms   map[live.RoomID]*subscription
	closed  bool
	running sync.WaitGroup
}

func newBus(s *Store, option rueidis.ClientOption) (*bus, error) {
	option.DisableCache = true
	option.DisableRetry = true // subscriptions come again in their own time
	option.PipelineMultiplex = -1
	client, err := rueidis.NewClient(option)
	return &bus{store: s, client: client, rooms: make(map[live.RoomID]*subscription)}, err
}

// Follow implements store.Bus.
func (s *Store) Follow(ctx context.Context, id live.RoomID, hear func(store.Publication)) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.breaker(s.keysOf(id).state()).open(time.Now()) {
		return nil, unavailable(errAway)
	}
	u, err := s.bus.enter(ctx, id)
	if err != nil {
		return nil, err
	}
	f := &follower{hear: hear}
	if err := u.admit(ctx, f); err != nil {
		s.bus.leave(u)
		return nil, err
	}
	return sync.OnceFunc(func() {
		u.dismiss(f)
		s.bus.leave(u)
	}), nil
}

// enter returns the subscription of a room, with one more who needs it.
func (b *bus) enter(ctx context.Context, id live.RoomID) (*subscription, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, unavailable(errClosed)
	}
	u := b.rooms[id]
	if u == nil {
		u = &subscription{bus: b, id: id, confirmed: make(chan struct{})}
		b.rooms[id] = u
		b.running.Add(1)
		go u.run(context.WithoutCancel(ctx))
	}
	u.needed++
	return u, nil
}

// leave says that one fewer needs a subscription. Whoever needs it next waits for another
// attempt: the one under way is over.
func (b *bus) leave(u *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.needed--; u.needed == 0 && u.cancel != nil {
		u.cancel()
		u.lose(context.Canceled)
	}
}

// begin returns a context for one attempt at a subscription, which ends when nobody needs it
// any more. It is nil if that is so already: then the subscription is forgotten.
func (b *bus) begin(ctx context.Context, u *subscription) (attempt context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.cancel != nil {
		u.cancel() // what is over holds nothing
	}
	if u.needed == 0 || b.closed {
		delete(b.rooms, u.id)
		return nil
	}
	attempt, u.cancel = context.WithCancel(ctx)
	return attempt
}

// close ends all subscriptions.
func (b *bus) close() {
	b.mu.Lock()
	b.closed = true
	for _, u := range b.rooms {
		if u.cancel != nil {
			u.cancel()
		}
	}
	b.mu.Unlock()
	b.running.Wait()
	b.client.Close()
}

// stays says whether the bus is not closed.
func (b *bus) stays() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.closed
}

// unsubscribe says that a room's publications are not needed any more, and returns when none
// come. Where Redis does not answer, the connection is lost, and the subscription with it.
func (b *bus) unsubscribe(ctx context.Context, id live.RoomID) {
	bounded, cancel := context.WithTimeout(ctx, b.store.config.Timeout)
	defer cancel()
	command := b.client.B().Sunsubscribe().Channel(b.store.keysOf(id).bus()).Build()
	if err := b.client.Do(bounded, command).Error(); err != nil {
		b.store.config.Logger.DebugContext(ctx, "a subscription was not ended in order", "room_id", id, "error", err)
	}
}
