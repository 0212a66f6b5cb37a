package room_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live/room"
)

// numbered returns n labels, from the first on.
func numbered(first, n int, value string) map[string]string {
	labels := make(map[string]string, n)
	for i := range n {
		labels[fmt.Sprint("label ", first+i)] = value
	}
	return labels
}

func opened() room.Room {
	return room.Room{ID: "r", Title: "Opening", State: room.Live, Settings: room.DefaultSettings(), Revision: 1}
}

func TestApplyLabels(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		labels, apply map[string]string
		want          map[string]string
		err           error
	}{
		{name: "none to none"},
		{name: "the first", apply: map[string]string{"a": "1"}, want: map[string]string{"a": "1"}},
		{
			name:   "one new, one changed, one removed, one kept",
			labels: map[string]string{"a": "1", "b": "2", "d": "4"},
			apply:  map[string]string{"a": "", "b": "3", "c": "1"},
			want:   map[string]string{"b": "3", "c": "1", "d": "4"},
		},
		{name: "removing what is not there", apply: map[string]string{"a": ""}, want: map[string]string{}},
		{name: "as many as may be", apply: numbered(0, room.MaxLabels, "x"), want: numbered(0, room.MaxLabels, "x")},
		{
			name: "one more", labels: numbered(0, room.MaxLabels, "x"), apply: numbered(room.MaxLabels, 1, "x"),
			want: numbered(0, room.MaxLabels, "x"), err: room.ErrTooManyLabels,
		},
		{
			name: "changing a full set", labels: numbered(0, room.MaxLabels, "x"), apply: numbered(0, 5, "y"),
			want: with(numbered(0, room.MaxLabels, "x"), numbered(0, 5, "y")),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := opened()
			before.Labels = maps.Clone(tt.labels)
			got, err := before.Apply(room.Change{Labels: tt.apply})
			if !errors.Is(err, tt.err) || !maps.Equal(got.Labels, tt.want) {
				t.Errorf("got %v, %v", got.Labels, err)
			}
			if !maps.Equal(before.Labels, tt.labels) {
				t.Errorf("the room's own labels became %v", before.Labels)
			}
		})
	}
}

func with(labels, more map[string]string) map[string]string {
	maps.Copy(labels, more)
	return labels
}

func TestEnd(t *testing.T) {
	t.Parallel()
	before := opened()
	ended := before.End(900)
	if ended.State != room.Ended || ended.Ended != 900 || ended.Revision != before.Revision+1 {
		t.Errorf("ended: %+v", ended)
	}
	if again := ended.End(1000); !reflect.DeepEqual(again, ended) {
		t.Errorf("ended again: %+v", again)
	}
	if before.State != room.Live || before.Ended != 0 {
		t.Errorf("the room itself became %+v", before)
	}
}

// drawChange draws a change that breaks a rule now and then.
func drawChange(t *rapid.T) room.Change {
	var c room.Change
	if rapid.Bool().Draw(t, "retitle") {
		c.Title = new(rapid.StringN(0, 9, -1).Draw(t, "title"))
	}
	if rapid.Bool().Draw(t, "resettle") {
		b := rapid.SampledFrom(bounds).Draw(t, "setting")
		slack := rapid.SampledFrom([]int64{0, 0, 0, 1}).Draw(t, "slack")
		c.Settings = b.change(rapid.Int64Range(b.low-slack, b.high+slack).Draw(t, "value"))
	}
	first, n := rapid.IntRange(0, 40).Draw(t, "first label"), rapid.IntRange(0, 20).Draw(t, "labels")
	c.Labels = numbered(first, n, rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "label"))
	return c
}

func TestApplyLeavesARoomSoundOrAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := opened()
		for range rapid.IntRange(0, 12).Draw(t, "changes") {
			c := drawChange(t)
			before, labels := r, maps.Clone(r.Labels)
			after, err := r.Apply(c)
			if !reflect.DeepEqual(r, before) || !maps.Equal(r.Labels, labels) {
				t.Fatalf("the room itself became %+v", r)
			}
			checkApplied(t, r, after, c, err)
			r = after
		}
	})
}

// checkApplied checks what a change made of a room.
func checkApplied(t *rapid.T, before, after room.Room, c room.Change, err error) {
	if err != nil {
		if !reflect.DeepEqual(after, before) {
			t.Fatalf("%v, and yet it became %+v", err, after)
		}
		return
	}
	if err := after.Settings.Validate(); err != nil || len(after.Labels) > room.MaxLabels {
		t.Fatalf("unsound: %v, %d labels", err, len(after.Labels))
	}
	if after.Revision != before.Revision+1 {
		t.Fatalf("revision %d after %d", after.Revision, before.Revision)
	}
	if c.Title != nil && after.Title != *c.Title || c.Title == nil && after.Title != before.Title {
		t.Fatalf("title %q", after.Title)
	}
	for k, v := range c.Labels {
		if after.Labels[k] != v {
			t.Fatalf("label %q is %q, want %q", k, after.Labels[k], v)
		}
	}
}
