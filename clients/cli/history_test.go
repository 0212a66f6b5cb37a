package main

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestHistory(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for _, text := range []string{"one", "two", "three\x1b[2J"} {
		f.do(t, exitOK, "send", "demo", text)
	}
	f.do(t, exitOK, "send", "demo", "--kind", "custom", "--payload", "{}")
	f.do(t, exitOK, "room", "end", "demo")

	all, _ := f.do(t, exitOK, "history", "demo")
	lines := strings.Split(strings.TrimSpace(all), "\n")
	for i, want := range []string{"low       ann: one", "low       ann: two", `low       ann: three\x1b[2J`, "high      ann: [custom] {}"} {
		if len(lines) != 4 || !strings.HasSuffix(lines[i], want) || !strings.HasPrefix(lines[i], "20") {
			t.Fatalf("%q, want %q, with its day, at %d", lines, want, i)
		}
	}
	machine, _ := f.do(t, exitOK, "history", "demo", "--json")
	has(t, machine, `"text":"one"`, `"text":"three\u001b[2J"`)
	_, second, _ := strings.Cut(machine, "\n")
	at := between(t, second, `"timestamp":"`, `"`)
	some, _ := f.do(t, exitOK, "history", "demo", "--since", at, "--json")
	if strings.Contains(some, `"one"`) || !strings.Contains(some, `"two"`) || !strings.Contains(some, "CUSTOM") {
		t.Errorf("since the second: %s", some)
	}
	some, _ = f.do(t, exitOK, "history", "demo", "--until", at)
	if !strings.HasSuffix(strings.TrimSpace(some), "one") || strings.Contains(some, "two") {
		t.Errorf("until the second: %s", some)
	}
	none, stderr := f.do(t, exitOK, "history", "demo", "--until", "2001-09-09")
	if none != "" {
		t.Errorf("of long ago: %s", none)
	}
	has(t, stderr, "nothing was said in room demo before 2001-09-09 00:00:00")
	_, stderr = f.do(t, exitUsage, "history", "demo", "--since", "")
	has(t, stderr, "--since is empty")
	_, stderr = f.do(t, exitFailed, "history", "nowhere")
	has(t, stderr, "no such room")
}

// between returns what stands between two texts.
func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, before)
	within, _, closed := strings.Cut(rest, after)
	if !found || !closed {
		t.Fatalf("no %q and %q in %s", before, after, text)
	}
	return within
}

func TestParseInstant(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("there", 3600)
	now := time.Date(2026, 1, 2, 15, 4, 5, 6000, zone)
	for text, want := range map[string]time.Time{
		"90m":                                  now.Add(-90 * time.Minute),
		"7d":                                   now.AddDate(0, 0, -7),
		"2026-01-02T15:04:05Z":                 time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC),
		"2026-01-02T15:04:05.5":                time.Date(2026, 1, 2, 15, 4, 5, 5e8, zone),
		"2026-01-02 15:04:05.000006":           time.Date(2026, 1, 2, 15, 4, 5, 6000, zone),
		"2026-01-02 15:04":                     time.Date(2026, 1, 2, 15, 4, 0, 0, zone),
		"2026-01-02":                           time.Date(2026, 1, 2, 0, 0, 0, 0, zone),
		"20:15":                                time.Date(2026, 1, 2, 20, 15, 0, 0, zone),
		strconv.FormatInt(now.UnixMicro(), 10): now,
	} {
		if got, err := parseInstant(text, now); err != nil || got != want.UnixMicro() {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want.UnixMicro())
		}
	}
	for text, want := range map[string]string{
		"": "is empty", "yesterday": "is no instant like", "25:00": "is no instant like", "1960-01-01": "is no instant like",
		"12:00 PM": "is no instant like", "-5m": "at most 10 years ago", "0s": "more than 0", "99999d": "at most 10 years ago",
		"99999999h": "is no instant like", "2026": "no timestamp in Unix microseconds", "0": "as in 0m",
		"1767362645":    "in seconds: timestamps are Unix microseconds, 1767362645000000",
		"1767362645000": "in milliseconds: timestamps are Unix microseconds, 1767362645000000",
	} {
		if got, err := parseInstant(text, now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %d, %v; want %q", text, got, err, want)
		}
	}
}

func FuzzParseInstant(f *testing.F) {
	for _, text := range []string{"", "7d", "90m", "15:04", "2026-01-02T15:04:05Z", "1767362645000006", "9223372036854775807", "1e9d"} {
		f.Add(text)
	}
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseInstant(text, now)
		if err != nil && got != 0 || err == nil && got <= 0 {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	})
}
