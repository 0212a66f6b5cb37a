// Package limit holds callers to what an honest one never meets: how often users call
// and how much they hold open, and how often and from how many connections an address
// comes. Nothing here waits, or runs beside its callers.
package limit

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Name is what a limit is called, wherever it shows: the flag that sets it, with _ for
// -.
type Name string

// The limits that there are.
const (
	UserConnectRate     Name = "user_connect_rate"
	UserSendRate        Name = "user_send_rate"
	UserReadRate        Name = "user_read_rate"
	UserStreams         Name = "user_streams"
	UserPulls           Name = "user_pulls"
	AddressConnections  Name = "address_connections"
	AddressConnectRate  Name = "address_connect_rate"
	AddressRequestRate  Name = "address_request_rate"
	AddressBadTokenRate Name = "address_bad_token_rate"
	MaxConnections      Name = "max_connections"
)

// names is every limit.
var names = []Name{
	UserConnectRate, UserSendRate, UserReadRate, UserStreams, UserPulls,
	AddressConnections, AddressConnectRate, AddressRequestRate, AddressBadTokenRate, MaxConnections,
}

// ExceededError says that a caller is over a limit. Nothing of the call was done.
type ExceededError struct {
	Limit Name
	// RetryAfter is when it may succeed; it differs from one who is refused to the
	// next, so that they do not all come back at once.
	RetryAfter time.Duration
}

// Error implements error.
func (e *ExceededError) Error() string {
	return fmt.Sprintf("limit: over %s, free again in %v", e.Limit, e.RetryAfter)
}

// Retry returns when the call may succeed.
func (e *ExceededError) Retry() time.Duration { return e.RetryAfter }

// Users of one account are few, those behind one address may be many: who is refused
// comes back spread over this long after the limit allows it.
const (
	userSpread    = time.Second
	addressSpread = 5 * time.Second
)

// heldRetry is how long one waits for whom too much is open: nobody knows when some of
// it ends.
const heldRetry = 2 * time.Second

// spread returns a random moment of a window after a wait.
func spread(wait, width time.Duration) time.Duration {
	return (wait + rand.N(width)).Truncate(time.Millisecond) + time.Millisecond //nolint:gosec // spreads load, hides nothing
}
