package interceptor

import (
	"context"

	"github.com/ovation-live/ovation/server/auth"
)

// Auth verifies the caller's token and hands the caller on in the context.
func Auth(v *auth.Verifier) Around {
	return func(ctx context.Context, call Call, next func(context.Context) error) error {
		p, err := v.Header(call.Header.Get("Authorization"))
		if err != nil {
			return err
		}
		return next(auth.With(ctx, p))
	}
}
