package main

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/clients/cli/internal/turnout"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// comings is a log in which bob enters twice and leaves once, cy leaves without having
// entered, dee stays, and ann comes twice.
const comings = `{"ts":1600000000000,"type":"enter","user":"ann"}
{"ts":1600000000000,"type":"message","user":"ann","text":"hello"}
{"ts":1600000030000,"type":"enter","user":"bob"}

{"ts":1600000090000,"type":"enter","user":"bob"}
{"ts":1600000090000,"type":"leave","user":"ann","reason":"quit"}
{"ts":1600000120000,"type":"leave","user":"cy"}
{"ts":1600000180000,"type":"leave","user":"bob"}
{"ts":1600000180000,"type":"enter","user":"ann"}
{"ts":1600000200000,"type":"leave","user":"ann"}
{"ts":1600000240000,"type":"enter","user":"dee"}
`

// loaded loads the log into a fake.
func loaded(t *testing.T, f *fake, want int, more ...string) turnout.Report {
	t.Helper()
	args := append([]string{
		"visits", "load", written(t, comings), "--room", "demo", "--no-progress", "--json", "--batch", "2",
	}, more...)
	stdout, stderr := f.do(t, want, args...)
	var report turnout.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	return report
}

func TestVisitsLoad(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]string{
		"in order": nil,
		"shuffled": {"--shuffle", "--duplicate", "1", "--reporters", "8"},
		"as it is": {"--as-it-is", "--shuffle", "--seed", "7", "--duplicate", "0.5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.visits.busyEvery = 3
			r := loaded(t, f, exitOK, more...)
			if !r.Same || r.Enters != 5 || r.Leaves != 4 || r.Doubled != 1 || r.Missing != 1 || len(r.Checks) < 15 || r.Retries == 0 {
				t.Errorf("%+v", r)
			}
			_, stderr := f.do(t, exitFailed, "visits", "load", written(t, comings), "--room", "demo", "--no-progress")
			if !strings.Contains(stderr, "has 6 visits already") {
				t.Error(stderr)
			}
		})
	}
}

// The end of the room, and the server's clock, are asked for again as what is reported is: a
// server that is away for a moment is no reason to stop.
func TestVisitsLoadEndsTheRoomAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.lost = map[string]int{
		ovationv1connect.RoomServiceEndRoomProcedure: 3, ovationv1connect.FeedServiceSyncClockProcedure: 2,
	}
	r := loaded(t, f, exitOK, "--end")
	if !r.Same || r.Retries != 5 || !strings.Contains(r.Text(), "5 calls repeated that failed") {
		t.Errorf("%+v", r)
	}
	if stdout, _ := f.do(t, exitOK, "visits", "list", "--room", "demo", "--only-open"); stdout != "" {
		t.Error(stdout)
	}
}

// A server that stays away is waited for as long as it was said, and no longer.
func TestVisitsLoadStopsRepeating(t *testing.T) {
	t.Parallel()
	for _, procedure := range []string{ovationv1connect.RoomServiceEndRoomProcedure, ovationv1connect.FeedServiceSyncClockProcedure} {
		f := newFake(t)
		f.lost = map[string]int{procedure: math.MaxInt}
		_, stderr := f.do(t, exitFailed, "visits", "load", written(t, comings), "--room", "demo", "--no-progress", "--end", "--retry-for", "1ms")
		if !strings.Contains(stderr, "the connection broke") {
			t.Errorf("%s: %s", procedure, stderr)
		}
	}
}

func TestVisitsLoadSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*fakeVisits){
		"curve, by minute":   func(f *fakeVisits) { f.lieCurve = true },
		"visits, one by one": func(f *fakeVisits) { f.forget = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			fault(f.visits)
			r := loaded(t, f, exitFailed)
			for _, c := range r.Checks {
				if c.Figure == name && c.Same {
					t.Errorf("%+v", c)
				}
			}
			if r.Same || !strings.Contains(r.Text(), "DIFFERS") {
				t.Error(r.Text())
			}
		})
	}
}

func TestVisitsLoadRefusesWhatIsNoLog(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for content, want := range map[string]string{
		"{":                                      "line 1 is no JSON object",
		`{"ts":1,"type":"enter"}`:                "line 1 needs a user",
		`{"ts":0,"type":"leave","user":"u"}`:     "line 1 needs a user, and a ts",
		`{"ts":1,"type":"message","user":"ann"}`: "no enter and no leave",
	} {
		_, stderr := f.do(t, exitFailed, "visits", "load", written(t, content), "--room", "demo", "--no-progress")
		if !strings.Contains(stderr, want) {
			t.Errorf("%s: %s", content, stderr)
		}
	}
}

