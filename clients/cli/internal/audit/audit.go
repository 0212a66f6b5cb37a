package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// maxDifferences is how many differences are told.
const maxDifferences = 20

// Audit is a quiz, what its players did, and what the server says of them.
type Audit struct {
	said    *ovationv1.Quiz
	facts   []quiz.Fact
	players map[live.UserID]*ovationv1.QuizStanding
}

// New returns an audit of a quiz as HOST and BACKEND see it.
func New(said *ovationv1.Quiz) *Audit {
	return &Audit{said: said, players: make(map[live.UserID]*ovationv1.QuizStanding)}
}

// Log takes entries of the answer log, in any order; an entry that comes again changes
// nothing.
func (a *Audit) Log(entries ...*ovationv1.AnswerLogEntry) {
	for _, e := range entries {
		a.facts = append(a.facts, FactOf(e))
	}
}

// Standings takes what the server says of players.
func (a *Audit) Standings(standings ...*ovationv1.QuizStanding) {
	for _, s := range standings {
		a.players[live.UserID(s.GetUserId())] = s
	}
}

// Report is the outcome of an audit.
type Report struct {
	Room    string `json:"room"`
	Quiz    string `json:"quiz"`
	State   string `json:"state"`
	Facts   int    `json:"facts"`
	Players int    `json:"players"`
	Winners int64  `json:"winners"`
	Share   int64  `json:"share"`
	// Differences is where the server says otherwise than what follows from the log: the
	// first of them.
	Differences []string `json:"differences"`
	// Differing is how many differences there are.
	Differing int `json:"differing"`
}

// Report computes everything again, and compares.
func (a *Audit) Report() Report {
	r := Report{
		Room: a.said.GetRoomId(), Quiz: a.said.GetQuizId(), Facts: len(a.facts), Differences: []string{},
		State: strings.ToLower(strings.TrimPrefix(a.said.GetState().String(), "QUIZ_STATE_")),
	}
	q := QuizOf(a.said)
	replayed := quiz.Replay(q, a.facts)
	r.Players, r.Winners, r.Share = len(replayed.Players), replayed.Result.Winners, replayed.Result.Share
	r.result(a.said.GetResult(), replayed.Result)
	r.tallies(q, replayed.Tallies)
	r.players(&q, a.players, replayed.Players)
	return r
}

// differ notes a difference.
func (r *Report) differ(format string, args ...any) {
	r.Differing++
	if len(r.Differences) < maxDifferences {
		r.Differences = append(r.Differences, fmt.Sprintf(format, args...))
	}
}

// result compares how the pot was split.
func (r *Report) result(said *ovationv1.QuizResult, got quiz.Result) {
	for _, f := range []struct {
		name      string
		said, got int64
	}{
		{"winners", said.GetWinners(), got.Winners},
		{"pot", said.GetPot(), got.Pot},
		{"share", said.GetShare(), got.Share},
		{"with_extra", said.GetWithExtra(), got.WithExtra},
		{"returned", said.GetReturned(), got.Returned},
	} {
		if f.said != f.got {
			r.differ("result: the server says %s %d, the log %d", f.name, f.said, f.got)
		}
	}
}

// tallies compares the counts of every question that was evaluated.
func (r *Report) tallies(q quiz.Quiz, got []quiz.Tally) {
	for i, t := range got {
		said := q.Rounds[i].Tally
		if !said.Evaluated {
			continue
		}
		t.Entered, t.Final, t.Evaluated = said.Entered, said.Final, said.Evaluated // not in the API, and known
		if t != said {
			r.differ("question %d: the server says %s, the log %s", i+1, tallyText(said), tallyText(t))
		}
	}
}

// tallyText is a tally in words.
func tallyText(t quiz.Tally) string {
	return fmt.Sprintf("%v answers, %d missed, %d excused, %d revived, %d out, %d left",
		t.Answers, t.Missed, t.Excused, t.Revived, t.Eliminated, t.Remaining)
}

// statuses are the statuses by their numbers in the API.
var statuses = map[quiz.Status]ovationv1.PlayerStatus{
	quiz.Spectator: ovationv1.PlayerStatus_PLAYER_STATUS_SPECTATOR,
	quiz.Playing:   ovationv1.PlayerStatus_PLAYER_STATUS_PLAYING,
	quiz.Revivable: ovationv1.PlayerStatus_PLAYER_STATUS_REVIVABLE,
	quiz.Out:       ovationv1.PlayerStatus_PLAYER_STATUS_OUT,
	quiz.Won:       ovationv1.PlayerStatus_PLAYER_STATUS_WON,
}

// players compares where everyone stands.
func (r *Report) players(q *quiz.Quiz, said map[live.UserID]*ovationv1.QuizStanding, got []quiz.Player) {
	for _, p := range got {
		s, ok := said[p.User]
		if !ok {
			r.differ("%s: the server does not know them, the log does", p.User)
			continue
		}
		delete(said, p.User)
		if q.State == quiz.Finished && (s.GetStatus() != statuses[p.Status] || s.GetPrize() != p.Prize) ||
			int(s.GetOutAtQuestion()) != int(p.OutAt) || int(s.GetRight()) != p.Right ||
			int(s.GetExcused()) != p.Excused || int(s.GetRevivesUsed()) != p.Used {
			r.differ("%s: the server says %s, out at %d, %d right, %d excused, %d revived, %d coins; the log %s, %d, %d, %d, %d, %d",
				p.User, s.GetStatus(), s.GetOutAtQuestion(), s.GetRight(), s.GetExcused(), s.GetRevivesUsed(), s.GetPrize(),
				statuses[p.Status], p.OutAt, p.Right, p.Excused, p.Used, p.Prize)
		}
	}
	var strangers []string
	for user := range said {
		strangers = append(strangers, string(user))
	}
	slices.Sort(strangers)
	for _, user := range strangers {
		r.differ("%s: the server has them among the players, the log does not", user)
	}
}

// Text is the report for people.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Quiz %s of room %s, %s: %s of %s, %s.\n", terminal.Escape(r.Quiz), terminal.Escape(r.Room), r.State,
		figures.Plural(r.Facts, "fact"), figures.Plural(r.Players, "player"), figures.Plural(r.Winners, "winner"))
	for _, d := range r.Differences {
		b.WriteString("  DIFFERS: " + terminal.Escape(d) + "\n")
	}
	if r.Differing > len(r.Differences) {
		fmt.Fprintf(&b, "  and %s more\n", figures.Count(r.Differing-len(r.Differences)))
	}
	if r.Differing == 0 {
		b.WriteString("Every count, every standing and every prize follows from the log.\n")
	}
	return b.String()
}
