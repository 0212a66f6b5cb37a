package gift

import (
	"fmt"
	"time"

	"github.com/ovation-live/ovation/store"
)

// InvalidError says which field of a request is wrong, and how.
type InvalidError struct{ Field, Problem string }

// Error implements error.
func (e *InvalidError) Error() string { return e.Field + ": " + e.Problem }

// PriceChangedError says that a gift does not cost what its giver was shown.
type PriceChangedError struct{ Price int64 }

// Error implements error.
func (e *PriceChangedError) Error() string { return fmt.Sprintf("gift: it costs %d coins", e.Price) }

// LimitError says that there are too many of something. It unwraps to store.ErrGiftLimit.
type LimitError struct {
	Limit string // what there are too many of
	Max   int
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("gift: there are %d %s already", e.Max, e.Limit)
}

// Unwrap returns the sentinel.
func (e *LimitError) Unwrap() error { return store.ErrGiftLimit }

// BusyError says that too many payments wait for the store. Nothing was paid.
type BusyError struct{ After time.Duration }

// Error implements error.
func (e *BusyError) Error() string { return "gift: too many payments wait for the store" }

// Retry returns when to come again.
func (e *BusyError) Retry() time.Duration { return e.After }
