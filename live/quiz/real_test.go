package quiz_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// crowd is how a real crowd answered one question.
type crowd struct {
	Date    string
	Game    int
	Number  int
	Options []struct {
		Correct bool
		Count   int64
	}
}

// scale is which part of a real crowd plays in the tests.
const scale = 500

// Real games, with players who answer as the crowd did: the engine comes to what counting
// the answers comes to.
func TestRealGames(t *testing.T) {
	t.Parallel()
	for _, game := range realGames(t) {
		t.Run(fmt.Sprintf("%s game %d", game[0].Date, game[0].Game), func(t *testing.T) {
			t.Parallel()
			playReal(t, game, scale)
		})
	}
}

// realGames reads the recorded games.
func realGames(tb testing.TB) (games [][]crowd) {
	tb.Helper()
	folder := os.Getenv("OVATION_TEST_DATA")
	if folder == "" {
		tb.Skip("OVATION_TEST_DATA names no folder of recorded games")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "quiz-hq.jsonl"))
	if err != nil {
		tb.Skipf("no real games: %v (OVATION_TEST_DATA names their folder)", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		var c crowd
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			tb.Fatal(err)
		}
		if last := len(games) - 1; last < 0 || games[last][0].Date != c.Date || games[last][0].Game != c.Game {
			games = append(games, nil)
		}
		games[len(games)-1] = append(games[len(games)-1], c)
	}
	return games
}

// question makes the question that a crowd was asked.
func (c *crowd) question() quiz.Question {
	var right []quiz.Option
	for i, o := range c.Options {
		if o.Correct {
			right = append(right, quiz.Option(i+1))
		}
	}
	return choice(len(c.Options), right...)
}

// answers returns how many of those who are in choose each option: as many as the crowd,
// scaled, as long as there are players left. What is cut off is added up, so that the
// parts together are the scaled whole.
func (c *crowd) answers(in, by int64) (counts [quiz.MaxOptions]int64) {
	var actual, scaled int64
	for i, o := range c.Options {
		actual += o.Count
		n := min(actual/by-scaled, in)
		counts[i] = n
		scaled += actual/by - scaled
		in -= n
	}
	return counts
}

// playReal plays a game with one player of each so many, all shards of it, and compares every
// tally, who is in, and the prizes with the direct count.
func playReal(tb testing.TB, game []crowd, by int64) {
	tb.Helper()
	rules := quiz.DefaultRules()
	rules.Missed, rules.Revives.Mode, rules.Pot = quiz.EliminateMissed, quiz.ReviveOff, 1_000_000
	var questions []quiz.Question
	for _, c := range game {
		questions = append(questions, c.question())
	}
	b := sit(tb, rules, questions...)
	in := entrants(game[0], by)
	for _, c := range game {
		b.ask()
		counts := c.answers(int64(len(in)), by)
		want := quiz.Tally{Answers: counts, Final: true, Evaluated: true}
		in = answerAs(b, in, counts, &want)
		b.close()
		if got := b.q.Round(b.q.Current).Tally; got != want {
			tb.Fatalf("question %d: %+v, want %+v", b.q.Current, got, want)
		}
		b.reveal()
	}
	b.finish()
	checkWinners(tb, b, in)
}

// size is how many answered.
func (c *crowd) size() (sum int64) {
	for _, o := range c.Options {
		sum += o.Count
	}
	return sum
}

// entrants returns those who answer the first question.
func entrants(c crowd, by int64) (in []live.UserID) {
	for i := range c.size() / by {
		in = append(in, live.UserID(fmt.Sprintf("player %06d", i)))
	}
	return in
}

// answerAs lets players answer, so many each option, and returns who was right. What that
// comes to is counted without the engine.
func answerAs(b *table, in []live.UserID, counts [quiz.MaxOptions]int64, want *quiz.Tally) (through []live.UserID) {
	round := b.q.Round(b.q.Current)
	b.facts = b.facts[:0] // those of questions before were evaluated
	clear(b.slots)
	if b.q.Current == 1 {
		want.Entered = int64(len(in))
	}
	want.Missed = int64(len(in)) - want.Answered()
	for o := quiz.Option(1); o <= quiz.MaxOptions; o++ {
		for _, user := range in[:counts[o-1]] {
			b.answer(user, o, 3*time.Second)
			if round.Correct.Has(o) {
				through = append(through, user)
			}
		}
		in = in[counts[o-1]:]
	}
	want.Remaining = int64(len(through))
	want.Eliminated = want.Played() - want.Remaining
	return through
}

// checkWinners compares those who won with those who should have.
func checkWinners(tb testing.TB, b *table, in []live.UserID) {
	tb.Helper()
	var names []live.UserID
	var paid int64
	for _, p := range b.winners() {
		names = append(names, p.User)
		paid += b.q.Standing(p, b.now).Prize
	}
	slices.Sort(in)
	if !slices.Equal(names, in) {
		tb.Errorf("%d winners, want %d", len(names), len(in))
	}
	if paid+b.q.Result.Returned != b.q.Rules.Pot {
		tb.Errorf("%d paid and %d returned of %d", paid, b.q.Result.Returned, b.q.Rules.Pot)
	}
}
