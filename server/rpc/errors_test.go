package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
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
	"github.com/ovation-live/ovation/server/rpc"
	"github.com/ovation-live/ovation/server/visit"
	"github.com/ovation-live/ovation/server/wallet"
	serverwords "github.com/ovation-live/ovation/server/words"
	"github.com/ovation-live/ovation/store"
)

// packages is where errors come from that callers are told of.
var packages = []string{
	"live/feed", "live/attribute", "live/moderation", "live/room", "live/words", "live/quiz", "store",
	"server/auth", "server/chat", "server/hub", "server/page", "server/limit",
	"server/rooms", "server/attributes", "server/moderation", "server/words", "server/quiz", "server/events", "server/gift", "server/visit", "server/wallet",
}

// told is what a caller is to be told of an error: its reason, and facts by name.
type told struct {
	err    error
	reason ovationv1.ErrorReason
	facts  map[string]string
}

// known is every error that callers are told of, by the name that its source gives it.
var known = map[string]told{
	"feed.ErrNoMessage": {feed.ErrNoMessage, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_NOT_FOUND, nil},
	"attribute.ErrDuplicateKey": {
		attribute.ErrDuplicateKey, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, nil,
	},
	"attribute.ErrReadOnly":  {attribute.ErrReadOnly, ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN, nil},
	"attribute.ErrOwnerless": {attribute.ErrOwnerless, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, nil},
	"attribute.ConflictError": {
		&attribute.ConflictError{Key: "k", Timestamp: 7}, ovationv1.ErrorReason_ERROR_REASON_ATTRIBUTE_CONFLICT,
		map[string]string{"key": "k", "timestamp": "7"},
	},
	"attribute.OwnedError": {
		&attribute.OwnedError{Key: "k", Owner: "u"}, ovationv1.ErrorReason_ERROR_REASON_ATTRIBUTE_OWNED,
		map[string]string{"key": "k", "owner": "u"},
	},
	"attribute.LimitError": {
		&attribute.LimitError{Key: "k", Limit: attribute.LimitKeys, Max: 5},
		ovationv1.ErrorReason_ERROR_REASON_ATTRIBUTE_LIMIT,
		map[string]string{"key": "k", "limit": "max_attributes", "max": "5"},
	},
	"room.ErrTooManyLabels": {room.ErrTooManyLabels, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, nil},
	"room.RangeError": {
		&room.RangeError{Setting: "pull_limit", Value: "1", Low: "10", High: "1000"},
		ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		map[string]string{"field": "pull_limit"},
	},
	"words.UnusableError": {
		&words.UnusableError{Index: 3}, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		map[string]string{"field": "words[3].text"},
	},
	"words.RefusedError": {
		&serverwords.RefusedError{List: "l"}, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_REFUSED,
		map[string]string{"list_id": "l"},
	},
	"store.WordLimitError": {
		&store.WordLimitError{Max: 5}, ovationv1.ErrorReason_ERROR_REASON_WORD_LIMIT,
		map[string]string{"limit": "max_words", "max": "5"},
	},
	"store.ErrRoomNotFound":     {store.ErrRoomNotFound, ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND, nil},
	"store.ErrRoomExists":       {store.ErrRoomExists, ovationv1.ErrorReason_ERROR_REASON_ROOM_EXISTS, nil},
	"store.ErrRoomEnded":        {store.ErrRoomEnded, ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED, nil},
	"store.ErrSessionTaken":     {store.ErrSessionTaken, ovationv1.ErrorReason_ERROR_REASON_SESSION_NOT_FOUND, nil},
	"store.ErrAbsent":           {store.ErrAbsent, ovationv1.ErrorReason_ERROR_REASON_SESSION_NOT_FOUND, nil},
	"store.ErrRequestReused":    {store.ErrRequestReused, ovationv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED, nil},
	"store.ErrEventPosition":    {store.ErrEventPosition, ovationv1.ErrorReason_ERROR_REASON_EVENT_CURSOR_INVALID, nil},
	"store.ErrConsumerNotFound": {store.ErrConsumerNotFound, ovationv1.ErrorReason_ERROR_REASON_CONSUMER_NOT_FOUND, nil},
	"store.ErrConsumerReplaced": {store.ErrConsumerReplaced, ovationv1.ErrorReason_ERROR_REASON_CONSUMER_REPLACED, nil},
	"store.ErrConsumerConflict": {store.ErrConsumerConflict, ovationv1.ErrorReason_ERROR_REASON_CONSUMER_CONFLICT, nil},
	"store.ErrNoSecret":         {store.ErrNoSecret, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, nil},
	"events.ErrCursor":          {events.ErrCursor, ovationv1.ErrorReason_ERROR_REASON_EVENT_CURSOR_INVALID, nil},
	"events.ErrDraining":        {events.ErrDraining, ovationv1.ErrorReason_ERROR_REASON_DRAINING, nil},
	"events.FieldError": {
		&events.FieldError{Field: "webhook.url", Reason: "is wrong"}, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		map[string]string{"field": "webhook.url"},
	},
	"visit.FieldError": {
		&visit.FieldError{Field: "time_zone", Problem: "is not known"}, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		map[string]string{"field": "time_zone"},
	},
	"visit.BusyError": {
		&visit.BusyError{Waiting: 9, Max: 8, RetryAfter: time.Second}, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED,
		map[string]string{"limit": "visit_max_waiting"},
	},
	"store.ErrGiftNotFound":  {store.ErrGiftNotFound, ovationv1.ErrorReason_ERROR_REASON_GIFT_NOT_FOUND, nil},
	"store.ErrGiftElsewhere": {store.ErrGiftElsewhere, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, nil},
	"store.ErrGiftLimit":     {store.ErrGiftLimit, ovationv1.ErrorReason_ERROR_REASON_GIFT_LIMIT, nil},
	"gift.InvalidError": {
		&servergift.InvalidError{Field: "receiver_id"}, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		map[string]string{"field": "receiver_id"},
	},
	"gift.PriceChangedError": {
		&servergift.PriceChangedError{Price: 7}, ovationv1.ErrorReason_ERROR_REASON_GIFT_PRICE_CHANGED,
		map[string]string{"price": "7"},
	},
	"gift.LimitError": {
		&servergift.LimitError{Limit: "goals", Max: 10}, ovationv1.ErrorReason_ERROR_REASON_GIFT_LIMIT,
		map[string]string{"limit": "goals", "max": "10"},
	},
	"gift.BusyError": {
		&servergift.BusyError{After: 1}, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED,
		map[string]string{"limit": "gift_max_waiting"},
	},
	"wallet.InvalidError": {
		&wallet.InvalidError{Field: "account"}, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		map[string]string{"field": "account"},
	},
	"store.ErrUnavailable": {store.ErrUnavailable, ovationv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE, nil},
	"store.RoomError": {
		&store.RoomError{Room: "r", Err: store.ErrRoomEnded}, ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED,
		map[string]string{"room": "r"},
	},
	"auth.ErrTokenMissing": {auth.ErrTokenMissing, ovationv1.ErrorReason_ERROR_REASON_TOKEN_MISSING, nil},
	"auth.ErrTokenInvalid": {auth.ErrTokenInvalid, ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID, nil},
	"auth.ErrTokenExpired": {auth.ErrTokenExpired, ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED, nil},
	"auth.InvalidError": {
		&auth.InvalidError{Cause: "why"}, ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID,
		map[string]string{"cause": "why"},
	},
	"auth.EarlyError": {
		&auth.EarlyError{From: time.UnixMicro(7), Now: time.UnixMicro(5)}, ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID,
		map[string]string{"valid_from": "7", "server_time": "5"},
	},
	"auth.ExpiredError": {
		&auth.ExpiredError{At: time.UnixMicro(5), Now: time.UnixMicro(7)}, ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED,
		map[string]string{"expired_at": "5", "server_time": "7"},
	},
	"auth.ErrRoomForbidden": {auth.ErrRoomForbidden, ovationv1.ErrorReason_ERROR_REASON_ROOM_FORBIDDEN, nil},
	"auth.ErrRoleForbidden": {auth.ErrRoleForbidden, ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN, nil},
	"chat.ErrEmpty":         {chat.ErrEmpty, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_EMPTY, nil},
	"chat.TooLongError": {
		&chat.TooLongError{Length: 9, Max: 8}, ovationv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LONG,
		map[string]string{"limit": "8"},
	},
	"chat.TooOftenError": {
		&chat.TooOftenError{RetryAfter: 1}, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED, nil,
	},
	"moderation.ErrProtected": {moderation.ErrProtected, ovationv1.ErrorReason_ERROR_REASON_USER_PROTECTED, nil},
	"moderation.ErrBanned":    {moderation.ErrBanned, ovationv1.ErrorReason_ERROR_REASON_USER_BANNED, nil},
	"moderation.BannedError": {
		&moderation.BannedError{Term: moderation.Term{Until: 7, Why: "spam"}},
		ovationv1.ErrorReason_ERROR_REASON_BANNED,
		map[string]string{"until": "7", "why": "spam"},
	},
	"moderation.MutedError": {
		&moderation.MutedError{Term: moderation.Term{Until: moderation.Forever}},
		ovationv1.ErrorReason_ERROR_REASON_MUTED, nil,
	},
	"limit.ExceededError": {
		&limit.ExceededError{Limit: limit.UserSendRate, RetryAfter: 1}, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED,
		map[string]string{"limit": "user_send_rate"},
	},
	"store.ErrQuizNotFound": {store.ErrQuizNotFound, ovationv1.ErrorReason_ERROR_REASON_QUIZ_NOT_FOUND, nil},
	"store.ErrQuizExists":   {store.ErrQuizExists, ovationv1.ErrorReason_ERROR_REASON_QUIZ_EXISTS, nil},
	"store.ErrNoStandings":  {store.ErrNoStandings, ovationv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE, nil},
	"store.QuizRunningError": {
		&store.QuizRunningError{ID: "q"}, ovationv1.ErrorReason_ERROR_REASON_QUIZ_RUNNING, map[string]string{"quiz_id": "q"},
	},
	"quiz.ErrEarly":             {quiz.ErrEarly, ovationv1.ErrorReason_ERROR_REASON_QUIZ_ANSWER_EARLY, nil},
	"quiz.ErrOptionUnknown":     {quiz.ErrOptionUnknown, ovationv1.ErrorReason_ERROR_REASON_QUIZ_OPTION_UNKNOWN, nil},
	"quiz.ErrQuestionNotFound":  {quiz.ErrQuestionNotFound, ovationv1.ErrorReason_ERROR_REASON_QUIZ_QUESTION_NOT_FOUND, nil},
	"quiz.ErrQuestionAsked":     {quiz.ErrQuestionAsked, ovationv1.ErrorReason_ERROR_REASON_QUIZ_QUESTION_ASKED, nil},
	"quiz.ErrEvaluating":        {quiz.ErrEvaluating, ovationv1.ErrorReason_ERROR_REASON_QUIZ_EVALUATING, nil},
	"quiz.ErrReviveUnavailable": {quiz.ErrReviveUnavailable, ovationv1.ErrorReason_ERROR_REASON_REVIVE_UNAVAILABLE, nil},
	"quiz.ErrNotPlaying":        {quiz.ErrNotPlaying, ovationv1.ErrorReason_ERROR_REASON_QUIZ_NOT_PLAYING, nil},
	"quiz.ErrTicket":            {serverquiz.ErrTicket, ovationv1.ErrorReason_ERROR_REASON_QUIZ_TICKET_INVALID, nil},
	"quiz.WrongStateError": {
		&quiz.WrongStateError{State: quiz.Closed}, ovationv1.ErrorReason_ERROR_REASON_QUIZ_WRONG_STATE,
		map[string]string{"state": "CLOSED"},
	},
	"quiz.LateError": {
		&quiz.LateError{ClosesAt: 7}, ovationv1.ErrorReason_ERROR_REASON_QUIZ_ANSWER_LATE,
		map[string]string{"answer_closes_at": "7"},
	},
	"quiz.OpenError": {
		&serverquiz.OpenError{OpenError: quiz.OpenError{Until: 7}, After: 1},
		ovationv1.ErrorReason_ERROR_REASON_QUIZ_QUESTION_OPEN, nil,
	},
	"quiz.InvalidError": {
		&quiz.InvalidError{Field: "rules.pot", Problem: "is wrong"}, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		map[string]string{"field": "rules.pot"},
	},
	"quiz.BusyError": {
		&serverquiz.BusyError{Ticket: "t", After: 1}, ovationv1.ErrorReason_ERROR_REASON_QUIZ_BUSY,
		map[string]string{"ticket": "t"},
	},
	"hub.ErrDraining": {hub.ErrDraining, ovationv1.ErrorReason_ERROR_REASON_DRAINING, nil},
	"page.ErrToken":   {page.ErrToken, ovationv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID, nil},
}

