package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/clients/cli/internal/audience"
	"github.com/ovation-live/ovation/clients/cli/internal/chatlog"
	"github.com/ovation-live/ovation/clients/cli/internal/replay"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/internal/testkit"
)

func has(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tests := map[string][]string{
		"expected one of":       {},
		"unexpected argument":   {"dance"},
		"--kind must be one of": {"send", "demo", "hi", "--kind", "shout"},
		"--colour":              {"send", "demo", "hi", "--colour", "red"},
		"not of the form":       {"attr", "set", "demo", "novalue"},
		"--bucket-rule":         {"room", "update", "demo", "--bucket-rule", "text=low"},
		"is unknown":            {"room", "update", "demo", "--bucket-rule", "shout/any=low"},
		"no rate":               {"watch", "demo", "--ramp", "fast"},
		"exclude each other":    {"watch", "demo", "--duration", "1s", "--until-idle", "1s"},
		"--speed":               {"replay", "-", "--speed", "-1"},
		"--expires":             {"token", "--expires", "0s"},
		"is no address":         {"room", "list", "--server", "ftp://x"},
		"--state must be one of \"live\",\"ended\" but got": {"room", "list", "--state", "gone"},
		"the room's id is empty":                            {"room", "create", ""},
		"the room's id \"a b\" must be of":                  {"room", "create", "a b"},
		"nothing to change":                                 {"room", "update", "demo"},
		"--room: the room's id is empty":                    {"token", "--room", ""},
		"--room: the room's id \"a/b\" must be of":          {"token", "--room", "demo,a/b"},
		"--token (or OVATION_TOKEN) is empty":               {"room", "list", "--token", ""},
		"has 5 bytes, it needs at least 32":                 {"token", "--secret", "short"},
		"--since \"yesterday\" is no instant":               {"history", "demo", "--since", "yesterday"},
		"is not after --since":                              {"history", "demo", "--since", "1h", "--until", "2h"},
		"--timeout must be more than 0":                     {"room", "list", "--timeout", "-5s"},
	}
	for want, args := range tests {
		_, stderr := f.do(t, exitUsage, args...)
		has(t, stderr, "Try --help")
		if want != "no rate" {
			has(t, stderr, want)
		}
	}
}

