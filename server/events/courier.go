package events

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

const (
	// inFlight is how many events are on their way to one webhook at a time.
	inFlight = 16
	// windowSize is how many events of the log are on their way or wait for others of their
	// room; so many may be sent again if the node is killed.
	windowSize = 512
	// maxHeld is how many events are held of one webhook before the log is read no further, and
	// maxOfRoom how many of one room, where it is that room alone whose events are not taken.
	maxHeld   = 5000
	maxOfRoom = 1000
	// settleEvery is about how often the store is told.
	settleEvery = 100 * time.Millisecond
)

// courier sends events to one webhook, as long as this node owns it.
type courier struct {
	service *Service
	claimed store.ClaimedWebhook
	logger  *slog.Logger

	lanes   *lanes
	flying  int
	more    bool // there may be more to read
	results chan result
	lost    <-chan struct{} // closed when the log lost events
	until   time.Time       // the store is left alone until then
	settled time.Time       // when it was told last
}

// result is what came of sending the first of a lane.
type result struct {
	lane *lane
	answer
	took time.Duration
}

// newCourier returns what sends to a webhook.
func newCourier(s *Service, c store.ClaimedWebhook) *courier {
	return &courier{
		service: s, claimed: c, logger: s.logger.With("consumer", c.Name), more: true,
		results: make(chan result, inFlight),
	}
}

// now returns the present, by the node's clock: only how long pauses are goes by it.
func now() live.Timestamp { return live.At(time.Now()) }

// run sends until ctx is done, or the webhook is another's. What is on its way then is not
// waited for: whoever comes next sends it again.
func (c *courier) run(ctx context.Context) {
	defer c.service.watch.enter()()
	c.lost = c.service.watch.loss()
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		for ; c.flying > 0; c.flying-- {
			<-c.results
		}
	}()
	for ctx.Err() == nil {
		if over(c.lost) {
			c.lanes = nil // nothing of it is true any more
			return        // whoever comes next begins where the store is
		}
		err := c.round(ctx)
		switch {
		case err == nil, ctx.Err() != nil:
		case errors.Is(err, store.ErrConsumerReplaced):
			return
		default:
			c.logger.DebugContext(ctx, "events for a webhook wait for the store", "error", err)
			c.until = time.Now().Add(awayFor)
		}
		c.wait(ctx)
	}
	c.farewell(ctx)
}

// farewell tells the store what is known, so that it is not sent again.
func (c *courier) farewell(ctx context.Context) {
	if c.lanes == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	_ = c.settle(ctx) // what is not told is sent again
}

// round settles, reads and sends what it can. What is settled leaves the window, and so
// makes room for what is read: after it nothing does before something happens.
func (c *courier) round(ctx context.Context) error {
	if time.Now().Before(c.until) {
		return nil
	}
	if c.lanes == nil {
		held, err := c.service.webhooks.HeldDeliveries(ctx, c.claimed.Name)
		if err != nil {
			return err
		}
		c.lanes = newLanes(c.claimed, held, now())
	}
	if c.flying == 0 || time.Since(c.settled) >= settleEvery {
		if err := c.settle(ctx); err != nil {
			return err
		}
	}
	if err := c.read(ctx); err != nil {
		return err
	}
	c.launch(ctx)
	return nil
}

// mayRead says whether the log is to be read on. Of a webhook that is away it is only for a
// room that can be tried.
func (c *courier) mayRead() bool {
	return c.more && len(c.lanes.window) < windowSize && c.lanes.roomy(now()) && c.lanes.wanting(now())
}

// read reads the log.
func (c *courier) read(ctx context.Context) error {
	for c.mayRead() {
		page, err := c.service.events.Events(ctx, store.EventQuery{
			After: c.lanes.read, EventFilter: c.claimed.Webhook.EventFilter, Limit: windowSize / 4,
		})
		if err != nil {
			return err
		}
		c.overflowed(ctx, c.lanes.take(page, now()))
		c.more = page.More
	}
	return nil
}

// overflowed tells of rooms of which no more is held from now on.
func (c *courier) overflowed(ctx context.Context, over overflow) {
	c.service.metrics.dead.Add(float64(over.events))
	for _, id := range over.rooms {
		c.logger.WarnContext(ctx, "a webhook does not take the events of a room: what follows them are dead letters until it does",
			"room_id", string(id))
	}
}

// busy says whether as much is on its way as may be.
func (c *courier) busy() bool {
	if c.lanes.away() {
		return c.flying >= 1
	}
	return c.flying >= inFlight
}

// launch sends what may be sent.
func (c *courier) launch(ctx context.Context) {
	for !c.busy() {
		l := c.lanes.next(now())
		if l == nil {
			return
		}
		c.flying++
		event := l.items[0].Event
		go func() {
			begun := time.Now()
			c.results <- result{l, c.service.post.send(ctx, c.claimed.Webhook, event), time.Since(begun)}
		}()
	}
}

// wait waits until there is something to do.
func (c *courier) wait(ctx context.Context) {
	timer := time.NewTimer(c.patience())
	defer timer.Stop()
	var events <-chan struct{}
	if c.lanes != nil && !c.more {
		events = c.service.watch.after(c.lanes.read)
	}
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	case <-c.lost:
	case <-events:
		c.more = true
	case r := <-c.results:
		c.landed(ctx, r)
	}
	for c.flying > 0 {
		select {
		case r := <-c.results:
			c.landed(ctx, r)
		default:
			return
		}
	}
}

// patience returns how long there is nothing to do, if nothing happens.
func (c *courier) patience() time.Duration {
	if left := time.Until(c.until); left > 0 {
		return left
	}
	d := time.Minute
	if c.lanes == nil {
		return awayFor
	}
	if _, some := c.lanes.settlement(); some {
		d = settleEvery
	}
	if c.busy() {
		return d
	}
	if due := c.lanes.due(); due > 0 {
		d = min(d, max(due.Sub(now()), time.Millisecond))
	}
	if left := c.lanes.probe.Sub(now()); c.more && left > 0 {
		d = min(d, left)
	}
	return d
}

// landed takes note of what came of sending.
func (c *courier) landed(ctx context.Context, r result) {
	c.flying--
	if ctx.Err() != nil {
		return // it was given up, which says nothing of the webhook
	}
	first := r.lane.items[0]
	m := c.service.metrics
	m.took.Observe(r.took.Seconds())
	dead := c.lanes.over(r.lane, r.answer, now())
	switch {
	case r.taken:
		m.delivered.Inc()
	case dead:
		m.dead.Inc()
		c.logger.WarnContext(ctx, "a webhook did not take an event: it is a dead letter",
			"event_id", first.Event.ID, "attempts", first.Attempts, "error", r.said)
	default:
		m.failed.Inc()
		c.logger.DebugContext(ctx, "a webhook did not take an event yet",
			"event_id", first.Event.ID, "attempts", first.Attempts, "error", r.said)
	}
}

// settle tells the store.
func (c *courier) settle(ctx context.Context) error {
	done, some := c.lanes.settlement()
	if !some {
		return nil
	}
	done.Name, done.Node, done.Revision = c.claimed.Name, c.service.config.Node, c.claimed.Revision
	if err := c.service.webhooks.SettleDeliveries(ctx, done); err != nil {
		return err
	}
	c.lanes.told(done)
	c.settled = time.Now()
	return nil
}
