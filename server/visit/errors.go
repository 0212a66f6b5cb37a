package visit

import (
	"fmt"
	"time"
)

// FieldError says what is wrong with a field, as the API calls it.
type FieldError struct{ Field, Problem string }

// Error implements error.
func (e *FieldError) Error() string { return fmt.Sprintf("visit: %s %s", e.Field, e.Problem) }

// Limit is what the limit of events that wait is called: the flag that sets it, with _ for
// -.
const Limit = "visit_max_waiting"

// BusyError says that too many events wait to be merged. None of the call's was taken.
type BusyError struct {
	Waiting, Max int
	RetryAfter   time.Duration
}

// Error implements error.
func (e *BusyError) Error() string {
	return fmt.Sprintf("visit: %d events wait to be merged, %d may", e.Waiting, e.Max)
}

// Retry returns when the call may succeed.
func (e *BusyError) Retry() time.Duration { return e.RetryAfter }
