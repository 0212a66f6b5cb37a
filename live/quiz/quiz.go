// Package quiz is the rules of a quiz: what may be asked when, whose answer counts, who
// is still in after a question, and what the winners get. All of it is pure: instants
// come in as arguments, and what happened comes in as Evidence.
//
// A Quiz is a value. Its moves (Ask, Close, Evaluated, Reveal, Finish, Finished, Cancel)
// return the next one, and the tasks that are to be done; a move that was made already
// changes nothing, so that whoever does not know whether it was made makes it again.
//
// A quiz is played in shards of its players (ShardOf), each of which can be evaluated by
// itself: what a question did to one player depends on nobody else. What happened during a
// question is collected in a Slot for each shard. When the question's time is over, the
// slots are sealed; Evaluate takes the players after the question before and a slot's
// evidence to the players after it, and the tallies of all shards are added up. Finalise does
// so for what comes after the last question, and Split divides the pot.
//
// Nothing but the quiz and its evidence goes into that, and evidence can be merged in any
// order and however often it comes (Merge, Collect). So crashes and repetitions change no
// result, and Replay comes to the same from the evidence alone.
//
// What is shown to viewers follows from the quiz too (Frames), and so does what a player is
// told of how they stand (Standing): the players that are kept are neither told their prizes
// nor until when they may come back.
package quiz

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
)

// ID names a quiz in its room.
type ID string

// Ref names a quiz.
type Ref struct {
	Room live.RoomID
	Quiz ID
}

// Number is a question's place in its quiz: 1, 2, 3 ...; 0 is none.
type Number int

// MaxQuestions is the most questions of a quiz.
const MaxQuestions = 100

// Option is an option's number: 1, 2, 3 ...; 0 is none.
type Option uint8

// MaxOptions is the most options of a question.
const MaxOptions = 6

// Options is a set of options.
type Options uint8

// OptionsOf returns the set of some options.
func OptionsOf(list ...Option) (set Options) {
	for _, o := range list {
		set |= 1 << o
	}
	return set
}

// Has says whether an option is in the set.
func (s Options) Has(o Option) bool { return o != 0 && s&(1<<o) != 0 }

// List returns the options of the set in order.
func (s Options) List() (list []Option) {
	for o := Option(1); o <= MaxOptions; o++ {
		if s.Has(o) {
			list = append(list, o)
		}
	}
	return list
}

// Shards is into how many parts the players of a quiz are divided.
const Shards = 64

// ShardOf returns the part that a user is in: 0 to Shards-1.
func ShardOf(user live.UserID) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(user))
	return int(h.Sum64() % Shards)
}

// ByShard divides users by the parts that they are in, each once, in order.
func ByShard(users []live.UserID) map[int][]live.UserID {
	users = slices.Compact(slices.Sorted(slices.Values(users)))
	shards := make(map[int][]live.UserID)
	for _, user := range users {
		shard := ShardOf(user)
		shards[shard] = append(shards[shard], user)
	}
	return shards
}

// State is how far a quiz is. The numbers are kept, and so never change.
type State uint8

// The states.
const (
	Draft State = iota + 1
	Asked
	Closed
	Revealed
	Finished
	Cancelled
)

// String returns the state's name.
func (s State) String() string {
	switch s {
	case Draft:
		return "DRAFT"
	case Asked:
		return "ASKED"
	case Closed:
		return "CLOSED"
	case Revealed:
		return "REVEALED"
	case Finished:
		return "FINISHED"
	case Cancelled:
		return "CANCELLED"
	default:
		return "UNKNOWN"
	}
}

// Running says whether the quiz is between its first question and its end.
func (s State) Running() bool { return s == Asked || s == Closed || s == Revealed }

// Over says whether the quiz is finished or cancelled.
func (s State) Over() bool { return s == Finished || s == Cancelled }

// MissedPolicy says what becomes of a player who did not answer.
type MissedPolicy uint8

// The policies.
const (
	ExcuseUndelivered MissedPolicy = iota + 1
	EliminateMissed
)

// ReviveMode says how a revive is spent.
type ReviveMode uint8

// The modes.
const (
	ReviveAutomatic ReviveMode = iota + 1
	ReviveChosen
	ReviveOff
)

// Remainder says who gets what is left of the pot after equal division.
type Remainder uint8

// The rules.
const (
	RemainderDraw Remainder = iota + 1
	RemainderFastest
	RemainderReturn
)

// Revives says when a player who would go out may stay in.
type Revives struct {
	Mode         ReviveMode
	Initial      int           // that everyone begins with
	MaxUsed      int           // that one player may spend
	OnLast       bool          // on the last question too
	ChoiceWindow time.Duration // Chosen: after the reveal
}

// Rules is how a quiz is played.
type Rules struct {
	AnswerWindow   time.Duration
	StreamDelay    time.Duration
	TicketGrace    time.Duration
	Missed         MissedPolicy
	MaxExcuses     int
	ProofMargin    time.Duration
	EntryQuestions int
	Revives        Revives
	Pot            int64 // coins
	Remainder      Remainder
	AutoReveal     bool
	AbandonAfter   time.Duration
}

// Question is what is asked.
type Question struct {
	Text    string
	Options []string
	Correct Options       // empty: the reveal will say
	Window  time.Duration // 0: the rules'
	Labels  map[string]string
}

// Tally counts what the players did with a question.
type Tally struct {
	Answers    [MaxOptions]int64 // by option, the first is number 1
	Missed     int64             // did not answer, the excused included
	Excused    int64
	Revived    int64
	Eliminated int64
	Remaining  int64 // still in after the question
	Entered    int64 // became players with the question
	Final      bool  // the answers are complete
	Evaluated  bool  // every player is evaluated
}

// Round is a question of a quiz, and what happened to it. Instants are 0 until they are.
type Round struct {
	Question
	State         State // Draft: not asked yet; Asked, Closed, Revealed
	Last          bool
	AskedAt       live.Timestamp
	Media         live.Timestamp // the video's own clock when it was asked
	DisplayBy     live.Timestamp // when every client shows it at the latest
	ClosesAt      live.Timestamp // until when answers count
	ClosedAt      live.Timestamp
	RevealedAt    live.Timestamp
	RevealedMedia live.Timestamp
	Tally         Tally
}

// Result is how the pot was split.
type Result struct {
	Winners   int64
	Pot       int64
	Share     int64 // of each winner
	WithExtra int64 // winners who got one coin more
	Returned  int64
	PaidAt    live.Timestamp
	LastExtra Rank // of the winner who came last to one coin more
}

// Rank is what a winner's place among those who get the remainder goes by.
type Rank struct {
	User     live.UserID
	Answered int
	Spent    int64
}

// Quiz is a quiz and how far it is. It is a value: its methods return the next one and
// leave it as it is.
type Quiz struct {
	Ref
	Title      string
	State      State
	Rules      Rules
	Rounds     []Round
	Current    Number // the question that was asked last
	Players    int64  // how many became players
	Remaining  int64  // how many are still in
	Result     Result
	Reason     string      // why it was cancelled
	Creator    live.UserID // whose pot it is; empty: the house's
	CreatedAt  live.Timestamp
	TouchedAt  live.Timestamp // when its host last did something
	EndedAt    live.Timestamp
	EndedMedia live.Timestamp
	Finishing  bool  // it is to finish as soon as the last revives are counted
	Revision   int64 // counts the changes
}

// Round returns a question's round, or nil.
func (q *Quiz) Round(n Number) *Round {
	if n < 1 || int(n) > len(q.Rounds) {
		return nil
	}
	return &q.Rounds[n-1]
}
