package interceptor_test

import (
	"context"
	"errors"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/interceptor"
)

type admittedKey struct{}

// door refuses a room, and marks the context of every other call.
type door struct{}

// Admit implements interceptor.Door.
func (door) Admit(ctx context.Context, p auth.Principal, id live.RoomID) (context.Context, error) {
	if id == "closed" {
		return ctx, &moderation.BannedError{Term: moderation.Term{Until: 7, Why: string(p.User)}}
	}
	return context.WithValue(ctx, admittedKey{}, id), nil
}

// startAtDoor serves do behind the chain, with the door inmost.
func startAtDoor(t *testing.T, do func(context.Context) error) server {
	t.Helper()
	return startBehind(t, auth.NewVerifier(secret), interceptor.Limits{}, do, interceptor.Admit(door{}, never))
}

// history is what was done, as interceptor.Repeats.
type history func(p auth.Principal, message any) (bool, error)

// Repeats implements interceptor.Repeats.
func (h history) Repeats(_ context.Context, p auth.Principal, message any) (bool, error) {
	return h(p, message)
}

// never is that nothing was done before.
var never = history(func(auth.Principal, any) (bool, error) { return false, nil })

// The order: who calls, whether the request is valid, whether they may come in, then the
// handler.
func TestTheDoorComesAfterValidation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		call
		want ovationv1.ErrorReason
	}{
		{call{room: "closed"}, ovationv1.ErrorReason_ERROR_REASON_TOKEN_MISSING},
		{call{authorization: bearer(t), room: "/"}, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD},
		{call{authorization: bearer(t), room: "closed"}, ovationv1.ErrorReason_ERROR_REASON_BANNED},
	} {
		entered := func(context.Context) error { panic("the handler was called") }
		both(t, func(t *testing.T) server { t.Helper(); return startAtDoor(t, entered) }, tt.call,
			func(t *testing.T, _ server, r result) {
				d := r.detail(t)
				if d.GetReason() != tt.want {
					t.Errorf("%v, %v", r.err, d)
				}
				if tt.want == ovationv1.ErrorReason_ERROR_REASON_BANNED && (d.GetMetadata()["why"] != "u" || d.GetRequestId() == "") {
					t.Errorf("the caller was not known: %v", d)
				}
			})
	}
}

func TestTheDoorHandsOnItsContext(t *testing.T) {
	t.Parallel()
	seen := make(chan any, 2)
	s := startAtDoor(t, func(ctx context.Context) error {
		seen <- ctx.Value(admittedKey{})
		return nil
	})
	if r := unary(t.Context(), s, call{authorization: bearer(t), room: "r"}); r.err != nil || <-seen != live.RoomID("r") {
		t.Errorf("unary: %v", r.err)
	}
	if r := stream(t.Context(), s, call{authorization: bearer(t), room: "r"}); r.err != nil || <-seen != nil {
		t.Errorf("stream: %v", r.err) // its context was there before its request
	}
}

// Who was banned since hears again what came of what they did before, and nothing else.
func TestTheDoorKnowsWhatWasDone(t *testing.T) {
	t.Parallel()
	entered := 0
	next := func(context.Context, connect.AnyRequest) (connect.AnyResponse, error) { entered++; return nil, nil }
	for _, tt := range []struct {
		room     string
		repeats  history
		enters   bool
		want     error
		isBanned bool
	}{
		{"closed", func(auth.Principal, any) (bool, error) { return true, nil }, true, nil, false},
		{"closed", never, false, nil, true},
		{"closed", func(auth.Principal, any) (bool, error) { return false, context.DeadlineExceeded }, false, context.DeadlineExceeded, false},
		{"open", func(auth.Principal, any) (bool, error) { panic("they are let in anyway") }, true, nil, false},
	} {
		entered = 0
		request := connect.NewRequest(&ovationv1.SendGiftRequest{RoomId: tt.room})
		_, err := interceptor.Admit(door{}, tt.repeats).WrapUnary(next)(t.Context(), request)
		banned := new(moderation.BannedError)
		if entered == 1 != tt.enters || errors.As(err, &banned) != tt.isBanned || !tt.isBanned && !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v, entered %d times", tt, err, entered)
		}
	}
}

// A request that names no room is nobody's to refuse.
func TestTheDoorIsForRooms(t *testing.T) {
	t.Parallel()
	next := func(context.Context, connect.AnyRequest) (connect.AnyResponse, error) { return nil, nil }
	_, err := interceptor.Admit(nil, nil).WrapUnary(next)(t.Context(), connect.NewRequest(&ovationv1.SyncClockRequest{}))
	if err != nil {
		t.Error(err)
	}
}
