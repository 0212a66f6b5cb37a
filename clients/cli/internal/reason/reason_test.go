package reason_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/reason"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

func TestReason(t *testing.T) {
	t.Parallel()
	failure := connect.NewError(connect.CodeUnavailable, errors.New("no"))
	detail, err := connect.NewErrorDetail(&ovationv1.ErrorDetail{
		Reason: ovationv1.ErrorReason_ERROR_REASON_DRAINING, RetryAfter: durationpb.New(time.Second),
	})
	if err != nil {
		t.Fatal(err)
	}
	other, err := connect.NewErrorDetail(durationpb.New(0)) // someone else's detail
	if err != nil {
		t.Fatal(err)
	}
	failure.AddDetail(other)
	failure.AddDetail(detail)
	wrapped := fmt.Errorf("send: %w", failure)
	if reason.Of(wrapped) != ovationv1.ErrorReason_ERROR_REASON_DRAINING || reason.Name(wrapped) != "draining" ||
		reason.RetryAfter(wrapped) != time.Second {
		t.Errorf("%v, %q, %v", reason.Of(wrapped), reason.Name(wrapped), reason.RetryAfter(wrapped))
	}
	bare := connect.NewError(connect.CodeUnavailable, errors.New("no"))
	if reason.Detail(bare) != nil || reason.Name(bare) != "unavailable" || reason.RetryAfter(bare) != 0 {
		t.Errorf("%v, %q", reason.Detail(bare), reason.Name(bare))
	}
	if reason.Name(errors.New("no")) != "unknown" {
		t.Errorf("%q", reason.Name(errors.New("no")))
	}
}
