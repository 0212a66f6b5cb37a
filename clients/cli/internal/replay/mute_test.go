package replay_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/clients/cli/internal/replay"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// court is a room that mutes: it refuses what muted users say.
type court struct {
	room
	deny func(request *ovationv1.MuteRequest, try int) error // nil: nothing

	mu    sync.Mutex
	until map[string]time.Time // zero: for good
	asked []*ovationv1.MuteRequest
}

func newCourt() *court {
	c := &court{until: map[string]time.Time{}}
	c.answer = func(request *ovationv1.SendRequest, _ int) (*ovationv1.SendResponse, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		until, muted := c.until[request.GetOnBehalfOf()]
		if muted && (until.IsZero() || time.Now().Before(until)) {
			return nil, failure(connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_MUTED, 0)
		}
		return accepted(), nil
	}
	return c
}

func (c *court) Mute(_ context.Context, request *ovationv1.MuteRequest) (*ovationv1.MuteResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, request)
	if c.deny != nil {
		if err := c.deny(request, len(c.asked)); err != nil {
			return nil, err
		}
	}
	until := time.Time{}
	if request.GetDuration() != nil {
		until = time.Now().Add(request.GetDuration().AsDuration())
	}
	c.until[request.GetUserId()] = until
	return &ovationv1.MuteResponse{}, nil
}

// sentence plays a log in a court.
func sentence(t *testing.T, c *court, speed float64, log string) replay.Report {
	t.Helper()
	o := options(c)
	o.Muter, o.Speed = c, speed
	plan, err := replay.Survey(t.Context(), strings.NewReader(log), o)
	if err != nil {
		t.Fatal(err)
	}
	report, err := play(t, o, log)
	if err != nil || report.Sent != plan.Messages {
		t.Errorf("sent %d of %d: %v", report.Sent, plan.Messages, err)
	}
	return report
}

func say(millis int, user string) string {
	return line(millis, "message", user, fmt.Sprintf(`,"text":"%d"`, millis))
}

// A mute lasts as long as it did in the log, at the pace of the replay.
func TestMutes(t *testing.T) {
	t.Parallel()
	for _, speed := range []float64{0.5, 1, 10} {
		t.Run(fmt.Sprint(speed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCourt()
				report := sentence(t, c, speed, say(0, "ann")+line(1000, "mute", "ann", `,"seconds":60`)+say(1000, "ann")+say(2000, "bob")+
					say(60_000, "ann")+say(62_000, "ann")+line(63_000, "mute", "bob", "")+say(9_000_000, "bob"))
				if report.Muted != 2 || report.Accepted["low"] != 3 || report.Refused["muted"] != 3 || report.Failures() != 0 {
					t.Errorf("%+v", report.Counts)
				}
				first, second := c.asked[0], c.asked[1]
				if want := time.Duration(float64(time.Minute) / speed); first.GetDuration().AsDuration() != want || first.GetUserId() != "ann" ||
					first.GetRoomId() != "demo" || first.GetRequestId() != "run-2" {
					t.Errorf("%v, want for %v", first, want)
				}
				if second.GetDuration() != nil {
					t.Errorf("%v, want for good", second)
				}
			})
		})
	}
}

// Played at once a log takes no time, and its timed mutes none either.
func TestMutesAsFastAsPossible(t *testing.T) {
	t.Parallel()
	c := newCourt()
	report := sentence(t, c, 0, line(0, "mute", "ann", `,"seconds":60`)+say(0, "ann")+line(0, "mute", "bob", "")+say(0, "bob"))
	if report.Muted != 1 || report.Skipped["mute"] != 1 || report.Accepted["low"] != 1 || report.Refused["muted"] != 1 {
		t.Errorf("%+v", report.Counts)
	}
}

// However fast the replay, what a mute lasts is a time that the contract takes.
func TestMuteLengths(t *testing.T) {
	t.Parallel()
	for speed, want := range map[float64]time.Duration{1e12: time.Millisecond, 1e-9: 10 * 365 * 24 * time.Hour} {
		c := newCourt()
		sentence(t, c, speed, line(0, "mute", "ann", `,"seconds":60`))
		if got := c.asked[0].GetDuration().AsDuration(); got != want {
			t.Errorf("at %g: %v, want %v", speed, got, want)
		}
	}
}

func TestWhatBecomesOfMutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCourt()
		c.deny = func(request *ovationv1.MuteRequest, try int) error {
			switch user := request.GetUserId(); {
			case user == "host":
				return failure(connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_USER_PROTECTED, 0)
			case user == "old":
				return failure(connect.CodeUnimplemented, ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED, 0)
			case user == "broken":
				return failure(connect.CodeInternal, ovationv1.ErrorReason_ERROR_REASON_INTERNAL, 0)
			case user == "busy" && try < 6:
				return failure(connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE, time.Second)
			}
			return nil
		}
		log := ""
		for i, user := range []string{"host", "old", "broken", "busy", "ann"} {
			log += line(i*1000, "mute", user, `,"seconds":60`)
		}
		report := sentence(t, c, 1, log)
		if report.Muted != 2 || report.Refused["user_protected"] != 1 || report.Refused["not_implemented"] != 1 ||
			report.Failed["internal"] != 1 || report.Failures() != 1 || report.Retries == 0 {
			t.Errorf("%+v", report.Counts)
		}
		ids := map[string]string{}
		for _, request := range c.asked {
			if id := ids[request.GetUserId()]; id != "" && id != request.GetRequestId() {
				t.Errorf("%s was muted as %s and %s", request.GetUserId(), id, request.GetRequestId())
			}
			ids[request.GetUserId()] = request.GetRequestId()
		}
		if len(ids) != 5 || slices.Contains(slices.Collect(maps.Values(ids)), "") {
			t.Errorf("%v", ids)
		}
	})
}