func TestEveryErrorIsTold(t *testing.T) {
	t.Parallel()
	promised := contract(t)
	found := make(map[string]bool)
	for _, dir := range packages {
		for _, name := range exportedErrors(t, dir) {
			found[name] = true
			want, ok := known[name]
			if !ok {
				t.Errorf("%s has no line in this test: say what callers are told of it, in server/rpc/failures.go too", name)
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				checkTold(t, want.err, want, promised)
				checkTold(t, fmt.Errorf("what led to it: %w", want.err), want, promised)
				checkTold(t, errors.Join(want.err, errors.New("another")), want, promised)
			})
		}
	}
	for name := range known {
		if !found[name] {
			t.Errorf("%s is no longer there", name)
		}
	}
}

// checkTold checks what a caller is told of err.
func checkTold(t *testing.T, err error, want told, promised map[ovationv1.ErrorReason]connect.Code) {
	t.Helper()
	got := rpc.Translate(t.Context(), err)
	detail := onlyDetail(t, got)
	if detail.GetReason() != want.reason || got.Code() != promised[want.reason] {
		t.Errorf("%v: told %v, %v; the contract has %v for %v",
			err, got.Code(), detail.GetReason(), promised[want.reason], want.reason)
	}
	if !maps.Equal(detail.GetMetadata(), want.facts) {
		t.Errorf("%v: facts %v, want %v", err, detail.GetMetadata(), want.facts)
	}
	if strings.Contains(got.Message(), "led to it") {
		t.Errorf("told %q", got.Message())
	}
	retried := []ovationv1.ErrorReason{
		ovationv1.ErrorReason_ERROR_REASON_DRAINING, ovationv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE,
		ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED, ovationv1.ErrorReason_ERROR_REASON_QUIZ_BUSY,
		ovationv1.ErrorReason_ERROR_REASON_QUIZ_EVALUATING, ovationv1.ErrorReason_ERROR_REASON_QUIZ_QUESTION_OPEN,
	}
	if got := detail.GetRetryAfter().AsDuration() > 0; got != slices.Contains(retried, want.reason) {
		t.Errorf("%v: a retry delay: %v", err, detail.GetRetryAfter())
	}
}

