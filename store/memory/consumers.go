package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// consumer is one reader of events.
type consumer struct {
	name     string
	read     store.EventPosition // up to here it is done, but for what is held
	dropped  int64
	filter   store.EventFilter
	owner    string
	until    live.Timestamp // the end of its lease
	webhook  *store.Webhook // nil: it streams
	revision int64
	held     []store.Delivery // by position
}

// begin returns a new consumer. The caller holds e.mu.
func (e *events) begin(name string, start store.EventStart) *consumer {
	c := &consumer{name: name, read: e.latest}
	if start == store.StartEarliest {
		c.read = e.floor
	}
	if e.consumers == nil {
		e.consumers = make(map[string]*consumer)
	}
	e.consumers[name] = c
	return c
}

// find returns a consumer. The caller holds e.mu.
func (e *events) find(name string) (*consumer, error) {
	if c := e.consumers[name]; c != nil {
		return c, nil
	}
	return nil, store.ErrConsumerNotFound
}

// hope finds out again who asks for messages. The caller holds e.mu.
func (e *events) hope() {
	var wish store.MessageWish
	for _, c := range e.consumers {
		if c.filter.Names(store.MessageSent) || c.filter.Names(store.MessageRecalled) {
			wish = append(wish, c.filter)
		}
	}
	e.wish.Store(&wish)
}

// acknowledged returns up to where a consumer is done.
func (c *consumer) acknowledged() store.EventPosition {
	for _, d := range c.held {
		if !d.Again {
			return min(c.read, d.Event.Position-1)
		}
	}
	return c.read
}

// tell returns how far a consumer is. The caller holds e.mu.
func (e *events) tell(c *consumer, now live.Timestamp) store.EventConsumer {
	at := c.acknowledged()
	from := max(at, e.floor)
	told := store.EventConsumer{
		Name: c.name, Acknowledged: at, Latest: e.latest, Lag: int64(e.latest - from), Dropped: c.dropped,
		Active: c.until > now, Held: len(c.held),
	}
	if told.Lag > 0 {
		told.Oldest = e.kept[from-e.floor].Recorded
	}
	for _, l := range e.letters {
		if l.Consumer == c.name {
			told.Dead++
		}
	}
	if c.webhook != nil {
		told.Webhook, told.Active = new(*c.webhook), !c.webhook.Paused
		told.Webhook.Secret = ""
	}
	return told
}

// OpenConsumer implements store.Consumers.
func (s *Store) OpenConsumer(ctx context.Context, o store.ConsumerOpening) (store.EventConsumer, error) {
	if err := ctx.Err(); err != nil {
		return store.EventConsumer{}, err
	}
	e, now := &s.events, s.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.consumers[o.Name]
	switch {
	case c == nil:
		c = e.begin(o.Name, o.Start)
	case c.webhook != nil:
		return store.EventConsumer{}, store.ErrConsumerConflict
	}
	c.owner, c.until, c.filter = o.Owner, now.Add(o.Lease), o.EventFilter
	e.hope()
	return e.tell(c, now), nil
}

// KeepConsumer implements store.Consumers.
func (s *Store) KeepConsumer(
	ctx context.Context, name, owner string, lease time.Duration, passed store.EventPosition,
) (store.EventConsumer, error) {
	if err := ctx.Err(); err != nil {
		return store.EventConsumer{}, err
	}
	e, now := &s.events, s.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.find(name)
	if err != nil {
		return store.EventConsumer{}, err
	}
	if c.owner != owner || c.webhook != nil {
		return store.EventConsumer{}, store.ErrConsumerReplaced
	}
	c.until, c.read = now.Add(lease), max(c.read, min(passed, e.latest))
	return e.tell(c, now), nil
}

// CloseConsumer implements store.Consumers.
func (s *Store) CloseConsumer(ctx context.Context, name, owner string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.consumers[name]; c != nil && c.owner == owner {
		c.owner, c.until = "", 0
	}
	return nil
}

// EventConsumer implements store.Consumers.
func (s *Store) EventConsumer(ctx context.Context, name string) (store.EventConsumer, error) {
	if err := ctx.Err(); err != nil {
		return store.EventConsumer{}, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.find(name)
	if err != nil {
		return store.EventConsumer{}, err
	}
	return e.tell(c, s.now()), nil
}

// EventConsumers implements store.Consumers.
func (s *Store) EventConsumers(ctx context.Context, after string, limit int) (all []store.EventConsumer, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, now := &s.events, s.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(e.consumers)) {
		if name > after && len(all) < limit {
			all = append(all, e.tell(e.consumers[name], now))
		}
	}
	return all, nil
}

// AcknowledgeEvents implements store.Consumers.
func (s *Store) AcknowledgeEvents(
	ctx context.Context, name string, upTo store.EventPosition,
) (store.EventConsumer, error) {
	if err := ctx.Err(); err != nil {
		return store.EventConsumer{}, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.find(name)
	if err != nil {
		return store.EventConsumer{}, err
	}
	if upTo > e.latest {
		return store.EventConsumer{}, store.ErrEventPosition
	}
	if upTo > c.acknowledged() {
		c.read = max(c.read, upTo)
		c.held = slices.DeleteFunc(c.held, func(d store.Delivery) bool { return !d.Again && d.Event.Position <= upTo })
		e.revise(c)
	}
	return e.tell(c, s.now()), nil
}

// DeleteConsumer implements store.Consumers.
func (s *Store) DeleteConsumer(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.consumers, name)
	e.letters = slices.DeleteFunc(e.letters, func(l letter) bool { return l.Consumer == name })
	e.hope()
	return nil
}

// revise gives a consumer another revision. The caller holds e.mu.
func (e *events) revise(c *consumer) {
	e.revisions++
	c.revision = e.revisions
}

// byPosition orders deliveries.
func byPosition(d store.Delivery, p store.EventPosition) int { return cmp.Compare(d.Event.Position, p) }
