package interceptor

import (
	"context"
	"log/slog"
	"time"

	"connectrpc.com/connect"
)

// Report turns what a handler returns into what the caller gets, and counts and logs
// every RPC when it is over, with the error as it was: at level Error what is the
// server's fault, at Debug everything else, what callers do wrong included.
func Report(o Observer, translate func(context.Context, error) *connect.Error) Around {
	r := &reporter{o.withDefaults(), translate}
	return func(ctx context.Context, call *Call, next func(context.Context) error) error {
		u := r.Metrics.begin(call)
		defer u.end(connect.CodeUnknown.String()) // of a handler that breaks the connection
		return r.over(ctx, call, u, next(ctx))
	}
}

// reporter reports RPCs.
type reporter struct {
	Observer

	translate func(context.Context, error) *connect.Error
}

// over reports what an RPC came to, and returns what the caller gets.
func (r *reporter) over(ctx context.Context, call *Call, u *underWay, err error) error {
	told := r.report(ctx, call, u.begun, err, r.translate)
	if told == nil {
		u.end(codeOK)
		return nil
	}
	u.end(told.Code().String())
	return told
}

// refuse is Report for a caller who is turned away before the call begins.
func (o Observer) refuse(
	ctx context.Context, call *Call, err error, translate func(context.Context, error) *connect.Error,
) error {
	told := o.report(ctx, call, time.Now(), err, translate)
	o.Metrics.turnedAway(call, told.Code().String())
	return told
}

// codeOK is the code of an RPC that succeeded, which connect has no name for.
const codeOK = "ok"

// report logs one RPC and returns what its caller is told, nil of a success.
func (o Observer) report(
	ctx context.Context, call *Call, begun time.Time, err error, translate func(context.Context, error) *connect.Error,
) *connect.Error {
	exchangeOf(ctx).reported = true
	if err == nil {
		o.log(ctx, slog.LevelDebug, call, begun, codeOK, nil)
		return nil
	}
	told := translate(ctx, err)
	o.Metrics.refused(told.Code(), err)
	level := slog.LevelDebug
	switch told.Code() {
	case connect.CodeInternal, connect.CodeUnknown, connect.CodeDataLoss:
		level = slog.LevelError
	default:
	}
	o.log(ctx, level, call, begun, told.Code().String(), err)
	return told
}

// log logs one RPC.
func (o Observer) log(ctx context.Context, level slog.Level, call *Call, begun time.Time, code string, err error) {
	if !o.Logger.Enabled(ctx, level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("procedure", call.Spec.Procedure),
		slog.String("code", code),
		slog.Float64("took_ms", float64(time.Since(begun).Microseconds())/1000),
		slog.String("peer", call.Peer.Addr),
		slog.String("protocol", call.Peer.Protocol),
	}
	if call.Room != "" {
		attributes = append(attributes, slog.String("room_id", call.Room))
	}
	if err != nil {
		attributes = append(attributes, slog.Any("error", err))
	}
	o.Logger.LogAttrs(ctx, level, "rpc", attributes...)
}
