//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// defaults returns the flags of a run that is told nothing.
func defaults(t *testing.T) (f flags) {
	t.Helper()
	parser, err := kong.New(&f)
	if err == nil {
		_, err = parser.Parse(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Every server that is compared starts, and delivers all that it is told to.
func TestSmoke(t *testing.T) {
	t.Parallel()
	f := defaults(t)
	f.Rounds, f.For, f.Quiet = 1, 200*time.Millisecond, true
	f.Answers = 50
	f.Viewers, f.MessageViewers, f.Connections, f.Senders, f.Rooms = []int{5}, []int{5}, 4, 8, 4
	f.VisitEvents = 2000
	built, err := prepare(t.Context(), f, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(built.binaries) != len(modules) {
		t.Errorf("%d servers of %d are built", len(built.binaries), len(modules))
	}
	want := map[string]int{"frames": 4, "messages": 5, "memory": 5, "unary": 10, "send": 1, "answers": 8, "gifts": 1, "visits": 1, "stores": 0}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b := *built
			b.report = new(report)
			if err := s.run(t.Context(), &b); err != nil {
				t.Fatal(b.explain(s.name, err))
			}
			if got := len(b.report.results); got != want[s.name] {
				t.Errorf("%d results, want %d", got, want[s.name])
			}
			for _, one := range b.report.results {
				complete(t, one)
			}
		})
	}
}

// complete checks that something came, and that nothing is missing.
func complete(t *testing.T, r *result) {
	t.Helper()
	var came float64
	for _, figure := range []string{"frames delivered", "calls answered", "accepted", "paid", "events merged a second, from the first call", "goroutines per viewer"} {
		came = max(came, r.metric(figure).Median)
	}
	if came == 0 {
		t.Errorf("%s, %s: nothing came", r.Part, r.Server)
	}
	for _, fault := range []string{"lost", "reported dropped", "broken streams", "calls refused", "not accepted", "not paid"} {
		if n := r.metric(fault).Median; n != 0 {
			t.Errorf("%s, %s: %s: %v", r.Part, r.Server, fault, n)
		}
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	sound := defaults(t)
	if err := sound.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*flags){
		"no rounds":          func(f *flags) { f.Rounds = 0 },
		"no time":            func(f *flags) { f.For = 0 },
		"no viewers":         func(f *flags) { f.Viewers = []int{0} },
		"too many viewers":   func(f *flags) { f.MessageViewers = []int{1, 20_001} },
		"rounds too close":   func(f *flags) { f.FrameRate = []float64{41} },
		"tiny messages":      func(f *flags) { f.MessageBytes = minMessageBytes - 1 },
		"no messages":        func(f *flags) { f.MessageRate = 0 },
		"no connections":     func(f *flags) { f.Connections = 0 },
		"odd visit events":   func(f *flags) { f.VisitEvents = 3 },
		"no senders":         func(f *flags) { f.Senders = 0 },
		"no sends":           func(f *flags) { f.SendsAtOnce = 0 },
		"few answers":        func(f *flags) { f.Answers = f.Connections - 1 },
		"too many answers":   func(f *flags) { f.Answers = maxAnswers + 1 },
		"no rooms":           func(f *flags) { f.Rooms = 0 },
		"nothing to deliver": func(f *flags) { f.MostFrames = 0 },
	} {
		f := sound
		change(&f)
		if f.Validate() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
