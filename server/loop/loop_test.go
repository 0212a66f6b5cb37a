package loop_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/server/loop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun := time.Now()
		if !loop.Pause(ctx, 2*time.Second) || time.Since(begun) != 2*time.Second {
			t.Error("it did not go on after the pause")
		}
		if loop.Pause(ctx, time.Hour) || time.Since(begun) != 3*time.Second {
			t.Error("it did not end with its context")
		}
		if loop.Pause(ctx, 0) || !loop.Pause(t.Context(), -1) {
			t.Error("a pause of nothing says something else than its context")
		}
	})
}

func TestOutage(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	said := loop.NewOutage(slog.New(slog.NewTextHandler(&log, nil)), "cannot", "can again")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	bad := errors.New("bad")
	for _, err := range []error{nil, bad, bad, nil, nil, bad} {
		said.Report(t.Context(), err)
	}
	said.Report(ended, nil)
	said.Report(t.Context(), bad)
	if got := log.String(); strings.Count(got, "msg=cannot error=bad") != 2 || strings.Count(got, `msg="can again"`) != 1 {
		t.Error(got)
	}
}
