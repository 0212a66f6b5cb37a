package match

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/game"
	"github.com/ovation-live/ovation/clients/cli/internal/latency"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// Counts is what a question did to the players.
type Counts struct {
	Answers   []int64 `json:"answers"` // per option
	Missed    int64   `json:"missed"`
	Remaining int64   `json:"remaining"`
}

// Round is what became of one question.
type Round struct {
	Question uint32 `json:"question"`
	// Want is what follows from the answers, Got what the server says.
	Want Counts `json:"want"`
	Got  Counts `json:"got"`
	// Stored is how many answers the server said that it has.
	Stored int64 `json:"stored"`
	// Busy is how often the server had no time, and gave a ticket.
	Busy int64 `json:"busy"`
	// Retries is how often a call did not get through.
	Retries int64 `json:"retries"`
	// Failed counts answers that it never took, by reason.
	Failed map[string]int64 `json:"failed"`
	// Late is how many answers set out at least 100 ms after their time.
	Late int64 `json:"late"`
	// Latency is how long an answer took until it was stored, tries included.
	Latency latency.Summary `json:"latency"`
	// TalliesAfter is how long after the last answer could come every player was evaluated.
	TalliesAfter latency.Micros `json:"tallies_after_us"`
	// Excess is how many more answered in the recorded game: it had extra lives.
	Excess int64 `json:"excess"`
	// Same says that the server's counts are the ones that follow from the answers.
	Same bool `json:"same"`
}

func newRound(n uint32, round game.Round) Round {
	return Round{
		Question: n,
		Want:     Counts{round.Answers, round.Missed, round.Remaining},
		Got:      Counts{Answers: []int64{}},
		Failed:   map[string]int64{},
		Excess:   round.Excess,
	}
}

// add counts what a worker counted.
func (r *Round) add(a *answers) {
	r.Stored += a.stored
	r.Busy += a.busy
	r.Retries += a.retries
	r.Late += a.late
	for name, n := range a.failed {
		r.Failed[name] += n
	}
}

// compare takes what the server counted.
func (r *Round) compare(tally *ovationv1.QuizTally) {
	got := tally.GetAnswers()
	r.Got = Counts{append([]int64{}, got...), tally.GetMissed(), tally.GetRemaining()}
	r.Same = slices.Equal(r.Got.Answers, r.Want.Answers) &&
		r.Got.Missed == r.Want.Missed && r.Got.Remaining == r.Want.Remaining
}

// Report is the outcome of a match.
type Report struct {
	Room    string  `json:"room"`
	Quiz    string  `json:"quiz"`
	Players int     `json:"players"`
	Rounds  []Round `json:"rounds"`
	// Winners is how many the server says have won, and WantWinners how many should have.
	Winners     int64 `json:"winners"`
	WantWinners int64 `json:"want_winners"`
	// Wrong is users who won and should not have, or should have and did not: some.
	Wrong []string `json:"wrong"`
	// Same says that all counts, survivors and winners are as they should be.
	Same bool `json:"same"`
	// Wall is how long it all took.
	Wall latency.Micros `json:"wall_us"`
}

func (r *Report) add(round Round) { r.Rounds = append(r.Rounds, round) }

// maxWrong is how many users are named.
const maxWrong = 10

// resultsPage is how many players are asked for at a time.
const resultsPage = 10_000

// finish ends the quiz and compares the winners.
func (m *Match) finish(ctx context.Context, r *Report) error {
	request := &ovationv1.FinishQuizRequest{RoomId: m.options.Room, QuizId: m.quizID}
	finished, err := call(ctx, m, Service.FinishQuiz, request)
	if err != nil {
		return fmt.Errorf("finish the quiz: %w", err)
	}
	r.Winners = finished.GetQuiz().GetResult().GetWinners()
	r.WantWinners = int64(len(m.options.Cast.Winners))
	missing := make(map[string]bool, len(m.options.Cast.Winners))
	for _, player := range m.options.Cast.Winners {
		missing[m.userID(player)] = true
	}
	if err := m.eachWinner(ctx, func(user string) {
		if !missing[user] {
			r.wrong(user)
		}
		delete(missing, user)
	}); err != nil {
		return fmt.Errorf("list the winners: %w", err)
	}
	for user := range missing {
		r.wrong(user)
	}
	r.Same = r.Winners == r.WantWinners && len(r.Wrong) == 0 &&
		!slices.ContainsFunc(r.Rounds, func(round Round) bool { return !round.Same })
	return nil
}

// eachWinner calls do for all who have won.
func (m *Match) eachWinner(ctx context.Context, do func(user string)) error {
	request := &ovationv1.ListResultsRequest{
		RoomId: m.options.Room, QuizId: m.quizID, PageSize: resultsPage,
		Status: ovationv1.PlayerStatus_PLAYER_STATUS_WON,
	}
	for {
		page, err := call(ctx, m, Service.ListResults, request)
		if err != nil {
			return err
		}
		for _, standing := range page.GetStandings() {
			do(standing.GetUserId())
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return nil
		}
	}
}

// wrong names a user, if there are not too many.
func (r *Report) wrong(user string) {
	if len(r.Wrong) < maxWrong {
		r.Wrong = append(r.Wrong, user)
	}
}

// Text is the report for people.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Played %s with %s in room %s in %s.\n\n", figures.Plural(len(r.Rounds), "question"),
		figures.Plural(r.Players, "player"), terminal.Escape(r.Room), figures.Span(r.Wall.Duration()))
	for _, round := range r.Rounds {
		b.WriteString(round.text())
	}
	fmt.Fprintf(&b, "\n%s: %s\n", figures.Plural(r.Winners, "winner"), verdict(r.Same))
	if late := r.tooLate(); late > 0 {
		fmt.Fprintf(&b, "%s came too late to count: this machine or the server could not keep up. Choose a longer --window, or a smaller --scale.\n",
			figures.Plural(late, "answer"))
	}
	for _, user := range r.Wrong {
		fmt.Fprintf(&b, "  wrongly judged: %s\n", terminal.Escape(user))
	}
	return b.String()
}

// tooLate is how many answers that set out late came too late.
func (r *Report) tooLate() (sum int64) {
	for i := range r.Rounds {
		if r.Rounds[i].Late > 0 {
			sum += r.Rounds[i].Failed["quiz_answer_late"]
		}
	}
	return sum
}

// text is a line, and another for what differs.
func (r *Round) text() string {
	line := fmt.Sprintf("%2d  %s stored, %s left, %s busy, %s repeated, tallies after %s, %s", r.Question,
		figures.Count(r.Stored), figures.Count(r.Want.Remaining), figures.Count(r.Busy), figures.Count(r.Retries),
		figures.Span(max(r.TalliesAfter.Duration(), time.Microsecond)), figures.Latency(r.Latency))
	if failed := figures.Counts(r.Failed); failed != "" {
		line += ", failed: " + failed
	}
	if !r.Same {
		line += fmt.Sprintf("\n    DIFFERS: the server says %v, %d missed, %d left; it should be %v, %d, %d",
			r.Got.Answers, r.Got.Missed, r.Got.Remaining, r.Want.Answers, r.Want.Missed, r.Want.Remaining)
	}
	return line + "\n"
}

// verdict says whether all is as it should be.
func verdict(same bool) string {
	if same {
		return "every count, every survivor and every winner is as it should be"
	}
	return "NOT what follows from the answers"
}
