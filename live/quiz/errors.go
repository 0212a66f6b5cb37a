package quiz

import (
	"errors"
	"fmt"
	"time"

	"github.com/ovation-live/ovation/live"
)

// What may be wrong with a call.
var (
	// ErrEarly says that a question was not asked when it was answered.
	ErrEarly = errors.New("quiz: the question was not asked yet")
	// ErrOptionUnknown says that a question has no such option.
	ErrOptionUnknown = errors.New("quiz: the question has no such option")
	// ErrQuestionNotFound says that a quiz has no question at a place, and that none came
	// with the call.
	ErrQuestionNotFound = errors.New("quiz: there is no question at this place")
	// ErrQuestionAsked says that a place was asked with another question.
	ErrQuestionAsked = errors.New("quiz: another question was asked at this place")
	// ErrEvaluating says that what the players did is still being looked at.
	ErrEvaluating = errors.New("quiz: the question is being evaluated")
	// ErrReviveUnavailable says that a player may not spend a revive.
	ErrReviveUnavailable = errors.New("quiz: there is no revive to spend")
	// ErrNotPlaying says that a user is out, or came too late to play.
	ErrNotPlaying = errors.New("quiz: the user is not playing")
)

// LateError says that a question takes no more answers.
type LateError struct{ ClosesAt live.Timestamp }

// Error implements error.
func (e *LateError) Error() string {
	return fmt.Sprintf("quiz: the question took answers until %s", e.ClosesAt.Time().Format(time.RFC3339Nano))
}

// OpenError says that a question takes answers still.
type OpenError struct{ Until live.Timestamp }

// Error implements error.
func (e *OpenError) Error() string {
	return fmt.Sprintf("quiz: the question takes answers until %s", e.Until.Time().Format(time.RFC3339Nano))
}

// WrongStateError says that a quiz is in a state in which a thing cannot be done.
type WrongStateError struct{ State State }

// Error implements error.
func (e *WrongStateError) Error() string {
	return fmt.Sprintf("quiz: it cannot be done while the quiz is %s", e.State)
}

// InvalidError says what is wrong with a field, as the API calls it.
type InvalidError struct{ Field, Problem string }

// Error implements error.
func (e *InvalidError) Error() string { return fmt.Sprintf("quiz: %s %s", e.Field, e.Problem) }
