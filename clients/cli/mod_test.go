package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/wordfile"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

func TestSanctions(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for _, step := range []struct {
		args string
		want string
	}{
		{"ban bob --room demo --for 24h --reason spam\x1b", "banned bob in room demo until " + second(applied+24*3600e6) + `: spam\x1b`},
		{"ban eve --every-room", "banned eve in every room, for good"},
		{"mute bob --room demo --for 1w2d3h", "muted bob in room demo until " + second(applied+(9*24+3)*3600e6)},
		{"mute-room demo --for 5m", "muted room demo until " + second(applied+300e6)},
		{"protect guest --room demo", "protected guest in room demo, for good"},
		{"add ann --room demo --for 3h --reason tonight", "made a moderator of ann in room demo until " + second(applied+3*3600e6) + ": tonight"},
		{"add patrol --every-room", "made a moderator of patrol in every room, for good"},
		{"add zoe --room demo", "made a moderator of zoe in room demo, for good"},
		{"remove zoe --room demo", "zoe is not an appointed moderator of room demo any more"},
		{"remove zoe --room demo", "zoe was not an appointed moderator of room demo"},
		{"remove patrol --room demo", "patrol was not an appointed moderator of room demo, and is still an appointed moderator of every room: end that with --every-room"},
		{"remove ann --every-room", "ann was not an appointed moderator of every room"},
		{"unban eve --room demo", "eve was not banned in room demo, and is still banned in every room: end that with --every-room"},
		{"unmute bob --room demo", "bob is not muted in room demo any more"},
		{"unmute-room demo", "room demo is not muted any more"},
		{"unprotect guest --room demo", "guest is not protected in room demo any more"},
		{"kick bob --room demo", "ended 2 sessions of bob in room demo"},
		{"kick bob --room demo --session s1", "ended 1 session of bob in room demo"},
		{"kick nobody --room demo", "nobody has no such session in room demo"},
	} {
		stdout, _ := f.do(t, exitOK, append([]string{"mod"}, strings.Fields(step.args)...)...)
		if stdout != step.want+"\n" {
			t.Errorf("%s: %q, want %q", step.args, stdout, step.want)
		}
	}
	f.checkSanctions(t, "appoint patrol every room active", "appoint ann demo active", "ban eve every room active", "ban bob demo active")
	f.checkSanctions(t, "appoint zoe demo lifted", "appoint patrol every room active", "appoint ann demo active", "--kind", "appoint", "--past")
	f.checkSanctions(t, "ban bob demo active", "--of", "bob")
	f.checkSanctions(t, "", "--kind", "mute,room-mute", "--kind", "mute")
	f.checkSanctions(t, "protect guest demo lifted", "--kind", "protect", "--past", "--room", "demo")
	stdout, _ := f.do(t, exitOK, "mod", "sanctions", "--of", "bob", "--past", "--json")
	if lines := strings.Count(stdout, "\n"); lines != 2 || !strings.Contains(stdout, `"kind":"SANCTION_KIND_BAN"`) {
		t.Errorf("%d lines: %s", lines, stdout)
	}
	stdout, _ = f.do(t, exitOK, "mod", "list", "--room", "demo", "--json")
	if lines := strings.Count(stdout, "\n"); lines != 2 || !strings.Contains(stdout, `"userId":"ann"`) {
		t.Errorf("%d lines: %s", lines, stdout)
	}
	for _, lift := range []string{"remove ann --room demo", "remove patrol --every-room", "unban bob --room demo", "unban eve --every-room"} {
		f.do(t, exitOK, append([]string{"mod"}, strings.Fields(lift)...)...)
	}
	_, none := f.do(t, exitOK, "mod", "list")
	has(t, none, "nobody was appointed")
	stdout, _ = f.do(t, exitOK, "mod", "list", "--past")
	if lines := strings.Count(stdout, "\n"); lines != 3 {
		t.Errorf("%d lines: %s", lines, stdout)
	}
	_, stderr := f.do(t, exitOK, "mod", "sanctions")
	has(t, stderr, "nothing is in force")
}

// checkSanctions lists sanctions and compares kind, user, room and state of each; wants
// that are flags are given to the command.
func (f *fake) checkSanctions(t *testing.T, wants ...string) {
	t.Helper()
	args, lines := []string{"mod", "sanctions"}, []string{}
	for i, want := range wants {
		if strings.HasPrefix(want, "--") {
			args = append(args, wants[i:]...)
			break
		}
		if want != "" {
			lines = append(lines, want)
		}
	}
	stdout, _ := f.do(t, exitOK, args...)
	got := strings.Split(strings.TrimSpace(stdout), "\n")
	if stdout == "" {
		got = nil
	}
	if len(got) != len(lines) {
		t.Fatalf("%v: %q", args, stdout)
	}
	for i, line := range lines {
		if !strings.HasPrefix(strings.Join(strings.Fields(got[i]), " "), line+" ") {
			t.Errorf("%v: %q, want %q", args, got[i], line)
		}
	}
}

