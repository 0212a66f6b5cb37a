package interceptor

import (
	"context"
	"log/slog"

	"connectrpc.com/connect"
	"connectrpc.com/validate"

	"github.com/ovation-live/ovation/server/auth"
)

// Chain is what surrounds every RPC that is built. Who may not call, or calls too often,
// is turned away before their request is read; then, outermost first, a panic is reported like other
// errors, and what cannot be understood is not validated.
func Chain(
	logger *slog.Logger, v *auth.Verifier, limits Limits, translate func(context.Context, error) *connect.Error,
) connect.HandlerOption {
	return connect.WithHandlerOptions(
		connect.WithRequestGate(gate(logger, v, limits, translate)),
		connect.WithInterceptors(
			Report(logger, translate),
			Recover(logger),
			wellFormed{},
			validate.NewInterceptor(),
		),
	)
}

// Plain is what surrounds every RPC that is not built: whoever calls it is told so.
func Plain(logger *slog.Logger, translate func(context.Context, error) *connect.Error) connect.HandlerOption {
	return connect.WithInterceptors(Report(logger, translate), Recover(logger), wellFormed{})
}
