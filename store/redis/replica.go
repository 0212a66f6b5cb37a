package redis

import (
	"context"
	"errors"
	"slices"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// replicas are the logs of the rooms that this node has read lately, so that reading on
// costs no more than what is new.
type replicas struct {
	store *Store
	rooms *lru.Cache[live.RoomID, *slot]
}

// slot is what is known here of one room's log.
type slot struct {
	mu      sync.Mutex
	replica *replica   // nil: none
	epoch   live.Epoch // with sequence: the latest publication of this store's own messages
	own     uint64
}

// replica is a room's log in one life and at one revision of the room, as far as head.
type replica struct {
	mu    sync.Mutex
	rings *feed.Rings
	head  store.Head
}

// look is what a caller does with a log at one instant. It is called under the replica's
// lock.
type look func(rings *feed.Rings, head store.Head)

func newReplicas(s *Store, rooms int) (*replicas, error) {
	cache, err := lru.New[live.RoomID, *slot](rooms)
	return &replicas{store: s, rooms: cache}, err
}

// slot returns a room's, a new one where there is none.
func (rs *replicas) slot(id live.RoomID) *slot {
	if known, ok := rs.rooms.Get(id); ok {
		return known
	}
	fresh := &slot{}
	if known, ok, _ := rs.rooms.PeekOrAdd(id, fresh); ok {
		return known
	}
	return fresh
}

// wrote notes that this store has published up to a sequence.
func (rs *replicas) wrote(id live.RoomID, epoch live.Epoch, sequence uint64) {
	known, ok := rs.rooms.Peek(id)
	if !ok {
		return // whoever reads comes after this
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	if known.epoch != epoch {
		known.epoch, known.own = epoch, 0
	}
	known.own = max(known.own, sequence)
}

// current returns the replica that a slot has.
func (s *slot) current() *replica {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replica
}

// hold puts a replica into the slot.
func (s *slot) hold(r *replica) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replica = r
}

// covers says whether a head includes all that this store has published itself.
func (s *slot) covers(head store.Head) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch == "" || s.epoch == head.Cursor.Epoch && s.own <= head.Sequence
}

// fresh looks at a room's log as it is after the call, or later.
func (rs *replicas) fresh(ctx context.Context, id live.RoomID, l look) error {
	// The slot comes before the read, so that what is written meanwhile is noted in it.
	s := rs.slot(id)
	r, err := rs.store.readOn(ctx, id, s.current(), l)
	if err == nil {
		s.hold(r)
	}
	return err
}

// recent looks at a room's log as it was a second ago or later. It asks Redis nothing while
// the client-side cache says that nothing has changed.
func (rs *replicas) recent(ctx context.Context, id live.RoomID, l look) error {
	s := rs.slot(id)
	r := s.current()
	if r == nil {
		return rs.fresh(ctx, id, l)
	}
	known, err := rs.store.marked(ctx, id)
	if errors.Is(err, store.ErrRoomNotFound) {
		return rs.fresh(ctx, id, l) // it may have begun since that was cached
	}
	if err != nil {
		return err
	}
	if looked := r.lookIf(l, func(head store.Head) bool { return known.within(head) && s.covers(head) }); looked {
		return nil
	}
	return rs.fresh(ctx, id, l)
}

// lookIf looks at a replica if its head is as it should be.
func (r *replica) lookIf(l look, is func(store.Head) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !is(r.head) {
		return false
	}
	l(r.rings, r.head)
	return true
}

// mark is a publication of a room.
type mark struct {
	epoch    live.Epoch
	sequence uint64
}

// within says whether one at head knows of the publication.
func (m mark) within(head store.Head) bool {
	return m.epoch == head.Cursor.Epoch && m.sequence <= head.Sequence
}

// marked returns a room's latest publication, maybe from a cache.
func (s *Store) marked(ctx context.Context, id live.RoomID) (m mark, err error) {
	var fields []rueidis.RedisMessage
	state := s.keysOf(id).state()
	err = s.reachKey(ctx, state, func(ctx context.Context) (err error) {
		command := s.client.B().Hmget().Key(state).Field("epoch", "seq").Cache()
		fields, err = s.config.Metrics.read(cachedLog, s.client.DoCache(ctx, command, copyTTL)).ToArray()
		return err
	})
	switch {
	case err != nil:
		return mark{}, err
	case len(fields) != 2 || fields[0].IsNil():
		return mark{}, notFound(id)
	}
	f := fieldsOf(fields)
	m.epoch = live.Epoch(f.text())
	m.sequence = uint64(f.number()) //nolint:gosec // sequences are not negative
	return m, f.err
}

