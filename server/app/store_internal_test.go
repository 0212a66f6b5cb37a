package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ovation-live/ovation/store"
)

// Whoever waits for a store says so now and then, and at once what is new; and in the
// end what is wrong.
func TestAwaitSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := opener{logger: slog.New(slog.NewTextHandler(&log, nil))}
		tries := 0
		err := o.await(t.Context(), "Redis", "--redis-url", func(context.Context) error {
			if tries++; tries <= 5 {
				return fmt.Errorf("%w: nobody listens", store.ErrUnavailable)
			}
			return fmt.Errorf("%w: loading", store.ErrUnavailable)
		})
		if err == nil || !strings.Contains(err.Error(), "Redis could not be used for 30s: check --redis-url") ||
			!strings.HasSuffix(err.Error(), "loading") {
			t.Errorf("await = %v", err)
		}
		nobody, loading := strings.Count(log.String(), "nobody listens"), strings.Count(log.String(), "loading")
		if nobody != 1 || loading < 2 || loading > 3 {
			t.Errorf("of %d tries the log is\n%s", tries, &log)
		}
	})
}

// What cannot get better by itself is said at once; and who is stopped says before
// what.
func TestAwaitEnds(t *testing.T) {
	t.Parallel()
	o := opener{logger: slog.New(slog.DiscardHandler)}
	fault := errors.New("LATIN1")
	err := o.await(t.Context(), "Postgres", "--postgres-url", func(context.Context) error { return fault })
	if !errors.Is(err, fault) || !strings.HasPrefix(err.Error(), "--postgres-url cannot be used") {
		t.Errorf("await = %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	err = o.await(ctx, "Postgres", "--postgres-url", func(context.Context) error {
		stop()
		return fmt.Errorf("%w: nobody listens", store.ErrUnavailable)
	})
	if !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "stopped before Postgres answered") {
		t.Errorf("await = %v", err)
	}
}
