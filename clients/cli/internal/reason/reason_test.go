package reason_test

import (
	"errors"
	"fmt"
	"testing"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/clients/cli/internal/reason"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

func TestName(t *testing.T) {
	t.Parallel()
	failure := connect.NewError(connect.CodeUnavailable, errors.New("no"))
	detail, err := connect.NewErrorDetail(&ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_DRAINING})
	if err != nil {
		t.Fatal(err)
	}
	failure.AddDetail(detail)
	for want, err := range map[string]error{
		"draining":    fmt.Errorf("send: %w", failure),
		"unavailable": connect.NewError(connect.CodeUnavailable, errors.New("no")),
		"unknown":     errors.New("no"),
	} {
		if got := reason.Name(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
