package store

import (
	"errors"
	"fmt"

	"github.com/ovation-live/ovation/live"
)

// What a store refuses. Rules of the domain that it applies on the way return their
// own errors: feed.ErrNoMessage, those of package attribute, those of package room.
var (
	// ErrRoomNotFound: there is no such room.
	ErrRoomNotFound = errors.New("store: no such room")
	// ErrRoomExists: the id is taken.
	ErrRoomExists = errors.New("store: room exists")
	// ErrRoomEnded: the room has ended and takes no more changes.
	ErrRoomEnded = errors.New("store: room has ended")
	// ErrSessionTaken: another user has a session of that id.
	ErrSessionTaken = errors.New("store: session of another user")
	// ErrAbsent: something is to go when a user leaves who is not in the room.
	ErrAbsent = errors.New("store: user is not in the room")
	// ErrRequestReused: the request id was used before with other contents.
	ErrRequestReused = errors.New("store: request id was used with other contents")
	// ErrEventPosition: no event has been recorded there yet.
	ErrEventPosition = errors.New("store: no event is at that position yet")
	// ErrQuizNotFound: there is no such quiz in the room, or nothing of it that is asked for.
	ErrQuizNotFound = errors.New("store: no such quiz")
	// ErrQuizExists: the quiz's id is taken in the room.
	ErrQuizExists = errors.New("store: quiz exists")
	// ErrNoStandings: where players stand after a question is not kept where it is needed.
	ErrNoStandings = errors.New("store: no standings of these players")
	// ErrGiftNotFound: there is no such gift.
	ErrGiftNotFound = errors.New("store: no such gift")
	// ErrGiftLimit: the catalogue, or the goals of the room, are full.
	ErrGiftLimit = errors.New("store: too many gifts or goals")
	// ErrGiftElsewhere: the gift of that id is one of another room, or of every room.
	ErrGiftElsewhere = errors.New("store: gift of another room")
	// ErrConsumerNotFound: there is no consumer of that name.
	ErrConsumerNotFound = errors.New("store: no such consumer")
	// ErrConsumerConflict: the consumer has a webhook, or streams.
	ErrConsumerConflict = errors.New("store: the consumer reads in another way")
	// ErrConsumerReplaced: somebody else reads as the consumer now.
	ErrConsumerReplaced = errors.New("store: the consumer has another owner")
	// ErrNoSecret: a new webhook needs a secret.
	ErrNoSecret = errors.New("store: a webhook without secret")
	// ErrUnavailable: the backend cannot be reached.
	ErrUnavailable = errors.New("store: backend unavailable")
)

// RoomError says which room an error is about. It unwraps to the sentinel.
type RoomError struct {
	Room live.RoomID
	Err  error
}

// Error implements error.
func (e *RoomError) Error() string { return fmt.Sprintf("room %q: %v", string(e.Room), e.Err) }

// Unwrap returns the sentinel.
func (e *RoomError) Unwrap() error { return e.Err }
