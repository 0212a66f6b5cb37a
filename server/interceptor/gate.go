package interceptor

import (
	"context"
	"net/http"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
)

// gate verifies the caller's token before anything of the request's body is read, holds
// the caller to their limits, and hands them on in the context. Who is turned away is
// reported like any other outcome. A backend is trusted with the trace that it names.
func gate(
	o Observer, v *auth.Verifier, limits Limits, translate func(context.Context, error) *connect.Error,
) connect.RequestGateFunc {
	recovered := Recover(o)
	return func(
		ctx context.Context, spec connect.Spec, peer connect.Peer, header http.Header,
	) (context.Context, error) {
		call := &Call{Spec: spec, Peer: peer}
		var p auth.Principal
		err := recovered(ctx, call, func(ctx context.Context) (err error) {
			if p, err = limits.verify(ctx, v, header.Get("Authorization")); err != nil {
				return err
			}
			return limits.admit(ctx, p, spec.Procedure)
		})
		if err != nil {
			Unread(ctx, err)
			return ctx, o.refuse(ctx, call, err, translate)
		}
		if p.Role == live.RoleBackend {
			ctx = o.trusted(ctx, header)
		}
		return auth.With(ctx, p), nil
	}
}
