package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// failure is an error as the server answers it.
func failure(code connect.Code, message string, detail *ovationv1.ErrorDetail) error {
	err := connect.NewError(code, errors.New(message))
	raw, detailErr := connect.NewErrorDetail(detail)
	if detailErr != nil {
		panic(detailErr)
	}
	err.AddDetail(raw)
	return err
}

// turnedAway is the error of a call that a proxy answered.
func turnedAway(after string) error {
	err := connect.NewError(connect.CodeUnavailable, errors.New("HTTP status 503"))
	err.Meta().Set("Retry-After", after)
	return err
}

func TestEveryKickIsExplained(t *testing.T) {
	t.Parallel()
	for number, name := range ovationv1.KickReason_name {
		if kicks[ovationv1.KickReason(number)] == "" && number != 0 {
			t.Errorf("%s: nothing to say", name)
		}
	}
}

func TestEveryReasonIsExplained(t *testing.T) {
	t.Parallel()
	for number, name := range ovationv1.ErrorReason_name {
		r := ovationv1.ErrorReason(number)
		if r == ovationv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
			continue
		}
		text := explain(failure(connect.CodeUnknown, "raw", &ovationv1.ErrorDetail{Reason: r}), "")
		if r == ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD { // the message says it all
			advised := advice[r] != "" && text == "raw"
			if !advised {
				t.Errorf("%s: %q", name, text)
			}
			continue
		}
		if advice[r] == "" || !strings.HasPrefix(text, advice[r]) {
			t.Errorf("%s: no advice, but %q", name, text)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	tests := map[string]struct {
		err  error
		want string
	}{
		"connection refused": {
			connect.NewError(connect.CodeUnavailable, refused),
			"nothing listens at http://host: is the server running? start it with `go run ./server`",
		},
		"no such host": {
			connect.NewError(connect.CodeUnavailable, &net.DNSError{Name: "nowhere"}),
			`there is no host "nowhere": correct --server`,
		},
		"https, asked for http": {
			connect.NewError(connect.CodeUnavailable, io.ErrUnexpectedEOF),
			"http://host broke the connection off: if it speaks https, try https://host",
		},
		"too many files": {
			fmt.Errorf("dial: %w", syscall.EMFILE),
			"too many open files: raise the limit with `ulimit -n`, or use fewer connections",
		},
		"time out": {
			connect.NewError(connect.CodeDeadlineExceeded, context.DeadlineExceeded),
			"http://host did not answer in time: try again, or give it longer with --timeout",
		},
		"interrupted": {connect.NewError(connect.CodeCanceled, context.Canceled), "interrupted"},
		"no Ovation": {
			connect.NewError(connect.CodeUnimplemented, errors.New("404")),
			"http://host does not know this call: is it an Ovation server, and of this version?",
		},
		"a field": {
			failure(connect.CodeInvalidArgument, "room_id is bad\x1b[2J", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, Metadata: map[string]string{"field": "room_id"},
			}),
			`room_id is bad\x1b[2J`,
		},
		"a pattern": {
			failure(connect.CodeInvalidArgument, "validation error: room_id: does not match regex pattern `^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, Metadata: map[string]string{"field": "room_id", "rule": "string.pattern"},
			}),
			"room_id must be of 1 to 64 letters, digits and . _ : -, a letter or digit first",
		},
		"a range": {
			failure(connect.CodeInvalidArgument, "validation error: settings.pull_limit: must be greater than or equal to 10 and less than or equal to 1000", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, Metadata: map[string]string{"field": "settings.pull_limit", "rule": "uint32.gte_lte"},
			}),
			"--pull-limit must be from 10 to 1000",
		},
		"a rule of its own": {
			failure(connect.CodeInvalidArgument, "validation error: style.size: must be 0 or from 25 to 400", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, Metadata: map[string]string{"field": "style.size", "rule": "style.size"},
			}),
			"style.size must be 0 or from 25 to 400",
		},
		"a role, once": {
			failure(connect.CodePermissionDenied, "the token's role may not do this", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN,
			}),
			"the token's role may not do this: use one of a higher role (see `ovation token --help`)",
		},
		"until": {
			failure(connect.CodePermissionDenied, "muted", &ovationv1.ErrorDetail{
				Reason:   ovationv1.ErrorReason_ERROR_REASON_MUTED,
				Metadata: map[string]string{"until": fmt.Sprint(until.UnixMicro())},
			}),
			advice[ovationv1.ErrorReason_ERROR_REASON_MUTED] + " (until 2026-01-02 03:04:05.000)",
		},
		"a moderator's reason": {
			failure(connect.CodePermissionDenied, "banned", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_BANNED, Metadata: map[string]string{"why": "be nice\x1b"},
			}),
			advice[ovationv1.ErrorReason_ERROR_REASON_BANNED] + ` (“be nice\x1b”)`,
		},
		"kicked": {
			&ovation.KickedError{Reason: ovationv1.KickReason_KICK_REASON_MODERATED, Message: "cool down\x1b"},
			`a moderator ended the session: run the command again to come back (“cool down\x1b”)`,
		},
		"banned while there": {
			&ovation.KickedError{Reason: ovationv1.KickReason_KICK_REASON_BANNED, Message: "banned from the room", Until: until},
			advice[ovationv1.ErrorReason_ERROR_REASON_BANNED] + " (until 2026-01-02 03:04:05.000)",
		},
		"kicked for a reason of a later contract": {&ovation.KickedError{Reason: 99}, "the server ended the session"},
		"limited": {
			failure(connect.CodeResourceExhausted, "the rate of one address", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED, RetryAfter: durationpb.New(2 * time.Second),
			}),
			"the server takes no more calls or connections from here for now: try again later, or with fewer (the rate of one address; again in 2s)",
		},
		"turned away by a proxy": {turnedAway("7"), "http://host takes nobody in for now: try again in 7s"},
		"again": {
			failure(connect.CodeUnavailable, "draining", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_DRAINING, RetryAfter: durationpb.New(1500 * time.Millisecond),
			}),
			"this node is shutting down: try again in a moment (again in 1.5s)",
		},
		"a fault of the server": {
			failure(connect.CodeInternal, "internal", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_INTERNAL, RequestId: "abc",
			}),
			"a fault of the server: look for the request id in its log (request id abc)",
		},
		"anything else": {errors.New("it\x07broke"), `it\x07broke`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := explain(test.err, "http://host"); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}
