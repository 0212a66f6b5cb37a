package interceptor_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// value returns what a series has come to, waiting for it to come to want.
func (s server) value(t *testing.T, name string, want float64) {
	t.Helper()
	got := 0.0
	for range 1000 {
		all, err := series.Of(s.metrics)
		if err != nil {
			t.Fatal(err)
		}
		if got = all[name]; got == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%s is %v, want %v", name, got, want)
}

const (
	pullLabel   = `{procedure="/ovation.v1.FeedService/Pull"}`
	streamLabel = `{procedure="/ovation.v1.FeedService/Subscribe"}`
)

// Every call is counted once when it is over, with its code, and seen while it is under
// way.
func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		code string
	}{
		"success":     {nil, "ok"},
		"not found":   {store.ErrRoomNotFound, "not_found"},
		"our fault":   {errors.New("a cause"), "internal"},
		"unavailable": {store.ErrUnavailable, "unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entered, leave := make(chan struct{}), make(chan struct{})
			s := start(t, func(context.Context) error {
				entered <- struct{}{}
				<-leave
				return tt.err
			})
			c := call{authorization: bearer(t), room: "r"}
			for _, way := range []struct {
				do                  func(context.Context, server, call) result
				open, took, counted string
			}{
				{unary, "ovation_rpc_in_flight_requests" + pullLabel, "ovation_rpc_duration_seconds_count" + pullLabel, "Pull"},
				{stream, "ovation_rpc_open_streams" + streamLabel, "ovation_rpc_stream_duration_seconds_count" + streamLabel, "Subscribe"},
			} {
				over := make(chan struct{})
				go func() {
					defer close(over)
					way.do(t.Context(), s, c)
				}()
				<-entered
				s.value(t, way.open, 1)
				leave <- struct{}{}
				<-over
				s.value(t, way.open, 0)
				s.value(t, way.took, 1)
				s.value(t, fmt.Sprintf(`ovation_rpc_requests_total{code=%q,procedure="/ovation.v1.FeedService/%s"}`, tt.code, way.counted), 1)
			}
		})
	}
}

func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	for reason, tt := range map[string]struct {
		call call
		err  error
	}{
		"token_missing":  {call{}, nil},
		"token_invalid":  {call{authorization: "Bearer forged"}, nil},
		"room_forbidden": {call{authorization: bearer(t)}, auth.ErrRoomForbidden},
		"role_forbidden": {call{authorization: bearer(t)}, auth.ErrRoleForbidden},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			tt.call.room = "r"
			both(t, serving(func(context.Context) error { return tt.err }), tt.call, func(t *testing.T, s server, r result) {
				if r.err == nil {
					t.Error("not refused")
				}
				s.value(t, fmt.Sprintf("ovation_auth_failures_total{reason=%q}", reason), 1)
				s.value(t, `ovation_auth_failures_total{reason="other"}`, 0)
			})
		})
	}
}

func TestPanicsAreCounted(t *testing.T) {
	t.Parallel()
	explode := func(context.Context) error { panic("the cause") }
	both(t, serving(explode), call{authorization: bearer(t), room: "r"}, func(t *testing.T, s server, _ result) {
		s.value(t, "ovation_rpc_panics_total", 1)
	})
}

func TestUnreadableRequestsAreCounted(t *testing.T) {
	t.Parallel()
	s := start(t, nothing)
	if got := s.post(t, "/ovation.v1.FeedService/Pull", "text/plain", "what is this"); got != http.StatusUnsupportedMediaType {
		t.Fatalf("status %d", got)
	}
	s.value(t, "ovation_rpc_unreadable_requests_total", 1)
}
