package attribute_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// reporter is what a schedule fails with: of a test, a fuzz target or a property.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// schedule drives a map, its oracle and three readers through operations. Every
// choice comes from pick (one of n, labelled), so a property and a fuzz target can
// drive the same one.
type schedule struct {
	reporter
	pick func(label string, n int) int

	limits  attribute.Limits
	now     live.Timestamp
	m       *attribute.Map
	twin    *attribute.Map // has all of m's changes from elsewhere
	model   *model
	readers [3]reader
	out     []handout
}

// reader is a replica and the changes that are on their way to it: they may arrive
// late, twice, out of order or never.
type reader struct {
	replica *attribute.Replica
	inbox   []attribute.Changes
}

// handout is something that the map gave away, and what it looked like then.
type handout struct {
	shared any
	then   string
}

func newSchedule(r reporter, pick func(label string, n int) int) *schedule {
	s := &schedule{reporter: r, pick: pick, m: attribute.NewMap(), twin: attribute.NewMap(), model: newModel()}
	s.limits = attribute.Limits{Keys: 4, KeyBytes: 4, ValueBytes: 4, Log: 4, ViewersWrite: true}
	for i := range s.readers {
		s.readers[i].replica = attribute.NewReplica()
	}
	return s
}

// operations are the steps of a schedule; what matters most is there more than
// once. Their order, and that of the choices below, is part of the fuzz corpus.
var operations = []struct {
	name string
	run  func(*schedule)
}{
	{"update", (*schedule).update},
	{"leave", (*schedule).leave},
	{"pull", (*schedule).pull},
	{"ask", (*schedule).ask},
	{"deliver", (*schedule).deliver},
	{"reset", (*schedule).reset},
	{"resettle", (*schedule).resettle},
	{"probe", (*schedule).probe},
	{"get", (*schedule).get},
	{"update, 2", (*schedule).update},
	{"update, 3", (*schedule).update},
	{"update, 4", (*schedule).update},
	{"update, 5", (*schedule).update},
	{"update, 6", (*schedule).update},
	{"deliver, 2", (*schedule).deliver},
	{"deliver, 3", (*schedule).deliver},
}

var (
	someBatches = []int{1, 2, 3, 1, 0}
	someKeys    = []string{"a", "b", "c", "d", "e", "seat", "seats"}
	someValues  = []string{"", "x", "y", "full", "fuller"}
	someActors  = []attribute.Actor{alice, bob, host, alice, bob, backend, nobody}
)

// update asks for a batch.
func (s *schedule) update() {
	actor := someActors[s.pick("actor", len(someActors))]
	updates := make([]attribute.Update, someBatches[s.pick("batch", len(someBatches))])
	keys := make([]string, len(updates))
	for i := range updates {
		updates[i] = s.one()
		keys[i] = updates[i].Key
	}
	at := s.tick()
	next, wantErr := s.model.update(actor, s.limits, updates, at)
	p, err := s.m.Plan(actor, s.limits, updates)
	if !sameError(err, wantErr) {
		s.Fatalf("%+v asks for %+v: error %v, want %v", actor, updates, err, wantErr)
	}
	if twin, twinErr := s.twin.Plan(actor, s.limits, updates); !sameError(twinErr, wantErr) || !reflect.DeepEqual(twin, p) {
		s.Fatalf("%+v asks for %+v: %+v and %v, elsewhere %+v and %v", actor, updates, p, err, twin, twinErr)
	}
	for _, u := range updates {
		copy(u.Value, "####")
	}
	if err == nil {
		s.checkOwnership(actor, p)
		s.commit(p, next, keys, at)
	}
}

// one returns an update of one key.
func (s *schedule) one() attribute.Update {
	u := attribute.Update{Key: someKeys[s.pick("key", len(someKeys))]}
	u.Value = []byte(someValues[s.pick("value", len(someValues))])
	flags := s.pick("flags", 8)
	u.Delete, u.Own, u.DeleteOnLeave = flags == 0, flags&1 != 0, flags&2 != 0
	switch s.pick("condition", 6) {
	case 0:
		u.IfTimestamp = new(live.Timestamp(0))
	case 1:
		u.IfTimestamp = new(s.model.now().attributes[u.Key].Timestamp)
	case 2:
		u.IfTimestamp = new(live.Timestamp(s.pick("timestamp", int(s.now)+1)))
	}
	return u
}

// tick returns the next room timestamp; the room's other entries leave gaps.
func (s *schedule) tick() live.Timestamp {
	s.now += live.Timestamp(1 + s.pick("gap", 3))
	return s.now
}

// checkOwnership fails if the plan changes what is not the actor's.
func (s *schedule) checkOwnership(actor attribute.Actor, p attribute.Plan) {
	for _, c := range p.Changes() {
		old, exists := s.model.now().attributes[c.Attribute.Key]
		if !actor.Privileged && exists && (old.Owner == "" || old.Owner != actor.User) {
			s.Fatalf("%+v changes %+v", actor, old)
		}
		if !actor.Privileged && !c.Deleted && c.Attribute.Owner != actor.User {
			s.Fatalf("%+v sets %+v without owning it", actor, c.Attribute)
		}
		if c.Attribute.DeleteOnLeave && c.Attribute.Owner == "" {
			s.Fatalf("%+v goes with nobody", c.Attribute)
		}
	}
}

// commit commits a plan that should lead to next, and sends the step to everyone.
func (s *schedule) commit(p attribute.Plan, next map[string]attribute.Attribute, keys []string, at live.Timestamp) {
	before := s.model.now()
	want := attribute.Changes{List: difference(before.attributes, next, keys, at), After: before.at, Timestamp: before.at}
	if len(want.List) > 0 {
		want.Timestamp = at
		s.model.commit(next, want.List, at, s.limits.Log)
	}
	step := s.m.Commit(p, at, s.limits)
	if !reflect.DeepEqual(step, want) {
		s.Fatalf("step %+v, want %+v", step, want)
	}
	s.handOut(step)
	for range 2 { // it may come again
		if !s.twin.Apply(step, s.limits) {
			s.Fatalf("step %+v does not continue the map elsewhere at %d", step, s.twin.Timestamp())
		}
	}
	for i := range s.readers {
		s.readers[i].inbox = append(s.readers[i].inbox, step)
	}
}

// leave lets a user go.
func (s *schedule) leave() {
	user := someActors[s.pick("user", len(someActors))].User
	plan := s.m.Leave(user)
	if twin := s.twin.Leave(user); !reflect.DeepEqual(twin, plan) {
		s.Fatalf("%q leaves with %+v, elsewhere with %+v", user, plan, twin)
	}
	s.commit(plan, s.model.leave(user), slices.Sorted(maps.Keys(s.model.now().attributes)), s.tick())
}

// resettle changes the room's limits.
func (s *schedule) resettle() {
	s.limits.Log = []int{4, 0, 1, 2, 3, 9, 40}[s.pick("log", 7)]
	s.limits.Keys = 1 + s.pick("keys", 6)
	s.limits.ValueBytes = 1 + s.pick("value bytes", 6)
	s.limits.KeyBytes = 1 + s.pick("key bytes", 5)
	s.limits.ViewersWrite = s.pick("viewers read only", 4) != 3
}

// handOut remembers something shared.
func (s *schedule) handOut(shared any) {
	s.out = append(s.out, handout{shared, fmt.Sprintf("%+v", shared)})
}
