package redis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// subscription is one room that this node follows.
type subscription struct {
	bus *bus
	id  live.RoomID

	needed int                // by how many; under bus.mu
	cancel context.CancelFunc // of the attempt under way; under bus.mu

	mu        sync.Mutex
	confirmed chan struct{} // closed while Redis has confirmed the subscription
	lives     int           // how often it has
	latest    mark          // the latest publication heard
	followers []*follower
	fault     error // what the latest attempt ended with
	garbled   bool  // one could not be read, and that was logged
}

// follower is one who follows a room.
type follower struct {
	hear  func(store.Publication)
	after mark // up to which it hears nothing
}

// run keeps the room subscribed for as long as somebody needs it.
func (u *subscription) run(ctx context.Context) {
	defer u.bus.running.Done()
	pause := firstPause
	for {
		attempt := u.bus.begin(ctx, u)
		if attempt == nil {
			return
		}
		began := u.count()
		err := u.receive(attempt)
		if u.count() > began {
			pause = firstPause
		}
		u.lose(err)
		if attempt.Err() != nil {
			if u.bus.stays() {
				u.bus.unsubscribe(ctx, u.id)
			}
			continue
		}
		slept(attempt, pause)
		pause = min(2*pause, lastPause)
	}
}

// receive hears what is published until the subscription ends, one way or another.
func (u *subscription) receive(ctx context.Context) error {
	client, channel := u.bus.client, u.bus.store.keysOf(u.id).bus()
	again := make(chan struct{}, 1)
	hooked := rueidis.WithOnSubscriptionHook(ctx, func(s rueidis.PubSubSubscription) {
		if s.Kind == "ssubscribe" && u.confirm(ctx) {
			again <- struct{}{} // once, for an attempt is confirmed once
		}
	})
	subscribed, over := context.WithCancel(ctx)
	var announcing sync.WaitGroup
	defer announcing.Wait()
	defer over()
	announcing.Go(func() {
		select {
		case <-again:
			u.announce(subscribed)
		case <-subscribed.Done():
		}
	})
	return client.Receive(hooked, client.B().Ssubscribe().Channel(channel).Build(), func(m rueidis.PubSubMessage) {
		u.take(ctx, m.Message)
	})
}

// confirm notes that Redis has confirmed the subscription, unless the attempt is over, and
// says whether it is another one than the first: then publications may have been lost before
// it.
func (u *subscription) confirm(attempt context.Context) (again bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if attempt.Err() != nil {
		return false
	}
	select {
	case <-u.confirmed:
		return false
	default:
		close(u.confirmed)
	}
	u.lives++
	return u.lives > 1
}

// count returns how often the subscription was confirmed.
func (u *subscription) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.lives
}

// lose notes that the subscription is gone, and why.
func (u *subscription) lose(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fault = err
	select {
	case <-u.confirmed:
		u.confirmed = make(chan struct{})
	default:
	}
}

// announce tells followers where the room is, once Redis can be asked: what they have not
// heard up to there may be lost.
func (u *subscription) announce(ctx context.Context) {
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, lastPause) {
		head, err := u.bus.store.Head(ctx, u.id)
		if err == nil {
			u.hear(store.Publication{Epoch: head.Cursor.Epoch, Sequence: head.Sequence})
			return
		}
		slept(ctx, pause)
	}
}

// take takes what came on the channel.
func (u *subscription) take(ctx context.Context, payload string) {
	all, err := decodePublications(u.id, []byte(payload))
	if err != nil {
		u.complain(ctx, err)
	}
	for _, p := range all {
		u.hear(p)
	}
}

// complain says once that publications of the room cannot be read.
func (u *subscription) complain(ctx context.Context, err error) {
	u.mu.Lock()
	known := u.garbled
	u.garbled = true
	u.mu.Unlock()
	if !known {
		u.bus.store.config.Logger.ErrorContext(ctx, "a publication cannot be read and counts as lost",
			"room_id", u.id, "error", err)
	}
}

// hear tells every follower. What says only how far the room is counts for nothing once more
// than that was heard.
func (u *subscription) hear(p store.Publication) {
	u.mu.Lock()
	defer u.mu.Unlock()
	at := mark{p.Epoch, p.Sequence}
	if at.before(u.latest) && empty(p) {
		return
	}
	u.latest = at
	for _, f := range u.followers {
		if f.after == at || at.before(f.after) {
			continue
		}
		f.hear(p)
	}
}

// before says whether a publication came before another of the same life.
func (m mark) before(n mark) bool { return m.epoch == n.epoch && m.sequence < n.sequence }

// empty says whether nothing happened.
func empty(p store.Publication) bool {
	return p.Message == nil && p.Attributes == nil && p.Room == nil && p.Quiz == nil && p.Departure == nil
}

// admit lets a follower hear what is published from now on, once the subscription is
// confirmed.
func (u *subscription) admit(ctx context.Context, f *follower) error {
	if err := u.await(ctx); err != nil {
		return err
	}
	head, err := u.bus.store.Head(ctx, u.id)
	if err != nil {
		return err
	}
	f.after = mark{head.Cursor.Epoch, head.Sequence}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.followers = append(u.followers, f)
	return nil
}

// dismiss lets a follower hear nothing more.
func (u *subscription) dismiss(f *follower) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.followers = slices.DeleteFunc(u.followers, func(g *follower) bool { return g == f })
}

// await waits until the subscription is confirmed, for as long as Redis has for an answer.
func (u *subscription) await(ctx context.Context) error {
	timer := time.NewTimer(u.bus.store.config.Timeout)
	defer timer.Stop()
	ready, _ := u.ready()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		_, fault := u.ready()
		return unavailable(fmt.Errorf("a subscription was not confirmed: %w", cmp.Or(fault, context.DeadlineExceeded)))
	}
}

// ready returns what is closed when the subscription is confirmed, and why it was lost last.
func (u *subscription) ready() (<-chan struct{}, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.confirmed, u.fault
}