// Who moderates is a backend unless they say otherwise, and is told what is in the way.
func TestModerators(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for role, args := range map[string][]string{"backend": nil, "moderator": {"--role", "moderator"}} {
		f.do(t, exitOK, append([]string{"mod", "ban", "bob", "--room", "demo"}, args...)...)
		if got := f.seen[ovationv1connect.ModerationServiceBanProcedure]; got != role {
			t.Errorf("%v went as %s", args, got)
		}
	}
	if by := f.moderation.sanctions[0].GetAppliedBy(); by != "ann" {
		t.Errorf("applied by %q", by)
	}
	_, stderr := f.do(t, exitFailed, "mod", "mute", "host", "--room", "demo")
	has(t, stderr, "this user cannot be banned, muted or kicked")
	_, stderr = f.do(t, exitFailed, "mod", "add", "banned", "--room", "demo")
	has(t, stderr, "this user is banned", "ovation mod unban")
}

func TestModMisuse(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for want, args := range map[string]string{
		"give --room, or --every-room":       "ban bob",
		"or --every-room to act in all":      "ban bob --room=",
		"exclude each other":                 "mute bob --room demo --every-room",
		`the room's id "a/b" must be of`:     "unban bob --room a/b",
		"--for: \"soon\" is no length":       "ban bob --room demo --for soon",
		"--for: must be more than 0":         "ban bob --room demo --for 0s",
		"at most 10 years":                   "ban bob --room demo --for 4000d",
		"missing flags: --room":              "kick bob",
		"--kind must be one of":              "sanctions --kind kick",
		"--role must be one of":              "protect bob --room demo --role moderator",
		`of "host","backend" but got "mode`:  "add bob --room demo --role moderator",
		"or --every-room to act in all of":   "remove bob",
		"no words: give a file":              "words put ads --room demo",
		"no letter, digit or ideograph":      "words put ads --room demo --word !!!",
		"--action must be one of":            "words put ads --room demo --word a --action shout",
		"give --room, or --every-room to ac": "words list",
	} {
		_, stderr := f.do(t, exitUsage, append([]string{"mod"}, strings.Fields(args)...)...)
		has(t, stderr, want, "Try --help")
	}
	if len(f.moderation.sanctions)+len(f.moderation.puts) > 0 {
		t.Error("something was done")
	}
}

func TestParsePeriod(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"10m": 10 * time.Minute, "7d": 7 * day, "2w": 14 * day, "1w1d1h30m": 8*day + 90*time.Minute, "1.5h": 90 * time.Minute,
		"3650d": 3650 * day, "87600h": 3650 * day, "1ns": 1,
	} {
		if got, err := parsePeriod(text); err != nil || time.Duration(got) != want {
			t.Errorf("%q: %v, %v", text, time.Duration(got), err)
		}
	}
	for _, text := range []string{"", "d", "1d2w", "-1d", "1", "-5m", "0d", "3651d", "999999999w", "9999999999d", "1d-2h3", "1d-25h", "7dd"} {
		if got, err := parsePeriod(text); err == nil {
			t.Errorf("%q is %v", text, time.Duration(got))
		}
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, seed := range []string{"10m", "1w2d3h", "-1d", "999999999w999999999d", "1e9h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parsePeriod(text)
		if err == nil && (got <= 0 || time.Duration(got) > longestPeriod) {
			t.Errorf("%q is %v", text, time.Duration(got))
		}
	})
}

func TestWords(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	file := wordsFile(t, "# names\nbob\n\ncasino bonus\nbob\n")
	stdout, _ := f.do(t, exitOK, "mod", "words", "put", "ads", file, "--room", "demo", "--word", "a b", "--action", "refuse", "--match", "anywhere")
	if stdout != "list ads of room demo has 3 words, revision 1\n" {
		t.Errorf("%q", stdout)
	}
	f.do(t, exitOK, "mod", "words", "put", "ads", "--word", "other", "--room", "demo")
	stdout, _ = f.do(t, exitOK, "mod", "words", "list", "ads", "--room", "demo")
	if want := "refuse    anywhere  a b\nrefuse    anywhere  bob\nrefuse    anywhere  casino bonus\nmask      auto      other\n"; stdout != want {
		t.Errorf("%q", stdout)
	}
	f.do(t, exitOK, "mod", "words", "remove", "ads", "--word", "bob", "--room", "demo")
	f.do(t, exitOK, "mod", "words", "put", "more", file, "--every-room", "--json")
	stdout, _ = f.do(t, exitOK, "mod", "words", "list", "--room", "demo")
	if got := strings.Join(strings.Fields(stdout), " "); got != "ads 3 "+second(applied)+" demo" {
		t.Errorf("%q", stdout)
	}
	stdout, _ = f.do(t, exitOK, "mod", "words", "list", "--every-room", "--json")
	has(t, stdout, `"listId":"more"`, `"words":"2"`)
	f.do(t, exitOK, "mod", "words", "put", "ads", "--word", "only", "--room", "demo", "--replace")
	if words := f.moderation.words["demo/ads"]; len(words) != 1 || words["only"] == nil {
		t.Errorf("%v", words)
	}
	f.do(t, exitOK, "mod", "words", "clear", "ads", "--room", "demo")
	_, stderr := f.do(t, exitOK, "mod", "words", "list", "ads", "--room", "demo")
	has(t, stderr, "no such list")
}

