package rpc

import (
	"context"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/events"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/page"
	serverquiz "github.com/ovation-live/ovation/server/quiz"
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
