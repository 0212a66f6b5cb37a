package gift

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

const (
	// freshFor is how long what was read of the catalogue may be gone by: a gift that is
	// put on another node is seen here within it.
	freshFor = time.Second
	// keepEvery is how often the catalogue is read again while it is asked for, so that
	// those who ask do not wait.
	keepEvery = freshFor / 2
	// usedFor is how long after it was last asked for it is read again.
	usedFor = time.Minute
	// readWithin is how long the store may take to say what there is.
	readWithin = 2 * time.Second
	// readAtOnce is how many gifts are read at a time.
	readAtOnce = 1000
)

// catalogue is what can be sent, as it was at most a second ago.
type catalogue struct {
	gifts   store.Gifts
	reading singleflight.Group

	mu     sync.Mutex
	latest *shelf // nil: nothing was read yet
	puts   uint64 // what was read before the latest of them is not fresh
	used   time.Time
}

// shelf is the gifts that are not retired. It is immutable.
type shelf struct {
	all  []gift.Gift // by position and id
	byID map[gift.ID]gift.Gift
	read time.Time // when it was asked for
	puts uint64    // of the catalogue, by then
}

// in returns what can be sent in a room.
func (s *shelf) in(id live.RoomID) []gift.Gift {
	var found []gift.Gift
	for _, g := range s.all {
		if g.Room == "" || g.Room == id {
			found = append(found, g)
		}
	}
	return found
}

// at returns what is known, and whether that will do for who asked at an instant.
func (c *catalogue) at(asked time.Time) (latest *shelf, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = time.Now()
	if c.latest == nil || c.latest.puts != c.puts {
		return c.latest, false
	}
	return c.latest, !c.latest.read.Before(asked) || c.used.Sub(c.latest.read) < freshFor
}

// shelf returns what there is.
func (c *catalogue) shelf(ctx context.Context) (*shelf, error) {
	for asked := time.Now(); ; {
		if latest, fresh := c.at(asked); fresh {
			return latest, nil
		}
		read := c.reading.DoChan("", func() (any, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readWithin)
			defer cancel()
			return nil, c.read(ctx)
		})
		select {
		case done := <-read:
			if done.Err != nil {
				return nil, away(ctx, done.Err)
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// read reads everything.
func (c *catalogue) read(ctx context.Context) error {
	c.mu.Lock()
	next := &shelf{byID: make(map[gift.ID]gift.Gift), read: time.Now(), puts: c.puts}
	c.mu.Unlock()
	q := store.GiftQuery{All: true, Limit: readAtOnce}
	for {
		found, err := c.gifts.Gifts(ctx, q)
		if err != nil {
			return err
		}
		for _, g := range found {
			next.byID[g.ID] = g
		}
		next.all = append(next.all, found...)
		if len(found) < q.Limit {
			break
		}
		q.After = &found[len(found)-1]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest == nil || !next.read.Before(c.latest.read) {
		c.latest = next
	}
	return nil
}

// find returns a gift that can be sent in a room. store.ErrGiftNotFound, and then the
// gift that cannot, if there is one.
func (c *catalogue) find(ctx context.Context, id gift.ID, in live.RoomID) (gift.Gift, error) {
	latest, err := c.shelf(ctx)
	if err != nil {
		return gift.Gift{ID: id}, err
	}
	g, known := latest.byID[id]
	if !known { // it is retired, or was put a moment ago
		if g, err = c.gifts.Gift(ctx, id); err != nil {
			return gift.Gift{ID: id}, err
		}
	}
	err = sendable(&g, in)
	return g, err
}

// sendable returns store.ErrGiftNotFound where a gift cannot be sent in a room.
func sendable(g *gift.Gift, in live.RoomID) error {
	if g.Retired || g.Room != "" && g.Room != in {
		return store.ErrGiftNotFound
	}
	return nil
}

// again returns a gift that can be sent in a room as it is now, past what was read before:
// somebody knows it otherwise. Those who ask at once ask together.
func (c *catalogue) again(ctx context.Context, before gift.Gift, in live.RoomID) (gift.Gift, error) {
	read := c.reading.DoChan("gift "+string(before.ID), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readWithin)
		defer cancel()
		g, err := c.gifts.Gift(ctx, before.ID)
		if err == nil && g.Revision != before.Revision {
			c.changed()
		}
		return g, err
	})
	select {
	case done := <-read:
		if done.Err != nil {
			return before, away(ctx, done.Err)
		}
		g, _ := done.Val.(gift.Gift)
		err := sendable(&g, in)
		return g, err
	case <-ctx.Done():
		return before, context.Cause(ctx)
	}
}

// changed has everyone read what was put.
func (c *catalogue) changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.puts++
}

// keep reads the catalogue again and again while it is asked for, until ctx is done.
// Those who ask are told of failures.
func (c *catalogue) keep(ctx context.Context) {
	for loop.Pause(ctx, keepEvery) {
		c.mu.Lock()
		idle := time.Since(c.used) > usedFor
		c.mu.Unlock()
		if idle {
			continue
		}
		reading, cancel := context.WithTimeout(ctx, readWithin)
		_ = c.read(reading)
		cancel()
	}
}

// away returns an error of the store as those are told it who have time yet: that it
// cannot be reached, where it did not answer in time.
func away(ctx context.Context, err error) error {
	if ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return errors.Join(store.ErrUnavailable, errors.New("it does not answer in time"))
	}
	return err
}

// OnSale returns what can be sent in a room; while the store is away, what could be when
// it was last asked.
func (s *Service) OnSale(ctx context.Context, id live.RoomID) []gift.Gift {
	ctx, cancel := context.WithTimeout(ctx, glanceWithin)
	defer cancel()
	latest, err := s.catalogue.shelf(ctx)
	if err != nil {
		if latest, _ = s.catalogue.at(time.Now()); latest == nil {
			return nil
		}
	}
	return slices.Clone(latest.in(id))
}
