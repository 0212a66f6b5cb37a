// Package loop is what the loops have in common that a node keeps going: a pause that ends with
// the loop, and what is said when something begins to fail that is tried again and again.
package loop

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Pause waits, or until ctx is done, and says whether to go on.
func Pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// Outage says in the log when something begins to fail, and when it no longer does. Make one
// with NewOutage; it may be used concurrently.
type Outage struct {
	logger        *slog.Logger
	failing, over string

	mu  sync.Mutex
	bad bool
}

// NewOutage returns an outage that has not begun, and what it is to say.
func NewOutage(logger *slog.Logger, failing, over string) *Outage {
	return &Outage{logger: logger, failing: failing, over: over}
}

// Report logs the first failure of an outage, and its end. That ctx is done says nothing.
func (o *Outage) Report(ctx context.Context, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && !o.bad:
		o.logger.WarnContext(ctx, o.failing, "error", err) //nolint:sloglint // one of the texts of its makers
	case err == nil && o.bad:
		o.logger.InfoContext(ctx, o.over) //nolint:sloglint // the same
	}
	o.bad = err != nil
}
