package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var attributesTests = []test{
	{"ReaderWithoutAMapGetsASnapshot", readerWithoutAMapGetsASnapshot},
	{"BatchIsOneChange", batchIsOneChange},
	{"BatchRefusedChangesNothing", batchRefusedChangesNothing},
	{"BatchOfNothingTakesNoTimestamp", batchOfNothingTakesNoTimestamp},
	{"BatchIsCopied", batchIsCopied},
	{"BatchIsConditional", batchIsConditional},
	{"RequestAppliesOnce", requestAppliesOnce},
	{"RequestOfNothingIsRemembered", requestOfNothingIsRemembered},
	{"RequestIsItsActors", requestIsItsActors},
	{"RequestReusedIsRefused", requestReusedIsRefused},
	{"RequestThatWasRefusedIsNotRemembered", requestThatWasRefusedIsNotRemembered},
	{"RequestIsRememberedForFiveMinutes", requestIsRememberedForFiveMinutes},
	{"RequestWithoutIDIsNeverRemembered", requestWithoutIDIsNeverRemembered},
	{"ReleaseDeletesWhatGoesWithItsOwner", releaseDeletesWhatGoesWithItsOwner},
	{"WhoIsNotThereTakesNoSeat", whoIsNotThereTakesNoSeat},
	{"ReleaseComesWithTheLastSession", releaseComesWithTheLastSession},
	{"BatchUnderStaleLimitsIsUnderTheRooms", batchUnderStaleLimitsIsUnderTheRooms},
	{"SinceContinuesAPresentEpoch", sinceContinuesAPresentEpoch},
	{"SinceWhatIsNotInTheLogIsASnapshot", sinceWhatIsNotInTheLogIsASnapshot},
	{"SnapshotOfKeys", snapshotOfKeys},
	{"MapIsAnAttributeMap", mapIsAnAttributeMap},
}

// attributeOf returns an attribute that the host set, owned by nobody.
func attributeOf(key, value string, at live.Timestamp) attribute.Attribute {
	a := attribute.Attribute{Key: key, Timestamp: at}
	if value != "" {
		a.Value = []byte(value)
	}
	return a
}

func batchIsOneChange(t *testing.T, s *rig) {
	s.create("r")
	binary := "\x00\xff\r\n\"{}"
	position := s.apply("r", batch("", set("b", binary), set("a", ""), set("key \x00\u00c4", "1")))
	if position.Epoch != s.head("r").Cursor.Epoch || position.Timestamp <= 0 {
		t.Errorf("position %+v, want one of the present epoch", position)
	}
	at := position.Timestamp
	want := []attribute.Attribute{attributeOf("a", "", at), attributeOf("b", binary, at), attributeOf("key \x00\u00c4", "1", at)}
	if got := s.snapshot("r"); !sameAttributes(got.Attributes, want) || got.Timestamp != at {
		t.Errorf("snapshot = %+v\nwant %+v at %d", got, want, at)
	}
	if head := s.head("r"); head.Attributes != at || head.Sequence != 1 {
		t.Errorf("Head = %+v, want attributes at %d and one publication", head, at)
	}
}

