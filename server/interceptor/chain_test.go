package interceptor_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

func serving(do func(context.Context) error) func(*testing.T) server {
	return func(t *testing.T) server {
		t.Helper()
		return start(t, do)
	}
}

func nothing(context.Context) error { return nil }

// A request that is wrong in every way shows which link of the chain comes first.
func TestAuthComesBeforeValidation(t *testing.T) {
	t.Parallel()
	both(t, serving(nothing), call{room: "/"}, func(t *testing.T, s server, r result) {
		if r.detail(t).GetReason() != ovationv1.ErrorReason_ERROR_REASON_TOKEN_MISSING {
			t.Errorf("without a token: %v", r.err)
		}
		s.records(t, slog.LevelError, 0)
	})
}

func TestValidationComesBeforeTheHandler(t *testing.T) {
	t.Parallel()
	never := func(context.Context) error { return errors.New("the handler was called") }
	both(t, serving(never), call{authorization: bearer(t), room: "/"}, func(t *testing.T, s server, r result) {
		d := r.detail(t)
		if d.GetReason() != ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD || d.GetMetadata()["field"] != "room_id" {
			t.Errorf("an invalid room: %v, %v", r.err, d)
		}
		if connect.CodeOf(r.err) != connect.CodeInvalidArgument {
			t.Errorf("code: %v", r.err)
		}
		s.records(t, slog.LevelError, 0)
	})
}

// Recovery surrounds authentication: a verifier that panics is answered.
func TestRecoveryComesBeforeAuth(t *testing.T) {
	t.Parallel()
	broken := func(t *testing.T) server {
		t.Helper()
		return startWith(t, nil, nothing)
	}
	both(t, broken, call{authorization: bearer(t), room: "r"}, func(t *testing.T, s server, r result) {
		if r.detail(t).GetReason() != ovationv1.ErrorReason_ERROR_REASON_INTERNAL {
			t.Errorf("a verifier that panics: %v", r.err)
		}
		s.records(t, slog.LevelError, 2)
	})
}

// Reporting surrounds recovery: a panic is translated, and logged as the RPC's end.
func TestPanic(t *testing.T) {
	t.Parallel()
	explode := func(context.Context) error { panic("the cause, which is nobody's business") }
	c := call{authorization: bearer(t), room: "r", id: "my-id"}
	both(t, serving(explode), c, func(t *testing.T, s server, r result) {
		d := r.detail(t)
		if connect.CodeOf(r.err) != connect.CodeInternal || d.GetReason() != ovationv1.ErrorReason_ERROR_REASON_INTERNAL {
			t.Errorf("told %v, %v", r.err, d)
		}
		if d.GetRequestId() != "my-id" || r.header.Get("X-Request-Id") != "my-id" {
			t.Errorf("request id %q, header %q", d.GetRequestId(), r.header.Get("X-Request-Id"))
		}
		if strings.Contains(r.err.Error(), "cause") || strings.Contains(d.String(), "cause") {
			t.Errorf("the cause reached the caller: %v, %v", r.err, d)
		}
		records := s.records(t, slog.LevelError, 2)
		stack, _ := records[0]["stack"].(string)
		if !strings.Contains(stack, "chain_test.go") || records[0]["request_id"] != "my-id" {
			t.Errorf("the panic's record: %v", records[0])
		}
		if cause, _ := records[0]["panic"].(string); !strings.Contains(cause, "nobody's business") {
			t.Errorf("the log lacks the cause: %v", records[0])
		}
		if records[1]["msg"] != "rpc" || records[1]["code"] != "internal" || records[1]["request_id"] != "my-id" {
			t.Errorf("the call's record: %v", records[1])
		}
	})
}

func TestUnknownErrorIsLoggedAndNotTold(t *testing.T) {
	t.Parallel()
	fail := func(context.Context) error { return errors.New("password in a driver's text") }
	both(t, serving(fail), call{authorization: bearer(t), room: "r"}, func(t *testing.T, s server, r result) {
		if connect.CodeOf(r.err) != connect.CodeInternal || strings.Contains(r.err.Error(), "password") {
			t.Errorf("told %v", r.err)
		}
		record := s.records(t, slog.LevelError, 1)[0]
		if text, _ := record["error"].(string); !strings.Contains(text, "password") {
			t.Errorf("logged %v", record)
		}
	})
}

// A record has its unit in its name, and an error only if there was one.
func TestRecord(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"success": nil, "failure": store.ErrRoomNotFound} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do := func(context.Context) error { return err }
			both(t, serving(do), call{authorization: bearer(t), room: "r"}, func(t *testing.T, s server, _ result) {
				record := s.records(t, slog.LevelDebug, 1)[0]
				if took, ok := record["took_ms"].(float64); !ok || took < 0 || took > 60_000 {
					t.Errorf("took %v", record["took_ms"])
				}
				if text, there := record["error"]; there != (err != nil) {
					t.Errorf("error %v", text)
				}
			})
		})
	}
}

// What callers do wrong, and what is nobody's fault, is no error of the server's.
func TestFaultsOfCallersAreNotErrors(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"refused":     auth.ErrRoleForbidden,
		"not there":   store.ErrRoomNotFound,
		"ended":       store.ErrRoomEnded,
		"cancelled":   context.Canceled,
		"too late":    context.DeadlineExceeded,
		"unreachable": store.ErrUnavailable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fail := func(context.Context) error { return err }
			both(t, serving(fail), call{authorization: bearer(t), room: "r"}, func(t *testing.T, s server, r result) {
				if r.err == nil {
					t.Error("no error")
				}
				s.records(t, slog.LevelDebug, 1)
				s.records(t, slog.LevelError, 0)
			})
		})
	}
}
