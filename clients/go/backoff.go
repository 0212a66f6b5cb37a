package ovation

import (
	"context"
	"math/rand/v2"
	"time"
)

// The bounds of a wait before something is tried again.
const (
	backoffBase = 100 * time.Millisecond
	backoffMost = 10 * time.Second
	// spreadMost is over how long those are spread who were told to wait.
	spreadMost = time.Minute
)

// backoff returns how long to wait at most before a further try, the first being attempt
// 0: it doubles. The wait itself is any part of it.
func backoff(attempt int) time.Duration {
	if attempt >= 10 {
		return backoffMost
	}
	return min(backoffBase<<attempt, backoffMost)
}

// waitAfter returns how long to wait after an error: no less than the server asks, and
// spread over as long again, for many are told the same at once.
func waitAfter(err error, attempt int) time.Duration {
	after, _ := RetryAfter(err)
	return between(after, max(min(after, spreadMost), backoff(attempt)))
}

// between returns a random moment of a window.
func between(after, width time.Duration) time.Duration {
	if width > 0 {
		after += rand.N(width) //nolint:gosec // spreads load, hides nothing
	}
	return max(after, 0)
}

// sleep waits, and returns the context's cause if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// callLimit is the time that a call may take, beside what it asks the server to wait.
const callLimit = 10 * time.Second

// repeat makes a call that is safe to repeat, a few times if it does not get through or
// the caller is over a limit.
func repeat[Req, Res any](
	ctx context.Context, call func(context.Context, Req) (Res, error), request Req,
) (Res, error) {
	return retry(ctx, call, request, func(attempt int, err error) bool {
		return attempt < 5 && (unreached(err) || limited(err))
	})
}

// enter makes a call as repeat does, and for as long as it takes where the server asks to
// come again later.
func enter[Req, Res any](
	ctx context.Context, call func(context.Context, Req) (Res, error), request Req,
) (Res, error) {
	return retry(ctx, call, request, func(attempt int, err error) bool {
		return crowded(err) || attempt < 5 && unreached(err)
	})
}

// persist makes a call until it gets through or fails for good.
func persist[Req, Res any](
	ctx context.Context, call func(context.Context, Req) (Res, error), request Req,
) (Res, error) {
	return retry(ctx, call, request, func(_ int, err error) bool { return !final(err) && !endsSession(err) })
}

// retry makes a call until it gets through or worth says no. Each try has the time
// limit of a call.
func retry[Req, Res any](
	ctx context.Context, call func(context.Context, Req) (Res, error), request Req,
	worth func(attempt int, err error) bool,
) (Res, error) {
	for attempt := 0; ; attempt++ {
		value, err := try(ctx, callLimit, func(ctx context.Context) (Res, error) { return call(ctx, request) })
		if err == nil || ctx.Err() != nil || !worth(attempt, err) {
			return value, err
		}
		if sleep(ctx, waitAfter(err, attempt)) != nil {
			return value, err
		}
	}
}

// try makes a call once within a time limit.
func try[T any](ctx context.Context, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return call(ctx)
}
