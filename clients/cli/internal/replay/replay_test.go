package replay_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/chatlog"
	"github.com/ovation-live/ovation/clients/cli/internal/replay"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// room is a Sender that keeps what it gets, and answers as answer says.
type room struct {
	answer func(request *ovationv1.SendRequest, try int) (*ovationv1.SendResponse, error)
	delay  time.Duration

	mu    sync.Mutex
	tries map[string]int
	got   []*ovationv1.SendRequest
	at    []time.Time
}

func (r *room) Send(ctx context.Context, request *ovationv1.SendRequest) (*ovationv1.SendResponse, error) {
	r.mu.Lock()
	if r.tries == nil {
		r.tries = map[string]int{}
	}
	r.tries[request.GetClientMessageId()]++
	try := r.tries[request.GetClientMessageId()]
	r.got = append(r.got, request)
	r.at = append(r.at, time.Now())
	r.mu.Unlock()
	if r.delay > 0 {
		select {
		case <-time.After(r.delay):
		case <-ctx.Done():
			return nil, connect.NewError(connect.CodeDeadlineExceeded, ctx.Err())
		}
	}
	if r.answer == nil {
		return accepted(), nil
	}
	return r.answer(request, try)
}

func accepted() *ovationv1.SendResponse {
	return &ovationv1.SendResponse{
		Status: ovationv1.SendStatus_SEND_STATUS_ACCEPTED, Bucket: ovationv1.Bucket_BUCKET_LOW,
	}
}

func failure(code connect.Code, reason ovationv1.ErrorReason, after time.Duration) error {
	err := connect.NewError(code, errors.New("no"))
	detail := &ovationv1.ErrorDetail{Reason: reason}
	if after > 0 {
		detail.RetryAfter = durationpb.New(after)
	}
	raw, detailErr := connect.NewErrorDetail(detail)
	if detailErr != nil {
		panic(detailErr)
	}
	err.AddDetail(raw)
	return err
}

func options(senders ...replay.Sender) replay.Options {
	return replay.Options{
		Room: "demo", Run: "run", Concurrency: 8, Timeout: time.Second, RetryFor: 10 * time.Second, Senders: senders,
	}
}

// play plays a log and checks that every line is counted once.
func play(t *testing.T, options replay.Options, log string) (replay.Report, error) {
	t.Helper()
	report, err := replay.New(options).Run(t.Context(), strings.NewReader(log))
	balanced(t, report)
	return report, err
}

func balanced(t *testing.T, report replay.Report) {
	t.Helper()
	lines := report.Outside + report.Malformed + total(report.Skipped) + report.Unsent + report.Sent
	if lines != report.Lines {
		t.Errorf("%d lines, and %d of them counted: %+v", report.Lines, lines, report.Counts)
	}
	sent := report.Muted + total(report.Accepted) + total(report.Refused) + total(report.Failed)
	for _, reasons := range report.Dropped {
		sent += total(reasons)
	}
	if sent != report.Sent {
		t.Errorf("%d sent, and %d of them counted: %+v", report.Sent, sent, report.Counts)
	}
}

func total(counts map[string]int) int {
	n := 0
	for _, count := range counts {
		n += count
	}
	return n
}

