package rpc

import (
	"context"
	"errors"
	"slices"
	"time"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/store"
)

// What connect tells apart, and what is not known.
var (
	deadline = failure{
		connect.CodeDeadlineExceeded, ovationv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, "the deadline has passed", 0,
	}
	cancelled = failure{
		connect.CodeCanceled, ovationv1.ErrorReason_ERROR_REASON_CANCELLED, "the call was cancelled", 0,
	}
	internal = failure{
		connect.CodeInternal, ovationv1.ErrorReason_ERROR_REASON_INTERNAL,
		"internal error; the request id leads to the server's log", 0,
	}
)

// Translate turns an error into what the caller gets: a code, a reason, and facts.
// What it does not know is Internal, without a word more: the log has the rest.
func Translate(ctx context.Context, err error) *connect.Error {
	if ce := new(connect.Error); errors.As(err, &ce) {
		return translateConnect(ctx, ce)
	}
	for _, f := range typedFailures {
		if said, facts, ok := f.facts(err); ok {
			if f.message == "" {
				f.message = said
			}
			var later interface{ Retry() time.Duration }
			if errors.As(err, &later) {
				f.retryAfter = later.Retry()
			}
			return f.told(ctx, facts)
		}
	}
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return f.told(ctx, roomFacts(err))
		}
	}
	return internal.told(ctx, nil)
}

// translateConnect adds the reason to an error that connect made, or validation did.
func translateConnect(ctx context.Context, err *connect.Error) *connect.Error {
	if slices.ContainsFunc(err.Details(), isErrorDetail) {
		return err // it was translated where it arose
	}
	if violation := new(protovalidate.ValidationError); errors.As(err, &violation) {
		addDetail(ctx, err, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, 0, violationFacts(violation))
		return err
	}
	switch err.Code() {
	case connect.CodeInvalidArgument:
		addDetail(ctx, err, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, 0, nil)
	case connect.CodeUnimplemented:
		addDetail(ctx, err, ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED, 0, nil)
	case connect.CodeResourceExhausted:
		addDetail(ctx, err, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED, 0, nil)
	case connect.CodeDeadlineExceeded:
		return deadline.told(ctx, nil)
	case connect.CodeCanceled, connect.CodeUnknown: // unknown is what a broken connection is to connect
		return cancelled.told(ctx, nil)
	default:
		return internal.told(ctx, nil)
	}
	return err
}

// isErrorDetail says whether a detail is what programs read.
func isErrorDetail(d *connect.ErrorDetail) bool {
	return d.Type() == string((*ovationv1.ErrorDetail)(nil).ProtoReflect().Descriptor().FullName())
}

// violationFacts names the first field that is wrong, and the rule that it breaks.
func violationFacts(v *protovalidate.ValidationError) map[string]string {
	if len(v.Violations) == 0 {
		return nil
	}
	first := v.Violations[0].Proto
	return map[string]string{
		"field": protovalidate.FieldPathString(first.GetField()),
		"rule":  first.GetRuleId(),
	}
}

// roomFacts names the room that an error is about, if it says.
func roomFacts(err error) map[string]string {
	if about := new(store.RoomError); errors.As(err, &about) {
		return map[string]string{"room": string(about.Room)}
	}
	return nil
}

// told makes the error that the caller gets.
func (f failure) told(ctx context.Context, facts map[string]string) *connect.Error {
	err := connect.NewError(f.code, errors.New(f.message))
	addDetail(ctx, err, f.reason, f.retryAfter, facts)
	return err
}

// addDetail adds what programs read.
func addDetail(
	ctx context.Context, err *connect.Error, reason ovationv1.ErrorReason, retry time.Duration, facts map[string]string,
) {
	detail := &ovationv1.ErrorDetail{Reason: reason, Metadata: facts, RequestId: interceptor.RequestID(ctx)}
	if retry > 0 {
		detail.RetryAfter = durationpb.New(retry)
	}
	if d, e := connect.NewErrorDetail(detail); e == nil {
		err.AddDetail(d)
	}
}