// onlyDetail returns the one ErrorDetail that an error carries.
func onlyDetail(t *testing.T, err *connect.Error) *ovationv1.ErrorDetail {
	t.Helper()
	var found []*ovationv1.ErrorDetail
	for _, d := range err.Details() {
		if m, e := d.Value(); e == nil {
			if detail, ok := m.(*ovationv1.ErrorDetail); ok {
				found = append(found, detail)
			}
		}
	}
	if len(found) != 1 {
		t.Fatalf("%v carries %d details", err, len(found))
	}
	return found[0]
}

func TestUnknownErrorsAreInternal(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"unknown":             errors.New("dial 10.0.0.7: secret"),
		"internal to connect": connect.NewError(connect.CodeInternal, errors.New("marshal: secret")),
		"data loss":           connect.NewError(connect.CodeDataLoss, errors.New("secret")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := rpc.Translate(t.Context(), err)
			detail := onlyDetail(t, got)
			if got.Code() != connect.CodeInternal || detail.GetReason() != ovationv1.ErrorReason_ERROR_REASON_INTERNAL {
				t.Errorf("told %v, %v", got, detail)
			}
			if strings.Contains(got.Error()+detail.String(), "secret") {
				t.Errorf("leaked: %v, %v", got, detail)
			}
		})
	}
}

