// Package reason reads what a failed call says about itself.
package reason

import (
	"errors"
	"strings"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// Detail returns the server's own account of an error, nil if there is none: the
// call did not reach it, or something between answered.
func Detail(err error) *ovationv1.ErrorDetail {
	var failure *connect.Error
	if !errors.As(err, &failure) {
		return nil
	}
	for _, raw := range failure.Details() {
		value, err := raw.Value()
		if err != nil {
			continue
		}
		if detail, ok := value.(*ovationv1.ErrorDetail); ok {
			return detail
		}
	}
	return nil
}

// Of returns an error's reason, UNSPECIFIED if it has none.
func Of(err error) ovationv1.ErrorReason { return Detail(err).GetReason() }

// Name is a short name of an error: its reason, or else its status code, in lower
// case ("message_too_long", "unavailable").
func Name(err error) string {
	if r := Of(err); r != ovationv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		return strings.ToLower(strings.TrimPrefix(r.String(), "ERROR_REASON_"))
	}
	return connect.CodeOf(err).String()
}

// RetryAfter is when the server says that the same call may succeed, 0 if it does
// not say.
func RetryAfter(err error) time.Duration {
	if after := Detail(err).GetRetryAfter(); after != nil {
		return max(after.AsDuration(), 0)
	}
	return 0
}
