package interceptor

import (
	"context"
	"log/slog"
	"time"

	"connectrpc.com/connect"
)

// Report turns what a handler returns into what the caller gets, and logs every RPC
// when it is over, with the error as it was: at level Error what is the server's
// fault, at Debug everything else, what callers do wrong included.
func Report(logger *slog.Logger, translate func(context.Context, error) *connect.Error) Around {
	r := reporter{logger, translate}
	return func(ctx context.Context, call *Call, next func(context.Context) error) error {
		begun := time.Now()
		return r.outcome(ctx, call, begun, next(ctx))
	}
}

// reporter reports RPCs.
type reporter struct {
	logger    *slog.Logger
	translate func(context.Context, error) *connect.Error
}

// outcome reports what an RPC came to, and returns what the caller gets.
func (r *reporter) outcome(ctx context.Context, call *Call, begun time.Time, err error) error {
	exchangeOf(ctx).reported = true
	if err == nil {
		report(ctx, r.logger, slog.LevelDebug, call, begun, "ok", nil)
		return nil
	}
	told := r.translate(ctx, err)
	level := slog.LevelDebug
	switch told.Code() {
	case connect.CodeInternal, connect.CodeUnknown, connect.CodeDataLoss:
		level = slog.LevelError
	default:
	}
	report(ctx, r.logger, level, call, begun, told.Code().String(), err)
	return told
}

// report logs one RPC.
func report(
	ctx context.Context, logger *slog.Logger, level slog.Level, call *Call, begun time.Time, code string, err error,
) {
	if !logger.Enabled(ctx, level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("procedure", call.Spec.Procedure),
		slog.String("code", code),
		slog.Float64("took_ms", float64(time.Since(begun).Microseconds())/1000),
		slog.String("peer", call.Peer.Addr),
		slog.String("protocol", call.Peer.Protocol),
		slog.String("request_id", RequestID(ctx)),
	}
	if err != nil {
		attributes = append(attributes, slog.Any("error", err))
	}
	logger.LogAttrs(ctx, level, "rpc", attributes...)
}
