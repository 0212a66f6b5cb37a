package redis_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// mirror is a node that follows a room and mends what it misses.
type mirror struct {
	s  *redis.Store
	id live.RoomID

	mu    sync.Mutex
	rings *feed.Rings
	gap   bool // something is missing since the last mend
	empty int  // publications that said so and nothing else
}

func newMirror(t *testing.T, s *redis.Store, id live.RoomID) *mirror {
	t.Helper()
	m := &mirror{s: s, id: id}
	stop, err := s.Follow(t.Context(), id, m.hear)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	m.restart(back(t, s, id).Cursor.Epoch)
	return m
}

func (m *mirror) restart(epoch live.Epoch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rings = feed.NewRings(10_000, feed.Cursor{Epoch: epoch})
}

func (m *mirror) hear(p store.Publication) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case nothing(p):
		m.empty++
		m.gap = true
	case m.rings == nil || p.Epoch != m.rings.Head().Epoch:
		m.gap = true
	case p.Message != nil && m.rings.Apply(p.Message) == feed.Gap:
		m.gap = true
	}
}

// caughtUp says whether the mirror holds what the log does. It reads only where a
// publication has shown that something is missing.
func (m *mirror) caughtUp(t *testing.T) bool {
	t.Helper()
	m.mu.Lock()
	gap, at := m.gap, m.rings.Head()
	m.gap = false
	m.mu.Unlock()
	head, err := m.s.Head(t.Context(), m.id)
	if err != nil {
		return false
	}
	if gap {
		batch, _, err := m.s.Read(t.Context(), m.id, at, 10_000)
		m.mu.Lock()
		defer m.mu.Unlock()
		if err != nil || !m.rings.Fill(batch) {
			m.gap = true
			if err == nil {
				m.rings = feed.NewRings(10_000, feed.Cursor{Epoch: head.Cursor.Epoch})
			}
			return false
		}
		return m.rings.Head() == head.Cursor
	}
	return at == head.Cursor
}

// traffic sends messages until it is stopped, and returns the places of those that were
// acknowledged, and how many were not.
func traffic(t *testing.T, s *redis.Store, id live.RoomID) (stop func() (acknowledged []feed.Receipt, failed int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var next, failures atomic.Int64
	var mu sync.Mutex
	var receipts []feed.Receipt
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				receipt, err := s.Append(context.WithoutCancel(ctx), id, text(next.Add(1)), roomy)
				switch {
				case err == nil:
					mu.Lock()
					receipts = append(receipts, receipt)
					mu.Unlock()
				case errors.Is(err, store.ErrUnavailable):
					failures.Add(1)
				default:
					t.Errorf("Append: %v", err)
				}
			}
		})
	}
	return func() ([]feed.Receipt, int) {
		cancel()
		all.Wait()
		return receipts, int(failures.Load())
	}
}

// more waits until so many messages more were placed.
func more(t *testing.T, s *redis.Store, id live.RoomID, n uint64) {
	t.Helper()
	from := back(t, s, id).Cursor.At[feed.Low].Sequence
	eventually(t, "more messages are placed", func() bool {
		head, err := s.Head(t.Context(), id)
		return err == nil && head.Cursor.At[feed.Low].Sequence >= from+n
	})
}