// Errors of connect's own keep their code and get the reason that goes with it.
func TestErrorsOfConnect(t *testing.T) {
	t.Parallel()
	promised := contract(t)
	for code, reason := range map[connect.Code]ovationv1.ErrorReason{
		connect.CodeInvalidArgument:   ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		connect.CodeUnimplemented:     ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED,
		connect.CodeResourceExhausted: ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED,
	} {
		got := rpc.Translate(t.Context(), connect.NewError(code, errors.New("x")))
		if got.Code() != code || promised[reason] != code || onlyDetail(t, got).GetReason() != reason {
			t.Errorf("%v: told %v, %v", code, got, got.Details())
		}
	}
}

// A call that its caller gave up is no failure, and has a reason all the same.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	reasons := map[connect.Code]ovationv1.ErrorReason{
		connect.CodeCanceled:         ovationv1.ErrorReason_ERROR_REASON_CANCELLED,
		connect.CodeDeadlineExceeded: ovationv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED,
	}
	for _, tt := range []struct {
		err  error
		code connect.Code
	}{
		{context.Canceled, connect.CodeCanceled},
		{context.DeadlineExceeded, connect.CodeDeadlineExceeded},
		{connect.NewError(connect.CodeCanceled, errors.New("x")), connect.CodeCanceled},
		{connect.NewError(connect.CodeDeadlineExceeded, errors.New("x")), connect.CodeDeadlineExceeded},
		{connect.NewError(connect.CodeUnknown, errors.New("write: broken pipe")), connect.CodeCanceled},
	} {
		got := rpc.Translate(t.Context(), tt.err)
		if got.Code() != tt.code || onlyDetail(t, got).GetReason() != reasons[tt.code] {
			t.Errorf("%v: told %v, %v", tt.err, got, got.Details())
		}
	}
}

// What was translated where it arose is not translated again.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	once := rpc.Translate(t.Context(), &interceptor.MalformedError{Cause: "why"})
	if again := rpc.Translate(t.Context(), fmt.Errorf("reading: %w", once)); onlyDetail(t, again).GetMetadata()["cause"] != "why" {
		t.Errorf("told %v, %v", again, again.Details())
	}
}
