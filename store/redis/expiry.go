package redis

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"
	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

var (
	expireRoom  = load("attributes", "presence", "expire")
	settleEnded = load("attributes", "presence", "settle")
	nextLook    = load("attributes", "presence", "look")
	readDue     = load("due")
	moveDue     = load("move")
)

const (
	// shards is how many parts the index of all rooms has, each in a slot of its own. It
	// is of what is kept, and so never changes.
	shards = 16
	// dueAtOnce is how many rooms one reading of a shard finds.
	dueAtOnce = 64
	// expireAtOnce is how many sessions one script ends: others wait for it.
	expireAtOnce = 128
	// againAfter is when a session that has lapsed is returned again, or one that was left
	// is returned, if nobody has settled it.
	againAfter = time.Minute
)

// shardOf returns which part of the index a room is in.
func shardOf(id live.RoomID) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return int(h.Sum32() % shards)
}

// due is a sorted set: rooms by when they are to be looked at for leases that are over.
// A room may be there too early, but is never too late: whoever makes that earlier in
// the room's state does so here next, and whoever makes it later does so here only if
// nobody has moved the room, and looks again whether it was to be earlier.
func (s *Store) due(shard int) string { return fmt.Sprintf("%s{due:%02d}", s.config.Prefix, shard) }

// Expire implements store.Presence.
func (s *Store) Expire(ctx context.Context, limit int) ([]store.Ended, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	s.payLooks(ctx)
	e := expiration{store: s, limit: limit, done: make(map[live.RoomID]bool)}
	for len(e.ended) < limit {
		rooms := e.due(ctx)
		if len(rooms) == 0 {
			return e.ended, false, e.err
		}
		e.visit(ctx, rooms)
	}
	return e.ended, true, e.err
}

// expiration is one call of Expire. Its lock is for what it does in several rooms at once.
type expiration struct {
	store *Store
	limit int

	mu    sync.Mutex
	ended []store.Ended
	done  map[live.RoomID]bool // what was to end in the room has, or it cannot be reached
	away  [shards]bool         // shards of the index that cannot be reached, each its reader's
	err   error
}

// term says when a room is to be looked at.
type term struct {
	room live.RoomID
	at   live.Timestamp
}

// due returns rooms that are to be looked at and are not done.
func (e *expiration) due(ctx context.Context) (all []term) {
	skip := make([]int, shards) // rooms that are done may be due still
	for id := range e.done {
		skip[shardOf(id)]++
	}
	var reading errgroup.Group
	for shard := range shards {
		if e.away[shard] {
			continue
		}
		reading.Go(func() error {
			terms, err := e.store.dueIn(ctx, shard, dueAtOnce+skip[shard])
			e.mu.Lock()
			defer e.mu.Unlock()
			e.away[shard] = err != nil
			e.fail(err)
			all = append(all, terms...)
			return nil
		})
	}
	_ = reading.Wait()
	return slices.DeleteFunc(all, func(t term) bool { return e.done[t.room] })
}

// fail notes an error, of which the first is told. The caller holds e.mu.
func (e *expiration) fail(err error) { e.err = cmp.Or(e.err, err) }

// visit ends what is over in rooms, in some at once, as long as there may be more.
func (e *expiration) visit(ctx context.Context, rooms []term) {
	for len(rooms) > 0 && len(e.ended) < e.limit {
		left := e.limit - len(e.ended)
		n := min(left, len(rooms), roomsAtOnce)
		share := min(left/n, expireAtOnce)
		var visiting errgroup.Group
		for _, t := range rooms[:n] {
			visiting.Go(func() error {
				e.look(ctx, t, share)
				return nil
			})
		}
		_ = visiting.Wait()
		rooms = rooms[n:]
	}
}

