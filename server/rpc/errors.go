package rpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/events"
	servergift "github.com/ovation-live/ovation/server/gift"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/limit"
	"github.com/ovation-live/ovation/server/page"
	serverquiz "github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/server/visit"
	"github.com/ovation-live/ovation/server/wallet"
	serverwords "github.com/ovation-live/ovation/server/words"
	"github.com/ovation-live/ovation/store"
)

// failure is what the caller is told of an error.
type failure struct {
	code       connect.Code
	reason     ovationv1.ErrorReason
	message    string
	retryAfter time.Duration
}

// failures maps every sentinel to what the caller is told.
var failures = []struct {
	err error
	failure
}{
	{auth.ErrTokenMissing, failure{
		connect.CodeUnauthenticated, ovationv1.ErrorReason_ERROR_REASON_TOKEN_MISSING,
		"no token: send it as `Authorization: Bearer TOKEN`", 0,
	}},
	{auth.ErrTokenExpired, failure{
		connect.CodeUnauthenticated, ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED,
		"the token has expired: renew it", 0,
	}},
	{auth.ErrTokenInvalid, failure{
		connect.CodeUnauthenticated, ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID,
		"the token is not valid", 0,
	}},
	{auth.ErrRoomForbidden, failure{
		connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_ROOM_FORBIDDEN,
		"the token does not cover this room", 0,
	}},
	{auth.ErrRoleForbidden, failure{
		connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN,
		"the caller's role may not do this", 0,
	}},
	{store.ErrRoomNotFound, failure{
		connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND,
		"there is no such room", 0,
	}},
	{store.ErrRoomExists, failure{
		connect.CodeAlreadyExists, ovationv1.ErrorReason_ERROR_REASON_ROOM_EXISTS,
		"there is a room of this id already", 0,
	}},
	{store.ErrRoomEnded, failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED,
		"the room has ended", 0,
	}},
	{store.ErrRequestReused, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED,
		"request_id was used before with other contents", 0,
	}},
	{store.ErrSessionTaken, failure{
		connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_SESSION_NOT_FOUND,
		"the session is not yours", 0,
	}},
	{store.ErrAbsent, failure{
		connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_SESSION_NOT_FOUND,
		"an attribute with delete_on_leave needs its owner in the room: join or subscribe first", 0,
	}},
	{store.ErrEventPosition, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_EVENT_CURSOR_INVALID,
		"the cursor is after the latest event: use the cursor of an event that was received", 0,
	}},
	{events.ErrCursor, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_EVENT_CURSOR_INVALID,
		"the cursor is not one that this server handed out", 0,
	}},
	{events.ErrDraining, failure{
		connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_DRAINING,
		"the node is draining: open the stream again", time.Second,
	}},
	{store.ErrConsumerNotFound, failure{
		connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_CONSUMER_NOT_FOUND,
		"there is no consumer of this name: it begins to exist with its first stream, or as a webhook", 0,
	}},
	{store.ErrConsumerReplaced, failure{
		connect.CodeAborted, ovationv1.ErrorReason_ERROR_REASON_CONSUMER_REPLACED,
		"the consumer opened another stream: this one is over", 0,
	}},
	{store.ErrConsumerConflict, failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_CONSUMER_CONFLICT,
		"the consumer has a webhook and cannot stream, or is streaming and cannot have a webhook: end the other, or choose another name", 0,
	}},
	{store.ErrNoSecret, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		"a new webhook needs a secret", 0,
	}},
	{store.ErrUnavailable, failure{
		connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		"a backing store cannot be reached", time.Second,
	}},
	{hub.ErrDraining, failure{
		connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_DRAINING,
		"the node is draining: reconnect", time.Second,
	}},
	{feed.ErrNoMessage, failure{
		connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_NOT_FOUND,
		"the room's log holds no such message", 0,
	}},
	{chat.ErrEmpty, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_EMPTY,
		"a message needs text or payload", 0,
	}},
	{moderation.ErrProtected, failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_USER_PROTECTED,
		"the user cannot be banned, muted or kicked: they are protected, the room's host, yourself, or a moderator as you are", 0,
	}},
	{moderation.ErrBanned, failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_USER_BANNED,
		"the user is banned, from this room or from every room: lift the ban first", 0,
	}},
	{attribute.ErrReadOnly, failure{
		connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN,
		"viewers may not change attributes in this room", 0,
	}},
	{attribute.ErrDuplicateKey, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		"a key is in the batch more than once", 0,
	}},
	{attribute.ErrOwnerless, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		"delete_on_leave needs an owner: set own", 0,
	}},
	{room.ErrTooManyLabels, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		"the room would have too many labels", 0,
	}},
	{page.ErrToken, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID,
		"page_token is not one that this call handed out", 0,
	}},
	{store.ErrQuizNotFound, failure{
		connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_QUIZ_NOT_FOUND,
		"there is no such quiz in the room", 0,
	}},
	{store.ErrQuizExists, failure{
		connect.CodeAlreadyExists, ovationv1.ErrorReason_ERROR_REASON_QUIZ_EXISTS,
		"there is a quiz of this id in the room already: choose another, or leave it out", 0,
	}},
	{store.ErrNoStandings, failure{
		connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		"where the players stand is being fetched", time.Second,
	}},
	{store.ErrGiftNotFound, failure{
		connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_GIFT_NOT_FOUND,
		"there is no such gift, or it cannot be sent in this room", 0,
	}},
	{store.ErrGiftElsewhere, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		"gift.room_id is not the gift's: a gift stays in the room that it was first put in, or in every room; put it under another id", 0,
	}},
	{store.ErrGiftLimit, failure{
		connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_GIFT_LIMIT,
		"the catalogue or the room's goals are full: retire a gift or close a goal first", 0,
	}},
	{quiz.ErrEarly, failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_QUIZ_ANSWER_EARLY,
		"the question was not asked yet", 0,
	}},
	{quiz.ErrOptionUnknown, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_QUIZ_OPTION_UNKNOWN,
		"the question has no option of this number", 0,
	}},
	{quiz.ErrQuestionNotFound, failure{
		connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_QUIZ_QUESTION_NOT_FOUND,
		"the quiz has no question at this place: send one with the call", 0,
	}},
	{quiz.ErrQuestionAsked, failure{
		connect.CodeAlreadyExists, ovationv1.ErrorReason_ERROR_REASON_QUIZ_QUESTION_ASKED,
		"another question was asked at this place: ask the next", 0,
	}},
	{quiz.ErrEvaluating, failure{
		connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_QUIZ_EVALUATING,
		"the question is being evaluated: repeat the call after retry_after", 500 * time.Millisecond,
	}},
	{quiz.ErrReviveUnavailable, failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_REVIVE_UNAVAILABLE,
		"there is no revive that may be spent now", 0,
	}},
	{quiz.ErrNotPlaying, failure{
		connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_QUIZ_NOT_PLAYING,
		"the user is out of the quiz, or came too late to play", 0,
	}},
	{serverquiz.ErrTicket, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_QUIZ_TICKET_INVALID,
		"the ticket is not for this answer: leave it out", 0,
	}},
	{errNotGzip, failure{
		connect.CodeInvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		"the request is malformed: it is not compressed with gzip, as it says", 0,
	}},
	{errTooSlow, failure{
		connect.CodeDeadlineExceeded, ovationv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED,
		"the request took too long to arrive", 0,
	}},
	{errBrokenOff, cancelled},
	{errGone, cancelled},
	{context.DeadlineExceeded, deadline},
	{context.Canceled, cancelled},
}

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
