package postgres_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// line is one line of a recorded log.
type line struct {
	TS   int64  `json:"ts"`
	Type string `json:"type"`
	User string `json:"user"`
}

// entersAndLeaves reads a recorded log of a channel.
func entersAndLeaves(t *testing.T) (lines []line) {
	t.Helper()
	f, err := os.Open(testkit.Recording(t, "irc-qtox-2016H2.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Type == "enter" || l.Type == "leave" {
			lines = append(lines, l)
		}
	}
	return lines
}

// span is one visit as the log tells it: 0 for what it does not.
type span struct{ from, to int64 }

// versions makes events of a log, and the visits that they are of. A user has one session.
// An enter while they are there opens the next visit; a leave while they are not is an exit
// without its enter.
func versions(lines []line) (events []visit.Event, visits map[string][]span) {
	visits = make(map[string][]span)
	event := func(user string, version int, ts int64) {
		events = append(events, visit.Event{
			Room: "r", User: live.UserID(user), Session: "irc", Version: visit.Version(version), At: live.Timestamp(ts * 1000),
		})
	}
	for _, l := range lines {
		of := visits[l.User]
		if l.Type == "enter" {
			visits[l.User] = append(of, span{from: l.TS})
			event(l.User, 2*len(of)+1, l.TS)
			continue
		}
		if n := len(of); n == 0 || of[n-1].to != 0 {
			of = append(of, span{})
		}
		of[len(of)-1].to = l.TS
		visits[l.User] = of
		event(l.User, 2*len(of), l.TS)
	}
	return events, visits
}

// facts is what a room's visits come to.
type facts struct {
	visits, users, open, inferred, anomalies, peak int64
	total                                          int64            // ms
	of                                             map[string]int64 // ms by user
	online                                         map[int64]int64  // at the ends of minutes
}

// factsOf computes it by walking over seconds of change, as of an instant.
func factsOf(all map[string][]span, now int64) facts {
	f := facts{of: make(map[string]int64), online: make(map[int64]int64)}
	type change struct {
		at int64
		by int64
	}
	var changes []change
	for user, of := range all {
		came, covered := false, int64(0)
		for i, v := range of {
			f.visits++
			if v.from == 0 {
				f.anomalies++
				continue
			}
			came = true
			to := v.to
			if to == 0 { // until they entered again, which nobody knew they could
				for _, next := range of[i+1:] {
					if to == 0 && next.from != 0 {
						to = next.from
					}
				}
				if to != 0 {
					f.inferred++
				}
			}
			changes = append(changes, change{v.from, 1})
			if to != 0 {
				changes = append(changes, change{to, -1})
			} else {
				f.open++
				to = now
			}
			f.of[user] += max(0, to-max(v.from, covered))
			covered = max(covered, to)
		}
		f.total += f.of[user]
		if came {
			f.users++
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.by, b.by)) })
	var online int64
	for _, c := range changes {
		online += c.by
		f.peak = max(f.peak, online)
		f.online[c.at-c.at%60_000] = online
	}
	return f
}

// A real log, with missing and doubled enters and leaves, comes to what it says, in whatever
// order and by however many it is merged.
func TestRealLogOfVisits(t *testing.T) {
	t.Parallel()
	events, all := versions(entersAndLeaves(t))
	s := open(t)
	create(t, s, "r")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var mergers sync.WaitGroup
	for n := range 4 {
		mergers.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(n)))
			var mine []visit.Event
			for i, e := range events {
				if i%4 == n || random.IntN(5) == 0 {
					mine = append(mine, e)
				}
			}
			random.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			for len(mine) > 0 {
				size := min(len(mine), 1+random.IntN(1500))
				if aside, err := s.MergeVisits(t.Context(), mine[:size], nil); err != nil || len(aside) > 0 {
					t.Errorf("%d set aside, %v", len(aside), err)
					return
				}
				mine = mine[size:]
			}
		})
	}
	mergers.Wait()
	last := live.Timestamp(0)
	for _, e := range events {
		last = max(last, e.At)
	}
	a, err := s.Attendance(t.Context(), store.AttendanceQuery{Room: "r", Curve: true, Retention: true, CurveUntil: last})
	if err != nil {
		t.Fatal(err)
	}
	until := last + 1000*1000
	w, err := s.Watch(t.Context(), store.WatchQuery{Room: "r", Until: until})
	if err != nil {
		t.Fatal(err)
	}
	want := factsOf(all, int64(until)/1000)
	got := facts{visits: w.Visits, users: w.Users, open: w.Open, inferred: w.Inferred, anomalies: w.Anomalies, peak: a.Peak, total: int64(w.Total) / 1000}
	t.Logf("%d events: %+v", len(events), got)
	if wantText := fmt.Sprintf("%+v", facts{
		visits: want.visits, users: want.users, open: want.open, inferred: want.inferred, anomalies: want.anomalies, peak: want.peak, total: want.total,
	}); fmt.Sprintf("%+v", got) != wantText {
		t.Errorf("%+v, want\n%s", got, wantText)
	}
	if a.Unique != want.users || a.Visits != want.visits || len(a.Curve) != visit.MaxCurve {
		t.Errorf("%d users, %d visits, %d minutes", a.Unique, a.Visits, len(a.Curve))
	}
	known := int64(-1)
	for _, m := range a.Curve {
		if n, changed := want.online[int64(m.At)/1000]; changed {
			known = n
		}
		if known >= 0 && m.Online != known {
			t.Fatalf("%+v, want %d online", m, known)
		}
	}
	for user, ms := range want.of {
		one, err := s.Watch(t.Context(), store.WatchQuery{Room: "r", User: live.UserID(user), Until: until})
		if err != nil || int64(one.Total)/1000 != ms {
			t.Errorf("%s: %d ms, %v, want %d", user, int64(one.Total)/1000, err, ms)
		}
	}
}