// look ends what is over in a room, at most some sessions, and puts off when it is to be
// looked at next.
func (e *expiration) look(ctx context.Context, t term, limit int) {
	ended, next, err := e.store.expireIn(ctx, t.room, limit)
	if err == nil {
		err = e.store.putOff(ctx, t, next)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = append(e.ended, ended...)
	e.done[t.room] = err != nil || len(ended) < limit
	e.fail(err)
}

// dueIn reads the terms of a shard that are over, the earliest first.
func (s *Store) dueIn(ctx context.Context, shard, limit int) (all []term, err error) {
	_, rest, err := s.runOn(ctx, readDue, s.due(shard), decimal(limit))
	if err != nil {
		return nil, err
	}
	a := fieldsOf(rest)
	for a.more() {
		all = append(all, term{live.RoomID(a.text()), live.Timestamp(a.number())})
	}
	return all, a.err
}

// expireIn ends what is over in a room, and says when to look at it next; 0: not at all.
func (s *Store) expireIn(ctx context.Context, id live.RoomID, limit int) ([]store.Ended, live.Timestamp, error) {
	code, rest, err := s.run(ctx, expireRoom, id, decimal(limit), decimal(againAfter.Microseconds()))
	if err != nil || code != statusOK {
		return nil, 0, err // a room that is not there is not to be looked at
	}
	a := fieldsOf(rest)
	next, lost := live.Timestamp(a.number()), a.text() == "1"
	if lost {
		s.maps.of(id).mark()
	}
	all, err := a.ended(id)
	return all, next, err
}

// putOff moves a room's term to when it is to be looked at next; 0: never.
func (s *Store) putOff(ctx context.Context, t term, next live.Timestamp) error {
	if _, _, err := s.runOn(ctx, moveDue, s.due(shardOf(t.room)),
		string(t.room), decimal(t.at), decimal(next)); err != nil {
		return err
	}
	look, err := s.lookOf(ctx, t.room)
	if err == nil && look > 0 && (next == 0 || look < next) {
		err = s.announce(ctx, t.room, look)
	}
	return err
}

// lookOf returns when a room is to be looked at, as its state says.
func (s *Store) lookOf(ctx context.Context, id live.RoomID) (look live.Timestamp, err error) {
	err = s.reachKey(ctx, s.keysOf(id).state(), func(ctx context.Context) error {
		n, err := s.client.Do(ctx, s.client.B().Hget().Key(s.keysOf(id).state()).Field("look").Build()).AsInt64()
		look = live.Timestamp(n)
		return err
	})
	if rueidis.IsRedisNil(err) {
		return 0, nil
	}
	return look, err
}

// announce puts a room into the index, to be looked at by an instant.
func (s *Store) announce(ctx context.Context, id live.RoomID, at live.Timestamp) error {
	index := s.due(shardOf(id))
	return s.reachKey(ctx, index, func(ctx context.Context) error {
		command := s.client.B().Zadd().Key(index).Lt().ScoreMember().
			ScoreMember(float64(at), string(id)).Build()
		return s.client.Do(ctx, command).Error()
	})
}

// lookBy announces a room. What fails is owed, and tried again by Expire: the session that
// it is for has joined. (Should this process end before, whoever joins or renews a while
// after the term sees that nobody has looked; and there is Sweep.)
func (s *Store) lookBy(ctx context.Context, id live.RoomID, at live.Timestamp) {
	if err := s.announce(ctx, id, at); err != nil {
		s.looks.owe(id, at)
	}
}

// payLooks announces rooms that are owed it.
func (s *Store) payLooks(ctx context.Context) {
	for id, at := range s.looks.take() {
		s.lookBy(ctx, id, at)
	}
}

// looks is rooms that could not be announced.
type looks struct {
	mu   sync.Mutex
	owed map[live.RoomID]live.Timestamp
}

// owe notes a room, to be looked at by the earliest instant that is given.
func (l *looks) owe(id live.RoomID, at live.Timestamp) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owed == nil {
		l.owed = make(map[live.RoomID]live.Timestamp)
	}
	if before, ok := l.owed[id]; !ok || at < before {
		l.owed[id] = at
	}
}

// take returns the rooms, and forgets them.
func (l *looks) take() map[live.RoomID]live.Timestamp {
	l.mu.Lock()
	defer l.mu.Unlock()
	owed := l.owed
	l.owed = nil
	return owed
}

// Sweep makes sure of the index for rooms: a node that ends between a Join and its
// announcement leaves a session that nobody would look for. It costs a script for each of
// the rooms and is for every few minutes.
func (s *Store) Sweep(ctx context.Context, ids []live.RoomID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return eachRoom(slices.Values(ids), func(id live.RoomID) error {
		code, rest, err := s.run(ctx, nextLook, id)
		if err != nil || code != statusOK {
			return err
		}
		a := fieldsOf(rest)
		if at := live.Timestamp(a.number()); at > 0 {
			return s.announce(ctx, id, at)
		}
		return a.err
	})
}

// Settle implements store.Presence.
func (s *Store) Settle(ctx context.Context, ended []store.Ended) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	kept := make(map[live.RoomID][]string)
	for _, e := range ended {
		kept[e.Room] = append(kept[e.Room], packEnded(e))
	}
	return eachRoom(maps.Keys(kept), func(id live.RoomID) error {
		for some := range slices.Chunk(kept[id], leasesAtOnce) {
			if _, _, err := s.run(ctx, settleEnded, id, some...); err != nil {
				return err
			}
		}
		return nil
	})
}
