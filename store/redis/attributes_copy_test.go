package redis

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
)

// copied is a room's map as Redis has it, what became of it so far, and a node's copy.
type copied struct {
	*rapid.T
	copy  mapCopy
	truth *attribute.Map
	epoch live.Epoch
	was   map[live.Epoch]map[live.Timestamp]attribute.Snapshot
	known []place // where what is cached of the room may say that it is, the latest last
	asked []asked
	own   place // the latest that the node itself has done
}

// asked is a reading of the map that is on its way.
type asked struct {
	from  place
	delta store.AttributeDelta
}

var theRoom = attribute.Limits{Keys: 9, KeyBytes: 9, ValueBytes: 9, Log: 4, ViewersWrite: true}

// begin begins a life of the log, with as much of the map as is left.
func (c *copied) begin(epoch live.Epoch) {
	c.epoch = epoch
	c.was[epoch] = make(map[live.Timestamp]attribute.Snapshot)
	c.note()
}

// note notes where the map is.
func (c *copied) note() {
	c.was[c.epoch][c.truth.Timestamp()] = c.truth.Snapshot()
	c.known = append(c.known, place{epoch: c.epoch, at: c.truth.Timestamp()})
}

// batch draws one of a user's.
func (c *copied) batch() batch {
	users := rapid.SampledFrom([]live.UserID{"ann", "bob"})
	return batch{AttributeUpdate: store.AttributeUpdate{
		Actor: attribute.Actor{User: users.Draw(c.T, "actor"), Privileged: true}, Limits: theRoom,
		Updates: []attribute.Update{{
			Key:           rapid.SampledFrom([]string{"a", "b", "c"}).Draw(c.T, "key"),
			Value:         []byte(rapid.SampledFrom([]string{"x", "y"}).Draw(c.T, "value")),
			Delete:        rapid.IntRange(0, 4).Draw(c.T, "delete") == 0,
			Own:           true,
			DeleteOnLeave: rapid.Bool().Draw(c.T, "goes"),
		}},
	}}
}

// commit commits to the truth, as a script does, and says where that is then.
func (c *copied) commit(p attribute.Plan) live.Timestamp {
	c.truth.Commit(p, c.truth.Timestamp()+1+live.Timestamp(rapid.IntRange(0, 2).Draw(c.T, "gap")), theRoom)
	c.note()
	return c.truth.Timestamp()
}

// elsewhere: another node commits a batch.
func (c *copied) elsewhere() {
	b := c.batch()
	if p, err := c.truth.Plan(b.Actor, b.Limits, b.Updates); err == nil && !p.Empty() {
		c.commit(p)
	}
}

// here: this node plans a batch on its copy; it counts only on the present map.
func (c *copied) here() {
	b := c.batch()
	from, plan, err := c.copy.plan(b)
	if from.epoch != c.epoch || from.at != c.truth.Timestamp() {
		c.ask()
		return
	}
	want, wantErr := c.truth.Plan(b.Actor, b.Limits, b.Updates)
	if !reflect.DeepEqual(plan, want) || (err == nil) != (wantErr == nil) {
		c.Fatalf("planned %+v, %v; want %+v, %v", plan, err, want, wantErr)
	}
	if err != nil || plan.Empty() {
		return
	}
	at := c.commit(plan)
	if rapid.Bool().Draw(c.T, "overtaken by a reading") {
		c.ask()
		c.hear()
	}
	c.copy.committed(from, plan, at)
	c.own = place{epoch: c.epoch, at: at}
}

// leave: this node lets a user leave, past its copy.
func (c *copied) leave() {
	p := c.truth.Leave(rapid.SampledFrom([]live.UserID{"ann", "bob"}).Draw(c.T, "user"))
	if p.Empty() {
		return
	}
	c.own = place{epoch: c.epoch, at: c.commit(p)}
	c.copy.mark()
}

