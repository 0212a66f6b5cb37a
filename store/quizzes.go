package store

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
)

// Quizzes is the quizzes themselves: what was asked, how far each is, what is to be done
// with them and when, and what became of their players. What the players do while a
// question takes answers is in Answers until then.
//
// With two backends the durable one has all of it. A change is published on the bus once
// it is made; a publication that is lost is mended by RunningQuizzes.
type Quizzes interface {
	// CreateQuiz adds a quiz, which is a Draft, and posts what moves, asked with the quiz as
	// it is created, returns (nil: nothing), all of it or nothing. moves may be called more
	// than once, and must do nothing else. Revision and CreatedAt are the store's. Within 5 minutes the same request
	// id of the same creator creates once; with another quiz, ErrRequestReused. An empty
	// one is never remembered. ErrRoomNotFound, ErrRoomEnded, ErrQuizExists, and errors of
	// Ledger's Post.
	CreateQuiz(ctx context.Context, q quiz.Quiz, requestID string, moves QuizMoves) (quiz.Quiz, error)
	// Quiz returns a quiz; with no id the room's running one, or else the one that ended
	// last. It is never behind. ErrRoomNotFound, ErrQuizNotFound.
	Quiz(ctx context.Context, ref quiz.Ref) (quiz.Quiz, error)
	// Quizzes returns at most limit quizzes of a room, the newest first (by CreatedAt, then
	// ID, both descending), after the one named, if one is. ErrRoomNotFound.
	Quizzes(ctx context.Context, id live.RoomID, after QuizPlace, limit int) ([]quiz.Quiz, error)
	// RunningQuizzes returns the running quizzes of those of the rooms that have one, and
	// their revisions. It is asked for about every second with all rooms that a node serves.
	RunningQuizzes(ctx context.Context, ids []live.RoomID) (map[live.RoomID]QuizMark, error)
	// ChangeQuiz hands a quiz as it is, and the instant, to change, and writes what it
	// returns, all of it or, where it returns an error, nothing and that error. change may
	// be called more than once, and must do nothing else. Another revision is written only
	// if the quiz it returns differs: the store counts it. Nobody else changes the quiz in
	// between. It works in ended rooms too. ErrRoomNotFound, ErrQuizNotFound, a
	// *QuizRunningError where the quiz would be the room's second running one, and errors of
	// Ledger's Post.
	ChangeQuiz(
		ctx context.Context, ref quiz.Ref, change func(q quiz.Quiz, now live.Timestamp) (QuizChange, error),
	) (quiz.Quiz, error)
	// ClaimQuizRequest notes what a request of a quiz asks for, for as long as the quiz is
	// kept, and says whether it is the first of its id. One that asks for something else than
	// the first is ErrRequestReused. ErrRoomNotFound, ErrQuizNotFound.
	ClaimQuizRequest(ctx context.Context, ref quiz.Ref, id string, asks []byte) (first bool, err error)

	// ClaimQuizTasks gives a node at most limit tasks that are due, the earliest first, under
	// a lease: until it is over nobody else gets them. A task of a Whole comes when those of
	// all shards of its quiz, question and stage are done. Tasks of quizzes that are over are
	// dropped.
	ClaimQuizTasks(ctx context.Context, node NodeID, limit int, lease time.Duration) ([]quiz.Task, error)
	// CompleteQuizTask writes what a shard's task came to, and that it is done. The first
	// call counts, whoever makes it, and later ones change nothing until the task is to be
	// done again: it returns the part that is kept. A part of StageEvaluate or StageFinish
	// goes in place of the one before, whose evidence it repeats.
	CompleteQuizTask(ctx context.Context, t quiz.Task, part quiz.Part) (quiz.Part, error)
	// DropQuizTask says that a Whole's task is done, unless it has taken another Due since.
	DropQuizTask(ctx context.Context, t quiz.Task) error
	// QuizPart returns what a shard came to with a question; ErrQuizNotFound if nothing yet.
	QuizPart(ctx context.Context, slot quiz.Slot) (quiz.Part, error)
	// QuizTally adds up the tallies of the shards that are done with a stage of a question,
	// and how many shards those are; each stage has tallies of its own.
	QuizTally(ctx context.Context, ref quiz.Ref, n quiz.Number, stage quiz.Stage) (sum quiz.Tally, shards int, err error)
}

// QuizMoves says what moves coins for a quiz that is created.
type QuizMoves func(q quiz.Quiz) []ledger.Transaction

// Of returns what moves coins for a quiz.
func (m QuizMoves) Of(q quiz.Quiz) []ledger.Transaction {
	if m == nil {
		return nil
	}
	return m(q)
}

// QuizPlace is a quiz's place among those of its room.
type QuizPlace struct {
	CreatedAt live.Timestamp // 0: before the first
	ID        quiz.ID
}

