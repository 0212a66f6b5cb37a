package auth

import (
	"errors"
	"fmt"
	"time"
)

// What a caller is refused with.
var (
	// ErrTokenMissing: the call carries no token.
	ErrTokenMissing = errors.New("auth: no bearer token")
	// ErrTokenInvalid: the token is malformed, incomplete or not signed by us. It is an
	// InvalidError or an EarlyError.
	ErrTokenInvalid = errors.New("auth: token is not valid")
	// ErrTokenExpired: the token was good once. It is an ExpiredError.
	ErrTokenExpired = errors.New("auth: token has expired")
	// ErrRoomForbidden: the token does not cover the room.
	ErrRoomForbidden = errors.New("auth: token does not cover the room")
	// ErrRoleForbidden: the caller's role may not do this.
	ErrRoleForbidden = errors.New("auth: role may not do this")
)

// InvalidError is an ErrTokenInvalid that says why. The cause is for the caller.
type InvalidError struct{ Cause string }

// Error implements error.
func (e *InvalidError) Error() string { return "the token is not valid: " + e.Cause }

// Is says that it is an ErrTokenInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrTokenInvalid }

// invalid returns an InvalidError.
func invalid(format string, args ...any) error {
	return &InvalidError{Cause: fmt.Sprintf(format, args...)}
}

// EarlyError is an ErrTokenInvalid of a token that will be good, by our clock.
type EarlyError struct{ From, Now time.Time }

// Error implements error.
func (e *EarlyError) Error() string {
	return fmt.Sprintf("auth: token is not valid before %v, it is %v", e.From, e.Now)
}

// Is says that it is an ErrTokenInvalid.
func (e *EarlyError) Is(target error) bool { return target == ErrTokenInvalid }

// ExpiredError is an ErrTokenExpired that says when, by our clock.
type ExpiredError struct{ At, Now time.Time }

// Error implements error.
func (e *ExpiredError) Error() string {
	return fmt.Sprintf("auth: token has expired at %v, it is %v", e.At, e.Now)
}

// Is says that it is an ErrTokenExpired.
func (e *ExpiredError) Is(target error) bool { return target == ErrTokenExpired }
