package rpc

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/events"
	servergift "github.com/ovation-live/ovation/server/gift"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/limit"
	serverquiz "github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/server/visit"
	"github.com/ovation-live/ovation/server/wallet"
	serverwords "github.com/ovation-live/ovation/server/words"
	"github.com/ovation-live/ovation/store"
)

// typedFailures maps the errors that carry facts of their own. Without a message the
// caller is told what the error itself says.
var typedFailures = []struct {
	facts func(error) (said string, facts map[string]string, ok bool)
	failure
}{
	{facts(func(e *auth.InvalidError) map[string]string {
		return map[string]string{"cause": e.Cause}
	}), failure{
		connect.CodeUnauthenticated, ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID, "", 0,
	}},
	{facts(func(e *auth.EarlyError) map[string]string {
		return map[string]string{"valid_from": micros(e.From), "server_time": micros(e.Now)}
	}), failure{
		connect.CodeUnauthenticated, ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID,
		"the token is not valid yet: it is from the future, by the server's clock", 0,
	}},
	{facts(func(e *auth.ExpiredError) map[string]string {
		return map[string]string{"expired_at": micros(e.At), "server_time": micros(e.Now)}
	}), failure{
		connect.CodeUnauthenticated, ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED,
		"the token has expired: renew it", 0,
	}},
	{facts(func(e *chat.TooLongError) map[string]string {
		return map[string]string{"limit": strconv.Itoa(e.Max)}
	}), failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LONG,
		"the text is longer than the room allows", 0,
	}},
	{facts(func(e *serverwords.RefusedError) map[string]string {
		return map[string]string{"list_id": e.List}
	}), failure{
		connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_REFUSED,
		"the text has a forbidden word: change it", 0,
	}},
	{facts(func(e *events.FieldError) map[string]string {
		return map[string]string{"field": e.Field}
	}), failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "", 0,
	}},
	{facts(func(e *store.WordLimitError) map[string]string {
		return map[string]string{"limit": "max_words", "max": strconv.Itoa(e.Max)}
	}), failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_WORD_LIMIT,
		"all lists of the room together would hold too many words; nothing was changed", 0,
	}},
	{facts(func(e *words.UnusableError) map[string]string {
		return map[string]string{"field": fmt.Sprintf("words[%d].text", e.Index)}
	}), failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "", 0,
	}},
	{facts(func(*chat.TooOftenError) map[string]string { return nil }), failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED,
		"too many messages are being recalled in the room", 0,
	}},
	{facts(func(e *moderation.BannedError) map[string]string { return termFacts(e.Term) }), failure{
		connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_BANNED,
		"the user is banned from the room", 0,
	}},
	{facts(func(e *moderation.MutedError) map[string]string { return termFacts(e.Term) }), failure{
		connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_MUTED,
		"the user is muted, or the whole room is", 0,
	}},
	{facts(func(e *attribute.ConflictError) map[string]string {
		return map[string]string{"key": e.Key, "timestamp": strconv.FormatInt(int64(e.Timestamp), 10)}
	}), failure{
		connect.CodeAborted, ovationv1.ErrorReason_ERROR_REASON_ATTRIBUTE_CONFLICT,
		"the attribute has changed since; nothing was applied", 0,
	}},
	{facts(func(e *attribute.OwnedError) map[string]string {
		return map[string]string{"key": e.Key, "owner": string(e.Owner)}
	}), failure{
		connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_ATTRIBUTE_OWNED,
		"the attribute belongs to somebody else; nothing was applied", 0,
	}},
	{facts(func(e *attribute.LimitError) map[string]string {
		return map[string]string{"key": e.Key, "limit": e.Limit, "max": strconv.Itoa(e.Max)}
	}), failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_ATTRIBUTE_LIMIT,
		"the update would exceed a limit of the room; nothing was applied", 0,
	}},
	{facts(func(e *room.RangeError) map[string]string {
		return map[string]string{"field": e.Setting}
	}), failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "", 0,
	}},
	{facts(func(e *store.QuizRunningError) map[string]string {
		return map[string]string{"quiz_id": string(e.ID)}
	}), failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_QUIZ_RUNNING,
		"another quiz of the room is running: finish or cancel it first", 0,
	}},
	{facts(func(e *quiz.WrongStateError) map[string]string {
		return map[string]string{"state": e.State.String()}
	}), failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_QUIZ_WRONG_STATE,
		"the quiz's state does not allow this", 0,
	}},
	{facts(func(e *quiz.LateError) map[string]string {
		return map[string]string{"answer_closes_at": strconv.FormatInt(int64(e.ClosesAt), 10)}
	}), failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_QUIZ_ANSWER_LATE,
		"the question takes no more answers", 0,
	}},
	{facts(func(*serverquiz.OpenError) map[string]string { return nil }), failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_QUIZ_QUESTION_OPEN,
		"the question still takes answers: repeat the call after retry_after", 0,
	}},
	{facts(func(*quiz.OpenError) map[string]string { return nil }), failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_QUIZ_QUESTION_OPEN,
		"the question still takes answers: repeat the call when it is closed", time.Second,
	}},
	{facts(func(e *quiz.InvalidError) map[string]string {
		return map[string]string{"field": e.Field}
	}), failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "", 0,
	}},
	{facts(func(e *serverquiz.BusyError) map[string]string {
		return map[string]string{"ticket": e.Ticket}
	}), failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_QUIZ_BUSY,
		"too much at once: repeat the call with the ticket after retry_after", 0,
	}},
	{facts(func(e *ledger.InsufficientError) map[string]string {
		return map[string]string{"balance": strconv.FormatInt(e.Balance, 10)}
	}), failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_INSUFFICIENT_FUNDS,
		"the balance does not cover it; nothing moved", 0,
	}},
	{facts(func(*ledger.LimitError) map[string]string { return nil }), failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_BALANCE_LIMIT,
		"the balance would be larger than a balance may be; nothing moved", 0,
	}},
	{facts(func(e *servergift.InvalidError) map[string]string {
		return map[string]string{"field": e.Field}
	}), failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "", 0,
	}},
	{facts(func(e *servergift.PriceChangedError) map[string]string {
		return map[string]string{"price": strconv.FormatInt(e.Price, 10)}
	}), failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_GIFT_PRICE_CHANGED,
		"the gift's price is not the expected one; nothing was paid", 0,
	}},
	{facts(func(e *servergift.LimitError) map[string]string {
		return map[string]string{"limit": e.Limit, "max": strconv.Itoa(e.Max)}
	}), failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_GIFT_LIMIT,
		"the catalogue or the room's goals are full: retire a gift or close a goal first", 0,
	}},
	{facts(func(*servergift.BusyError) map[string]string {
		return map[string]string{"limit": "gift_max_waiting"}
	}), failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED,
		"too many payments at once; nothing was paid: repeat the call after retry_after", 0,
	}},
	{facts(func(e *wallet.InvalidError) map[string]string {
		return map[string]string{"field": e.Field}
	}), failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "", 0,
	}},
	{facts(func(e *interceptor.MalformedError) map[string]string {
		return map[string]string{"cause": e.Cause}
	}), failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		"the request is malformed", 0,
	}},
	{facts(func(e *visit.FieldError) map[string]string {
		return map[string]string{"field": e.Field}
	}), failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "", 0,
	}},
	{facts(func(*visit.BusyError) map[string]string {
		return map[string]string{"limit": visit.Limit}
	}), failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED,
		"too many events of visits wait to be merged: repeat the call after retry_after", 0,
	}},
	{facts(func(e *limit.ExceededError) map[string]string {
		return map[string]string{"limit": string(e.Limit)}
	}), failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED,
		"too much at once: wait for retry_after, then call again", 0,
	}},
	{facts(func(e *tooLargeError) map[string]string {
		return map[string]string{"max_request_bytes": strconv.Itoa(e.max)}
	}), failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED,
		"the request is larger than the server reads", 0,
	}},
}

// termFacts says until when, if it ends by itself, and why, if somebody said so.
func termFacts(t moderation.Term) map[string]string {
	facts := make(map[string]string, 2)
	if until := t.Timed(); until != 0 {
		facts["until"] = strconv.FormatInt(int64(until), 10)
	}
	if t.Why != "" {
		facts["why"] = t.Why
	}
	return facts
}

// micros is an instant as metadata carries it: in Unix microseconds.
func micros(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// facts finds an error of one type and what it says.
func facts[E error](of func(E) map[string]string) func(error) (string, map[string]string, bool) {
	return func(err error) (string, map[string]string, bool) {
		var found E
		if !errors.As(err, &found) {
			return "", nil, false
		}
		return found.Error(), of(found), true
	}
}
