package interceptor_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/store"
)

func TestRequestID(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sent string
		kept bool
	}{
		"none":        {"", false},
		"acceptable":  {"a-Z_0.9:x", true},
		"longest":     {strings.Repeat("x", 64), true},
		"too long":    {strings.Repeat("x", 65), false},
		"with spaces": {"a b", false},
		"not ASCII":   {"ä", false},
	} {
		for outcome, err := range map[string]error{"success": nil, "error": store.ErrRoomNotFound} {
			t.Run(name+" "+outcome, func(t *testing.T) {
				t.Parallel()
				seen := make(chan string, 1)
				do := func(ctx context.Context) error {
					seen <- interceptor.RequestID(ctx)
					return err
				}
				both(t, func(t *testing.T) server {
					t.Helper()
					return start(t, do)
				}, call{authorization: bearer(t), room: "r", id: tt.sent}, func(t *testing.T, s server, r result) {
					id := <-seen
					if id == "" || (id == tt.sent) != tt.kept {
						t.Errorf("sent %q, the handler saw %q", tt.sent, id)
					}
					if got := r.header.Get(interceptor.RequestIDHeader); got != id {
						t.Errorf("the handler saw %q, the caller got %q", id, got)
					}
					if err != nil && r.detail(t).GetRequestId() != id {
						t.Errorf("detail: %v", r.detail(t))
					}
					if logged := s.records(t, slog.LevelDebug, 1)[0]["request_id"]; logged != id {
						t.Errorf("logged %v", logged)
					}
				})
			})
		}
	}
}