func batchRefusedChangesNothing(t *testing.T, s *rig) {
	s.create("r")
	s.apply("r", by("ann", batch("", set("mine", "1"))))
	head := s.head("r")
	small := attribute.Limits{Keys: 2, KeyBytes: 4, ValueBytes: 2, Log: 100, ViewersWrite: true}
	shut := attribute.DefaultLimits()
	shut.ViewersWrite = false
	tests := []struct {
		name   string
		u      store.AttributeUpdate
		limits attribute.Limits
		want   error
	}{
		{"a conflict", batch("", ifAt(7, set("b", "1"))), attribute.DefaultLimits(), &attribute.ConflictError{Key: "b"}},
		{"another's key", by("bob", batch("", set("mine", "2"))), attribute.DefaultLimits(), &attribute.OwnedError{Key: "mine", Owner: "ann"}},
		{"a long key", batch("", set("12345", "1")), small, &attribute.LimitError{Key: "12345", Limit: attribute.LimitKeyBytes, Max: 4}},
		{"a long value", batch("", set("b", "123")), small, &attribute.LimitError{Key: "b", Limit: attribute.LimitValueBytes, Max: 2}},
		{"too many keys", batch("", set("b", "1")), small, &attribute.LimitError{Key: "b", Limit: attribute.LimitKeys, Max: 2}},
		{"a key twice", batch("", set("b", "1"), set("b", "1")), small, attribute.ErrDuplicateKey},
		{"viewers only read", by("ann", batch("")), shut, attribute.ErrReadOnly},
		{"nobody's own", by("", batch("", set("b", "1"))), small, attribute.ErrOwnerless},
	}
	for _, test := range tests {
		test.u.Limits = test.limits
		test.u.Updates = append([]attribute.Update{set("ok", "1")}, test.u.Updates...)
		_, err := s.Attributes.UpdateAttributes(t.Context(), "r", test.u)
		if !sameFault(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	s.wantHead("r", head)
	if left := s.snapshot("r"); len(left.Attributes) != 1 {
		t.Errorf("refused batches left %+v", left)
	}
}

func batchOfNothingTakesNoTimestamp(t *testing.T, s *rig) {
	s.create("r")
	want := store.AttributePosition{Epoch: s.head("r").Cursor.Epoch}
	if got := s.apply("r", batch("")); got != want {
		t.Errorf("nothing: %+v, want %+v", got, want)
	}
	want.Timestamp = s.put("r", "k", "v").Timestamp
	head := s.head("r")
	for name, u := range map[string]store.AttributeUpdate{
		"nothing":       batch(""),
		"what it is":    batch("", set("k", "v")),
		"an absent key": batch("", attribute.Update{Key: "absent", Delete: true}),
	} {
		if got := s.apply("r", u); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	s.wantHead("r", head)
}

func batchIsCopied(t *testing.T, s *rig) {
	s.create("r")
	value, at := []byte("before"), live.Timestamp(0)
	u := batch("request", attribute.Update{Key: "k", Value: value, IfTimestamp: &at})
	first := s.apply("r", u)
	copy(value, "after!")
	at = 9
	u.Updates[0].Key = "other"
	if got := s.snapshot("r").Attributes; len(got) != 1 || string(got[0].Value) != "before" {
		t.Errorf("the caller's bytes reached into the map: %+v", got)
	}
	if again := s.apply("r", batch("request", ifAt(0, set("k", "before")))); again != first {
		t.Errorf("the caller's bytes reached into what is remembered: %+v, want %+v", again, first)
	}
}

func batchIsConditional(t *testing.T, s *rig) {
	s.create("r")
	first := s.apply("r", batch("", ifAt(0, set("k", "1")))).Timestamp
	second := s.apply("r", batch("", ifAt(first, set("k", "2")))).Timestamp
	for _, stale := range []live.Timestamp{0, first, second + 1} {
		_, err := s.Attributes.UpdateAttributes(t.Context(), "r", batch("", ifAt(stale, set("k", "3")), set("l", "3")))
		if !sameFault(err, &attribute.ConflictError{Key: "k", Timestamp: second}) {
			t.Errorf("if %d: %v, want a conflict with %d", stale, err, second)
		}
	}
	third := s.apply("r", batch("", ifAt(second, attribute.Update{Key: "k", Delete: true}))).Timestamp
	if got := s.snapshot("r"); len(got.Attributes) != 0 || got.Timestamp != third {
		t.Errorf("snapshot = %+v, want nothing at %d", got, third)
	}
}

func releaseDeletesWhatGoesWithItsOwner(t *testing.T, s *rig) {
	s.create("r")
	stays := set("stays", "1")
	stays.Own = true
	s.join("r", "ann", "one")
	s.join("r", "ann", "another")
	s.join("r", "bob", "b")
	s.apply("r", by("ann", batch("", seat("seat1", "1"), seat("seat2", "1"), stays)))
	s.apply("r", by("bob", batch("", seat("seat3", "1"))))
	s.leave("r", "ann", "one")
	before := s.head("r")
	s.leave("r", "ann", "another")
	after := s.head("r")
	if after.Sequence != before.Sequence+2 || after.Attributes <= before.Attributes {
		t.Errorf("Head went from %+v to %+v, want a departure and a change", before, after)
	}
	keys := []string{}
	for _, a := range s.snapshot("r").Attributes {
		keys = append(keys, a.Key)
	}
	if !reflect.DeepEqual(keys, []string{"seat3", "stays"}) {
		t.Errorf("keys %q are left, want bob's seat and what stays", keys)
	}
	for _, user := range []live.UserID{"ann", "cy"} {
		s.release("r", user)
	}
	if now := s.head("r"); now.Attributes != after.Attributes || now.Sequence != after.Sequence+2 {
		t.Errorf("departures of those who own nothing moved the head from %+v to %+v", after, now)
	}
}

// What goes when somebody leaves would stay for ever if they were not there.
func whoIsNotThereTakesNoSeat(t *testing.T, s *rig) {
	s.create("r")
	stays := set("stays", "1")
	stays.Own = true
	s.apply("r", by("ann", batch("", stays)))
	before := s.head("r")
	goes := set("stays", "2")
	goes.DeleteOnLeave = true
	refused := func(u store.AttributeUpdate) {
		t.Helper()
		_, err := s.Attributes.UpdateAttributes(t.Context(), "r", u)
		wantRoomError(t, err, "r", store.ErrAbsent)
	}
	refused(by("ann", batch("", seat("seat", "1"))))
	refused(by("ann", batch("request", set("k", "1"), seat("seat", "1"))))
	refused(batch("", seat("seat", "1")))
	refused(batch("", goes)) // of ann's key
	if after := s.head("r"); after != before {
		t.Errorf("Head went from %+v to %+v by what was refused", before, after)
	}
	s.join("r", "ann", "one")
	s.apply("r", by("ann", batch("request", set("k", "1"), seat("seat", "1"))))
	s.apply("r", batch("", goes))
	refused(batch("", seat("seat", "1")))
	s.leave("r", "ann", "")
	if got := s.snapshot("r").Attributes; len(got) != 1 || got[0].Key != "k" {
		t.Errorf("she left %+v, want k alone", got)
	}
	refused(by("ann", batch("", seat("seat", "1"))))
	s.apply("r", by("ann", batch("request", set("k", "1"), seat("seat", "1")))) // again: answered as then
	if got := s.snapshot("r").Attributes; len(got) != 1 {
		t.Errorf("there are %+v, want k alone", got)
	}
}

func releaseComesWithTheLastSession(t *testing.T, s *rig) {
	s.create("r")
	s.joinFor("r", stay("ann", "one"), moment)
	s.joinFor("r", stay("ann", "another"), moment)
	s.apply("r", by("ann", batch("", seat("seat", "1"))))
	s.renew("r", time.Hour, stay("ann", "another"))
	s.lapse()
	s.lapsed(10)
	if n := len(s.snapshot("r").Attributes); n != 1 {
		t.Fatalf("%d attributes, and ann is there by another session", n)
	}
	s.renew("r", moment, stay("ann", "another"))
	s.lapse()
	before := s.head("r")
	s.lapsed(10)
	after := s.head("r")
	if n := len(s.snapshot("r").Attributes); n != 0 || after.Sequence != before.Sequence+1 {
		t.Errorf("%d attributes after ann has gone, and %d publications", n, after.Sequence-before.Sequence)
	}
}

func batchUnderStaleLimitsIsUnderTheRooms(t *testing.T, s *rig) {
	s.create("r")
	shut := false
	changed := s.update("r", room.Change{Settings: room.SettingsChange{ViewersWrite: &shut}})
	for revision, want := range map[int64]error{
		changed.Revision - 1: attribute.ErrReadOnly, changed.Revision: nil, changed.Revision + 1: nil,
	} {
		u := by("ann", batch("", set(fmt.Sprint(revision), "1")))
		u.Revision = revision
		if _, err := s.Attributes.UpdateAttributes(t.Context(), "r", u); !errors.Is(err, want) {
			t.Errorf("limits of revision %d of %d: %v, want %v", revision, changed.Revision, err, want)
		}
	}
}

func sinceContinuesAPresentEpoch(t *testing.T, s *rig) {
	s.create("r")
	first := s.put("r", "k", "1")
	second := s.apply("r", batch("", set("l", "1"), attribute.Update{Key: "k", Delete: true}))
	want := attribute.Changes{After: first.Timestamp, Timestamp: second.Timestamp, List: []attribute.Change{
		{Attribute: attributeOf("l", "1", second.Timestamp)},
		{Attribute: attribute.Attribute{Key: "k", Timestamp: second.Timestamp}, Deleted: true},
	}}
	for _, epoch := range []live.Epoch{"", first.Epoch} {
		if got := s.since("r", epoch, first.Timestamp); got.Changes == nil || !sameChanges(*got.Changes, want) || got.Epoch != first.Epoch {
			t.Errorf("epoch %q: %+v\nwant %+v", epoch, got.Changes, want)
		}
	}
	if got := s.since("r", "", second.Timestamp); got.Changes == nil || len(got.Changes.List) != 0 {
		t.Errorf("since the latest: %+v, want no changes", got)
	}
}

func sinceWhatIsNotInTheLogIsASnapshot(t *testing.T, s *rig) {
	s.create("r")
	short := batch("", set("k", "1"))
	short.Limits.Log = 2
	var at []live.Timestamp
	for i := range 4 {
		short.Updates = []attribute.Update{set("k", fmt.Sprint(i))}
		at = append(at, s.apply("r", short).Timestamp)
	}
	tests := []struct {
		name     string
		epoch    live.Epoch
		after    live.Timestamp
		snapshot bool
	}{
		{"the beginning", "", 0, true},
		{"before what the log keeps", "", at[1] - 1, true},
		{"what the log keeps", "", at[1], false},
		{"another epoch", "another life", at[1], true},
		{"another epoch, the latest", "another life", at[3], true},
		{"what is still to come", "", at[3] + 1, true},
	}
	for _, test := range tests {
		got := s.since("r", test.epoch, test.after)
		if (got.Snapshot != nil) != test.snapshot {
			t.Errorf("%s: %+v, want a snapshot: %v", test.name, got, test.snapshot)
		}
		if got.Snapshot != nil && !reflect.DeepEqual(*got.Snapshot, s.snapshot("r")) {
			t.Errorf("%s: %+v is not the whole map", test.name, got.Snapshot)
		}
	}
}

func snapshotOfKeys(t *testing.T, s *rig) {
	s.create("r")
	if got := s.snapshot("r"); len(got.Attributes) != 0 || got.Timestamp != 0 {
		t.Errorf("of a new room: %+v, want nothing at 0", got)
	}
	at := s.apply("r", batch("", set("c", "3"), set("a", "1"), set("b", "2"))).Timestamp
	a, b, c := attributeOf("a", "1", at), attributeOf("b", "2", at), attributeOf("c", "3", at)
	tests := []struct {
		keys []string
		want []attribute.Attribute
	}{
		{nil, []attribute.Attribute{a, b, c}},
		{[]string{"c", "a", "c", "absent"}, []attribute.Attribute{a, c}},
		{[]string{"absent"}, nil},
	}
	for _, test := range tests {
		if got := s.snapshot("r", test.keys...); !sameAttributes(got.Attributes, test.want) || got.Timestamp != at {
			t.Errorf("%q: %+v\nwant %+v at %d", test.keys, got, test.want, at)
		}
	}
}

func readerWithoutAMapGetsASnapshot(t *testing.T, s *rig) {
	s.create("r")
	if got := s.since("r", "", 0); got.Snapshot == nil || len(got.Snapshot.Attributes) != 0 {
		t.Errorf("AttributesSince of a fresh map = %+v, want an empty snapshot", got)
	}
	s.apply("r", batch("", set("k", "1")))
	if got := s.since("r", "", 0); got.Snapshot == nil || len(got.Snapshot.Attributes) != 1 {
		t.Errorf("AttributesSince = %+v, want a snapshot", got)
	}
	if got := s.since("r", s.head("r").Cursor.Epoch, 0); got.Changes == nil || len(got.Changes.List) != 1 {
		t.Errorf("AttributesSince the beginning of the epoch = %+v, want the change", got)
	}
}
