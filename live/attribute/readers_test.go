package attribute_test

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// reader picks one.
func (s *schedule) reader() *reader { return &s.readers[s.pick("reader", len(s.readers))] }

// pull brings a reader up to date.
func (s *schedule) pull() { s.catchUp(s.reader()) }

// catchUp brings a reader up to date and checks that it is.
func (s *schedule) catchUp(r *reader) {
	if changes, ok := s.since(r.replica.Timestamp()); !ok {
		r.replica.Reset(s.m.Snapshot())
	} else if !r.replica.Apply(changes) {
		s.Fatalf("changes after %d do not continue a replica at %d", changes.After, r.replica.Timestamp())
	}
	if got, want := r.replica.All(), s.m.Snapshot().Attributes; !reflect.DeepEqual(got, want) {
		s.Fatalf("a reader that caught up has %+v, want %+v", got, want)
	}
}

// since asks for changes and checks that they are all there are, and to be had
// exactly if the log reaches back.
func (s *schedule) since(after live.Timestamp) (attribute.Changes, bool) {
	changes, ok := s.m.Since(after)
	if want := s.model.floor() <= after && after <= s.model.now().at; ok != want {
		s.Fatalf("changes after %d are there: %v, want %v", after, ok, want)
	}
	if want := s.model.after(after); ok && (len(changes.List) != len(want) || len(want) > 0 && !reflect.DeepEqual(changes.List, want)) {
		s.Fatalf("changes after %d are %+v, want %+v", after, changes.List, want)
	}
	s.handOut(changes)
	return changes, ok
}

// ask makes a reader pull and the answer be long on its way.
func (s *schedule) ask() {
	r := s.reader()
	if changes, ok := s.since(r.replica.Timestamp()); ok {
		r.inbox = append(r.inbox, changes)
	}
}

// deliver lets one of the changes on their way arrive, or drops it.
func (s *schedule) deliver() {
	r := s.reader()
	if len(r.inbox) == 0 {
		return
	}
	i := s.pick("which", len(r.inbox))
	changes, fate := r.inbox[i], s.pick("fate", 4)
	if fate != 0 { // 0: it will arrive again.
		r.inbox = slices.Delete(r.inbox, i, i+1)
	}
	if fate == 1 { // Lost.
		return
	}
	stood := r.replica.Timestamp()
	want := max(stood, changes.Timestamp)
	applies := changes.Timestamp <= stood || changes.After == stood
	if !applies {
		want = stood
	}
	if got := r.replica.Apply(changes); got != applies || r.replica.Timestamp() != want {
		s.Fatalf("changes from %d to %d over %d: %v, at %d", changes.After, changes.Timestamp, stood, got, r.replica.Timestamp())
	}
}

// reset gives a reader a snapshot, and has another map restored from it.
func (s *schedule) reset() {
	snapshot := s.m.Snapshot()
	s.handOut(snapshot)
	s.twin = attribute.Restore(snapshot)
	s.reader().replica.Reset(snapshot)
}

// probe asks for the changes after any timestamp at all, and replays them over the
// map as it was then.
func (s *schedule) probe() {
	after := live.Timestamp(s.pick("after", int(s.now)+3) - 1)
	changes, ok := s.since(after)
	if twin, twinOK := s.twin.Since(after); twinOK && (!ok || !sameChanges(twin, changes)) {
		s.Fatalf("changes after %d are %+v, elsewhere %+v", after, changes, twin)
	}
	if !ok {
		return
	}
	r := attribute.NewReplica()
	r.Reset(attribute.Snapshot{Attributes: s.model.asOf(after).all(), Timestamp: after})
	if !r.Apply(changes) || r.Timestamp() != s.model.now().at || !reflect.DeepEqual(r.All(), s.model.now().all()) {
		s.Fatalf("changes after %d lead to %+v, want %+v", after, r.All(), s.model.now().all())
	}
}

// sameChanges says whether two runs of changes are equal, where nil is as good as empty.
func sameChanges(a, b attribute.Changes) bool {
	same := func(a, b attribute.Change) bool { return reflect.DeepEqual(a, b) }
	return a.After == b.After && a.Timestamp == b.Timestamp && slices.EqualFunc(a.List, b.List, same)
}

// get asks for two keys.
func (s *schedule) get() {
	keys := []string{someKeys[s.pick("key", len(someKeys))], someKeys[s.pick("key", len(someKeys))]}
	got := s.m.Get(keys)
	want := slices.DeleteFunc(s.model.now().all(), func(a attribute.Attribute) bool { return !slices.Contains(keys, a.Key) })
	if !reflect.DeepEqual(got.Attributes, want) || got.Timestamp != s.model.now().at {
		s.Fatalf("Get(%q) is %+v, want %+v", keys, got, want)
	}
}

// check fails unless the map is what the oracle says and every replica is exactly
// what the map was at the replica's timestamp. It holds at every moment.
func (s *schedule) check() {
	now, snapshot := s.model.now(), s.m.Snapshot()
	if !reflect.DeepEqual(snapshot.Attributes, now.all()) || snapshot.Timestamp != now.at {
		s.Fatalf("the map is %+v, want %+v", snapshot, now)
	}
	if s.m.Timestamp() != now.at || s.m.Len() != len(now.attributes) {
		s.Fatalf("the map is of %d at %d, want %d at %d", s.m.Len(), s.m.Timestamp(), len(now.attributes), now.at)
	}
	if twin := s.twin.Snapshot(); !reflect.DeepEqual(twin, snapshot) {
		s.Fatalf("the map is %+v, elsewhere %+v", snapshot, twin)
	}
	for i, r := range s.readers {
		if want := s.model.asOf(r.replica.Timestamp()); !reflect.DeepEqual(r.replica.All(), want.all()) || r.replica.Timestamp() != want.at {
			s.Fatalf("reader %d at %d has %+v, want %+v", i, r.replica.Timestamp(), r.replica.All(), want)
		}
	}
}

// finish lets every reader catch up, and fails if anything that was handed out on
// the way has changed since.
func (s *schedule) finish() {
	s.check()
	for i := range s.readers {
		s.catchUp(&s.readers[i])
	}
	for _, h := range s.out {
		if now := fmt.Sprintf("%+v", h.shared); now != h.then {
			s.Fatalf("what was handed out as %s has become %s", h.then, now)
		}
	}
}
