package moderation_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	rules "github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/store/storetest"
)

// entry is a line of a recorded log, or a probe.
type entry struct {
	Millis  int64       `json:"ts"`
	Type    string      `json:"type"`
	User    live.UserID `json:"user"`
	Text    string      `json:"text"`
	Seconds int64       `json:"seconds"`

	at    live.Timestamp
	probe bool
}

// recorded reads a log that the tests are given, if any.
func recorded(t *testing.T, name string) (all []entry) {
	t.Helper()
	file, err := os.Open(testkit.Recording(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		e.at = live.Timestamp(e.Millis * 1000)
		all = append(all, e)
	}
	return all
}

// windows returns when each user of a log is muted: by each mute until the next one of
// theirs replaces it. It is worked out from the log alone.
func windows(log []entry) map[live.UserID][][2]live.Timestamp {
	all := make(map[live.UserID][][2]live.Timestamp)
	for _, e := range log {
		if e.Type != "mute" {
			continue
		}
		of := all[e.User]
		if n := len(of); n > 0 && of[n-1][1] > e.at {
			of[n-1][1] = e.at
		}
		all[e.User] = append(of, [2]live.Timestamp{e.at, e.at.Add(time.Duration(e.Seconds) * time.Second)})
	}
	return all
}

// withProbes returns the log with a message of the muted user's at the first and the
// last instant of every window, and at the first after it.
func withProbes(log []entry, all map[live.UserID][][2]live.Timestamp) []entry {
	for user, of := range all {
		for _, w := range of {
			for _, at := range []live.Timestamp{w[0] + 1, w[1] - 1, w[1]} {
				log = append(log, entry{Type: "message", User: user, Text: "probe", at: at, probe: true})
			}
		}
	}
	slices.SortStableFunc(log, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	return log
}

// The real mutes of a real chat hold: replayed at their places among the messages, each
// refuses every message of its user until its time is over, and not one more.
func TestRealMutes(t *testing.T) {
	t.Parallel()
	log := recorded(t, "twitch-forsen-irc.jsonl")
	muted := windows(log)
	log = withProbes(log, muted)
	clock := storetest.NewClock(log[0].at)
	h := setup(t, memory.WithClock(clock.Now))
	mod := as("mod", live.RoleModerator)
	var mutes, said, refusedSaid, refused, passed int
	for _, e := range log {
		clock.Advance(e.at.Sub(clock.Now()))
		if e.Type == "mute" {
			o := order(rules.Mute, "r", e.User)
			o.For = time.Duration(e.Seconds) * time.Second
			if got, err := h.Apply(t.Context(), mod, o); err != nil || got.At != e.at {
				t.Fatalf("%+v at %d: %v", got, e.at, err)
			}
			mutes++
			continue
		}
		i := slices.IndexFunc(muted[e.User], func(w [2]live.Timestamp) bool { return w[0] <= e.at && e.at < w[1] })
		receipt, err := h.say(as(e.User, live.RoleViewer), cmp.Or(e.Text, "(nothing)"))
		var told *rules.MutedError
		switch {
		case i >= 0 && !errors.As(err, &told):
			t.Fatalf("%s speaks at %d, muted in %v: %+v, %v", e.User, e.at, muted[e.User][i], receipt, err)
		case i < 0 && (err != nil || receipt.Outcome != feed.Accepted):
			t.Fatalf("%s does not speak at %d: %+v, %v", e.User, e.at, receipt, err)
		case i >= 0 && told.Term.Timed() < muted[e.User][i][1]: // it may be replaced sooner than it ends
			t.Fatalf("%s is told %d at %d, muted in %v", e.User, told.Term.Until, e.at, muted[e.User][i])
		case i >= 0:
			refused++
		default:
			passed++
		}
		if !e.probe {
			said++
		}
		if !e.probe && i >= 0 {
			refusedSaid++
		}
	}
	t.Logf("%d mutes of %d users; of %d messages %d fell into a window and were refused; with probes %d refused, %d passed",
		mutes, len(muted), said, refusedSaid, refused, passed)
	if mutes != 58 || said != 1941 || refusedSaid != wantRefused {
		t.Errorf("%d mutes, %d messages, %d of them refused; want 58, 1941, %d", mutes, said, refusedSaid, wantRefused)
	}
}

// wantRefused is how many of the log's messages its mutes forbid: the chat that it was
// recorded from did hold to them.
const wantRefused = 0
