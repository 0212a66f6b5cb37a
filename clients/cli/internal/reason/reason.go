// Package reason names what a failed call says about itself.
package reason

import (
	"strings"

	"connectrpc.com/connect"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// Name is a short name of an error: its reason, or else its status code, in lower
// case ("message_too_long", "unavailable").
func Name(err error) string {
	if r := ovation.Reason(err); r != ovationv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		return strings.ToLower(strings.TrimPrefix(r.String(), "ERROR_REASON_"))
	}
	return connect.CodeOf(err).String()
}