// TestCluster lets a cluster change under a room that one node sends to and another follows:
// nothing that was acknowledged is lost, nothing is there twice, and the follower ends equal.
func TestCluster(t *testing.T) {
	t.Parallel()
	const id = live.RoomID("room 0")
	c := services.NewCluster(t)
	sender := connect(t, redis.Config{URL: c.URL(), Prefix: "c:"})
	follower := connect(t, redis.Config{URL: c.URL(), Prefix: "c:"})
	others := begin(t, sender, 3)[1:] // of other slots
	slot := c.Slot(t, "c:{"+string(id)+"}:state")
	m := newMirror(t, follower, id)
	for _, step := range []struct {
		name    string
		happens func(t *testing.T)
	}{
		{"a slot moves", func(t *testing.T) { c.MigrateSlot(t, slot) }},
		{"a replica takes over in good order", func(t *testing.T) { c.Failover(t, slot) }},
		{"a slot moves one key after the other", func(t *testing.T) { migrateSlowly(t, c, slot) }},
	} {
		t.Run(step.name, func(t *testing.T) {
			stop := traffic(t, sender, id)
			more(t, sender, id, 50)
			step.happens(t)
			more(t, sender, id, 50)
			receipts, failed := stop()
			t.Logf("%d messages were acknowledged, %d were not", len(receipts), failed)
			m.wantAll(t, receipts)
		})
	}
	t.Run("a primary is lost", func(t *testing.T) {
		last := send(t, sender, id, 1<<40, 1)
		c.Await(t)
		c.Kill(t, slot)
		eventually(t, "a replica has taken over", func() bool {
			head, err := sender.Head(t.Context(), id)
			return err == nil && head.Cursor.At[feed.Low] == last.Place && head.Cursor.Epoch != last.Epoch
		})
		m.wantAll(t, []feed.Receipt{last, send(t, sender, id, 1<<41, 1)})
	})
	for _, other := range others {
		eventually(t, "the other rooms go on", func() bool {
			_, err := sender.Append(t.Context(), other, text(1), roomy)
			return err == nil
		})
	}
}

// wantAll checks that the mirror holds what the log does in the end, and that the log holds
// what was acknowledged, as far as it reaches back, once.
func (m *mirror) wantAll(t *testing.T, receipts []feed.Receipt) {
	t.Helper()
	eventually(t, "the follower has caught up", func() bool { return m.caughtUp(t) })
	held, err := m.s.Between(t.Context(), m.id, 0, 0, 10_000)
	if err != nil || len(held) == 0 {
		t.Fatalf("Between: %d messages, %v", len(held), err)
	}
	at := make(map[live.Timestamp]bool)
	for i, message := range held {
		at[message.Timestamp] = true
		if message.Sequence != held[0].Sequence+uint64(i) {
			t.Fatalf("sequence %d after %d", message.Sequence, held[i-1].Sequence)
		}
	}
	for _, receipt := range receipts {
		if receipt.Place.Timestamp >= held[0].Timestamp && !at[receipt.Place.Timestamp] {
			t.Errorf("acknowledged at %+v, and not there", receipt.Place)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	last := held[len(held)-1]
	if got := m.rings.Find(last.Timestamp); got == nil || got.Text != last.Text {
		t.Errorf("the follower has %+v, the log %+v", got, last)
	}
}

// migrateSlowly moves a slot as resharding does with few keys at a time: for a while some keys
// of a room are here and some there.
func migrateSlowly(t *testing.T, c *services.Cluster, slot int) {
	t.Helper()
	number := strconv.Itoa(slot)
	from, to := c.Members[c.Primary(t, slot)], c.Members[c.Primary(t, (slot+1<<13)%(1<<14))]
	ids := []string{from.Do(t, "CLUSTER", "MYID").(string), to.Do(t, "CLUSTER", "MYID").(string)}
	to.Do(t, "CLUSTER", "SETSLOT", number, "IMPORTING", ids[0])
	from.Do(t, "CLUSTER", "SETSLOT", number, "MIGRATING", ids[1])
	_, port, _ := strings.Cut(to.Addr(), ":")
	for {
		names := from.Do(t, "CLUSTER", "GETKEYSINSLOT", number, "1").([]any)
		if len(names) == 0 {
			break
		}
		from.Do(t, "MIGRATE", "127.0.0.1", port, names[0].(string), "0", "60000")
	}
	to.Do(t, "CLUSTER", "SETSLOT", number, "NODE", ids[1])
	from.Do(t, "CLUSTER", "SETSLOT", number, "NODE", ids[1])
}