// Every default can be read.
func TestHelpShowsDefaults(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for command, wants := range map[string][]string{
		"tail":        {"(default http://localhost:8080)", "(default auto)", "(default latest)"},
		"send":        {"(default text)"},
		"replay":      {"(default demo)"},
		"token":       {"(default viewer)"},
		"watch":       {"(default 200/s)"},
		"attr set":    {"(default backend)", "--own --delete-on-leave"},
		"room create": {"(1-100000, default 200)", "(0s-1h, default 0s: none)", "--upstream-rate 1000"},
	} {
		stdout, _ := f.do(t, exitOK, append(strings.Fields(command), "--help")...)
		has(t, strings.Join(strings.Fields(stdout), " "), wants...)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	command, _ := f.do(t, exitOK, "version")
	has(t, command, "ovation ", "go1.")
	if same, _ := f.do(t, exitOK, "--version"); same != command {
		t.Errorf("--version says %q, version %q", same, command)
	}
	stdout, _ := f.do(t, exitOK, "version", "--json")
	has(t, stdout, `"version":`, `"revision":`, `"go":"go1.`)
}

// What the caller got wrong is exit code 2 where the server sees it, too.
func TestTheServerSeesMisuse(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	_, stderr := f.do(t, exitUsage, "send", "demo", strings.Repeat("a", 501))
	has(t, stderr, "the text is too long")
	for _, args := range [][]string{{"--slow-mode", "-5s"}, {"--slow-mode=-5s"}} {
		_, stderr = f.do(t, exitUsage, append([]string{"room", "update", "demo"}, args...)...)
		if stderr != "ovation: --slow-mode must be from 0s to 1h\n" {
			t.Errorf("%v: %q", args, stderr)
		}
	}
}

func TestTheOtherScheme(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	_, stderr := f.do(t, exitFailed, "room", "list", "--server", strings.Replace(f.url, "http:", "https:", 1))
	if want := "ovation: the server speaks http here: try " + f.url + "\n"; stderr != want {
		t.Errorf("said %q, want %q", stderr, want)
	}
}

// The environment is everybody's: not parallel.
//
//nolint:paralleltest // see above
func TestAnEmptyTokenInTheEnvironment(t *testing.T) {
	f := newFake(t)
	t.Setenv("OVATION_TOKEN", "")
	_, stderr := f.do(t, exitUsage, "room", "list")
	has(t, stderr, "OVATION_TOKEN) is empty")
}

func TestRoomIDIsTheContracts(t *testing.T) {
	t.Parallel()
	field := (&ovationv1.GetRoomRequest{}).ProtoReflect().Descriptor().Fields().ByName("room_id")
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	if got := rules.GetString().GetPattern(); got != roomID.String() {
		t.Errorf("the contract says %q", got)
	}
	for id, good := range map[string]bool{"": false, "a": true, "*": false, "-a": false, "a.b_c:d-1": true, strings.Repeat("a", 65): false} {
		if err := checkRoomID(id); (err == nil) != good {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	stdout, _ := f.do(t, exitOK, "--help")
	has(t, stdout, "Exit codes: 0 all went well", "room create", "watch")
	for _, command := range []string{
		"room create", "room list", "room get", "room update", "room end", "room members", "tail", "history", "send",
		"attr get", "attr set", "attr delete", "attr watch", "token", "replay", "watch", "version",
		"mod ban", "mod unban", "mod mute", "mod unmute", "mod mute-room", "mod unmute-room", "mod kick", "mod protect", "mod unprotect",
		"mod add", "mod remove", "mod list",
		"mod sanctions", "mod words put", "mod words remove", "mod words clear", "mod words list",
		"doctor",
	} {
		args := strings.Fields(command)
		stdout, _ := f.do(t, exitOK, append(args, "--help")...)
		has(t, stdout, "Example", "ovation "+command)
		again := new(testkit.Output)
		if code := run(t.Context(), append([]string{"help"}, args...), nil, again, again); code != exitOK || again.String() != stdout {
			t.Errorf("help %s is another text", command)
		}
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	f := &fake{url: "http://127.0.0.1:1"}
	_, stderr := f.do(t, exitFailed, "room", "list")
	has(t, stderr, "is the server running? start it with `go run ./server`")
}

func TestRooms(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	stdout, _ := f.do(t, exitOK, "room", "create", "show", "--title", "A\x1b[31m show", "--host", "ann", "--label", "a=b",
		"--rate", "500", "--slow-mode", "2s", "--viewer-attributes", "read", "--bucket-rule", "text/host=whitelist,any/any=low")
	testkit.Golden(t, "room.txt", strings.ReplaceAll(stdout, clock(1_767_225_600_000_000), "NOW"))
	_, stderr := f.do(t, exitFailed, "room", "create", "show")
	has(t, stderr, "choose another id")
	stdout, _ = f.do(t, exitOK, "room", "list")
	has(t, stdout, "demo", "show")
	stdout, _ = f.do(t, exitOK, "room", "update", "show", "--title", "new", "--json")
	has(t, stdout, `"title":"new"`, `"slowMode":"2s"`)
	stdout, _ = f.do(t, exitOK, "room", "get", "show")
	has(t, stdout, "online: 2 users in 3 sessions")
	stdout, _ = f.do(t, exitOK, "room", "members", "show")
	has(t, stdout, `Ann\x1b[2J`, "host", "2 sessions")
	f.create(&ovationv1.Room{RoomId: "quiet"})
	stdout, stderr = f.do(t, exitOK, "room", "members", "quiet")
	if stdout != "" || stderr != "nobody is in room quiet\n" {
		t.Errorf("of an empty room: %q, %q", stdout, stderr)
	}
	stdout, _ = f.do(t, exitOK, "room", "end", "show")
	has(t, stdout, "ended")
	_, stderr = f.do(t, exitFailed, "room", "create", "show")
	has(t, stderr, "room show has ended, for good, and its id is taken")
	_, stderr = f.do(t, exitFailed, "send", "show", "hi")
	has(t, stderr, "the room has ended")
	_, stderr = f.do(t, exitFailed, "room", "get", "nowhere")
	has(t, stderr, "ovation room list")
	for _, procedure := range []string{ovationv1connect.RoomServiceCreateRoomProcedure, ovationv1connect.RoomServiceEndRoomProcedure} {
		if role := f.seen[procedure]; role != "backend" {
			t.Errorf("%s as %s", procedure, role)
		}
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	stdout, _ := f.do(t, exitOK, "send", "demo", "hello", "all", "--id", "x", "--colour", "ff8800", "--position", "top")
	has(t, stdout, "accepted: low #1")
	stdout, _ = f.do(t, exitOK, "send", "demo", "hello", "all", "--id", "x")
	has(t, stdout, "accepted: low #1", "sent before")
	stdout, _ = f.do(t, exitOK, "send", "demo", "rude\x1b", "words")
	has(t, stdout, `as: ****\x1b words`)
	stdout, _ = f.do(t, exitOK, "send", "demo", "too many")
	has(t, stdout, "dropped: the room is over its rate, the next may be accepted in 1s")
	stdout, _ = f.do(t, exitOK, "send", "demo", "--kind", "gift", "--payload", "{}", "--as", "bob", "--json")
	has(t, stdout, `"status":"SEND_STATUS_ACCEPTED"`, `"bucket":"BUCKET_HIGH"`)
	sent := f.rooms["demo"].log
	if m := sent[2][0]; m.GetText() != "hello all" || m.GetSenderId() != "ann" || m.GetStyle().GetColour() != 0xff8800 ||
		m.GetStyle().GetPosition() != ovationv1.Style_POSITION_TOP {
		t.Errorf("sent %v", m)
	}
	if m := sent[1][0]; m.GetSenderId() != "bob" || m.GetKind() != ovationv1.MessageKind_MESSAGE_KIND_GIFT {
		t.Errorf("sent %v", m)
	}
	if role := f.seen[ovationv1connect.FeedServiceSendProcedure]; role != "backend" {
		t.Errorf("--as went as %s", role)
	}
}

// Without --role a message goes as the least that may send it.
func TestSendRole(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "viewer"},
		{[]string{"--kind", "like"}, "viewer"},
		{[]string{"--kind", "gift"}, "backend"},
		{[]string{"--kind", "system"}, "backend"},
		{[]string{"--kind", "system", "--role", "moderator"}, "moderator"},
		{[]string{"--bucket", "high"}, "backend"},
		{[]string{"--as", "bob"}, "backend"},
		{[]string{"--role", "host"}, "host"},
	} {
		f := newFake(t)
		f.do(t, exitOK, append([]string{"send", "demo", "hello"}, tt.args...)...)
		if role := f.seen[ovationv1connect.FeedServiceSendProcedure]; role != tt.want {
			t.Errorf("%v went as %s, want %s", tt.args, role, tt.want)
		}
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.do(t, exitOK, "attr", "set", "demo", "a=1", "b=x=y\x1b", "--own", "--delete-on-leave")
	stdout, _ := f.do(t, exitOK, "attr", "get", "demo")
	has(t, stdout, "a=1  (", `b=x=y\x1b  (`, "owned by ann, goes when they leave")
	stdout, _ = f.do(t, exitOK, "attr", "get", "demo", "a", "--json")
	has(t, stdout, `"key":"a"`, `"value":"MQ=="`)
	_, stderr := f.do(t, exitOK, "attr", "get", "demo", "a", "z\x1b")
	if stderr != "room demo has no attribute z\\x1b\n" {
		t.Errorf("said %q", stderr)
	}
	_, stderr = f.do(t, exitFailed, "attr", "set", "demo", "a=2", "--if-timestamp", "5")
	has(t, stderr, "read it with `ovation attr get`", "key a")

	ctx, stop := context.WithCancel(t.Context())
	watch := f.start(ctx, "attr", "watch", "demo")
	watch.out.Wait(t, "a=1")
	f.do(t, exitOK, "attr", "delete", "demo", "a", "b")
	f.do(t, exitOK, "attr", "set", "demo", "c=3")
	watch.out.Wait(t, "c=3")
	stop()
	if code := <-watch.code; code != exitOK {
		t.Errorf("exit code %d: %s", code, watch.err.String())
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.do(t, exitOK, "send", "demo", "before")
	all := f.start(t.Context(), "tail", "demo")
	now := f.start(t.Context(), "tail", "demo", "--from", "now", "--delivery", "inline", "--json")
	all.out.Wait(t, "low       ann: before")
	now.err.Wait(t, "connected")
	f.do(t, exitOK, "send", "demo", "after\x1b[2J")
	f.do(t, exitOK, "send", "demo", "--kind", "custom", "--payload", "{}")
	all.out.Wait(t, `low       ann: after\x1b[2J`)
	all.out.Wait(t, "high      ann: [custom] {}")
	now.out.Wait(t, `"text":"after\u001b[2J"`)
	f.do(t, exitOK, "room", "end", "demo")
	for _, tail := range []*running{all, now} {
		if code := <-tail.code; code != exitOK {
			t.Errorf("exit code %d", code)
		}
		has(t, tail.err.String(), "the room has ended")
	}
	if strings.Contains(now.out.String(), "before") {
		t.Error("--from now printed what was before")
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	stdout, _ := f.do(t, exitOK, "token", "--role", "host", "--room", "demo", "--expires", "10m", "--json")
	var got minted
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.User != "ann" || got.Role != "host" || len(got.Rooms) != 1 || time.Until(got.ExpiresAt) > 10*time.Minute {
		t.Errorf("%+v", got)
	}
	for want, args := range map[string][]string{
		"[*]": nil, "[* a]": {"--room", "*", "--room", "a"}, "[a b c]": {"--room", "a,b", "--room", "c"},
	} {
		stdout, _ = f.do(t, exitOK, append([]string{"token", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || fmt.Sprint(got.Rooms) != want {
			t.Errorf("%v covers %v: %v", args, got.Rooms, err)
		}
	}
	stdout, _ = f.do(t, exitOK, "token")
	f.do(t, exitOK, "room", "list", "--token", strings.TrimSpace(stdout))
	if role := f.seen[ovationv1connect.RoomServiceListRoomsProcedure]; role != "viewer" {
		t.Errorf("the token given was not used: %s", role)
	}
	_, stderr := f.do(t, exitFailed, "room", "list", "--token", "bad")
	has(t, stderr, "does not know this token")
}

// chatLog writes a log of so many messages of seven users.
func chatLog(t *testing.T, messages int) string {
	t.Helper()
	var b strings.Builder
	for i := range messages {
		fmt.Fprintf(&b, `{"ts":%d,"type":"message","user":"u%d","text":"%d"}`+"\n", i*10, i%7, i)
	}
	path := filepath.Join(t.TempDir(), "chat.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReplay(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	path := chatLog(t, 300)
	_, stderr := f.do(t, exitFailed, "replay", path, "--room", "evening", "--speed", "0")
	has(t, stderr, "there is no such room")
	stdout, stderr := f.do(t, exitOK, "replay", path, "--room", "evening", "--create", "--speed", "0", "--run", "r")
	has(t, stdout, "accepted  300  low 300")
	has(t, stderr, "100% 300 of 300 messages")
	stdout, stderr = f.do(t, exitOK, "replay", path, "--room", "evening", "--speed", "100", "--run", "r", "--json", "--no-progress")
	var report replay.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Duplicates != 300 || report.Sent != 300 || stderr != "" {
		t.Errorf("%+v: %s", report, stderr)
	}
	if n := len(f.rooms["evening"].log[2]); n != 300 {
		t.Errorf("the room has %d messages", n)
	}
	broken := filepath.Join(t.TempDir(), "broken.jsonl")
	for _, contents := range []string{"", "\n\n", "hello\n{\"ts\":\"1\"}\n"} {
		if err := os.WriteFile(broken, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stderr = f.do(t, exitFailed, "replay", broken, "--room", "evening", "--speed", "0", "--no-progress")
		has(t, stderr, "has no line that is an entry")
	}
	has(t, stderr, `line 2: "ts" is a string, not a whole number`)
	_, stderr = f.do(t, exitFailed, "replay", "no-such-file")
	has(t, stderr, "no such file")
	f.do(t, exitOK, "room", "end", "evening")
	stdout, stderr = f.do(t, exitFailed, "replay", path, "--room", "evening", "--speed", "0")
	has(t, stdout, "room_ended")
	has(t, stderr, "the room has ended")
}

func TestReplayOpensItsConnections(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var log strings.Builder
	for i := range 100 { // so many users that no connection is left without any
		fmt.Fprintf(&log, `{"ts":0,"type":"message","user":"u%d","text":"hi"}`+"\n", i)
	}
	path := filepath.Join(t.TempDir(), "users.jsonl")
	if err := os.WriteFile(path, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	f.do(t, exitOK, "replay", path, "--speed", "0", "--connections", "3", "--concurrency", "1", "--no-progress")
	if len(f.peers) != 3 {
		t.Errorf("%d connections", len(f.peers))
	}
}

// watched replays a log while viewers watch and returns what they report.
func watched(t *testing.T, f *fake, code int, args ...string) audience.Report {
	t.Helper()
	args = append([]string{
		"watch", "demo", "--viewers", "8", "--ramp", "1000/s", "--until-idle", "600ms", "--settle", "2s", "--json", "--no-progress",
	}, args...)
	watch := f.start(t.Context(), args...)
	f.do(t, exitOK, "replay", chatLog(t, 200), "--speed", "4", "--no-progress")
	if got := <-watch.code; got != code {
		t.Errorf("exit code %d, want %d: %s%s", got, code, watch.out.String(), watch.err.String())
	}
	var report audience.Report
	if err := json.Unmarshal([]byte(watch.out.String()), &report); err != nil {
		t.Fatalf("%v: %s", err, watch.out.String())
	}
	return report
}

func TestWatchAccountsForEveryMessage(t *testing.T) {
	t.Parallel()
	for _, delivery := range []string{"notify", "inline", "auto"} {
		t.Run(delivery, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.do(t, exitOK, "send", "demo", "before")
			report := watched(t, f, exitOK, "--delivery", delivery)
			if report.History < 8 || report.Joined != 8 || report.Head["low"] != 201 || report.Latency.Count == 0 {
				t.Errorf("%+v", report)
			}
		})
	}
}

// Where all joined before, what the room accepted and what came add up.
func TestWatchCountsHistoryApart(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.do(t, exitOK, "send", "demo", "before")
	watch := f.start(t.Context(), "watch", "demo", "--viewers", "8", "--ramp", "1000/s", "--until-idle", "600ms", "--json", "--no-progress")
	f.awaitJoins(t, 8)
	f.do(t, exitOK, "replay", chatLog(t, 200), "--speed", "0", "--no-progress")
	if code := <-watch.code; code != exitOK {
		t.Fatalf("exit code %d: %s", code, watch.err.String())
	}
	var report audience.Report
	if err := json.Unmarshal([]byte(watch.out.String()), &report); err != nil {
		t.Fatal(err)
	}
	if report.History != 8 || report.Accepted["low"] != 200 || report.Delivered+report.Dropped["low"] != 8*200 {
		t.Errorf("%+v", report)
	}
}

func TestWatchOfAnEndedRoom(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.do(t, exitOK, "room", "end", "demo")
	stdout, stderr := f.do(t, exitFailed, "watch", "demo", "--viewers", "3", "--no-progress")
	has(t, stderr, "the room has ended, for good")
	if stdout != "" {
		t.Errorf("a report of nothing: %s", stdout)
	}
}

func TestWatchThroughKilledConnections(t *testing.T) {
	t.Parallel()
	report := watched(t, newFake(t), exitOK, "--kill-every", "50ms", "--settle", "20s")
	if report.Kills == 0 || report.Reconnects == 0 {
		t.Errorf("%d kills, %d reconnects", report.Kills, report.Reconnects)
	}
}

func TestWatchSeesReportedLoss(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.keep = 1
	report := watched(t, f, exitOK, "--kill-every", "20ms", "--settle", "20s")
	if report.Dropped["low"] == 0 {
		t.Errorf("nothing was dropped: %+v", report)
	}
}

func TestWatchSeesLossThatNobodyReports(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.swallow = func(m *ovationv1.Message) bool { return m.GetText() == "150" }
	report := watched(t, f, exitFailed)
	if report.Gaps != 8 || report.Unaccounted != 8 || report.Faulty != 8 || len(report.Faults) != 8 {
		t.Errorf("%+v", report)
	}
}

func TestWatchIsInterrupted(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	ctx, stop := context.WithCancel(t.Context())
	watch := f.start(ctx, "watch", "demo", "--viewers", "3", "--ramp", "1000/s")
	f.do(t, exitOK, "send", "demo", "hi")
	f.awaitJoins(t, 3)
	stop()
	if code := <-watch.code; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	has(t, watch.out.String(), "Interrupted: watched room demo", "OK so far")
}

func TestWatchOfNoRoom(t *testing.T) {
	t.Parallel()
	_, stderr := newFake(t).do(t, exitFailed, "watch", "nowhere", "--no-progress")
	has(t, stderr, "there is no such room")
}

// TestReplayOfRealMutes plays a log with mutes, if the tests are given one.
func TestReplayOfRealMutes(t *testing.T) {
	t.Parallel()
	path := testkit.Recording(t, "twitch-forsen-irc.jsonl")
	f := newFake(t)
	const speed = 10_000
	stdout, _ := f.do(t, exitOK, "replay", path, "--speed", fmt.Sprint(speed), "--json", "--no-progress")
	var report replay.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Muted != 58 || len(f.moderation.sanctions) != 58 || report.Skipped["mute"] != 0 || report.Failures() != 0 {
		t.Errorf("%d sanctions: %+v", len(f.moderation.sanctions), report.Counts)
	}
	for _, s := range f.moderation.sanctions {
		length := time.Duration(s.GetUntilAt()-s.GetAppliedAt()) * time.Microsecond
		if s.GetRoomId() != "demo" || length < time.Millisecond || length*speed > chatlog.LongestMute {
			t.Errorf("for %v: %v", length, s)
		}
	}
	stdout, _ = f.do(t, exitOK, "replay", path, "--speed", "0", "--no-mutes", "--json", "--no-progress")
	has(t, stdout, `"mute":58`, `"muted":0`)
}

// TestReplayOfRealLogs plays the beginnings of the logs that the tests are given.
func TestReplayOfRealLogs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"twitch-asiagodtone-113759702", "twitch-arypie-1225373060", "twitch-forsen-irc", "irc-qtox-2016H2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := testkit.Recording(t, name+".jsonl")
			f := newFake(t)
			stdout, _ := f.do(t, exitOK, "replay", path, "--limit", "1000", "--speed", "0", "--json", "--no-progress")
			var report replay.Report
			if err := json.Unmarshal([]byte(stdout), &report); err != nil {
				t.Fatal(err)
			}
			room := f.rooms["demo"]
			if accepted := len(room.log[1]) + len(room.log[2]); report.Lines != 1000 || report.Malformed != 0 ||
				report.Accepted["low"]+report.Accepted["high"] != accepted || accepted == 0 {
				t.Errorf("%d in the room: %+v", accepted, report.Counts)
			}
		})
	}
}
