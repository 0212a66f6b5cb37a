package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// explain says what an error means and what to do about it, in a sentence.
func explain(err error, server string) string {
	if kicked, ok := errors.AsType[*ovation.KickedError](err); ok {
		return explainKicked(kicked)
	}
	if detail := ovation.Detail(err); detail != nil {
		return explainDetail(err, detail)
	}
	if text := explainTransport(err, server); text != "" {
		return text
	}
	return terminal.Escape(err.Error())
}

// kicks says why a session ended, and what can be done.
var kicks = map[ovationv1.KickReason]string{
	ovationv1.KickReason_KICK_REASON_OFFLINE:       "the server ended the session, for nothing was read for too long: run the command again",
	ovationv1.KickReason_KICK_REASON_REPLACED:      "the session goes on elsewhere",
	ovationv1.KickReason_KICK_REASON_LEFT:          "the session was ended from elsewhere",
	ovationv1.KickReason_KICK_REASON_MODERATED:     "a moderator ended the session: run the command again to come back",
	ovationv1.KickReason_KICK_REASON_BANNED:        advice[ovationv1.ErrorReason_ERROR_REASON_BANNED],
	ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED: advice[ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED],
}

// explainKicked is explain for a session that the server ended.
func explainKicked(kicked *ovation.KickedError) string {
	text, known := kicks[kicked.Reason]
	if !known {
		text = "the server ended the session"
	}
	var facts []string
	if !strings.Contains(text, kicked.Message) {
		facts = append(facts, terminal.Escape(fact("why", kicked.Message)))
	}
	if !kicked.Until.IsZero() {
		facts = append(facts, "until "+clock(kicked.Until.UnixMicro()))
	}
	if len(facts) > 0 {
		text += " (" + strings.Join(facts, "; ") + ")"
	}
	return text
}

// explainDetail is explain for an error of the server's own.
func explainDetail(err error, detail *ovationv1.ErrorDetail) string {
	text, known := advice[detail.GetReason()]
	if !known {
		text = terminal.Escape(err.Error())
	}
	if detail.GetReason() == ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD && messageOf(err) != "" {
		return invalid(messageOf(err), detail.GetMetadata()["field"])
	}
	if facts := facts(err, detail); facts != "" {
		text += " (" + facts + ")"
	}
	return text
}

// facts lists what the server says about the case at hand.
func facts(err error, detail *ovationv1.ErrorDetail) string {
	var list []string
	if message := messageOf(err); saysMore[detail.GetReason()] && !strings.Contains(advice[detail.GetReason()], message) {
		list = append(list, message)
	}
	metadata := detail.GetMetadata()
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		list = append(list, terminal.Escape(fact(name, metadata[name])))
	}
	if after, _ := ovation.RetryAfter(err); after > 0 {
		list = append(list, "again in "+after.Round(time.Millisecond).String())
	}
	if id := detail.GetRequestId(); id != "" && detail.GetReason() == ovationv1.ErrorReason_ERROR_REASON_INTERNAL {
		list = append(list, "request id "+terminal.Escape(id))
	}
	return strings.Join(slices.DeleteFunc(list, func(fact string) bool { return fact == "" }), "; ")
}

// saysMore is the reasons whose message says what the advice cannot.
var saysMore = map[ovationv1.ErrorReason]bool{
	ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN:  true,
	ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED:  true,
	ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED: true,
	ovationv1.ErrorReason_ERROR_REASON_MESSAGE_REFUSED: true,
}

// invalid says in plain words, once, which value is wrong and why.
func invalid(message, field string) string {
	message = strings.TrimPrefix(message, "validation error: ")
	rest, ofField := strings.CutPrefix(message, field+": ")
	if field == "" || !ofField {
		return message
	}
	name := field
	if setting, ok := strings.CutPrefix(field, "settings."); ok { // named as its flag
		name = "--" + strings.ReplaceAll(setting, "_", "-")
	}
	if strings.HasPrefix(rest, "does not match regex pattern") && strings.Contains(rest, roomID.String()) {
		rest = roomIDRule
	}
	if m := fromTo.FindStringSubmatch(rest); m != nil {
		rest = "must be from " + bound(m[1]) + " to " + bound(m[2])
	}
	rest = notInList.ReplaceAllString(rest, "must not be $1")
	return terminal.Escape(name) + " " + rest
}

// notInList is how validation says that one value is none.
var notInList = regexp.MustCompile(`^must not be in list \[(\S+)\]$`)

// fromTo is how validation says what range a value must be in.
var fromTo = regexp.MustCompile(`^must be greater than or equal to (\S+) and less than or equal to (\S+)$`)

// bound is the end of a range for people: a length of time reads 1h, not 3600s.
func bound(text string) string {
	d, err := time.ParseDuration(text)
	if err != nil || !strings.HasSuffix(text, "s") {
		return text
	}
	text = d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// messageOf is what the server says in words, without the code before it.
func messageOf(err error) string {
	var failure *connect.Error
	if !errors.As(err, &failure) {
		return ""
	}
	return terminal.Escape(failure.Message())
}

// fact is a fact for people: "until" and what ends in "_at" is an instant, "why" is in
// somebody's own words.
func fact(name, value string) string {
	if name == "why" {
		return "“" + value + "”"
	}
	if name == "until" || strings.HasSuffix(name, "_at") {
		if micros, err := strconv.ParseInt(value, 10, 64); err == nil {
			value = clock(micros)
		}
	}
	return name + " " + value
}

// isRoomNotFound says whether a room is not there.
func isRoomNotFound(err error) bool {
	return ovation.Reason(err) == ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND
}

// explainTransport is explain for a call that no Ovation server answered, or "".
func explainTransport(err error, server string) string {
	var dns *net.DNSError
	after, told := ovation.RetryAfter(err)
	switch {
	case told:
		return fmt.Sprintf("%s takes nobody in for now: try again in %s", server, after.Round(time.Millisecond))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s: is the server running? start it with `go run ./server`", server)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fmt.Sprintf("the server speaks http here: try %s", strings.Replace(server, "https://", "http://", 1))
	case errors.Is(err, io.ErrUnexpectedEOF) && strings.HasPrefix(server, "http://"):
		return fmt.Sprintf("%s broke the connection off: if it speaks https, try %s", server, strings.Replace(server, "http://", "https://", 1))
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