func line(millis int, kind, user, rest string) string {
	return fmt.Sprintf(`{"ts":%d,"type":%q,"user":%q%s}`, millis, kind, user, rest) + "\n"
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	target := &room{}
	var malformed []int
	o := options(target)
	o.Concurrency = 1 // in the order of the log
	o.Malformed = func(err *chatlog.MalformedError) { malformed = append(malformed, err.Line) }
	report, err := play(t, o, line(0, "message", "ann", `,"text":"hi"`)+
		line(0, "gift", "bob", `,"gift":"rose","count":3`)+
		"broken\n"+
		line(0, "subscribe", "cid", `,"tier":1,"text":"yes"`)+
		line(0, "message", "ann", `,"text":""`)+
		line(0, "mute", "bob", `,"seconds":5`)+
		line(0, "enter", "bob", ``)+
		line(0, "enter", "cid", ``))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`MESSAGE_KIND_TEXT ann run-1 "hi" `,
		`MESSAGE_KIND_GIFT bob run-2 "" application/json{"count":3,"gift":"rose","type":"gift"}`,
		`MESSAGE_KIND_CUSTOM cid run-4 "yes" application/json{"tier":1,"type":"subscribe"}`,
	}
	for i, got := range target.got {
		text := fmt.Sprintf("%s %s %s %q %s%s", got.GetKind(), got.GetOnBehalfOf(), got.GetClientMessageId(), got.GetText(),
			got.GetContentType(), got.GetPayload())
		if i >= len(want) || text != want[i] {
			t.Errorf("message %d: %s", i, text)
		}
	}
	if len(target.got) != len(want) || report.Sent != 3 || report.Malformed != 1 || len(malformed) != 1 || malformed[0] != 3 {
		t.Errorf("%+v, malformed %v", report.Counts, malformed)
	}
	if !maps.Equal(report.Skipped, map[string]int{"empty": 1, "mute": 1, "enter": 2}) {
		t.Errorf("skipped %v", report.Skipped)
	}
}

func TestWhatBecomesOfIt(t *testing.T) {
	t.Parallel()
	target := &room{answer: func(request *ovationv1.SendRequest, _ int) (*ovationv1.SendResponse, error) {
		response := accepted()
		switch request.GetText() {
		case "twice":
			response.Duplicate = true
		case "rate":
			response.Status = ovationv1.SendStatus_SEND_STATUS_DROPPED_RATE_LIMITED
		case "slow":
			response.Status = ovationv1.SendStatus_SEND_STATUS_DROPPED_SLOW_MODE
		case "masked":
			response.AlteredText = "m****d"
		case "muted":
			return nil, failure(connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_MUTED, 0)
		case "banned":
			return nil, failure(connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_BANNED, 0)
		case "refused":
			return nil, failure(connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_REFUSED, 0)
		case "long":
			return nil, failure(connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LONG, 0)
		case "internal":
			return nil, failure(connect.CodeInternal, ovationv1.ErrorReason_ERROR_REASON_INTERNAL, 0)
		case "proxy":
			return nil, connect.NewError(connect.CodeUnknown, errors.New("502"))
		}
		return response, nil
	}}
	log := ""
	for _, text := range []string{"ok", "ok", "twice", "rate", "slow", "slow", "long", "internal", "proxy", "masked", "muted", "muted", "banned", "refused"} {
		log += line(0, "message", "ann", `,"text":"`+text+`"`)
	}
	report, err := play(t, options(target), log)
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]int{"message_too_long": 1, "muted": 2, "banned": 1, "message_refused": 1}
	if report.Accepted["low"] != 4 || report.Altered != 1 || !maps.Equal(report.Refused, refused) || report.Duplicates != 1 || report.Dropped["low"]["rate limited"] != 1 ||
		report.Dropped["low"]["slow mode"] != 2 ||
		report.Failed["internal"] != 1 || report.Failed["unknown"] != 1 || report.Failures() != 2 {
		t.Errorf("%+v", report.Counts)
	}
}

func TestUsersKeepTheirOrder(t *testing.T) {
	t.Parallel()
	first, second := &room{}, &room{}
	o := options(first, second)
	o.Concurrency = 16
	log := ""
	for i := range 3000 {
		log += line(i, "message", fmt.Sprint("user", i%37), fmt.Sprintf(`,"text":"%06d"`, i))
	}
	report, err := play(t, o, log)
	if err != nil || report.Sent != 3000 {
		t.Fatalf("sent %d: %v", report.Sent, err)
	}
	if len(first.got) == 0 || len(second.got) == 0 {
		t.Error("one connection did it all")
	}
	last := map[string]string{}
	for _, request := range append(first.got, second.got...) {
		if user := request.GetOnBehalfOf(); request.GetText() < last[user] {
			t.Fatalf("%s: %s after %s", user, request.GetText(), last[user])
		}
		last[request.GetOnBehalfOf()] = request.GetText()
	}
}

