package ovation

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// Errors that end a stay in a room, or fail a call; match them with errors.Is.
var (
	// ErrRoomEnded: the room is over.
	ErrRoomEnded = errors.New("ovation: the room has ended")
	// ErrClosed: Close or Leave was called.
	ErrClosed = errors.New("ovation: the room is closed")
	// ErrBanned: the user is banned from the room; see Until.
	ErrBanned = errors.New("ovation: the user is banned from the room")
	// ErrMuted: the user is muted, or the whole room is; see Until.
	ErrMuted = errors.New("ovation: the user is muted, or the whole room is")
	// ErrMessageRefused: a word list or the moderation webhook refused the text.
	ErrMessageRefused = errors.New("ovation: moderation refused the text")
	// ErrAnswerLate: the question takes no more answers.
	ErrAnswerLate = errors.New("ovation: the question takes no more answers")
	// ErrNotPlaying: the user is out of the quiz, or came too late to play.
	ErrNotPlaying = errors.New("ovation: the user is out of the quiz, or came too late to play")
)

// names are the errors of this package, by what the server calls them.
var names = map[ovationv1.ErrorReason]error{
	ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED:      ErrRoomEnded,
	ovationv1.ErrorReason_ERROR_REASON_BANNED:          ErrBanned,
	ovationv1.ErrorReason_ERROR_REASON_MUTED:           ErrMuted,
	ovationv1.ErrorReason_ERROR_REASON_MESSAGE_REFUSED: ErrMessageRefused,

	ovationv1.ErrorReason_ERROR_REASON_QUIZ_ANSWER_LATE: ErrAnswerLate,
	ovationv1.ErrorReason_ERROR_REASON_QUIZ_NOT_PLAYING: ErrNotPlaying,
}

// KickedError ends a stay in a room because the server ended the session. Match it
// with errors.As.
type KickedError struct {
	Reason ovationv1.KickReason
	// Message is for people; may be empty.
	Message string
	// MayReconnect says that joining again is allowed.
	MayReconnect bool
	// Until is when a ban ends; zero if it is for good, if nobody could be asked, or
	// if this is no ban.
	Until time.Time
}

// Error says why.
func (e *KickedError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("ovation: the session was ended: %s", e.Reason)
	}
	return fmt.Sprintf("ovation: the session was ended: %s: %s", e.Reason, e.Message)
}

// Is says that a ban is ErrBanned, however it comes.
func (e *KickedError) Is(target error) bool {
	return target == ErrBanned && e.Reason == ovationv1.KickReason_KICK_REASON_BANNED
}

// Until returns when the ban or mute ends that an error tells of. False: it never ends
// by itself, or the error does not say.
func Until(err error) (time.Time, bool) {
	if kicked, ok := errors.AsType[*KickedError](err); ok {
		return kicked.Until, !kicked.Until.IsZero()
	}
	micros, wrong := strconv.ParseInt(Detail(err).GetMetadata()["until"], 10, 64)
	if wrong != nil || micros <= 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(micros), true
}

// Reason returns the reason that a server gave for an error, UNSPECIFIED if there
// is none: a failure of the network has none.
func Reason(err error) ovationv1.ErrorReason { return Detail(err).GetReason() }

// RetryAfter returns after what time the call that failed may succeed, 0 or more, if
// the server said so, or whatever answered in its place.
func RetryAfter(err error) (time.Duration, bool) {
	if detail := Detail(err); detail != nil {
		after := detail.GetRetryAfter()
		return max(after.AsDuration(), 0), after != nil
	}
	var failure *connect.Error
	if !errors.As(err, &failure) {
		return 0, false
	}
	return retryAfterIn(failure.Meta(), time.Now())
}

// Detail returns the server's own account of an error, nil if there is none: the call
// did not reach it, or something between answered.
func Detail(err error) *ovationv1.ErrorDetail {
	var failure *connect.Error
	if !errors.As(err, &failure) {
		return nil
	}
	for _, d := range failure.Details() {
		if value, err := d.Value(); err == nil {
			if detail, ok := value.(*ovationv1.ErrorDetail); ok {
				return detail
			}
		}
	}
	return nil
}

// final says that trying again would change nothing. Only the server itself can say
// so, by a detail: whatever a proxy on the way answers may pass. The exceptions
// are faults that are the caller's own.
func final(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeInvalidArgument, connect.CodeUnauthenticated:
		return true
	case connect.CodePermissionDenied, connect.CodeNotFound, connect.CodeAlreadyExists,
		connect.CodeFailedPrecondition, connect.CodeOutOfRange, connect.CodeUnimplemented:
		return Detail(err) != nil && !endsSession(err)
	default:
		return false
	}
}

// unreached says that the call did not get through, or not back: the network failed,
// or the server could not take it. A call that may be repeated should be.
func unreached(err error) bool {
	if connect.CodeOf(err) == connect.CodeUnavailable {
		return true
	}
	return Detail(err) == nil && !final(err)
}

// crowded says that the server has no place for now, and when there may be one. Who
// waits in line is let in at some time: there is no reason to give up.
func crowded(err error) bool {
	_, told := RetryAfter(err)
	return limited(err) || told && Detail(err) == nil
}

// limited says that the caller is over a limit, and the server says for how long. Nothing
// of the call was done.
func limited(err error) bool {
	after, _ := RetryAfter(err)
	return after > 0 && Reason(err) == ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED
}

// named gives errors of the server the names of this package.
func named(err error) error {
	if name, ok := names[Reason(err)]; ok && !errors.Is(err, name) {
		return fmt.Errorf("%w: %w", name, err)
	}
	return err
}

// endsSession says that the session is no more, and another is to be opened.
func endsSession(err error) bool {
	return Reason(err) == ovationv1.ErrorReason_ERROR_REASON_SESSION_NOT_FOUND
}

// isRefused says that the server did not take the token.
func isRefused(err error) bool { return connect.CodeOf(err) == connect.CodeUnauthenticated }
