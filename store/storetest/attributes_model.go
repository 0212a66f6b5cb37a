package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
)

// mapModel is an attribute.Map that is given what a store's is given, and readers
// who are as far behind as they happen to be.
type mapModel struct {
	s       *rig
	id      live.RoomID
	epoch   live.Epoch
	truth   *attribute.Map
	present map[live.UserID]bool
	readers []*attribute.Replica
}

func newMapModel(s *rig, id live.RoomID) *mapModel {
	s.create(id)
	m := &mapModel{s: s, id: id, epoch: s.head(id).Cursor.Epoch, truth: attribute.NewMap(), present: map[live.UserID]bool{}}
	for range 4 {
		m.readers = append(m.readers, attribute.NewReplica())
	}
	return m
}

// update gives a batch to both and compares what they answer.
func (m *mapModel) update(u store.AttributeUpdate) {
	plan, want := m.truth.Plan(u.Actor, u.Limits, u.Updates)
	if slices.ContainsFunc(plan.Leaving(), func(user live.UserID) bool { return !m.present[user] }) {
		want = store.ErrAbsent
	}
	position, err := m.s.Attributes.UpdateAttributes(m.s.t.Context(), m.id, u)
	if (err == nil) != (want == nil) || want != nil && !sameFault(err, want) {
		m.s.t.Fatalf("UpdateAttributes(%+v) = %v, want %v", u, err, want)
	}
	if want != nil {
		return
	}
	m.commit(plan, position.Timestamp, u.Limits)
	if position != (store.AttributePosition{Epoch: m.epoch, Timestamp: m.truth.Timestamp()}) {
		m.s.t.Fatalf("UpdateAttributes(%+v) = %+v, want timestamp %d", u, position, m.truth.Timestamp())
	}
}

// commit commits a plan to the model at the timestamp that the store gave it.
func (m *mapModel) commit(plan attribute.Plan, at live.Timestamp, limits attribute.Limits) {
	if !plan.Empty() && at <= m.truth.Timestamp() {
		m.s.t.Fatalf("the map changed at %d, after %d", at, m.truth.Timestamp())
	}
	m.truth.Commit(plan, at, limits)
}

// sameFault says whether two refusals are of one kind and say the same.
func sameFault(got, want error) bool {
	for _, sentinel := range []error{attribute.ErrDuplicateKey, attribute.ErrReadOnly, attribute.ErrOwnerless, store.ErrAbsent} {
		if errors.Is(want, sentinel) {
			return errors.Is(got, sentinel)
		}
	}
	return sameAs[*attribute.ConflictError](got, want) ||
		sameAs[*attribute.OwnedError](got, want) || sameAs[*attribute.LimitError](got, want)
}

// sameAs says whether two errors are of type E and equal.
func sameAs[E error](got, want error) bool {
	var a, b E
	return errors.As(got, &a) && errors.As(want, &b) && reflect.DeepEqual(a, b)
}

// enter lets a user be there.
func (m *mapModel) enter(user live.UserID) {
	m.s.join(m.id, user, "of "+live.SessionID(user))
	m.present[user] = true
}

// release lets a user leave both.
func (m *mapModel) release(user live.UserID) {
	m.s.release(m.id, user)
	m.present[user] = false
	m.commit(m.truth.Leave(user), m.s.head(m.id).Attributes, attribute.DefaultLimits())
}

// pull brings one reader to the present, as the model would.
func (m *mapModel) pull(reader int) {
	r := m.readers[reader]
	delta := m.s.since(m.id, m.epoch, r.Timestamp())
	want, reaches := m.truth.Since(r.Timestamp())
	if reaches != (delta.Changes != nil) || reaches && !sameChanges(*delta.Changes, want) {
		m.s.t.Fatalf("AttributesSince(%d) = %+v\nwant %+v, %v", r.Timestamp(), delta, want, reaches)
	}
	m.s.mend(r, delta)
	if got, want := r.All(), m.truth.Snapshot().Attributes; !sameAttributes(got, want) || r.Timestamp() != m.truth.Timestamp() {
		m.s.t.Fatalf("a reader got to %+v at %d\nwant %+v at %d", got, r.Timestamp(), want, m.truth.Timestamp())
	}
}

