package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ovation-live/ovation/store"
)

// letter is a dead letter.
type letter = store.DeadLetter

// PutWebhook implements store.Webhooks.
func (s *Store) PutWebhook(
	ctx context.Context, name string, w store.Webhook, start store.EventStart,
) (store.EventConsumer, error) {
	if err := ctx.Err(); err != nil {
		return store.EventConsumer{}, err
	}
	e, now := &s.events, s.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.consumers[name]
	if w.Secret == "" && c != nil && c.webhook != nil {
		w.Secret = c.webhook.Secret
	}
	switch {
	case c != nil && c.webhook == nil && c.until > now:
		return store.EventConsumer{}, store.ErrConsumerConflict
	case w.Secret == "":
		return store.EventConsumer{}, store.ErrNoSecret
	case c == nil:
		c = e.begin(name, start)
	}
	if c.webhook == nil || w.Paused {
		c.owner, c.until = "", 0
	}
	c.webhook, c.filter = &w, w.EventFilter
	e.revise(c)
	e.hope()
	return e.tell(c, now), nil
}

// ClaimWebhooks implements store.Webhooks.
func (s *Store) ClaimWebhooks(
	ctx context.Context, node store.NodeID, limit int, lease time.Duration,
) (all []store.ClaimedWebhook, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, now := &s.events, s.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(e.consumers)) {
		c := e.consumers[name]
		if c.webhook == nil || c.webhook.Paused {
			continue
		}
		if c.owner != string(node) {
			if c.until > now || limit == 0 {
				continue
			}
			limit--
			c.owner = string(node)
			e.revise(c)
		}
		c.until = now.Add(lease)
		all = append(all, store.ClaimedWebhook{Name: name, Revision: c.revision, Read: c.read, Webhook: *c.webhook})
	}
	return all, nil
}

// HeldDeliveries implements store.Webhooks.
func (s *Store) HeldDeliveries(ctx context.Context, name string) ([]store.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.consumers[name]; c != nil {
		return slices.Clone(c.held), nil
	}
	return nil, nil
}

// SettleDeliveries implements store.Webhooks.
func (s *Store) SettleDeliveries(ctx context.Context, done store.Settlement) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, now := &s.events, s.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.consumers[done.Name]
	if c == nil || c.owner != string(done.Node) || c.revision != done.Revision {
		return store.ErrConsumerReplaced
	}
	c.read = max(c.read, min(done.Read, e.latest))
	for _, at := range done.Done {
		c.drop(at)
	}
	for _, d := range done.Held {
		c.hold(d)
	}
	for _, d := range done.Dead {
		c.drop(d.Event.Position)
		e.lettered++
		e.letters = append(e.letters, letter{ID: e.lettered, Consumer: c.name, Delivery: d, GivenUp: now})
	}
	return nil
}

// hold holds a delivery, in place of what is held of its event.
func (c *consumer) hold(d store.Delivery) {
	at, there := slices.BinarySearchFunc(c.held, d.Event.Position, byPosition)
	if there {
		c.held[at] = d
		return
	}
	c.held = slices.Insert(c.held, at, d)
}

// drop holds a delivery no more.
func (c *consumer) drop(p store.EventPosition) {
	if at, there := slices.BinarySearchFunc(c.held, p, byPosition); there {
		c.held = slices.Delete(c.held, at, at+1)
	}
}

// DeadLetters implements store.Webhooks.
func (s *Store) DeadLetters(
	ctx context.Context, consumer string, after int64, limit int,
) (all []store.DeadLetter, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.letters {
		if l.ID > after && (consumer == "" || l.Consumer == consumer) && len(all) < limit {
			all = append(all, l)
		}
	}
	return all, nil
}

// RetryDeadLetters implements store.Webhooks.
func (s *Store) RetryDeadLetters(ctx context.Context, ids []int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, id := range ids {
		at, there := slices.BinarySearchFunc(e.letters, id, func(l letter, id int64) int { return cmp.Compare(l.ID, id) })
		if !there {
			continue
		}
		l := e.letters[at]
		e.letters = slices.Delete(e.letters, at, at+1)
		c := e.consumers[l.Consumer]
		c.hold(store.Delivery{Event: l.Event, Again: true})
		e.revise(c)
		n++
	}
	return n, nil
}

// PruneDeadLetters implements store.Webhooks.
func (s *Store) PruneDeadLetters(ctx context.Context, keep, limit int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	n, beyond := 0, make(map[string]int)
	for _, l := range e.letters {
		beyond[l.Consumer]++
	}
	e.letters = slices.DeleteFunc(e.letters, func(l letter) bool {
		if beyond[l.Consumer] <= keep || n == limit {
			return false
		}
		beyond[l.Consumer]--
		n++
		return true
	})
	return n, nil
}