// wordsFile writes a list and returns where it is.
func wordsFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// numberedWords is a list of so many words.
func numberedWords(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "word %d\n", i)
	}
	return b.String()
}

// A long list goes in several calls, of which only the first replaces, and each is made
// again where the server could not take it.
func TestLongWordList(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	full := &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED, RetryAfter: durationpb.New(time.Millisecond)}
	f.moderation.onPut = func(n int) error {
		if n == 2 || n == 3 {
			return failure(connect.CodeResourceExhausted, "full", full)
		}
		return nil
	}
	stdout, stderr := f.do(t, exitOK, "mod", "words", "put", "ads", wordsFile(t, numberedWords(12_345)), "--every-room", "--replace")
	if stdout != "list ads of every room has 12,345 words, revision 5\n" {
		t.Errorf("%q", stdout)
	}
	has(t, stderr, "100% 12,345 of 12,345 words")
	var modes []ovationv1.PutWordsMode
	var sizes []int
	for _, put := range f.moderation.puts {
		modes, sizes = append(modes, put.GetMode()), append(sizes, len(put.GetWords()))
	}
	if fmt.Sprint(sizes) != "[5000 5000 5000 5000 2345]" {
		t.Errorf("calls of %v words", sizes)
	}
	for i, mode := range modes {
		want := ovationv1.PutWordsMode_PUT_WORDS_MODE_ADD
		if i == 0 {
			want = ovationv1.PutWordsMode_PUT_WORDS_MODE_REPLACE
		}
		if mode != want {
			t.Errorf("call %d: %v", i, mode)
		}
	}
}

// The same command helps, but not where there are too many words.
func TestWordListBreaksOff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reason ovationv1.ErrorReason
		told   []string
	}{
		{ovationv1.ErrorReason_ERROR_REASON_INTERNAL, []string{"of 6,000 words: run the command again\n"}},
		{ovationv1.ErrorReason_ERROR_REASON_WORD_LIMIT, []string{"of 6,000 words\n", "the word lists would be too long", "limit 100000"}},
	} {
		f := newFake(t)
		f.moderation.onPut = func(n int) error {
			if n == 2 {
				return failure(connect.CodeInternal, "no", &ovationv1.ErrorDetail{Reason: tt.reason, Metadata: map[string]string{"limit": "100000"}})
			}
			return nil
		}
		_, stderr := f.do(t, exitFailed, "mod", "words", "put", "ads", wordsFile(t, numberedWords(6_000)), "--room", "demo", "--no-progress")
		has(t, stderr, append(tt.told, "it broke off after 5,000 of 6,000 words")...)
		if calls := len(f.moderation.puts); calls != 2 {
			t.Errorf("%v: %d calls", tt.reason, calls)
		}
	}
}

// A line that is no word is told, and nothing is sent unless that was asked for.
func TestUnusableWords(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	file := wordsFile(t, "good\n!!!\n"+strings.Repeat("a", wordfile.MaxWord+1)+"\n")
	_, stderr := f.do(t, exitUsage, "mod", "words", "put", "ads", file, "--room", "demo")
	has(t, stderr, "words.txt: line 2: no letter", "words.txt: line 3: longer than 128 bytes", "2 lines are no words, and nothing was sent")
	if len(f.moderation.puts) > 0 {
		t.Error("something was sent")
	}
	stdout, _ := f.do(t, exitOK, "mod", "words", "put", "ads", file, "--room", "demo", "--skip-unusable")
	has(t, stdout, "has 1 word,")
	_, stderr = f.do(t, exitUsage, "mod", "words", "put", "ads", wordsFile(t, strings.Repeat("!\n", 50)), "--room", "demo")
	if told := strings.Count(stderr, ": line "); told != maxFaults {
		t.Errorf("told of %d lines", told)
	}
	has(t, stderr, "further lines", "50 lines are no words")
	_, stderr = f.do(t, exitUsage, "mod", "words", "put", "ads", wordsFile(t, "# nothing\n"), "--room", "demo", "--replace")
	has(t, stderr, "the files have no words: `ovation mod words clear` empties a list")
	_, stderr = f.do(t, exitFailed, "mod", "words", "put", "ads", "no-such-file.txt", "--room", "demo")
	has(t, stderr, "no-such-file.txt")
}
