package failure

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovation "github.com/ovation-live/ovation/clients/go"
	"github.com/ovation-live/ovation/internal/testkit"
)

// figures are what a test measured: a row of the table in docs/OPERATIONS.md.
type figures struct {
	what         string
	acknowledged int
	lost         int           // acknowledged, and kept nowhere
	refused      int           // sends that failed, and were made again
	outage       time.Duration // the longest time that a sender went without an answer that it could use
	silence      time.Duration // the longest time that a viewer saw no message
	resumed      time.Duration // from when it was over until everybody sees what is sent
	breaks       int           // streams that broke
	dropped      uint64        // messages that viewers were told of, and did not get
	resyncs      int           // viewers who were told to begin anew
}

const header = "| what fails | acknowledged | of these lost | sends refused, nobody accepted for | no messages for | all go on, once it is back, after | streams broken | messages dropped | told to resynchronise |"

// heading is logged once, before the first row.
var heading sync.Once

func (f figures) row() string {
	return fmt.Sprintf("| %s | %d | %d | %d, %.1f s | %.1f s | %.1f s | %d | %d | %d |", f.what, f.acknowledged, f.lost,
		f.refused, f.outage.Seconds(), f.silence.Seconds(), f.resumed.Seconds(), f.breaks, f.dropped, f.resyncs)
}

// lossy says what a failure may take: the log's messages that were acknowledged since a
// moment until another. The zero lossy takes nothing.
type lossy struct{ from, until time.Time }

// may tells whether a message may be lost.
func (l lossy) may(r receipt) bool { return r.at.After(l.from) && r.at.Before(l.until) }

// judge lets the stage go on for a while, stops it, checks what viewers saw and what is kept, and logs the figures.
func (s *stage) judge(t *testing.T, what string, resumed time.Duration, taken lossy) figures {
	t.Helper()
	s.flows(t) // for a while longer
	s.agree(t)
	s.stop(t)
	f := figures{what: what, resumed: resumed, refused: len(s.refusals()), breaks: s.breaks()}
	receipts := s.receipts()
	f.acknowledged = len(receipts)
	lost := s.lost(t, receipts, taken)
	f.lost = len(lost)
	for _, o := range s.senders {
		f.outage = max(f.outage, o.outage(s.begun, s.ended))
	}
	for _, v := range s.viewers {
		v.judge(t, receipts, lost, taken)
		f.silence = max(f.silence, v.silence(s.begun, s.ended))
		f.dropped += v.dropped
		f.resyncs += len(v.resyncs)
	}
	s.refusedWell(t)
	heading.Do(func() { t.Log(header) })
	t.Log(f.row())
	return f
}

// lost checks that every acknowledged message is kept, unless it may be lost, and returns
// those that are.
func (s *stage) lost(t *testing.T, receipts []receipt, taken lossy) (lost map[string]bool) {
	t.Helper()
	eventually(t, "what was acknowledged is in the history", func() bool {
		kept, err := s.history(t.Context())
		lost = map[string]bool{}
		return err == nil && !slices.ContainsFunc(receipts, func(r receipt) bool {
			if !kept[r.text] {
				lost[r.text] = true
			}
			return !kept[r.text] && !taken.may(r)
		})
	})
	return lost
}

// judge checks what the viewer saw against what was acknowledged. A message that was lost
// before anybody heard of it is no gap in what there is to see.
func (v *viewer) judge(t testkit.T, receipts []receipt, lost map[string]bool, taken lossy) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err != nil {
		t.Errorf("%s was sent away: %v", v.name, v.err)
	}
	if v.missed > 0 {
		t.Errorf("%s misses %d messages that nobody accounts for", v.name, v.missed)
	}
	if len(v.twice) > 0 {
		t.Errorf("%s saw twice: %q", v.name, v.twice)
	}
	if taken == (lossy{}) && len(v.again)+len(v.resyncs)+int(v.dropped) > 0 {
		t.Errorf("nothing was lost, and %s saw %d anew, was told to resynchronise at %v, and of %d losses",
			v.name, len(v.again), v.resyncs, v.dropped)
	}
	var unseen []string
	for _, r := range receipts {
		switch _, seen := v.seen[r.text]; {
		case !seen && !lost[r.text]:
			unseen = append(unseen, r.text)
		case seen && lost[r.text] && len(v.resyncs) == 0:
			t.Errorf("%s saw %s, which is lost, and was not told to resynchronise", v.name, r.text)
		}
	}
	if len(v.resyncs) == 0 && len(unseen) > int(v.dropped) {
		t.Errorf("%s was told of %d losses, and has not seen %d messages: %q", v.name, v.dropped, len(unseen), unseen)
	}
}

// refusedWell checks that the calls that failed say that they may be made again.
func (s *stage) refusedWell(t *testing.T) {
	t.Helper()
	for _, r := range s.refusals() {
		code := connect.CodeOf(r.err)
		if code != connect.CodeUnavailable && code != connect.CodeDeadlineExceeded && ovation.Detail(r.err) != nil {
			t.Errorf("a send was refused with %v", r.err)
		}
	}
}

// since returns the messages that were acknowledged after a moment.
func (s *sender) since(moment time.Time) []receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.receipts, func(r receipt) bool { return r.at.After(moment) })
	if at < 0 {
		return nil
	}
	return slices.Clone(s.receipts[at:])
}

// outage returns the longest time without an acknowledgement between two moments.
func (s *sender) outage(from, until time.Time) (longest time.Duration) {
	last := from
	for _, r := range s.since(from) {
		longest, last = max(longest, r.at.Sub(last)), r.at
	}
	return max(longest, until.Sub(last))
}
