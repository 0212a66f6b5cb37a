package live_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
)

func TestClockIsStrictlyIncreasing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var clock live.Clock
		for _, now := range rapid.SliceOf(rapid.Int64Range(-10, 100)).Draw(t, "wall clock") {
			last := clock.Last()
			next := clock.Next(live.Timestamp(now))
			if next <= last || next < live.Timestamp(now) || next != max(last+1, live.Timestamp(now)) {
				t.Fatalf("%d after %d, the wall clock says %d", next, last, now)
			}
			if clock.Last() != next {
				t.Fatalf("Last says %d of %d", clock.Last(), next)
			}
		}
	})
}

func TestTimestampIsATime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := live.Timestamp(rapid.Int64Range(-1<<52, 1<<52).Draw(t, "at"))
		d := time.Duration(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "d")) * time.Microsecond
		if got := live.At(at.Time()); got != at {
			t.Fatalf("%d there and back is %d", at, got)
		}
		if got := at.Add(d).Sub(at); got != d {
			t.Fatalf("%v there and back is %v", d, got)
		}
		if got := at.Time().Add(d); !got.Equal(at.Add(d).Time()) || got.Location() != time.UTC {
			t.Fatalf("%v, want %v", at.Add(d).Time(), got)
		}
	})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		role  live.Role
		name  string
		staff bool
	}{
		{live.RoleViewer, "viewer", false},
		{live.RoleModerator, "moderator", true},
		{live.RoleHost, "host", true},
		{live.RoleBackend, "backend", true},
	} {
		if got, ok := live.ParseRole(tt.name); got != tt.role || !ok || tt.role.String() != tt.name {
			t.Errorf("%q reads %v, %v", tt.name, got, ok)
		}
		if tt.role.Staff() != tt.staff {
			t.Errorf("%v is staff: %v", tt.role, !tt.staff)
		}
	}
	for _, name := range []string{"", "none", "unknown", "Host", "admin"} {
		if got, ok := live.ParseRole(name); got != live.RoleNone || ok {
			t.Errorf("%q reads %v, %v", name, got, ok)
		}
	}
	if live.RoleNone.Staff() || live.RoleNone.String() != "none" || live.Role(99).String() != "unknown" {
		t.Error("no role is some role")
	}
}
