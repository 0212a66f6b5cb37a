package interceptor

import (
	"context"
	"errors"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/limit"
)

// Limits is what callers are held to. The zero value limits nobody.
type Limits struct {
	Addresses *limit.Addresses
	Users     *limit.Users
	// Call says how a procedure is limited.
	Call func(procedure string) limit.Call
}

// verify verifies an authorization. From an address that has sent too many bad ones
// only those are looked at whose tokens are remembered: another costs more than to refuse
// it. A token that was good and has expired is no guess.
func (l Limits) verify(ctx context.Context, v *auth.Verifier, authorization string) (auth.Principal, error) {
	if p, known, err := v.Remembered(authorization); known {
		return p, err
	}
	from := limit.ClientOf(ctx)
	if err := l.Addresses.Guess(from); err != nil {
		return auth.Principal{}, err
	}
	p, err := v.Header(ctx, authorization)
	if errors.Is(err, auth.ErrTokenInvalid) || errors.Is(err, auth.ErrTokenExpired) {
		l.Addresses.Guessed(from)
	}
	return p, err
}

// admit lets a user make a call until the request that ctx belongs to is over, which
// Requests notices. A backend acts for everyone, and is not limited.
func (l Limits) admit(ctx context.Context, p auth.Principal, procedure string) error {
	if l.Users == nil || p.Role == live.RoleBackend {
		return nil
	}
	call := l.Call(procedure)
	if err := l.Users.Admit(p.User, call); err != nil {
		return err
	}
	if call.Held != limit.Nothing {
		exchangeOf(ctx).leave = func() { l.Users.Leave(p.User, call) }
	}
	return nil
}
