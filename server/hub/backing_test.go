package hub_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// backing is a store for a hub that can be made to misbehave in every way that the
// roles permit: it fails, keeps its callers waiting, loses and repeats publications,
// hands out a room that is out of date, and begins anew.
type backing struct {
	directory // what the hub does not call
	store.Log

	mu     sync.Mutex
	store  *memory.Store
	ears   []*ear
	err    error                       // of everything, while set
	held   chan struct{}               // everything waits for it, while set
	old    *room.Room                  // what Room returns, while set
	fate   func(store.Publication) int // how often a publication arrives; nil: once
	last   store.Publication
	heads  int         // calls of Head
	marks  []asked     // calls of Marks
	cache  store.Log   // what Recent reads, while set
	back   uint64      // by how much the marks are lower than they were
	before *store.Head // what Head returns next, while set: the answer of a store that took its time

	entries  []*feed.Message // all that the room ever had, in this line of lives
	ancestry feed.Ancestry
}

// directory is store.Rooms by a name that is not one of its methods'.
type directory = store.Rooms

// ear is one who follows.
type ear struct {
	id   live.RoomID
	hear func(store.Publication)
	stop func()

	stopped bool
}

func newBacking() *backing { return &backing{store: memory.New()} }

// now returns the store as it is now.
func (b *backing) now() *memory.Store {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.store
}

