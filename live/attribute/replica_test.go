package attribute_test

import (
	"reflect"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

func TestReplicaApply(t *testing.T) {
	t.Parallel()
	step := func(after, at live.Timestamp) attribute.Changes {
		return attribute.Changes{After: after, Timestamp: at, List: []attribute.Change{
			{Attribute: attribute.Attribute{Key: "seat", Timestamp: at}, Deleted: true},
			{Attribute: attribute.Attribute{Key: "hand", Timestamp: at}},
		}}
	}
	tests := []struct {
		name    string
		changes attribute.Changes
		applies bool
		at      live.Timestamp
		want    []string
	}{
		{"the next step", step(2, 5), true, 5, []string{"camera", "hand", "title"}},
		{"a step over nothing", attribute.Changes{After: 2, Timestamp: 4}, true, 4, []string{"camera", "seat", "title"}},
		{"nothing new", attribute.Changes{After: 2, Timestamp: 2}, true, 2, []string{"camera", "seat", "title"}},
		{"seen already", step(1, 2), true, 2, []string{"camera", "seat", "title"}},
		{"seen long ago", step(0, 1), true, 2, []string{"camera", "seat", "title"}},
		{"seen in part", step(1, 5), false, 2, []string{"camera", "seat", "title"}},
		{"a step too far", step(3, 5), false, 2, []string{"camera", "seat", "title"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := attribute.NewReplica()
			r.Reset(seats(t).Snapshot())
			if got := r.Apply(tt.changes); got != tt.applies {
				t.Errorf("Apply says %v", got)
			}
			if got := keysOf(r.All()); !reflect.DeepEqual(got, tt.want) || r.Timestamp() != tt.at {
				t.Errorf("%v at %d, want %v at %d", got, r.Timestamp(), tt.want, tt.at)
			}
		})
	}
}

func TestReplicaGet(t *testing.T) {
	t.Parallel()
	r := attribute.NewReplica()
	r.Reset(seats(t).Snapshot())
	want := attribute.Attribute{Key: "seat", Value: []byte("a"), Timestamp: 2, Owner: "alice", DeleteOnLeave: true}
	if got, ok := r.Get("seat"); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("Get: %+v, %v, want %+v", got, ok, want)
	}
	if got, ok := r.Get("hand"); ok {
		t.Errorf("Get of an absent key: %+v", got)
	}
}

func TestReplicaResetGoesBack(t *testing.T) {
	t.Parallel()
	r := attribute.NewReplica()
	r.Reset(seats(t).Snapshot())
	r.Reset(attribute.Snapshot{Timestamp: 1})
	if got := r.All(); len(got) != 0 || r.Timestamp() != 1 {
		t.Errorf("%+v at %d, want nothing at 1", got, r.Timestamp())
	}
}

func TestReplicaLeavesTheSnapshotAlone(t *testing.T) {
	t.Parallel()
	m := seats(t)
	snapshot := m.Snapshot()
	r := attribute.NewReplica()
	r.Reset(snapshot)
	r.Apply(commit(t, m, 3, host, attribute.Update{Key: "seat", Delete: true}))
	r.All()[0].Key = "mine"
	if got := keysOf(snapshot.Attributes); !reflect.DeepEqual(got, []string{"camera", "seat", "title"}) {
		t.Errorf("the snapshot became %v", got)
	}
}
