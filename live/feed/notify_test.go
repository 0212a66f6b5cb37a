package feed_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

var usual = feed.NotifyPolicy{PullMark: 2 * time.Second, OfflineAfter: 30 * time.Second, OfflineNotifications: 30}

// rounds plays rounds at the given offsets and returns the last verdict.
func rounds(a *feed.Attention, p feed.NotifyPolicy, protected bool, offsets ...time.Duration) (v feed.Verdict) {
	for _, at := range offsets {
		v = a.Round(p, live.Timestamp(1).Add(at), protected)
	}
	return v
}

func TestRound(t *testing.T) {
	t.Parallel()
	const s, us = time.Second, time.Microsecond
	few := feed.NotifyPolicy{PullMark: 2 * s, OfflineAfter: time.Hour, OfflineNotifications: 3}
	for _, tt := range []struct {
		name      string
		policy    feed.NotifyPolicy
		protected bool
		rounds    []time.Duration
		want      feed.Verdict
	}{
		{"the first is told at once", usual, false, []time.Duration{0}, feed.Notify},
		{"then left alone", usual, false, []time.Duration{0, 2*s - us}, feed.Quiet},
		{"for so long", usual, false, []time.Duration{0, 2 * s}, feed.Notify},
		{"silence is nobody's fault", usual, false, []time.Duration{0, 30*s - us}, feed.Notify},
		{"offline after 30 s", usual, false, []time.Duration{0, 30 * s}, feed.Offline},
		{"whenever the last was", usual, false, []time.Duration{0, 29 * s, 30*s - us}, feed.Quiet},
		{"to the microsecond", usual, false, []time.Duration{0, 29 * s, 30 * s}, feed.Offline},
		{"offline after three", few, false, []time.Duration{0, 2 * s, 4 * s, 6 * s}, feed.Offline},
		{"the third has its time too", few, false, []time.Duration{0, 2 * s, 4 * s, 6*s - us}, feed.Quiet},
		{"the protected stay after 30 s", usual, true, []time.Duration{0, 30 * s}, feed.Notify},
		{"the protected stay after three", few, true, []time.Duration{0, 2 * s, 4 * s, 6 * s}, feed.Notify},
		{"a clock that went back", usual, false, []time.Duration{5 * s, 0}, feed.Quiet},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := rounds(new(feed.Attention), tt.policy, tt.protected, tt.rounds...); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestPulledTakesTheMarkAway(t *testing.T) {
	t.Parallel()
	var a feed.Attention
	if a.Marked() {
		t.Error("marked before anything came")
	}
	if rounds(&a, usual, false, 0, 2*time.Second); !a.Marked() {
		t.Error("not marked after two notifications")
	}
	if a.Pulled(); a.Marked() {
		t.Error("marked after a pull")
	}
	if got := rounds(&a, usual, false, 2*time.Second+time.Microsecond); got != feed.Notify {
		t.Errorf("after a pull: %v", got)
	}
}

func TestWhatCameMeanwhileIsToldWhenTheMarkEnds(t *testing.T) {
	t.Parallel()
	const s, us = time.Second, time.Microsecond
	one := feed.NotifyPolicy{PullMark: 2 * s, OfflineAfter: time.Hour, OfflineNotifications: 1}
	for _, tt := range []struct {
		name      string
		policy    feed.NotifyPolicy
		protected bool
		rounds    []time.Duration
		at        time.Duration
		want      bool
	}{
		{"nothing ever came", usual, false, nil, time.Hour, false},
		{"nothing came since", usual, false, []time.Duration{0}, time.Hour, false},
		{"the mark has not ended", usual, false, []time.Duration{0, s}, 2*s - us, false},
		{"it has", usual, false, []time.Duration{0, s}, 2 * s, true},
		{"a round has told it", usual, false, []time.Duration{0, s, 2 * s}, time.Hour, false},
		{"however late nobody is offline", usual, false, []time.Duration{0, s}, time.Hour, true},
		{"no notification is left", one, false, []time.Duration{0, s}, 2 * s, false},
		{"the protected have any number", one, true, []time.Duration{0, s}, 2 * s, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var a feed.Attention
			rounds(&a, tt.policy, tt.protected, tt.rounds...)
			at := live.Timestamp(1).Add(tt.at)
			if got := a.Overdue(tt.policy, at, tt.protected); got != tt.want {
				t.Errorf("got %v", got)
			}
			if at = at.Add(time.Hour); a.Overdue(tt.policy, at, tt.protected) && tt.want {
				t.Error("and again")
			}
		})
	}
}

// attentionOracle keeps every notification since the last pull, and every round since
// the last of them.
type attentionOracle struct{ told, held []live.Timestamp }

func (o *attentionOracle) waited(p feed.NotifyPolicy, now live.Timestamp) bool {
	return now.Sub(o.told[len(o.told)-1]) >= p.PullMark
}

func (o *attentionOracle) tell(now live.Timestamp) { o.told, o.held = append(o.told, now), nil }

func (o *attentionOracle) round(p feed.NotifyPolicy, now live.Timestamp, protected bool) feed.Verdict {
	if n := len(o.told); n > 0 {
		waited := o.waited(p, now)
		gone := now.Sub(o.told[0]) >= p.OfflineAfter || waited && n >= p.OfflineNotifications
		if gone && !protected {
			return feed.Offline
		}
		if !waited {
			o.held = append(o.held, now)
			return feed.Quiet
		}
	}
	o.tell(now)
	return feed.Notify
}

func (o *attentionOracle) overdue(p feed.NotifyPolicy, now live.Timestamp, protected bool) bool {
	if len(o.held) == 0 || !o.waited(p, now) {
		return false
	}
	if o.held = nil; !protected && len(o.told) >= p.OfflineNotifications {
		return false
	}
	o.tell(now)
	return true
}

func TestAttentionIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		policy := feed.NotifyPolicy{
			PullMark:             time.Duration(rapid.IntRange(1, 5).Draw(t, "mark")),
			OfflineAfter:         time.Duration(rapid.IntRange(1, 20).Draw(t, "after")),
			OfflineNotifications: rapid.IntRange(1, 6).Draw(t, "notifications"),
		}
		policy.PullMark *= time.Microsecond
		policy.OfflineAfter *= time.Microsecond
		protected := rapid.Bool().Draw(t, "protected")
		var a feed.Attention
		var oracle attentionOracle
		now := live.Timestamp(rapid.IntRange(0, 1).Draw(t, "start"))
		for range rapid.IntRange(0, 60).Draw(t, "rounds") {
			now += live.Timestamp(rapid.IntRange(0, 6).Draw(t, "pause"))
			if rapid.IntRange(0, 9).Draw(t, "pull") == 0 {
				a.Pulled()
				oracle = attentionOracle{}
				continue
			}
			if rapid.IntRange(0, 3).Draw(t, "between rounds") == 0 {
				if rapid.IntRange(0, 3).Draw(t, "in vain") == 0 && len(oracle.told) > 0 {
					a.Hold()
					oracle.held = append(oracle.held, now)
				}
				wait, held := a.Held(policy, now)
				if held != (len(oracle.held) > 0) || held && (wait == 0) != oracle.waited(policy, now) {
					t.Fatalf("at %d after %v: held %v, for %v", now, oracle, held, wait)
				}
				if got, want := a.Overdue(policy, now, protected), oracle.overdue(policy, now, protected); got != want {
					t.Fatalf("at %d after %v: overdue %v", now, oracle, got)
				}
				continue
			}
			got, want := a.Round(policy, now, protected), oracle.round(policy, now, protected)
			if got != want || a.Marked() != (len(oracle.told) > 0) {
				t.Fatalf("at %d after %v: %v, want %v", now, oracle, got, want)
			}
			if got == feed.Offline {
				return // the session has ended
			}
		}
	})
}
