// Package turns makes calls by one node after the other, until one answers.
package turns

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/clients/cli/internal/pace"
	ovation "github.com/ovation-live/ovation/clients/go"
)

const (
	// rest is how long a node is passed over that did not answer.
	rest = time.Second
	// pauseMost is the longest pause before a call is made again, where the server does not say.
	pauseMost = 200 * time.Millisecond
)

// Turns is whose turn it is, of some nodes. It may be used concurrently.
type Turns struct {
	turn  atomic.Uint32
	until []atomic.Int64 // when the rest of each is over, in nanoseconds since 1970
}

// New returns turns of so many nodes.
func New(nodes int) *Turns { return &Turns{until: make([]atomic.Int64, nodes)} }

// next returns the next that has no rest, or, where all have, the next.
func (t *Turns) next(now time.Time) int {
	n := len(t.until)
	first := int(t.turn.Add(1)) % n
	for k := range n {
		if i := (first + k) % n; t.until[i].Load() <= now.UnixNano() {
			return i
		}
	}
	return first
}

// rest has one pass its turns for a while.
func (t *Turns) rest(i int, now time.Time) { t.until[i].Store(now.Add(rest).UnixNano()) }

// Try makes a call once, in a time, by the node whose turn it is. One that did not answer has a
// rest.
func Try[Response any](
	ctx context.Context, t *Turns, within time.Duration, call func(ctx context.Context, node int) (Response, error),
) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	i := t.next(time.Now())
	response, err := call(ctx, i)
	if err != nil && again(err) && ovation.Detail(err) == nil {
		t.rest(i, time.Now())
	}
	return response, err
}

// Again says whether a call that came to err is to be made again, until a deadline, and waits
// before that: as the server says, and by chance.
func Again(ctx context.Context, err error, deadline time.Time) bool {
	if err == nil || !again(err) || time.Now().After(deadline) {
		return false
	}
	after, _ := ovation.RetryAfter(err)
	return pace.Sleep(ctx, after+rand.N(pauseMost)) //nolint:gosec // spreads the load
}

// again says whether a call may succeed when it is made again.
func again(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeResourceExhausted, connect.CodeInternal:
		return true
	case connect.CodeUnknown, connect.CodeCanceled: // the connection broke, in the middle of the call perhaps
		return ovation.Detail(err) == nil && !errors.Is(err, context.Canceled)
	default:
		return false
	}
}
