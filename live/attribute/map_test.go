package attribute_test

import (
	"reflect"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// keysOf returns the keys of attributes, in their order.
func keysOf(attributes []attribute.Attribute) []string {
	keys := make([]string, len(attributes))
	for i, a := range attributes {
		keys[i] = a.Key
	}
	return keys
}

func TestCommit(t *testing.T) {
	t.Parallel()
	m := seats(t)
	got := commit(t, m, 7, host, attribute.Update{Key: "title", Delete: true}, attribute.Update{Key: "mode"})
	want := attribute.Changes{After: 2, Timestamp: 7, List: []attribute.Change{
		{Attribute: attribute.Attribute{Key: "title", Timestamp: 7}, Deleted: true},
		{Attribute: attribute.Attribute{Key: "mode", Timestamp: 7}},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("step %+v, want %+v", got, want)
	}
	if m.Timestamp() != 7 || m.Len() != 3 {
		t.Errorf("map of %d at %d, want 3 at 7", m.Len(), m.Timestamp())
	}
}

func TestCommitOfNothing(t *testing.T) {
	t.Parallel()
	m := seats(t)
	got := commit(t, m, 9, bob, attribute.Update{Key: "hand", Delete: true})
	if want := (attribute.Changes{After: 2, Timestamp: 2}); !reflect.DeepEqual(got, want) {
		t.Errorf("step %+v, want %+v", got, want)
	}
}

func TestCommitPanics(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		meet func(m *attribute.Map)
		at   live.Timestamp
	}{
		{"another commit came first", func(m *attribute.Map) { m.Commit(m.Leave("alice"), 3, attribute.DefaultLimits()) }, 4},
		{"the timestamp is the map's", func(*attribute.Map) {}, 2},
		{"the timestamp is earlier", func(*attribute.Map) {}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := seats(t)
			p := m.Leave("alice")
			tt.meet(m)
			defer func() {
				if recover() == nil {
					t.Error("Commit did not panic")
				}
			}()
			m.Commit(p, tt.at, attribute.DefaultLimits())
		})
	}
}

func TestLeave(t *testing.T) {
	t.Parallel()
	m := seats(t)
	commit(t, m, 3, alice, attribute.Update{Key: "hand", DeleteOnLeave: true}, attribute.Update{Key: "score"})
	commit(t, m, 4, host, attribute.Update{Key: "camera", Value: []byte("on"), Own: true, DeleteOnLeave: true})

	if p := m.Leave("bob"); !p.Empty() {
		t.Errorf("bob's leave changes %+v", p.Changes())
	}
	if p := m.Leave(""); !p.Empty() {
		t.Errorf("nobody's leave changes %+v", p.Changes())
	}
	p := m.Leave("alice")
	if want := []attribute.Change{gone("hand"), gone("seat")}; !reflect.DeepEqual(p.Changes(), want) {
		t.Errorf("alice's leave changes %+v, want %+v", p.Changes(), want)
	}
	m.Commit(p, 5, attribute.DefaultLimits())
	if got, want := keysOf(m.Snapshot().Attributes), []string{"camera", "score", "title"}; !reflect.DeepEqual(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
	if p := m.Leave("alice"); !p.Empty() {
		t.Errorf("leaving twice changes %+v", p.Changes())
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ask  []string
		want []string
	}{
		{"some", []string{"title", "hand", "camera", "title"}, []string{"camera", "title"}},
		{"none that is there", []string{"hand"}, []string{}},
		{"no keys", nil, []string{"camera", "seat", "title"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := seats(t).Get(tt.ask)
			if keys := keysOf(got.Attributes); !reflect.DeepEqual(keys, tt.want) || got.Timestamp != 2 {
				t.Errorf("%v at %d, want %v at 2", keys, got.Timestamp, tt.want)
			}
		})
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	m := attribute.Restore(seats(t).Snapshot())
	limits := attribute.DefaultLimits()
	next := attribute.Changes{After: 2, Timestamp: 5, List: []attribute.Change{gone("seat")}}
	next.List[0].Attribute.Timestamp = 5
	for _, c := range []attribute.Changes{{After: 1, Timestamp: 5}, {After: 3, Timestamp: 5}} {
		if m.Apply(c, limits) || m.Timestamp() != 2 {
			t.Errorf("changes from %d continue a map at 2, which is at %d now", c.After, m.Timestamp())
		}
	}
	for range 2 {
		if !m.Apply(next, limits) || m.Timestamp() != 5 || m.Len() != 2 {
			t.Errorf("map of %d at %d, want 2 at 5", m.Len(), m.Timestamp())
		}
	}
	if p := m.Leave("alice"); !p.Empty() {
		t.Errorf("alice, whose seat is gone, leaves with %+v", p.Changes())
	}
	if got, ok := m.Since(2); !ok || !reflect.DeepEqual(got, next) {
		t.Errorf("changes after 2 are %+v, %v; want %+v", got, ok, next)
	}
	if _, ok := m.Since(1); ok {
		t.Error("the log reaches back before the snapshot")
	}
}

func TestRestoreLeavesTheSnapshotAlone(t *testing.T) {
	t.Parallel()
	snapshot := seats(t).Snapshot()
	m := attribute.Restore(snapshot)
	commit(t, m, 9, host, attribute.Update{Key: "seat", Delete: true})
	if got := keysOf(snapshot.Attributes); !reflect.DeepEqual(got, []string{"camera", "seat", "title"}) {
		t.Errorf("the snapshot became %v", got)
	}
}

func TestValuesAreCopiedIn(t *testing.T) {
	t.Parallel()
	m, limits := attribute.NewMap(), attribute.DefaultLimits()
	value := []byte("quiz")
	p, err := m.Plan(host, limits, []attribute.Update{{Key: "title", Value: value}})
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	copy(value, "XXXX")
	m.Commit(p, 1, limits)
	if got := string(m.Snapshot().Attributes[0].Value); got != "quiz" {
		t.Errorf("the map holds %q", got)
	}
}

func TestWhatIsHandedOutIsFrozen(t *testing.T) {
	t.Parallel()
	m := seats(t)
	commit(t, m, 3, host, attribute.Update{Key: "camera", Value: []byte("off")})
	first := commit(t, m, 4, host, attribute.Update{Key: "camera", Value: []byte("on")})
	snapshot := m.Snapshot()
	changes, _ := m.Since(0)
	mine := first.List
	mine = append(mine, gone("mine"))
	_ = append(snapshot.Attributes, attribute.Attribute{Key: "stray"})
	_ = append(changes.List, gone("stray"))
	_ = append(snapshot.Attributes[0].Value, "stray"...)
	step := commit(t, m, 5, host, attribute.Update{Key: "camera", Delete: true}, attribute.Update{Key: "title", Value: []byte("over")})

	if got := keysOf(snapshot.Attributes); !reflect.DeepEqual(got, []string{"camera", "seat", "title"}) {
		t.Errorf("the snapshot became %v", got)
	}
	if got := string(snapshot.Attributes[2].Value); got != "quiz night" {
		t.Errorf("the snapshot's title became %q", got)
	}
	if !reflect.DeepEqual(mine[1], gone("mine")) {
		t.Errorf("what was appended to a step became %+v", mine[1])
	}
	if next, ok := m.Since(4); !ok || !reflect.DeepEqual(next, step) {
		t.Errorf("the log became %+v, want %+v", next, step)
	}
}