// QuizMark is a running quiz as it is.
type QuizMark struct {
	ID       quiz.ID
	Revision int64
}

// QuizChange is what is to be written of a quiz.
type QuizChange struct {
	Quiz  quiz.Quiz
	Tasks []quiz.Task // one that is there already, by slot and stage, takes the new Due and is to be done again
	Moves []ledger.Transaction
	Event *Event
}

// QuizRunningError says that another quiz of the room is running.
type QuizRunningError struct{ ID quiz.ID }

// Error implements error.
func (e *QuizRunningError) Error() string { return "store: another quiz of the room is running" }

// Answers is what the players of running quizzes do, by slots, of which every one may be
// kept elsewhere. Whatever is lost with a backend that held it in memory shows in the
// slot's life: whoever has put something into it puts it again.
type Answers interface {
	// OpenAnswers begins what is kept of a quiz's players, where it has not begun. It is
	// called when a quiz is created, and created says so, and before its first question is
	// asked: what begins later may have been there before, and been lost.
	OpenAnswers(ctx context.Context, ref quiz.Ref, created bool) error
	// PutAnswers records answers of a slot, all at once, and returns what became of each, in
	// their order, and the slot's life. A user's first answer counts; of two in one call the
	// first in the list. An answer that counts makes a user a player in a slot of an entry
	// question; in another, and where the standing that is kept says that they are out,
	// it is NotPlaying. entry says that it is one. Who is Revivable is out, unless the slot
	// has a note of their Revive. What counts is Repeated in a sealed slot too. A slot after
	// the first question whose shard's standings after the question before are not there is
	// ErrNoStandings: put them with PutStandings, and try again.
	PutAnswers(ctx context.Context, slot quiz.Slot, entry bool, answers []quiz.Answer) (SlotLife, []quiz.Receipt, error)
	// PutAnswersAgain is PutAnswers of answers that were Taken in a life of the slot that it
	// may have lost. Of a user's answers the one that was received first counts, whichever was
	// there, and of those received at once the lowest option: so whatever is put again in
	// whatever order, each slot comes to the same. An answer that another takes the place of
	// counts no more, though it was Taken. Of a sealed slot nothing changes.
	PutAnswersAgain(ctx context.Context, slot quiz.Slot, entry bool, answers []quiz.Answer) (SlotLife, []quiz.Receipt, error)
	// PutNotes records notes of a slot, each once however often it is put. One in a sealed
	// slot changes nothing; sealed says so.
	PutNotes(ctx context.Context, slot quiz.Slot, notes []quiz.Note) (life SlotLife, sealed bool, err error)
	// Seal ends a slot, as often as it is called: it takes nothing more. It returns all that
	// is in it, in order of user. Where the slot may have lost something so lately that it was
	// perhaps not put again, or it was put again a moment ago, it is ErrUnavailable: try later.
	Seal(ctx context.Context, slot quiz.Slot) (SlotLife, []quiz.Evidence, error)
	// SlotLives returns the life of every shard's slot of a question; "" of one that nothing
	// was put into. If some cannot be reached it returns ErrUnavailable with the others'.
	SlotLives(ctx context.Context, ref quiz.Ref, n quiz.Number) ([quiz.Shards]SlotLife, error)
	// AnswerCounts counts the answers that were taken in all slots of a question so far.
	AnswerCounts(ctx context.Context, ref quiz.Ref, n quiz.Number) ([quiz.MaxOptions]int64, error)
	// EvidenceOf returns what a slot has of some users so far, in their order, but for their
	// grants, and the slot's life; "" where it may lack something of those it has nothing of:
	// where nothing of the shard has begun, where it may have lost something so lately that it
	// was perhaps not put again, and where the slot is not sealed, though sealed says that it
	// was. A slot that nothing was put into has a life too.
	EvidenceOf(ctx context.Context, slot quiz.Slot, sealed bool, users []live.UserID) (SlotLife, []quiz.Evidence, error)
	// DeliveredTo returns of some users of a slot those to whom its frame was delivered.
	DeliveredTo(ctx context.Context, slot quiz.Slot, users []live.UserID) ([]live.UserID, error)
	// PutStandings keeps the players of a slot's shard after its question, in place of those
	// after the question before. Those after a later question stay.
	PutStandings(ctx context.Context, slot quiz.Slot, players []quiz.Player) error
	// StandingsOf returns where users of a slot's shard stand after its question, or a later
	// one: in their order, a Spectator where nothing is kept of one. ErrNoStandings.
	StandingsOf(ctx context.Context, slot quiz.Slot, users []live.UserID) ([]quiz.Player, error)
	// DropAnswers forgets all of a quiz that is over. What is not dropped goes by itself in
	// a day or so.
	DropAnswers(ctx context.Context, ref quiz.Ref) error
}

// SlotLife names one life of what is kept of a slot: with another, something may be lost.
type SlotLife string