func TestVisitsListAndWatchTime(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	loaded(t, f, exitOK, "--as-it-is")
	stdout, _ := f.do(t, exitOK, "visits", "list", "--room", "demo")
	if n := strings.Count(stdout, "\n"); n != 6 || !strings.Contains(stdout, "exit_without_enter") || !strings.Contains(stdout, "  ~") {
		t.Error(stdout)
	}
	stdout, _ = f.do(t, exitOK, "visits", "list", "--of", "cy", "--only-anomalies", "--json")
	if strings.Count(stdout, "\n") != 1 || !strings.Contains(stdout, `"userId":"cy"`) {
		t.Error(stdout)
	}
	stdout, _ = f.do(t, exitOK, "visits", "watch-time", "--room", "demo", "--of", "ann", "--by-day", "--zone", "Asia/Shanghai")
	if !strings.Contains(stdout, "1m50s watched in 2 visits by 1 user") || !strings.Contains(stdout, "2020-09-13") {
		t.Error(stdout)
	}
	if _, stderr := f.do(t, exitUsage, "visits", "list"); !strings.Contains(stderr, "--room, or --of") {
		t.Error(stderr)
	}
}

func TestVisitsAttendance(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	loaded(t, f, exitOK)
	stdout, _ := f.do(t, exitOK, "visits", "attendance", "demo", "--retention", "--width", "40", "--height", "5")
	for _, want := range []string{"now 1 user (2 sessions), peak 2 at", "3 users in 6 visits", "2┤", "stayed for", "0 min  3 users (100 %)"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in:\n%s", want, stdout)
		}
	}
}

// Where there is no retention to print it is said why.
func TestVisitsRetentionOfNobody(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	attendance := func(want string) {
		t.Helper()
		stdout, _ := f.do(t, exitOK, "visits", "attendance", "demo", "--retention")
		if !strings.HasSuffix(stdout, "\n\nno retention: "+want+"\n") || strings.Contains(stdout, "stayed for") {
			t.Errorf("not %q in:\n%s", want, stdout)
		}
	}
	attendance("nobody has come")
	f.do(t, exitOK, "visits", "load", written(t, `{"ts":1600000000000,"type":"leave","user":"cy"}`), "--room", "demo", "--no-progress")
	attendance("no visit counts, see: ovation visits list --room demo --only-anomalies")
}

func TestVisitsExport(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	loaded(t, f, exitOK, "--as-it-is")
	path := filepath.Join(t.TempDir(), "visits.csv")
	f.do(t, exitOK, "visits", "export", "--room", "demo", "-o", path)
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) != 7 || strings.Join(rows[0], ",") != strings.Join(exportHeader, ",") {
		t.Fatalf("%v, %v", rows, err)
	}
	want := "demo,ann,log,1,2020-09-13T12:26:40.000000Z,2020-09-13T12:28:10.000000Z,90.000000,false,"
	if got := strings.Join(rows[1], ","); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if _, err := os.Stat(path + ".part"); err == nil {
		t.Error("the part is there still")
	}
	stdout, _ := f.do(t, exitOK, "visits", "export", "--of", "ann", "--no-progress")
	if strings.Count(stdout, "\n") != 3 {
		t.Error(stdout)
	}
}

// With --json an export has the lines of a list, in a file as on standard output.
func TestVisitsExportAsJSON(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	loaded(t, f, exitOK, "--end") // so that no visit grows
	want, _ := f.do(t, exitOK, "visits", "list", "--room", "demo", "--json")
	export := []string{"visits", "export", "--room", "demo", "--json", "--no-progress"}
	if stdout, _ := f.do(t, exitOK, export...); stdout != want || strings.Count(stdout, "\n") != 6 {
		t.Errorf("%s\nwant %s", stdout, want)
	}
	path := filepath.Join(t.TempDir(), "visits.jsonl")
	f.do(t, exitOK, append(export, "-o", path)...)
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
	for line := range strings.Lines(want) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

func TestVisitsSetAside(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for _, room := range []string{"demo", "gone"} {
		f.visits.aside = append(f.visits.aside, &ovationv1.SetAsideVisit{
			SetAsideId: "id-" + room, Reason: ovationv1.SetAsideReason_SET_ASIDE_REASON_ROOM_NOT_FOUND, Detail: "so \x1b it is",
			Event: &ovationv1.VisitEvent{RoomId: room, UserId: "ann", SessionId: "s", Version: 1, At: 1}, SetAsideAt: 2,
		})
	}
	stdout, _ := f.do(t, exitOK, "visits", "set-aside")
	if !strings.Contains(stdout, "id-demo") || !strings.Contains(stdout, `room_not_found`) || !strings.Contains(stdout, `so \x1b it is`) {
		t.Error(stdout)
	}
	stdout, _ = f.do(t, exitFailed, "visits", "replay")
	if !strings.Contains(stdout, "1 event merged, 1 set aside again") || !strings.Contains(stdout, "id-gone") {
		t.Error(stdout)
	}
	if stdout, _ = f.do(t, exitOK, "visits", "replay", "id-none"); !strings.Contains(stdout, "0 events merged, 0 set aside again") {
		t.Error(stdout)
	}
}
