package interceptor

import (
	"context"
	"log/slog"
	"net/http"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/server/auth"
)

// gate verifies the caller's token before anything of the request's body is read,
// holds the caller to their limits, and hands them on in the context. Who is turned
// away is reported like any other outcome.
func gate(
	logger *slog.Logger, v *auth.Verifier, limits Limits, translate func(context.Context, error) *connect.Error,
) connect.RequestGateFunc {
	refuse, recovered := Report(logger, translate), Recover(logger)
	return func(
		ctx context.Context, spec connect.Spec, peer connect.Peer, header http.Header,
	) (context.Context, error) {
		call := Call{spec, peer}
		var p auth.Principal
		err := recovered(ctx, call, func(ctx context.Context) (err error) {
			if p, err = limits.verify(ctx, v, header.Get("Authorization")); err != nil {
				return err
			}
			return limits.admit(ctx, p, spec.Procedure)
		})
		if err != nil {
			Unread(ctx, err)
			return ctx, refuse(ctx, call, func(context.Context) error { return err })
		}
		return auth.With(ctx, p), nil
	}
}