// set changes how the store misbehaves.
func (b *backing) set(change func(b *backing)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// reach returns the store, as late as it is held, or its error.
func (b *backing) reach(ctx context.Context) (*memory.Store, error) {
	b.mu.Lock()
	held := b.held
	b.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.store, b.err
}

// Room implements store.Rooms.
func (b *backing) Room(ctx context.Context, id live.RoomID) (room.Room, error) {
	s, err := b.reach(ctx)
	if err != nil {
		return room.Room{}, err
	}
	b.mu.Lock()
	old := b.old
	b.mu.Unlock()
	if old != nil {
		return *old, nil
	}
	return s.Room(ctx, id)
}

// Read implements store.Log.
func (b *backing) Read(ctx context.Context, id live.RoomID, c feed.Cursor, limit int) (feed.Batch, store.Head, error) {
	s, err := b.reach(ctx)
	if err != nil {
		return feed.Batch{}, store.Head{}, err
	}
	head, err := s.Head(ctx, id)
	if err != nil {
		return feed.Batch{}, store.Head{}, err
	}
	b.mu.Lock()
	if adopted, ok := b.ancestry.Adopt(c, head.Cursor.Epoch); ok {
		c = adopted
	}
	b.mu.Unlock()
	batch, head, err := s.Read(ctx, id, c, limit)
	return batch, b.descended(head), err
}

// Recent implements store.Log: from a cache, while there is one.
func (b *backing) Recent(
	ctx context.Context, id live.RoomID, c feed.Cursor, limit int,
) (feed.Batch, store.Head, error) {
	b.mu.Lock()
	cache := b.cache
	b.mu.Unlock()
	if cache != nil {
		return cache.Read(ctx, id, c, limit)
	}
	return b.Read(ctx, id, c, limit)
}

// descended adds its ancestry to a head.
func (b *backing) descended(head store.Head) store.Head {
	b.mu.Lock()
	defer b.mu.Unlock()
	head.Ancestry = b.ancestry
	return head
}

// Head implements store.Log.
func (b *backing) Head(ctx context.Context, id live.RoomID) (store.Head, error) {
	b.set(func(b *backing) { b.heads++ })
	s, err := b.reach(ctx)
	if err != nil {
		return store.Head{}, err
	}
	b.mu.Lock()
	before := b.before
	b.before = nil
	b.mu.Unlock()
	if before != nil {
		return *before, nil
	}
	head, err := s.Head(ctx, id)
	return b.descended(head), err
}

// Marks implements store.Log.
func (b *backing) Marks(ctx context.Context, ids []live.RoomID) (map[live.RoomID]store.Mark, error) {
	b.set(func(b *backing) { b.marks = append(b.marks, asked{time.Now(), len(ids)}) })
	s, err := b.reach(ctx)
	if err != nil {
		return nil, err
	}
	marks, err := s.Marks(ctx, ids)
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, mark := range marks {
		mark.Sequence -= b.back
		marks[id] = mark
	}
	return marks, err
}

// asked is a call of Marks: when it was made, and of how many rooms.
type asked struct {
	at    time.Time
	rooms int
}

// Follow implements store.Bus.
func (b *backing) Follow(ctx context.Context, id live.RoomID, hear func(store.Publication)) (func(), error) {
	s, err := b.reach(ctx)
	if err != nil {
		return nil, err
	}
	e := &ear{id: id}
	e.hear = func(p store.Publication) {
		b.mu.Lock()
		times, before := 1, b.last
		if b.fate != nil {
			times = b.fate(p)
		}
		b.last = p
		b.mu.Unlock()
		for range times {
			hear(p)
		}
		if times > 1 && before.Sequence > 0 {
			hear(before)
		}
	}
	if e.stop, err = s.Follow(ctx, id, e.hear); err != nil {
		return nil, err
	}
	b.set(func(b *backing) { b.ears = append(b.ears, e) })
	return func() {
		b.mu.Lock()
		stop := e.stop
		e.stopped = true
		b.mu.Unlock()
		stop()
	}, nil
}

// restart puts an empty store in place, in which a room begins anew. Those who follow
// hear nothing of it but what comes after.
func (b *backing) restart(r room.Room) {
	b.set(func(b *backing) { b.ancestry = feed.Ancestry{} })
	b.replace(r, memory.New(), nil)
}

// relive puts a store in place that has the room's log without its latest entries, and
// nothing else of it. What it has goes on in another life of the log.
func (b *backing) relive(r room.Room, lost int) {
	before, err := b.now().Head(context.Background(), r.ID)
	if err != nil {
		panic(err)
	}
	b.mu.Lock()
	kept := b.entries[:max(0, len(b.entries)-lost)]
	b.mu.Unlock()
	var past live.Timestamp // 0: that of the clock
	s := memory.New(memory.WithClock(func() live.Timestamp {
		if past != 0 {
			return past
		}
		return live.At(time.Now())
	}))
	b.replace(r, s, func() {
		for _, m := range kept {
			past = m.Timestamp
			b.again(s, r, m)
		}
		past = 0
		head, err := s.Head(context.Background(), r.ID)
		if err != nil {
			panic(err)
		}
		ended := head.Cursor
		ended.Epoch = before.Cursor.Epoch
		b.set(func(b *backing) { b.ancestry = b.ancestry.Followed(ended) })
	})
}

// again places an entry in another log where it was.
func (b *backing) again(s *memory.Store, r room.Room, m *feed.Message) {
	limits := store.Limits{Limits: r.Settings.Feed, Revision: 1 << 40}
	var receipt feed.Receipt
	var err error
	if m.Recalls != 0 {
		recall := feed.Recall{Timestamp: m.Recalls, By: m.Sender, Staff: true}
		receipt, err = s.Recall(context.Background(), r.ID, recall, limits)
	} else {
		receipt, err = s.Append(context.Background(), r.ID, feed.Draft{Content: m.Content, Bucket: m.Bucket}, limits)
	}
	if err != nil || receipt.Place != m.Place() {
		panic(fmt.Sprint(m.Place(), receipt, err))
	}
}

// replace puts another store in place, in which a room is created and filled.
func (b *backing) replace(r room.Room, s *memory.Store, fill func()) {
	if _, err := s.CreateRoom(context.Background(), r, ""); err != nil {
		panic(err)
	}
	b.record(s, r.ID)
	if fill != nil {
		fill()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.store = s
	for _, e := range b.ears {
		if e.stopped {
			continue
		}
		e.stop, _ = s.Follow(context.Background(), e.id, e.hear)
	}
}

// record keeps all that a room has from its beginning.
func (b *backing) record(s *memory.Store, id live.RoomID) {
	b.set(func(b *backing) { b.entries = nil })
	_, err := s.Follow(context.Background(), id, func(p store.Publication) {
		if p.Message != nil {
			b.set(func(b *backing) { b.entries = append(b.entries, p.Message) })
		}
	})
	if err != nil {
		panic(err)
	}
}
