package attribute_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

var (
	alice   = attribute.Actor{User: "alice"}
	bob     = attribute.Actor{User: "bob"}
	nobody  = attribute.Actor{}
	host    = attribute.Actor{User: "host", Privileged: true}
	backend = attribute.Actor{Privileged: true}
)

// commit plans and commits a batch that must be right.
func commit(tb testing.TB, m *attribute.Map, at live.Timestamp, actor attribute.Actor, updates ...attribute.Update) attribute.Changes {
	tb.Helper()
	limits := attribute.DefaultLimits()
	p, err := m.Plan(actor, limits, updates)
	if err != nil {
		tb.Fatalf("Plan: %v", err)
	}
	return m.Commit(p, at, limits)
}

// seats returns a map at timestamp 2: the host's unowned title and owned camera at
// 1, alice's seat, which goes with her, at 2.
func seats(tb testing.TB) *attribute.Map {
	tb.Helper()
	m := attribute.NewMap()
	commit(tb, m, 1, host,
		attribute.Update{Key: "title", Value: []byte("quiz night")},
		attribute.Update{Key: "camera", Value: []byte("on"), Own: true})
	commit(tb, m, 2, alice, attribute.Update{Key: "seat", Value: []byte("a"), DeleteOnLeave: true})
	return m
}

// set returns the change that leaves key so.
func set(key, value string, owner live.UserID, deleteOnLeave bool) attribute.Change {
	return attribute.Change{Attribute: attribute.Attribute{
		Key: key, Value: bytesOf(value), Owner: owner, DeleteOnLeave: deleteOnLeave,
	}}
}

// gone returns the change that deletes key.
func gone(key string) attribute.Change {
	return attribute.Change{Attribute: attribute.Attribute{Key: key}, Deleted: true}
}

// bytesOf returns a value as a map holds it: nil when empty.
func bytesOf(value string) []byte {
	if value == "" {
		return nil
	}
	return []byte(value)
}

func TestPlanChanges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		actor  attribute.Actor
		update attribute.Update
		want   []attribute.Change
	}{
		{"a viewer owns what they set", bob, attribute.Update{Key: "hand", Value: []byte("up")}, []attribute.Change{set("hand", "up", "bob", false)}},
		{"a viewer's key may go with them", bob, attribute.Update{Key: "hand", DeleteOnLeave: true}, []attribute.Change{set("hand", "", "bob", true)}},
		{"a viewer changes their own", alice, attribute.Update{Key: "seat", Value: []byte("b"), DeleteOnLeave: true}, []attribute.Change{set("seat", "b", "alice", true)}},
		{"a viewer lets their own stay", alice, attribute.Update{Key: "seat", Value: []byte("a")}, []attribute.Change{set("seat", "a", "alice", false)}},
		{"a viewer deletes their own", alice, attribute.Update{Key: "seat", Delete: true}, []attribute.Change{gone("seat")}},
		{"a host's key has no owner", host, attribute.Update{Key: "mode", Value: []byte("duel")}, []attribute.Change{set("mode", "duel", "", false)}},
		{"a host's key has one on demand", host, attribute.Update{Key: "mode", Own: true, DeleteOnLeave: true}, []attribute.Change{set("mode", "", "host", true)}},
		{"a host keeps owner and leave", host, attribute.Update{Key: "seat", Value: []byte("b")}, []attribute.Change{set("seat", "b", "alice", true)}},
		{"a host makes another's key go with them", host, attribute.Update{Key: "camera", Value: []byte("on"), DeleteOnLeave: true}, []attribute.Change{set("camera", "on", "host", true)}},
		{"a host takes over", host, attribute.Update{Key: "seat", Value: []byte("a"), Own: true}, []attribute.Change{set("seat", "a", "host", false)}},
		{"a backend deletes anything", backend, attribute.Update{Key: "seat", Delete: true}, []attribute.Change{gone("seat")}},
		{"deleting ignores what is for setting", backend, attribute.Update{Key: "seat", Delete: true, Own: true, DeleteOnLeave: true, Value: make([]byte, 5000)}, []attribute.Change{gone("seat")}},
		{"deleting an absent key", bob, attribute.Update{Key: "hand", Delete: true}, nil},
		{"setting the same, viewer", alice, attribute.Update{Key: "seat", Value: []byte("a"), DeleteOnLeave: true}, nil},
		{"setting the same, host", host, attribute.Update{Key: "seat", Value: []byte("a")}, nil},
		{"condition met", alice, attribute.Update{Key: "seat", Delete: true, IfTimestamp: new(live.Timestamp(2))}, []attribute.Change{gone("seat")}},
		{"condition of absence met", bob, attribute.Update{Key: "hand", IfTimestamp: new(live.Timestamp(0))}, []attribute.Change{set("hand", "", "bob", false)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := seats(t).Plan(tt.actor, attribute.DefaultLimits(), []attribute.Update{tt.update})
			if err != nil {
				t.Fatalf("Plan: %v", err)
			}
			if got := p.Changes(); len(got) != len(tt.want) || len(got) > 0 && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("changes %+v, want %+v", got, tt.want)
			}
			if p.Empty() != (len(tt.want) == 0) {
				t.Errorf("Empty is %v of %d changes", p.Empty(), len(tt.want))
			}
		})
	}
}

