package hub

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ovation-live/ovation/live"
)

// crowdShards is over how many locks a room's subscribers are spread.
const crowdShards = 16

// crowd is the subscribers of one room on this node. All of a user's are in one
// shard.
type crowd struct {
	seed   maphash.Seed
	size   atomic.Int64
	shards [crowdShards]shard
}

// shard is a part of a crowd.
type shard struct {
	mu    sync.Mutex
	list  []*Subscriber                 // in no order; each knows its place
	users map[live.UserID][]*Subscriber // nil until someone comes
}

func (c *crowd) init() { c.seed = maphash.MakeSeed() }

// len returns how many subscribers there are.
func (c *crowd) len() int { return int(c.size.Load()) }

// shardOf returns where a user's subscribers are.
func (c *crowd) shardOf(user live.UserID) *shard {
	return &c.shards[maphash.String(c.seed, string(user))%crowdShards]
}

// add adds a subscriber and returns those of the same session that are to end: the ones
// that were there, or the added one if it comes late, after the session was resumed.
func (c *crowd) add(s *Subscriber) (replaced []*Subscriber) {
	sh := c.shardOf(s.session.User)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, other := range sh.users[s.session.User] {
		switch {
		case other.session.ID != s.session.ID:
		case other.session.Incarnation > s.session.Incarnation:
			replaced = append(replaced, s)
		default:
			replaced = append(replaced, other)
		}
	}
	if sh.users == nil {
		sh.users = make(map[live.UserID][]*Subscriber)
	}
	s.place = len(sh.list)
	sh.list = append(sh.list, s)
	sh.users[s.session.User] = append(sh.users[s.session.User], s)
	c.size.Add(1)
	return replaced
}

// remove removes exactly this subscriber, never another of the same session.
// Removing one that is not there changes nothing.
func (c *crowd) remove(s *Subscriber) {
	sh := c.shardOf(s.session.User)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.place >= len(sh.list) || sh.list[s.place] != s {
		return
	}
	last := len(sh.list) - 1
	sh.list[s.place] = sh.list[last]
	sh.list[s.place].place = s.place
	sh.list[last] = nil
	sh.list = sh.list[:last]
	sh.forget(s)
	c.size.Add(-1)
}

// forget removes a subscriber from its user's. The caller holds sh.mu.
func (sh *shard) forget(s *Subscriber) {
	rest := slices.DeleteFunc(sh.users[s.session.User], func(other *Subscriber) bool { return other == s })
	if len(rest) == 0 {
		delete(sh.users, s.session.User)
	} else {
		sh.users[s.session.User] = rest
	}
}

// each calls do for every subscriber, under the lock of its shard: do must not
// block.
func (c *crowd) each(do func(*Subscriber)) {
	for i := range c.shards {
		c.shards[i].each(do)
	}
}

func (sh *shard) each(do func(*Subscriber)) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, s := range sh.list {
		do(s)
	}
}

// of calls do for every subscriber of a user, under the lock of their shard.
func (c *crowd) of(user live.UserID, do func(*Subscriber)) {
	sh := c.shardOf(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, s := range sh.users[user] {
		do(s)
	}
}
