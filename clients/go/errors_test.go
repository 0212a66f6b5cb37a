package ovation

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// refusal is an error that carries details, wrapped.
func refusal(t *testing.T, details ...proto.Message) error {
	t.Helper()
	failure := connect.NewError(connect.CodeUnavailable, errors.New("no"))
	for _, message := range details {
		detail, err := connect.NewErrorDetail(message)
		if err != nil {
			t.Fatal(err)
		}
		failure.AddDetail(detail)
	}
	return fmt.Errorf("send: %w", failure)
}

func TestWhatAnErrorSays(t *testing.T) {
	t.Parallel()
	const draining = ovationv1.ErrorReason_ERROR_REASON_DRAINING
	other := durationpb.New(0) // someone else's detail
	after := func(d time.Duration) *ovationv1.ErrorDetail {
		return &ovationv1.ErrorDetail{Reason: draining, RetryAfter: durationpb.New(d)}
	}
	for name, tt := range map[string]struct {
		err    error
		detail bool
		reason ovationv1.ErrorReason
		after  time.Duration
		said   bool
	}{
		"the server's":        {refusal(t, other, after(time.Second)), true, draining, time.Second, true},
		"in the past":         {refusal(t, after(-time.Second)), true, draining, 0, true},
		"without a time":      {refusal(t, &ovationv1.ErrorDetail{Reason: draining}), true, draining, 0, false},
		"someone else's":      {refusal(t, other), false, 0, 0, false},
		"no detail":           {refusal(t), false, 0, 0, false},
		"no error of a call":  {errors.New("no"), false, 0, 0, false},
		"no error of anybody": {nil, false, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Detail(tt.err); (got != nil) != tt.detail {
				t.Errorf("detail %v", got)
			}
			if got := Reason(tt.err); got != tt.reason {
				t.Errorf("reason %v, want %v", got, tt.reason)
			}
			if got, said := RetryAfter(tt.err); got != tt.after || said != tt.said {
				t.Errorf("after %v, %v, want %v, %v", got, said, tt.after, tt.said)
			}
		})
	}
}
