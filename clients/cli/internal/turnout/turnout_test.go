package turnout

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logOf draws a log of few users, in any order of instants.
func logOf(t *rapid.T) *Log {
	var lines bytes.Buffer
	for range rapid.IntRange(0, 60).Draw(t, "lines") {
		_, _ = fmt.Fprintf(&lines, `{"ts":%d,"type":%q,"user":%q}`+"\n", // a buffer takes everything
			rapid.Int64Range(1_600_000_000, 1_600_000_200).Draw(t, "ts")*1000,
			rapid.SampledFrom([]string{"enter", "leave"}).Draw(t, "type"), rapid.SampledFrom([]string{"ann", "bob", "cy"}).Draw(t, "user"))
	}
	log, err := Read(&lines)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// What is computed here, and by the rules that the server goes by, is the same for any log,
// though neither knows the other.
func TestDirectIsWhatTheRulesSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		log, end := logOf(t), int64(0)
		if rapid.Bool().Draw(t, "ended") && len(log.Events) > 0 {
			end = log.Last + rapid.Int64Range(0, 200_000_000).Draw(t, "later")
		}
		book := visit.NewBook("r", live.Timestamp(end))
		for _, e := range log.Events {
			book.Merge(live.UserID(e.GetUserId()), []visit.Event{{
				Room: "r", User: live.UserID(e.GetUserId()), Session: live.SessionID(e.GetSessionId()),
				Version: visit.Version(e.GetVersion()), At: live.Timestamp(e.GetAt()),
			}})
		}
		compareWith(t, NewDirect(log.Events, end), book, log.Last+rapid.Int64Range(0, 100_000_000).Draw(t, "now"))
	})
}

// compareWith compares what is computed here with a book, at an instant.
func compareWith(t *rapid.T, d *Direct, book *visit.Book, now int64) {
	t.Helper()
	all := book.All()
	if len(all) != len(d.stays) {
		t.Fatalf("%d visits, the rules say %d", len(d.stays), len(all))
	}
	for i, v := range all {
		s := d.stays[i]
		if s.user != string(v.User) || s.version != int64(v.Version) || s.entered != int64(v.Entered) || s.left != int64(v.Exited) ||
			s.inferred != v.Inferred || int(s.anomaly()) != int(v.Anomaly) {
			t.Fatalf("visit %d is %+v, the rules say %+v", i, s, v)
		}
	}
	a := book.Attendance(live.Timestamp(now), true, true, 0, live.Timestamp(now)+1)
	curve, peak, peakAt := d.Curve(now)
	if peak != a.Peak || peakAt != int64(a.PeakAt) || d.Total(now) != int64(a.Total) || d.Sums(now).Users != a.Unique || len(curve) != len(a.Curve) {
		t.Fatalf("peak %d at %d, %d µs, %d minutes; the rules say %+v", peak, peakAt, d.Total(now), len(curve), a)
	}
	for i, m := range a.Curve {
		if c := curve[i]; c.GetMinuteAt() != int64(m.At) || c.GetEnters() != m.Enters || c.GetExits() != m.Exits || c.GetOnline() != m.Online || c.GetPeak() != m.Peak {
			t.Fatalf("minute %d is %v, the rules say %+v", i, c, m)
		}
	}
	retention := d.Retention(now)
	if fmt.Sprint(retention) != fmt.Sprint(a.Retention) {
		t.Fatalf("retention %v, the rules say %v", retention, a.Retention)
	}
}

// The real log, if there is one: as many lines of each kind as its description says.
func TestRealLog(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(testkit.Recording(t, "irc-qtox-2016H2.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := Read(bytes.NewReader(raw))
	if err != nil || log.Enters != 8503 || log.Leaves != 8443 || log.Doubled == 0 || log.Missing == 0 {
		t.Fatalf("%+v, %v", log, err)
	}
	d := NewDirect(log.Events, 0)
	if sums := d.Sums(log.Last); int(sums.Visits) != log.Enters+log.Missing || int(sums.Anomalies) != log.Missing {
		t.Errorf("%+v of %d enters and %d leaves of who was not in", sums, log.Enters, log.Missing)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"ts":1600000000000,"type":"enter","user":"ann"}` + "\n" + `{"ts":1,"type":"leave","user":"b"}`))
	f.Add([]byte("{}\n\n[]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		log, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if len(log.Events) != log.Enters+log.Leaves || log.First > log.Last {
			t.Errorf("%+v", log)
		}
		for _, e := range log.Events {
			if e.GetVersion() < 1 || e.GetAt() < 1 || e.GetUserId() == "" {
				t.Errorf("%v", e)
			}
		}
	})
}
