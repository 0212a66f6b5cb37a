package audience

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/account"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
)

// reader is a viewer that joined at 10 and took messages of LOW up to the head.
func reader(dropped uint64, sequences ...uint64) state {
	s := state{joined: true, connected: true}
	s.account.Begin(nil, &ovationv1.Cursor{Epoch: "a", LowSequence: 10})
	var messages []*ovationv1.Message
	for _, sequence := range sequences {
		messages = append(messages, &ovationv1.Message{Bucket: ovationv1.Bucket_BUCKET_LOW, Sequence: sequence})
	}
	last := uint64(10)
	if len(sequences) > 0 {
		last = sequences[len(sequences)-1]
	}
	s.account.Take(messages, account.Dropped{0, 0, dropped}, &ovationv1.Cursor{Epoch: "a", LowSequence: last})
	return s
}

// What a room took whose log began anew nobody knows, and so the report says.
func TestReportOfALogThatBeganAnew(t *testing.T) {
	t.Parallel()
	c := New(Options{Room: "demo"})
	report := c.report([]state{reader(0, 11)}, &ovationv1.Cursor{Epoch: "0", LowSequence: 7}, &ovationv1.Cursor{Epoch: "a", LowSequence: 11}, time.Second)
	asJSON, err := json.Marshal(report)
	if err != nil || !report.Clean() || !strings.Contains(string(asJSON), `"accepted":null`) {
		t.Errorf("%s, %v", asJSON, err)
	}
	text := report.Text()
	for _, want := range []string{"accepted by the room", "unknown", "its log began anew", "nobody can tell"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	begin := &ovationv1.Cursor{Epoch: "a", LowSequence: 10}
	end := &ovationv1.Cursor{Epoch: "a", LowSequence: 14}
	killed := reader(0, 11, 12, 13, 14)
	killed.reconnects, killed.causes = 1, []string{"unavailable"}
	failed := state{over: errors.New("no\x1b")}
	late := state{over: ovation.ErrRoomEnded}
	ended := reader(3, 14)
	ended.over = ovation.ErrRoomEnded
	tests := map[string]struct {
		states []state
		clean  bool
	}{
		"clean":  {[]state{reader(0, 11, 12, 13, 14), reader(2, 13, 14), killed, ended}, true},
		"faulty": {[]state{reader(0, 11, 12, 13, 14), reader(0, 11, 14), reader(0, 11, 11), failed, late, {}}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := New(Options{Room: "demo", Delivery: ovationv1.Delivery_DELIVERY_INLINE})
			c.latency.Record(5*time.Millisecond, 7*time.Millisecond)
			c.kills = 1
			report := c.report(test.states, begin, end, 90*time.Second)
			if report.Clean() != test.clean {
				t.Errorf("clean is %v", report.Clean())
			}
			testkit.Golden(t, name+".txt", report.Text())
			asJSON, err := json.MarshalIndent(report, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, name+".json", string(asJSON)+"\n")
		})
	}
}

// Nobody gets into a room that has ended: that is the outcome, not a report of zeros.
func TestTooLateForAll(t *testing.T) {
	t.Parallel()
	late, there := state{over: ovation.ErrRoomEnded}, state{joined: true, over: ovation.ErrRoomEnded}
	for _, tt := range []struct {
		states []state
		late   bool
	}{
		{[]state{late, late}, true},
		{[]state{late, there}, false},
		{[]state{late, {}}, false},
		{[]state{late, {over: errors.New("no")}}, false},
	} {
		if err := lateForAll(tt.states); errors.Is(err, ovation.ErrRoomEnded) != tt.late {
			t.Errorf("%+v: %v", tt.states, err)
		}
	}
}

func TestAnInterruptedRunForgivesThoseBehind(t *testing.T) {
	t.Parallel()
	begin := &ovationv1.Cursor{Epoch: "a", LowSequence: 10}
	end := &ovationv1.Cursor{Epoch: "a", LowSequence: 14}
	report := New(Options{}).report([]state{reader(0, 11), {}}, begin, end, time.Second)
	if report.Clean() {
		t.Error("clean, with a viewer behind and one not there")
	}
	if report.Interrupted = true; !report.Clean() {
		t.Errorf("not clean: %+v", report)
	}
}
