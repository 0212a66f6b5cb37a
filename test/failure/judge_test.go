package failure

import (
	"fmt"
	"strings"
	"testing"
	"time"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// verdict is a test that notes what it is failed for.
type verdict struct{ faults strings.Builder }

func (*verdict) Helper()             {}
func (v *verdict) Fatal(args ...any) { fmt.Fprintln(&v.faults, args...) }

// Errorf and Fatalf note what they are told.
func (v *verdict) Errorf(format string, args ...any) { fmt.Fprintf(&v.faults, format+"\n", args...) }
func (v *verdict) Fatalf(format string, args ...any) { v.Errorf(format, args...) }

// run is a run of messages of an epoch: their texts are their timestamps.
func run(epoch string, timestamps ...int64) *ovation.Messages {
	m := &ovation.Messages{Cursor: &ovationv1.Cursor{Epoch: epoch}}
	for _, at := range timestamps {
		m.Messages = append(m.Messages, &ovationv1.Message{Timestamp: at, Text: fmt.Sprint(at)})
	}
	return m
}

// with changes a run.
func with(m *ovation.Messages, change func(*ovation.Messages)) *ovation.Messages {
	change(m)
	return m
}

func resync(m *ovation.Messages) { m.Resync = true }

func TestWhatViewersSawIsJudged(t *testing.T) {
	t.Parallel()
	lost := lossy{time.Unix(1, 0), time.Unix(2, 0)}
	again := with(run("b", 5), func(m *ovation.Messages) { m.Messages[0].Text = "2" })
	for name, tt := range map[string]struct {
		runs  []*ovation.Messages
		taken lossy
		gone  string // a message that is lost
		fault string // empty: none
	}{
		"all of them":             {[]*ovation.Messages{run("a", 1, 2), run("a", 3)}, lossy{}, "", ""},
		"all, over two lives":     {[]*ovation.Messages{run("a", 1, 2), run("b", 3)}, lossy{}, "", ""},
		"one twice":               {[]*ovation.Messages{run("a", 1, 2), run("a", 2, 3)}, lossy{}, "", "saw twice"},
		"one not":                 {[]*ovation.Messages{run("a", 1, 3)}, lossy{}, "", "told of 0 losses"},
		"one not, that is there":  {[]*ovation.Messages{run("a", 1, 3)}, lost, "", "told of 0 losses"},
		"one not, that is lost":   {[]*ovation.Messages{run("a", 1, 3)}, lost, "2", ""},
		"seen, and lost":          {[]*ovation.Messages{run("a", 1, 2, 3)}, lost, "2", "not told to resynchronise"},
		"two not, one of it lost": {[]*ovation.Messages{run("a", 1)}, lost, "2", "told of 0 losses"},
		"one not, and told so":    {[]*ovation.Messages{run("a", 1), with(run("a", 3), func(m *ovation.Messages) { m.Dropped.Low = 1 })}, lost, "", ""},
		"told of a loss, of none": {[]*ovation.Messages{run("a", 1, 2), with(run("a", 3), func(m *ovation.Messages) { m.Dropped.Low = 1 })}, lossy{}, "", "and of 1 losses"},
		"not accounted for":       {[]*ovation.Messages{with(run("a", 1, 2, 3), func(m *ovation.Messages) { m.Unexplained = 1 })}, lossy{}, "", "nobody accounts for"},
		"begun anew":              {[]*ovation.Messages{run("a", 1), with(run("b", 3), resync)}, lost, "", ""},
		"shown anew":              {[]*ovation.Messages{run("a", 1, 2), with(run("b", 2, 3), resync)}, lost, "", ""},
		"begun anew, for nothing": {[]*ovation.Messages{run("a", 1, 2), with(run("b", 3), resync)}, lossy{}, "", "told to resynchronise"},
		"sent again, and lost":    {[]*ovation.Messages{run("a", 1, 2), with(again, resync), run("b", 3)}, lost, "", ""},
		"sent again, for nothing": {[]*ovation.Messages{run("a", 1, 2, 3), again}, lossy{}, "", "saw 1 anew"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, got := &viewer{name: "v", seen: map[string]sighting{}}, new(verdict)
			for _, m := range tt.runs {
				v.got(m)
			}
			v.judge(got, []receipt{{text: "1"}, {text: "2"}, {text: "3"}}, map[string]bool{tt.gone: true}, tt.taken)
			faults := got.faults.String()
			if (tt.fault == "") != (faults == "") || !strings.Contains(faults, tt.fault) {
				t.Errorf("judged: %q", faults)
			}
		})
	}
}

func TestAViewerWhoIsSentAwayIsAFault(t *testing.T) {
	t.Parallel()
	v, got := &viewer{name: "v"}, new(verdict)
	v.ended(ovation.ErrRoomEnded)
	v.judge(got, nil, nil, lossy{})
	if faults := got.faults.String(); !strings.Contains(faults, "sent away") {
		t.Errorf("judged: %q", faults)
	}
}
