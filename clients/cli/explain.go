package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/clients/cli/internal/reason"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// explain says what an error means and what to do about it, in a sentence.
func explain(err error, server string) string {
	if detail := reason.Detail(err); detail != nil {
		return explainDetail(err, detail)
	}
	if text := explainTransport(err, server); text != "" {
		return text
	}
	return terminal.Escape(err.Error())
}

// explainDetail is explain for an error of the server's own.
func explainDetail(err error, detail *ovationv1.ErrorDetail) string {
	text, known := advice[detail.GetReason()]
	if !known {
		text = terminal.Escape(err.Error())
	}
	if facts := facts(err, detail); facts != "" {
		text += " (" + facts + ")"
	}
	return text
}

// facts lists what the server says about the case at hand.
func facts(err error, detail *ovationv1.ErrorDetail) string {
	var list []string
	if saysMore[detail.GetReason()] {
		list = append(list, messageOf(err))
	}
	metadata := detail.GetMetadata()
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		list = append(list, terminal.Escape(name+" "+fact(name, metadata[name])))
	}
	if after := reason.RetryAfter(err); after > 0 {
		list = append(list, "again in "+after.Round(time.Millisecond).String())
	}
	if id := detail.GetRequestId(); id != "" && detail.GetReason() == ovationv1.ErrorReason_ERROR_REASON_INTERNAL {
		list = append(list, "request id "+terminal.Escape(id))
	}
	return strings.Join(slices.DeleteFunc(list, func(fact string) bool { return fact == "" }), "; ")
}

// saysMore is the reasons whose message says what the advice cannot.
var saysMore = map[ovationv1.ErrorReason]bool{
	ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD:   true,
	ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN:  true,
	ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED:  true,
	ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED: true,
	ovationv1.ErrorReason_ERROR_REASON_MESSAGE_REFUSED: true,
}

// messageOf is what the server says in words, without the code before it.
func messageOf(err error) string {
	var failure *connect.Error
	if !errors.As(err, &failure) {
		return ""
	}
	return terminal.Escape(failure.Message())
}

// fact is a fact's value for people: "until" and what ends in "_at" is an instant.
func fact(name, value string) string {
	if name == "until" || strings.HasSuffix(name, "_at") {
		if micros, err := strconv.ParseInt(value, 10, 64); err == nil {
			return clock(micros)
		}
	}
	return value
}

// isRoomNotFound says whether a room is not there.
func isRoomNotFound(err error) bool {
	return reason.Of(err) == ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND
}

// explainTransport is explain for a call that no Ovation server answered, or "".
func explainTransport(err error, server string) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s: is the server running? start it with `go run ./server`", server)
	case errors.As(err, &dns):
		return fmt.Sprintf("there is no host %q: correct --server", dns.Name)
	case errors.Is(err, syscall.EMFILE):
		return "too many open files: raise the limit with `ulimit -n`, or use fewer connections"
	case errors.Is(err, context.Canceled) || connect.CodeOf(err) == connect.CodeCanceled:
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded) || connect.CodeOf(err) == connect.CodeDeadlineExceeded:
		return fmt.Sprintf("%s did not answer in time: try again, or give it longer with --timeout", server)
	case connect.CodeOf(err) == connect.CodeUnimplemented:
		return fmt.Sprintf("%s does not know this call: is it an Ovation server, and of this version?", server)
	}
	return ""
}
