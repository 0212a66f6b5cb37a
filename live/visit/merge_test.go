package visit_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

// merge puts events into a book, in batches, and ends the room and closes at some moment.
func merge(t *rapid.T, all []visit.Event, end live.Timestamp) *visit.Book {
	b := visit.NewBook("r", 0)
	ends := rapid.IntRange(0, len(all)).Draw(t, "ends before")
	for i := 0; i <= len(all); {
		if end != 0 && i >= ends && !b.Ended() {
			b.End(end)
		}
		if b.Ended() && rapid.Bool().Draw(t, "close one") {
			b.Close()
		}
		if i == len(all) {
			break
		}
		n := rapid.IntRange(1, len(all)-i).Draw(t, "batch")
		byUser := make(map[live.UserID][]visit.Event)
		for _, e := range all[i : i+n] {
			byUser[e.User] = append(byUser[e.User], e)
		}
		for _, user := range slices.Sorted(maps.Keys(byUser)) {
			b.Merge(user, byUser[user])
		}
		i += n
	}
	for more := end != 0; more; {
		_, more = b.Close()
	}
	return b
}

// Whatever the order, the doubles and the batches, and whenever the room's end is known,
// the same events come to the same visits, and those are what the events say.
func TestMergeIsTheEvents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, mergeIsTheEvents)
}

func FuzzMerge(f *testing.F) { f.Fuzz(rapid.MakeFuzz(mergeIsTheEvents)) }

func mergeIsTheEvents(t *rapid.T) {
	all, end := events(t), ending(t)
	want := oracle(all, end)
	b := merge(t, shuffled(t, all), end)
	shown := make([]visit.Visit, len(want))
	for i, v := range want {
		shown[i] = v.shown()
	}
	equal(t, "visits", b.All(), shown, slices.Equal)
	now := begun + live.Timestamp(rapid.IntRange(0, 1000).Draw(t, "now"))*second
	wantFigures(t, b, want, now)
	wantCurve(t, b, want, now, end)
	fresh := visit.NewFigures()
	b.Each(func(_ live.UserID, visits []visit.Visit) { fresh.Change(nil, visits) })
	wantSame(t, b.Figures(), fresh)
}

// wantFigures compares a book's figures with the visits of an oracle.
func wantFigures(t *rapid.T, b *visit.Book, want []seen, now live.Timestamp) {
	f := b.Figures()
	at := f.At(now)
	var users, visits, open, inferred, anomalies int64
	var total visit.Span
	lengths := make(map[int]int64)
	came := make(map[live.UserID]bool)
	for _, v := range want {
		visits++
		if v.inferred {
			inferred++
		}
		if !v.counted || v.conflicting {
			anomalies++
		}
		if v.counted && v.exited == 0 {
			open++
		}
		came[v.user] = came[v.user] || v.counted
	}
	for user, counts := range came {
		if counts {
			users++
			w := watched(want, user, 0, 1<<62, at)
			total += w
			for m := range int(w/visit.Span(minute)) + 1 {
				lengths[m]++
			}
		}
	}
	if f.Users != users || f.Visits != visits || f.Open != open || f.Inferred != inferred || f.Anomalies != anomalies {
		t.Fatalf("%+v, want %d users, %d visits, %d open, %d inferred, %d anomalies", f, users, visits, open, inferred, anomalies)
	}
	if got := f.Total(at); got != total {
		t.Fatalf("watch time %d, want %d", got, total)
	}
	a := b.Attendance(now, false, true, 0, 0)
	for m, n := range a.Retention {
		if lengths[m] != n {
			t.Fatalf("retention %v, want %v", a.Retention, lengths)
		}
	}
	if len(a.Retention) != len(lengths) || a.Total != total || a.Unique != users {
		t.Fatalf("%+v, want retention %v, %d, of %d", a, lengths, total, users)
	}
}