func TestUnavailableIsTriedAgainWithTheSameID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := &room{answer: func(_ *ovationv1.SendRequest, try int) (*ovationv1.SendResponse, error) {
			if try < 3 {
				return nil, failure(connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE, time.Second)
			}
			return accepted(), nil
		}}
		report, err := play(t, options(target), line(0, "message", "ann", `,"text":"a"`))
		if err != nil || report.Accepted["low"] != 1 || report.Retries != 2 || len(target.tries) != 1 {
			t.Errorf("%+v, tries %v: %v", report.Counts, target.tries, err)
		}
		if report.Latency.Max.Duration() < 2*time.Second {
			t.Errorf("took %v, though the server asked to wait", report.Latency.Max.Duration())
		}
	})
}

func TestTryingAgainEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := &room{delay: time.Hour} // every try times out
		started := time.Now()
		report, err := play(t, options(target), line(0, "message", "ann", `,"text":"a"`))
		if err != nil || report.Failed["deadline_exceeded"] != 1 || report.Retries == 0 {
			t.Errorf("%+v: %v", report.Counts, err)
		}
		if took := time.Since(started); took > 12*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// An outage ends the run, if it lasts, and shows meanwhile; one that passes does neither.
func TestALongOutageEndsTheRun(t *testing.T) {
	t.Parallel()
	for outage, ends := range map[time.Duration]bool{2 * time.Hour: true, 50 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			started := time.Now()
			target := &room{answer: func(*ovationv1.SendRequest, int) (*ovationv1.SendResponse, error) {
				if time.Since(started) < outage {
					return nil, failure(connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE, time.Second)
				}
				return accepted(), nil
			}}
			o := options(target)
			o.GiveUpAfter, o.Speed = time.Minute, 1
			log := ""
			for i := range 300 {
				log += line(i*1000, "message", fmt.Sprint("user ", i), `,"text":"a"`)
			}
			play := replay.New(o)
			watched := make(chan time.Duration)
			go func() {
				time.Sleep(40 * time.Second)
				watched <- play.Progress().Silent
			}()
			report, err := play.Run(t.Context(), strings.NewReader(log))
			balanced(t, report)
			if silent := <-watched; silent != 40*time.Second {
				t.Errorf("after 40 s it is silent for %v", silent)
			}
			took := report.Wall.Duration()
			if ends && (err == nil || !strings.Contains(err.Error(), "nothing was answered for 1m0s") || took > 65*time.Second) {
				t.Errorf("ended after %v: %v", took, err)
			}
			if !ends && (err != nil || report.Accepted["low"] < 200 || play.Progress().Silent != 0) {
				t.Errorf("%+v: %v", report, err)
			}
		})
	}
}

func TestAnEndedRoomEndsTheRun(t *testing.T) {
	t.Parallel()
	target := &room{answer: func(request *ovationv1.SendRequest, _ int) (*ovationv1.SendResponse, error) {
		if request.GetText() == "10" {
			return nil, failure(connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED, 0)
		}
		return accepted(), nil
	}}
	log := ""
	for i := range 5000 {
		log += line(0, "message", "ann", fmt.Sprintf(`,"text":"%d"`, i))
	}
	report, err := play(t, options(target), log)
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || report.Failed["room_ended"] != 1 || report.Sent != 11 {
		t.Errorf("%+v: %v", report.Counts, err)
	}
}

func TestThePaceIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := &room{}
		o := options(target)
		o.Speed = 2
		started := time.Now()
		report, err := play(t, o, line(1000, "message", "ann", `,"text":"a"`)+
			line(1000, "message", "bob", `,"text":"b"`)+
			line(21000, "message", "ann", `,"text":"c"`))
		if err != nil || report.Late != 0 || report.LogSpan.Duration() != 20*time.Second {
			t.Errorf("%+v: %v", report, err)
		}
		for i, want := range []time.Duration{0, 0, 10 * time.Second} {
			if at := target.at[i].Sub(started); at != want {
				t.Errorf("message %d after %v, want %v", i, at, want)
			}
		}
	})
}

func TestLateSendsAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := &room{delay: 300 * time.Millisecond}
		o := options(target)
		o.Speed = 1
		report, err := play(t, o, line(0, "message", "ann", `,"text":"a"`)+line(10, "message", "ann", `,"text":"b"`))
		if err != nil || report.Late != 1 || report.Lag.Max.Duration().Round(10*time.Millisecond) != 290*time.Millisecond {
			t.Errorf("late %d, lag %+v: %v", report.Late, report.Lag, err)
		}
	})
}

func TestInterruption(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := &room{delay: 500 * time.Millisecond}
		o := options(target)
		o.Speed = 1
		ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
		defer cancel()
		log := line(0, "message", "ann", `,"text":"a"`) + line(1000, "message", "ann", `,"text":"b"`) +
			line(9000, "message", "ann", `,"text":"c"`)
		report, err := replay.New(o).Run(ctx, strings.NewReader(log))
		balanced(t, report)
		if err != nil || !report.Interrupted || report.Accepted["low"] != 2 || report.Unsent != 1 {
			t.Errorf("%+v: %v", report, err)
		}
		if report.Wall.Duration() != 1500*time.Millisecond {
			t.Errorf("took %v: what was on its way is waited for", report.Wall.Duration())
		}
	})
}

// Whoever interrupts a run says why, and that is no fault of it; nor is what comes of a
// send after that.
func TestInterruptionIsNoFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := &room{delay: 500 * time.Millisecond, answer: func(*ovationv1.SendRequest, int) (*ovationv1.SendResponse, error) {
			return nil, failure(connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED, 0)
		}}
		o := options(target)
		o.Speed = 1
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(200*time.Millisecond, func() { cancel(errors.New("a signal")) })
		log := line(0, "message", "ann", `,"text":"a"`) + line(9000, "message", "ann", `,"text":"b"`)
		report, err := replay.New(o).Run(ctx, strings.NewReader(log))
		balanced(t, report)
		if err != nil || !report.Interrupted || report.Failed["room_ended"] != 1 || report.Unsent != 1 {
			t.Errorf("%+v: %v", report, err)
		}
	})
}

func TestInterruptionEndsTryingAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := &room{answer: func(*ovationv1.SendRequest, int) (*ovationv1.SendResponse, error) {
			return nil, failure(connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_DRAINING, 5*time.Second)
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		report, err := replay.New(options(target)).Run(ctx, strings.NewReader(line(0, "message", "ann", `,"text":"a"`)))
		balanced(t, report)
		if err != nil || report.Failed["draining"] != 1 || report.Retries != 1 || report.Wall.Duration() != 7*time.Second {
			t.Errorf("%+v: %v", report, err)
		}
	})
}

func TestWindow(t *testing.T) {
	t.Parallel()
	log := ""
	for i := range 10 {
		log += line(5000+i*1000, "message", "ann", fmt.Sprintf(`,"text":"%d"`, i))
	}
	tests := map[string]struct {
		window replay.Window
		want   string
	}{
		"all":           {replay.Window{}, "0123456789"},
		"from":          {replay.Window{From: 7 * time.Second}, "789"},
		"length":        {replay.Window{Length: 2 * time.Second}, "01"},
		"both":          {replay.Window{From: 3 * time.Second, Length: 2 * time.Second}, "34"},
		"limit":         {replay.Window{Limit: 3}, "012"},
		"from to limit": {replay.Window{From: 3 * time.Second, Limit: 2}, "34"},
		"nothing":       {replay.Window{From: time.Hour}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := &room{}
			o := options(target)
			o.Window = test.window
			if _, err := play(t, o, log); err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, request := range target.got {
				got += request.GetText()
			}
			if got != test.want {
				t.Errorf("played %q, want %q", got, test.want)
			}
			o.Speed = 2
			plan, err := replay.Survey(t.Context(), strings.NewReader(log), o)
			if err != nil || plan.Messages != len(test.want) {
				t.Errorf("plan %+v: %v", plan, err)
			}
			if length := time.Duration(max(len(test.want)-1, 0)) * time.Second / 2; plan.Length != length {
				t.Errorf("plan takes %v, want %v", plan.Length, length)
			}
		})
	}
}

func TestTheSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken disk")
	report, err := replay.New(options(&room{})).Run(t.Context(), failing{broken})
	if !errors.Is(err, broken) || report.Interrupted {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