// from looks at a room's log as fresh does, for a reader at c. Where nothing is held of the
// room it takes no more than what comes after c, and holds nothing.
func (rs *replicas) from(ctx context.Context, id live.RoomID, c feed.Cursor, l look) error {
	if s, ok := rs.rooms.Peek(id); c.Epoch == "" || ok && s.current() != nil {
		return rs.fresh(ctx, id, l)
	}
	if continued, err := rs.store.readAfter(ctx, id, c, l); continued || err != nil {
		return err
	}
	return rs.fresh(ctx, id, l)
}

// readOn reads a replica on, or another where it cannot go on, looks at it, and returns it.
func (s *Store) readOn(ctx context.Context, id live.RoomID, r *replica, l look) (*replica, error) {
	at := r.at()
	d, err := s.readDelta(ctx, id, append([]string{"all", string(at.Cursor.Epoch), decimal(at.Revision)},
		sequences(at.Cursor)...)...)
	if err != nil {
		return nil, err
	}
	if d.whole {
		r = d.replica(d.evicted)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take(d)
	l(r.rings, r.head)
	return r, nil
}

// readAfter looks at a log of which only what comes after c is there, and says whether it
// could: whether c is a place in this life of the log, and nothing after it was dropped.
func (s *Store) readAfter(ctx context.Context, id live.RoomID, c feed.Cursor, l look) (continued bool, err error) {
	args := append([]string{"after", string(c.Epoch), ""}, sequences(c)...)
	for _, place := range c.At {
		args = append(args, decimal(place.Timestamp))
	}
	d, err := s.readDelta(ctx, id, args...)
	if err != nil || d.whole {
		return false, err
	}
	r := d.replica(c.At)
	r.take(d)
	l(r.rings, r.head)
	return true, nil
}

// sequences returns a cursor's, as scripts read them.
func sequences(c feed.Cursor) (all []string) {
	for _, place := range c.At {
		all = append(all, decimal(place.Sequence))
	}
	return all
}

// readDelta runs lua/read.lua.
func (s *Store) readDelta(ctx context.Context, id live.RoomID, args ...string) (delta, error) {
	code, list, err := s.run(ctx, readLog, id, args...)
	if err != nil {
		return delta{}, err
	}
	if err := refusal(id, code); err != nil {
		return delta{}, err
	}
	return decodeDelta(list)
}

// at returns how far a replica is: nil is nowhere.
func (r *replica) at() store.Head {
	if r == nil {
		return store.Head{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.head
}

// delta is what brings a replica to where the log is, or (whole) what begins another.
type delta struct {
	head     store.Head
	capacity int
	evicted  [feed.Buckets]feed.Place
	whole    bool
	entries  [feed.Buckets][]*feed.Message
}

// decodeDelta reads what lua/read.lua answers after its status.
func decodeDelta(list []rueidis.RedisMessage) (d delta, err error) {
	f := fieldsOf(list)
	d.head, d.capacity = f.head()
	d.evicted = f.places()
	d.whole = f.text() == "1"
	for b := range feed.Bucket(feed.Buckets) {
		d.entries[b] = f.entries(b)
	}
	return d, f.err
}

// replica returns an empty replica that a delta is to be taken into, which begins after the
// places.
func (d *delta) replica(after [feed.Buckets]feed.Place) *replica {
	rings := feed.NewRings(d.capacity, feed.Cursor{Epoch: d.head.Cursor.Epoch, At: after})
	rings.Descend(d.head.Ancestry)
	return &replica{rings: rings}
}

// take brings the replica to where a delta of its life and revision leads, unless it is
// there already. What a recall among it recalls came without contents, or is here.
func (r *replica) take(d delta) {
	r.rings.Fill(feed.Batch{Messages: slices.Concat(d.entries[:]...), Cursor: d.head.Cursor})
	if d.head.Sequence >= r.head.Sequence {
		r.head = d.head
	}
}