// wantCurve compares a book's curve, looking at who is there at every instant at which
// anything happens, and as every minute begins.
func wantCurve(t *rapid.T, b *visit.Book, want []seen, now, end live.Timestamp) {
	a := b.Attendance(now, true, false, 0, 0)
	instants := []live.Timestamp{}
	for _, v := range want {
		if v.counted {
			instants = append(instants, v.entered)
			if v.exited != 0 {
				instants = append(instants, v.exited)
			}
		}
	}
	if len(instants) == 0 {
		if a.Curve != nil || a.Peak != 0 || a.PeakAt != 0 {
			t.Fatalf("nobody came: %+v", a)
		}
		return
	}
	slices.Sort(instants)
	var peak int64
	var peakAt live.Timestamp
	for _, at := range instants {
		if n := online(want, at); n > peak {
			peak, peakAt = n, at
		}
	}
	if a.Peak != peak || a.PeakAt != peakAt {
		t.Fatalf("peak %d at %d, want %d at %d", a.Peak, a.PeakAt, peak, peakAt)
	}
	last := b.Figures().At(now)
	if end != 0 {
		last = end
	}
	from := visit.MinuteOf(instants[0])
	if n := max(0, int((visit.MinuteOf(last)-from)/minute)+1); len(a.Curve) != n {
		t.Fatalf("%d minutes, want %d", len(a.Curve), n)
	}
	for i, m := range a.Curve {
		at := from + live.Timestamp(i)*minute
		w := visit.Minute{At: at, Online: online(want, at+minute-1), Peak: online(want, at)}
		for _, v := range want {
			if v.counted && visit.MinuteOf(v.entered) == at {
				w.Enters++
				w.Peak = max(w.Peak, online(want, v.entered))
			}
			if v.counted && v.exited != 0 && visit.MinuteOf(v.exited) == at {
				w.Exits++
			}
		}
		if m != w {
			t.Fatalf("minute %d: %+v, want %+v", i, m, w)
		}
	}
}

// wantSame compares figures that came about otherwise.
func wantSame(t *rapid.T, got, want *visit.Figures) {
	plain := func(f *visit.Figures) visit.Figures {
		p := *f
		p.Latest = 0
		p.Enters, p.Exits, p.Watchers = nil, nil, nil
		p.Lengths = maps.Clone(f.Lengths)
		maps.DeleteFunc(p.Lengths, func(_ int, n int64) bool { return n == 0 })
		return p
	}
	equal(t, "figures", plain(got), plain(want), func(a, b visit.Figures) bool { return reflect.DeepEqual(a, b) })
}

// What changes add comes to the same in whatever portions it is added.
func TestFiguresAdd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := visit.NewBook("r", 0)
		all, once := visit.NewFigures(), visit.NewFigures()
		for _, e := range events(t) {
			was := slices.Clone(before.Of(e.User))
			before.Merge(e.User, []visit.Event{e})
			change := visit.NewFigures()
			change.Change(was, before.Of(e.User))
			change.Tell(e.At)
			all.Add(change)
		}
		if all.Latest != before.Figures().Latest {
			t.Fatalf("the latest is %d, want %d", all.Latest, before.Figures().Latest)
		}
		wantSame(t, all, before.Figures())
		before.Each(func(_ live.UserID, visits []visit.Visit) { once.Change(nil, visits) })
		for what, m := range map[string][2]visit.Moments{
			"enters": {all.Enters, once.Enters}, "exits": {all.Exits, once.Exits}, "watchers": {all.Watchers, once.Watchers},
		} {
			equal(t, what, m[0].Sum(), m[1].Sum(), slices.Equal)
		}
	})
}

// Joining is commutative, associative and idempotent.
func TestJoin(t *testing.T) {
	t.Parallel()
	stay := rapid.Custom(func(t *rapid.T) visit.Stay {
		e := visit.Event{Session: "a", Version: visit.Version(rapid.IntRange(1, 2).Draw(t, "version")), Inferred: rapid.Bool().Draw(t, "inferred")}
		e.At = live.Timestamp(rapid.IntRange(1, 9).Draw(t, "at"))
		return e.Stay()
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := stay.Draw(t, "a"), stay.Draw(t, "b"), stay.Draw(t, "c")
		switch {
		case visit.Join(a, b) != visit.Join(b, a):
			t.Fatalf("%+v and %+v", a, b)
		case visit.Join(visit.Join(a, b), c) != visit.Join(a, visit.Join(b, c)):
			t.Fatalf("%+v, %+v and %+v", a, b, c)
		case visit.Join(visit.Join(a, b), b) != visit.Join(a, b):
			t.Fatalf("%+v and twice %+v", a, b)
		}
	})
}

// What is told as closed is what has changed and is closed.
func TestClosedIsToldOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b, last := visit.NewBook("r", 0), make(map[visit.Key]visit.Visit)
		for _, e := range events(t) {
			if e.User != "ann" {
				continue
			}
			for _, v := range b.Merge(e.User, []visit.Event{e}) {
				if last[v.Key] == v {
					t.Fatalf("%+v is told twice", v)
				}
				last[v.Key] = v
			}
		}
		for _, v := range b.Of("ann") {
			if told, was := last[v.Key]; !v.Open() && v.Anomaly != visit.ExitWithoutEnter && (!was || told != v) {
				t.Fatalf("%+v was told as %+v", v, told)
			}
		}
	})
}
