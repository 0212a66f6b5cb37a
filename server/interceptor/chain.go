package interceptor

import (
	"context"
	"log/slog"

	"connectrpc.com/connect"
	"connectrpc.com/validate"

	"github.com/ovation-live/ovation/server/auth"
)

// Chain is what surrounds every RPC that is built, outermost first: a panic is
// reported like other errors, and who may not call is not told what was wrong with
// the request.
func Chain(
	logger *slog.Logger, v *auth.Verifier, translate func(context.Context, error) *connect.Error,
) connect.Option {
	return connect.WithInterceptors(
		Report(logger, translate),
		Recover(logger),
		Auth(v),
		validate.NewInterceptor(),
		blameCaller{},
	)
}

// Plain is what surrounds every RPC that is not built: whoever calls it is told so.
func Plain(logger *slog.Logger, translate func(context.Context, error) *connect.Error) connect.Option {
	return connect.WithInterceptors(Report(logger, translate), Recover(logger))
}