// ask reads the map on from where the copy is; the answer takes its time.
func (c *copied) ask() {
	from := c.copy.place()
	delta := store.AttributeDelta{Epoch: c.epoch}
	if changes, ok := c.truth.Since(from.at); ok && from.epoch == c.epoch {
		delta.Changes = &changes
	} else {
		snapshot := c.truth.Snapshot()
		delta.Snapshot = &snapshot
	}
	c.asked = append(c.asked, asked{from, delta})
}

// hear hands the copy an answer.
func (c *copied) hear() {
	if len(c.asked) == 0 {
		return
	}
	i := rapid.IntRange(0, len(c.asked)-1).Draw(c.T, "which")
	a := c.asked[i]
	c.asked = append(c.asked[:i:i], c.asked[i+1:]...)
	c.copy.adopt(a.from, a.delta)
}

// relive: Redis was lost, and begins another life with what it had, or had a while ago.
func (c *copied) relive() {
	back := c.was[c.epoch]
	if rapid.Bool().Draw(c.T, "less") {
		at := rapid.SampledFrom(c.known).Draw(c.T, "what is left")
		if at.epoch == c.epoch {
			c.truth = attribute.Restore(back[at.at])
		}
	}
	c.begin(c.epoch + "'")
}

// get asks the copy with what is cached of the room, of whenever that is; what it gives is
// what the map was, no earlier than that and than all that the node itself has done.
func (c *copied) get() {
	cached := rapid.SampledFrom(c.known).Draw(c.T, "cached")
	delta, ok := c.copy.get(cached.epoch, cached.at, nil)
	if !ok {
		return
	}
	at := delta.Snapshot.Timestamp
	if delta.Epoch != cached.epoch || at < cached.at {
		c.Fatalf("got %s at %d by what is cached of %+v", delta.Epoch, at, cached)
	}
	if delta.Epoch == c.own.epoch && at < c.own.at || len(delta.Epoch) < len(c.own.epoch) {
		c.Fatalf("got %s at %d after the node's own %+v", delta.Epoch, at, c.own)
	}
	if want := c.was[delta.Epoch][at]; !reflect.DeepEqual(plain(*delta.Snapshot), plain(want)) {
		c.Fatalf("got %+v, which was %+v", delta.Snapshot, want)
	}
}

// plain returns the snapshot with nil for what is empty.
func plain(s attribute.Snapshot) attribute.Snapshot {
	if len(s.Attributes) == 0 {
		s.Attributes = nil
	}
	return s
}

// TestCopyIsTheMap: through any interleaving of batches here and elsewhere, leaves, readings
// that come late and lives that end, a copy is what the map was, and never before what this
// node has done itself.
func TestCopyIsTheMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := &copied{T: t, truth: attribute.NewMap(), was: map[live.Epoch]map[live.Timestamp]attribute.Snapshot{}}
		c.begin("e")
		t.Repeat(map[string]func(*rapid.T){
			"here":      func(t *rapid.T) { c.T = t; c.here() },
			"elsewhere": func(t *rapid.T) { c.T = t; c.elsewhere() },
			"leave":     func(t *rapid.T) { c.T = t; c.leave() },
			"ask":       func(t *rapid.T) { c.T = t; c.ask() },
			"hear":      func(t *rapid.T) { c.T = t; c.hear() },
			"hear, 2":   func(t *rapid.T) { c.T = t; c.hear() },
			"relive":    func(t *rapid.T) { c.T = t; c.relive() },
			"get":       func(t *rapid.T) { c.T = t; c.get() },
			"get, 2":    func(t *rapid.T) { c.T = t; c.get() },
		})
	})
}

// A room's copy is one object as long as it is kept.
func TestCopiesAreKeptByUse(t *testing.T) {
	t.Parallel()
	all := newMapCopies()
	first := all.of("first")
	for i := range mapsKept {
		all.of(live.RoomID(rune(i)) + "x")
		if all.of("first") != first {
			t.Fatalf("what is used is gone after %d others", i)
		}
	}
	second := all.of("second")
	for i := range mapsKept {
		all.of(live.RoomID(rune(i)) + "y")
	}
	if all.of("second") == second {
		t.Errorf("%d rooms later it is kept still", mapsKept)
	}
}
