package interceptor_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/limit"
	"github.com/ovation-live/ovation/server/rpc"
	"github.com/ovation-live/ovation/token"
)

// startLimited serves do to users with limits.
func startLimited(t *testing.T, l limit.UserLimits, do func(context.Context) error) server {
	t.Helper()
	limits := interceptor.Limits{Users: limit.NewUsers(l, limit.NewMetrics(nil)), Call: rpc.Call}
	return startBehind(t, auth.NewVerifier(secret), limits, do)
}

// as returns the authorization of a user.
func as(t *testing.T, user live.UserID, role live.Role) string {
	t.Helper()
	signed, err := token.Mint(secret, token.Claims{User: user, Role: role, Rooms: []live.RoomID{"r"}})
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + signed
}

// Limits come after the token, which says whose they are, and before the request is
// looked at.
func TestLimitsComeBetweenAuthAndValidation(t *testing.T) {
	t.Parallel()
	const (
		missing = ovationv1.ErrorReason_ERROR_REASON_TOKEN_MISSING
		limited = ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED
		invalid = ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD
	)
	for name, do := range map[string]func(context.Context, server, call) result{"unary": unary, "stream": stream} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startLimited(t, limit.UserLimits{Connects: 1, Reads: 1}, nothing)
			told := func(authorization string) ovationv1.ErrorReason {
				r := do(t.Context(), s, call{authorization: authorization, room: "/"})
				return r.detail(t).GetReason()
			}
			reason := invalid
			for calls := 0; reason == invalid && calls < 1000; calls++ { // a burst is 5
				reason = told(as(t, "u", live.RoleViewer))
			}
			if reason != limited {
				t.Errorf("over a limit: told %v", reason)
			}
			for authorization, want := range map[string]ovationv1.ErrorReason{
				"": missing, as(t, "v", live.RoleViewer): invalid, as(t, "u", live.RoleBackend): invalid,
			} {
				if got := told(authorization); got != want {
					t.Errorf("%q: told %v, want %v", authorization, got, want)
				}
			}
			s.records(t, slog.LevelError, 0)
		})
	}
}

// sound is a call that is in order.
func sound(t *testing.T, user live.UserID, role live.Role) call {
	t.Helper()
	return call{authorization: as(t, user, role), room: "r"}
}

// isLimited says whether a caller was over a limit.
func isLimited(err error) bool { return connect.CodeOf(err) == connect.CodeResourceExhausted }

// However a call ends, what it held is given back.
func TestWhatIsHeldIsGivenBack(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(context.Context) error{
		"success": nothing,
		"failure": func(context.Context) error { return auth.ErrRoomForbidden },
		"panic":   func(context.Context) error { panic("a fault") },
		"abort":   func(context.Context) error { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startLimited(t, limit.UserLimits{Streams: 1, Pulls: 1}, end)
			c := sound(t, "u", live.RoleViewer)
			for range 3 {
				for _, do := range []func(context.Context, server, call) result{unary, stream} {
					err := do(t.Context(), s, c).err
					// It is answered before it is over.
					for range 1000 {
						if !isLimited(err) {
							break
						}
						err = do(t.Context(), s, c).err
					}
					if isLimited(err) {
						t.Fatalf("it holds on: %v", err)
					}
				}
			}
		})
	}
}