// A plan names each owner once whose leaving will delete a key that it sets.
func TestPlanLeaving(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		actor   attribute.Actor
		updates []attribute.Update
		want    []live.UserID
	}{
		"nothing":       {bob, nil, nil},
		"what stays":    {bob, []attribute.Update{{Key: "hand"}}, nil},
		"what goes":     {bob, []attribute.Update{{Key: "hand", DeleteOnLeave: true}, {Key: "foot", DeleteOnLeave: true}}, []live.UserID{"bob"}},
		"a deletion":    {host, []attribute.Update{{Key: "seat", Delete: true}}, nil},
		"another's":     {host, []attribute.Update{{Key: "seat", Value: []byte("b")}, {Key: "mode", Own: true, DeleteOnLeave: true}}, []live.UserID{"alice", "host"}},
		"what is as is": {alice, []attribute.Update{{Key: "seat", Value: []byte("a"), DeleteOnLeave: true}}, nil},
	} {
		p, err := seats(t).Plan(tt.actor, attribute.DefaultLimits(), tt.updates)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Leaving(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	room := attribute.Limits{Keys: 4, KeyBytes: 8, ValueBytes: 16, Log: 10, ViewersWrite: true}
	readOnly := room
	readOnly.ViewersWrite = false
	long := strings.Repeat("x", 17)
	tests := []struct {
		name    string
		actor   attribute.Actor
		limits  attribute.Limits
		updates []attribute.Update
		want    error
	}{
		{"viewers only read", alice, readOnly, []attribute.Update{{Key: "seat", Delete: true}}, attribute.ErrReadOnly},
		{"a key twice", host, room, []attribute.Update{{Key: "a"}, {Key: "a", Delete: true}}, attribute.ErrDuplicateKey},
		{"another's key", bob, room, []attribute.Update{{Key: "seat"}}, &attribute.OwnedError{Key: "seat", Owner: "alice"}},
		{"another's key, deleting", bob, room, []attribute.Update{{Key: "seat", Delete: true}}, &attribute.OwnedError{Key: "seat", Owner: "alice"}},
		{"the room's key", bob, room, []attribute.Update{{Key: "title"}}, &attribute.OwnedError{Key: "title"}},
		{"the room's key, to nobody", nobody, room, []attribute.Update{{Key: "title"}}, &attribute.OwnedError{Key: "title"}},
		{"not absent", bob, room, []attribute.Update{{Key: "seat", IfTimestamp: new(live.Timestamp(0))}}, &attribute.ConflictError{Key: "seat", Timestamp: 2}},
		{"changed since", host, room, []attribute.Update{{Key: "seat", Delete: true, IfTimestamp: new(live.Timestamp(1))}}, &attribute.ConflictError{Key: "seat", Timestamp: 2}},
		{"absent", host, room, []attribute.Update{{Key: "hand", Delete: true, IfTimestamp: new(live.Timestamp(1))}}, &attribute.ConflictError{Key: "hand"}},
		{"leave without owner", host, room, []attribute.Update{{Key: "mode", DeleteOnLeave: true}}, attribute.ErrOwnerless},
		{"leave without owner, existing", host, room, []attribute.Update{{Key: "title", DeleteOnLeave: true}}, attribute.ErrOwnerless},
		{"owned by nobody", backend, room, []attribute.Update{{Key: "mode", Own: true}}, attribute.ErrOwnerless},
		{"a viewer without a name", nobody, room, []attribute.Update{{Key: "hand"}}, attribute.ErrOwnerless},
		{"long key", host, room, []attribute.Update{{Key: "backdrops"}}, &attribute.LimitError{Key: "backdrops", Limit: attribute.LimitKeyBytes, Max: 8}},
		{"long value", host, room, []attribute.Update{{Key: "title", Value: []byte(long)}}, &attribute.LimitError{Key: "title", Limit: attribute.LimitValueBytes, Max: 16}},
		{"many keys", host, room, []attribute.Update{{Key: "a"}, {Key: "b"}, {Key: "title"}}, &attribute.LimitError{Key: "b", Limit: attribute.LimitKeys, Max: 4}},
		{"good, then bad", host, room, []attribute.Update{{Key: "title", Delete: true}, {Key: "backdrops"}}, &attribute.LimitError{Key: "backdrops", Limit: attribute.LimitKeyBytes, Max: 8}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := seats(t)
			before := m.Snapshot()
			p, err := m.Plan(tt.actor, tt.limits, tt.updates)
			if !sameError(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if !p.Empty() {
				t.Errorf("a refused plan changes %+v", p.Changes())
			}
			if after := m.Snapshot(); !reflect.DeepEqual(after, before) {
				t.Errorf("a refused plan changed the map to %+v", after)
			}
		})
	}
}

func TestLoweredLimits(t *testing.T) {
	t.Parallel()
	tight := attribute.Limits{Keys: 1, KeyBytes: 1, ValueBytes: 2, ViewersWrite: true}
	tests := []struct {
		name    string
		updates []attribute.Update
	}{
		{"a long key changes", []attribute.Update{{Key: "title", Value: []byte("b")}}},
		{"a long value stays", []attribute.Update{{Key: "title", Value: []byte("quiz night")}}},
		{"keys are exchanged", []attribute.Update{{Key: "a"}, {Key: "title", Delete: true}}},
		{"keys get fewer and still too many", []attribute.Update{{Key: "title", Delete: true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := seats(t).Plan(host, tight, tt.updates); err != nil {
				t.Errorf("Plan: %v", err)
			}
		})
	}
}
