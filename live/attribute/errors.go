package attribute

import (
	"errors"
	"fmt"

	"github.com/ovation-live/ovation/live"
)

// Errors that a plan is refused with, wrapped; match them with errors.Is.
var (
	// ErrDuplicateKey: a batch names a key more than once.
	ErrDuplicateKey = errors.New("key more than once in a batch")
	// ErrReadOnly: the actor is a viewer, and viewers only read.
	ErrReadOnly = errors.New("viewers may not write attributes")
	// ErrOwnerless: an owner is needed (by a viewer's key, by Own or by
	// DeleteOnLeave) and there would be none.
	ErrOwnerless = errors.New("attribute would have no owner")
)

// The limits that a LimitError names, as the room's settings call them.
const (
	LimitKeys       = "max_attributes"
	LimitKeyBytes   = "max_attribute_key_bytes"
	LimitValueBytes = "max_attribute_value_bytes"
)

// ConflictError refuses a plan because a key is not at the timestamp that the
// update demands. Match it with errors.As.
type ConflictError struct {
	Key string
	// Timestamp is the key's; 0: it is not there.
	Timestamp live.Timestamp
}

// Error says which key is where.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("attribute %q is at timestamp %d", e.Key, e.Timestamp)
}

// OwnedError refuses a plan because a viewer may not change the key. Match it with
// errors.As.
type OwnedError struct {
	Key string
	// Owner is who may; empty: privileged actors alone.
	Owner live.UserID
}

// Error says who owns which key.
func (e *OwnedError) Error() string {
	if e.Owner == "" {
		return fmt.Sprintf("attribute %q is the room's own", e.Key)
	}
	return fmt.Sprintf("attribute %q is owned by %q", e.Key, e.Owner)
}

// LimitError refuses a plan because it would exceed a limit. Match it with
// errors.As.
type LimitError struct {
	// Key is the one that is too long or has the value that is; of LimitKeys, the
	// last one that the batch would add.
	Key string
	// Limit is LimitKeys, LimitKeyBytes or LimitValueBytes.
	Limit string
	// Max is the limit itself.
	Max int
}

// Error says which limit was met where.
func (e *LimitError) Error() string {
	return fmt.Sprintf("attribute %q exceeds %s of %d", e.Key, e.Limit, e.Max)
}
