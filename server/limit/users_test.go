package limit

import (
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ovation-live/ovation/live"
)

// over returns the limit that an error says is exceeded.
func over(t *testing.T, err error) Name {
	t.Helper()
	e := new(ExceededError)
	if err == nil {
		return ""
	}
	if !errors.As(err, &e) || e.RetryAfter <= 0 || e.Retry() != e.RetryAfter {
		t.Fatalf("not an ExceededError: %v", err)
	}
	return e.Limit
}

// hits returns how often a limit was hit.
func hits(t *testing.T, reg *prometheus.Registry, limit Name) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "ovation_limit_hit_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if metric.GetLabel()[0].GetValue() == string(limit) {
				return metric.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("%s is not counted", limit)
	return 0
}

func TestUsers(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	u := NewUsers(UserLimits{Connects: 1, Sends: 2, Reads: 4, Streams: 2, Pulls: 1}, m)
	var now time.Duration
	u.table.now = func() time.Duration { return now }
	for class, want := range map[Class]struct {
		passes int
		name   Name
	}{Connect: {5, UserConnectRate}, Send: {10, UserSendRate}, Read: {20, UserReadRate}} {
		for i := range want.passes {
			if err := u.Admit("u", Call{Class: class}); err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
		}
		if got := over(t, u.Admit("u", Call{Class: class})); got != want.name {
			t.Errorf("over %q, want %q", got, want.name)
		}
		if got := hits(t, reg, want.name); got != 1 {
			t.Errorf("%s: %v counted", want.name, got)
		}
		if err := u.Admit("another", Call{Class: class}); err != nil {
			t.Errorf("another user: %v", err)
		}
	}
	now += time.Second
	if err := u.Admit("u", Call{Class: Connect}); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

func TestUsersHold(t *testing.T) {
	t.Parallel()
	u := NewUsers(UserLimits{Streams: 2, Pulls: 1}, NewMetrics(nil))
	for _, tt := range []struct {
		call Call
		most int
		name Name
	}{{Call{Connect, Stream}, 2, UserStreams}, {Call{Read, Pull}, 1, UserPulls}} {
		for range tt.most {
			if err := u.Admit("u", tt.call); err != nil {
				t.Fatal(err)
			}
		}
		if got := over(t, u.Admit("u", tt.call)); got != tt.name {
			t.Errorf("over %q, want %q", got, tt.name)
		}
		u.Leave("u", tt.call)
		if err := u.Admit("u", tt.call); err != nil {
			t.Errorf("after one is over: %v", err)
		}
	}
	if err := u.Admit("u", Call{Class: Send}); err != nil {
		t.Errorf("without a limit: %v", err)
	}
	var nobody *Users
	if err := nobody.Admit("u", Call{Connect, Stream}); err != nil {
		t.Error(err)
	}
	nobody.Leave("u", Call{Connect, Stream})
}

// What is refused comes back spread, after what the limit asks for and not long after.
func TestSpread(t *testing.T) {
	t.Parallel()
	seen := make(map[time.Duration]bool)
	for range 1000 {
		got := spread(time.Second, addressSpread)
		if got < time.Second || got > time.Second+addressSpread+time.Millisecond {
			t.Fatalf("%v", got)
		}
		seen[got] = true
	}
	if len(seen) < 100 {
		t.Errorf("only %d different waits", len(seen))
	}
}

func BenchmarkAdmit(b *testing.B) {
	u := NewUsers(UserLimits{Reads: 1_000_000_000, Pulls: 10}, NewMetrics(nil))
	call := Call{Read, Pull}
	users := make([]live.UserID, 10_000)
	for i := range users {
		users[i] = live.UserID(time.Duration(i).String() + "-a-user")
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		user := users[i%len(users)]
		if err := u.Admit(user, call); err != nil {
			b.Fatal(err)
		}
		u.Leave(user, call)
	}
}
