package quiz

import "github.com/ovation-live/ovation/live"

// Slot is where the evidence of one shard of players for one question is collected.
// Beside what happens while the question takes answers, it takes what counts from this
// question on: revives that are granted, or spent by choice after the question before.
// A slot beyond the last question takes what is spent by choice on that.
type Slot struct {
	Ref
	Question Number
	Shard    int
}

// Answer is one answer of a user, received at an instant by the store's clock.
type Answer struct {
	User     live.UserID
	Option   Option
	Received live.Timestamp
}

// Before says whether the answer comes before one of the same user: of what was received at
// once the lowest option.
func (a *Answer) Before(received live.Timestamp, option Option) bool {
	return a.Received < received || a.Received == received && a.Option < option
}

// Verdict is what became of an answer.
type Verdict uint8

// The verdicts.
const (
	Taken      Verdict = iota + 1 // it is stored, and counts
	Repeated                      // the user had answered: that answer counts
	TooLate                       // the slot is sealed
	NotPlaying                    // the user is out, or came too late to play
)

// Receipt is what became of an answer: of one Taken or Repeated, the answer that counts.
type Receipt struct {
	Verdict  Verdict
	Option   Option
	Received live.Timestamp
}

// NoteKind is what a note says. The numbers are kept, and so never change.
type NoteKind uint8

// The kinds of notes.
const (
	Entered   NoteKind = iota + 1 // the user is in the room while an entry question takes answers
	Delivered                     // a session of theirs acknowledged the question's frame
	Granted                       // they were given revives
	Revive                        // they chose to spend one
)

// Note is a fact about a user other than an answer. Of the same kind the earliest counts,
// but for grants: those add up, each id once.
type Note struct {
	Kind    NoteKind
	User    live.UserID
	At      live.Timestamp
	Session live.SessionID // Delivered
	ID      string         // Granted: of the request, and so once
	Count   int            // Granted
}

// Grant is revives that a user was given.
type Grant struct {
	ID    string
	At    live.Timestamp
	Count int
}

// Evidence is all that a slot has of one user.
type Evidence struct {
	User      live.UserID
	Entered   live.Timestamp // 0: not
	Delivered live.Timestamp // 0: nothing proves it
	Session   live.SessionID // that acknowledged
	Option    Option         // 0: no answer
	Received  live.Timestamp // when the answer counts as received
	Stored    live.Timestamp // when it was stored
	Revived   live.Timestamp // when they chose to spend a revive; 0: not
	Grants    []Grant
}

// Status is where a user stands in a quiz.
type Status uint8

// The statuses.
const (
	Spectator Status = iota
	Playing
	Revivable // out, and may come back by choice
	Out
	Won
)

// Outcome is what one question did to one player.
type Outcome uint8

// The outcomes.
const (
	NoOutcome Outcome = iota
	Right
	Excused
	RevivedWrong
	RevivedMissed
	OutWrong
	OutMissed
)

// Player is where a user stands after a question was evaluated. Until and Prize follow from
// the quiz (Quiz.Standing) and are not kept.
type Player struct {
	User      live.UserID
	Status    Status
	EnteredAt Number // the question at which they became a player
	OutAt     Number // the question at which they went out last, 0: still in
	Right     int
	Excused   int
	Used      int            // revives spent
	Revives   int            // revives given and not spent
	Spent     int64          // microseconds from asked to received, over the questions answered
	Answered  int            // questions answered
	Until     live.Timestamp // Revivable: until when
	After     Number         // the question that this is after
	Outcome   Outcome        // of that question
	Option    Option         // their answer to it
	Prize     int64
}

// Part is what one shard came to with one question: the evidence, in order of user, and,
// once the right answer is known, the players after it, in order of user.
type Part struct {
	Evidence []Evidence
	Players  []Player
	Tally    Tally
}

// Stage is what is to be done with a question when answers are over.
type Stage uint8

// The stages. The numbers are kept, and so never change.
const (
	StageClose    Stage = iota + 1 // seal the slots, collect and count what is in them
	StageEvaluate                  // see who is still in
	StageFinish                    // seal what is behind the last question: who has won
	StageAbandon                   // the host has left it alone: cancel it
)

// Whole is the shard of a task that is about the quiz as a whole: it is due when those of
// all shards of its stage are done.
const Whole = -1

// Task is something to be done at an instant, by whichever node claims it.
type Task struct {
	Slot  // Shard may be Whole
	Stage Stage
	Due   live.Timestamp
}