// agrees compares what both hold.
func (m *mapModel) agrees() {
	got, want := m.s.snapshot(m.id), m.truth.Snapshot()
	if !sameAttributes(got.Attributes, want.Attributes) || got.Timestamp != want.Timestamp {
		m.s.t.Fatalf("AttributeSnapshot = %+v\nwant %+v", got, want)
	}
	if at := m.s.head(m.id).Attributes; at != want.Timestamp {
		m.s.t.Fatalf("Head says %d, want %d", at, want.Timestamp)
	}
}

// someBatch draws a batch over few keys, by anyone.
func (m *mapModel) someBatch(t *rapid.T) store.AttributeUpdate {
	users := rapid.SampledFrom([]live.UserID{"ann", "bob", ""})
	return store.AttributeUpdate{
		Actor: attribute.Actor{User: users.Draw(t, "actor"), Privileged: rapid.Bool().Draw(t, "privileged")},
		Limits: attribute.Limits{
			Keys:         rapid.SampledFrom([]int{2, 4, 9, 9}).Draw(t, "keys"),
			KeyBytes:     rapid.SampledFrom([]int{1, 5, 5, 5}).Draw(t, "key bytes"),
			ValueBytes:   rapid.SampledFrom([]int{1, 5, 5, 5}).Draw(t, "value bytes"),
			Log:          rapid.SampledFrom([]int{0, 3, 6, 6, 6, 6}).Draw(t, "log"),
			ViewersWrite: rapid.SampledFrom([]bool{true, true, true, false}).Draw(t, "viewers write"),
		},
		Revision: ahead,
		Updates:  rapid.SliceOfN(rapid.Custom(m.someUpdate), 0, 4).Draw(t, "updates"),
	}
}

// someUpdate draws one update, conditional or not, of the present timestamp or
// another.
func (m *mapModel) someUpdate(t *rapid.T) attribute.Update {
	u := attribute.Update{
		Key:           rapid.SampledFrom([]string{"a", "b", "c", "dd", "e\x00\u00c4"}).Draw(t, "key"),
		Value:         rapid.SampledFrom([][]byte{nil, {}, {0}, {1, 0xff}}).Draw(t, "value"),
		Delete:        rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "delete"),
		Own:           rapid.Bool().Draw(t, "own"),
		DeleteOnLeave: rapid.Bool().Draw(t, "delete on leave"),
	}
	switch rapid.IntRange(0, 5).Draw(t, "condition") {
	case 0:
		return ifAt(0, u)
	case 1:
		return ifAt(m.truth.Timestamp(), u)
	case 2:
		for _, a := range m.truth.Get([]string{u.Key}).Attributes {
			return ifAt(a.Timestamp, u)
		}
	}
	return u
}

func mapIsAnAttributeMap(t *testing.T, s *rig) {
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		m := newMapModel(s, id)
		update := func(t *rapid.T) { m.update(m.someBatch(t)) }
		someone := rapid.SampledFrom([]live.UserID{"ann", "bob", "cy"})
		t.Repeat(map[string]func(*rapid.T){
			"update": update,
			"change": update, // more often than the others
			"enter":  func(t *rapid.T) { m.enter(someone.Draw(t, "user")) },
			"return": func(t *rapid.T) { m.enter(someone.Draw(t, "user")) },
			"leave":  func(t *rapid.T) { m.release(someone.Draw(t, "user")) },
			"send":   func(*rapid.T) { m.s.send(m.id, draft("ann", "in between")) },
			"pull":   func(t *rapid.T) { m.pull(rapid.IntRange(0, len(m.readers)-1).Draw(t, "reader")) },
			"":       func(*rapid.T) { m.agrees() },
		})
	})
}
