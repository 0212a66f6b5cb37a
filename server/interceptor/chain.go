package interceptor

import (
	"context"

	"connectrpc.com/connect"
	"connectrpc.com/validate"

	"github.com/ovation-live/ovation/server/auth"
)

// Chain is what surrounds every RPC that is built. Who may not call, or calls too often,
// is turned away before their request is read; then, outermost first, a span is of all
// that follows, a panic is reported like other errors, and what cannot be understood is not
// validated. What is inner sees valid requests alone.
func Chain(
	o Observer, v *auth.Verifier, limits Limits, translate func(context.Context, error) *connect.Error,
	inner ...connect.Interceptor,
) connect.HandlerOption {
	o = o.withDefaults()
	return connect.WithHandlerOptions(
		connect.WithRequestGate(gate(o, v, limits, translate)),
		connect.WithInterceptors(o.spans()...),
		connect.WithInterceptors(
			surround(Report(o, translate), Recover(o)),
			wellFormed{},
			validate.NewInterceptor(),
		),
		connect.WithInterceptors(inner...),
	)
}

// Plain is what surrounds every RPC that is not built: whoever calls it is told so.
func Plain(o Observer, translate func(context.Context, error) *connect.Error) connect.HandlerOption {
	o = o.withDefaults()
	return connect.WithInterceptors(surround(Report(o, translate), Recover(o)), wellFormed{})
}
