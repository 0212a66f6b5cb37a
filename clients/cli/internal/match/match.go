// Package match plays a recorded game against a server: every player answers by a call of
// their own, as the real crowd did, and the server's counts, survivors and winners are
// compared with those that follow from the answers.
package match

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/game"
	"github.com/ovation-live/ovation/clients/cli/internal/latency"
	"github.com/ovation-live/ovation/clients/cli/internal/pace"
	"github.com/ovation-live/ovation/clients/cli/internal/turns"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// Service is what a match calls, as a backend. It must be safe for concurrent use.
type Service = ovationv1connect.QuizServiceClient

// Options say what to play. All are needed.
type Options struct {
	Room  string
	Title string
	Game  []game.Question
	Cast  game.Cast
	// Prefix is what the players' ids begin with.
	Prefix string
	// Window is how long the server waits for answers, and Grace how much longer for those
	// that it was too busy for.
	Window, Grace time.Duration
	// From and To is when answers arrive, after the question was asked.
	From, To time.Duration
	// Concurrency is how many answers are on their way at a time.
	Concurrency int
	// RetryFor is how long a call is made again that did not get through.
	RetryFor time.Duration
	// Services are connections, perhaps with several nodes. Calls that do not get through
	// by one are made by the next.
	Services []Service
}

// Match plays once. Make one with New.
type Match struct {
	options Options
	turns   *turns.Turns // which service is next
	done    atomic.Int64 // answers given
	total   int64
	quizID  string
}

// New returns a match that has not begun.
func New(options Options) *Match {
	m := &Match{options: options, turns: turns.New(len(options.Services))}
	for _, round := range options.Cast.Rounds {
		m.total += int64(len(round.Choices))
	}
	return m
}

// Progress is how many answers of how many were given.
func (m *Match) Progress() (done, total int64) { return m.done.Load(), m.total }

// Run plays the match, and compares. What differs is in the report; an error means that it
// could not be played to its end.
func (m *Match) Run(ctx context.Context) (Report, error) {
	report := Report{Room: m.options.Room, Players: m.options.Cast.Players}
	begun := time.Now()
	created, err := call(ctx, m, Service.CreateQuiz, m.creation())
	if err != nil {
		return report, fmt.Errorf("create the quiz: %w", err)
	}
	m.quizID = created.GetQuiz().GetQuizId()
	report.Quiz = m.quizID
	for i, round := range m.options.Cast.Rounds {
		played, err := m.play(ctx, uint32(i)+1, round)
		report.add(played)
		if err != nil {
			return report, fmt.Errorf("question %d: %w", i+1, err)
		}
	}
	err = m.finish(ctx, &report)
	report.Wall = latency.Micros(time.Since(begun).Microseconds())
	return report, err
}

// creation is the quiz: whoever does not answer right is out.
func (m *Match) creation() *ovationv1.CreateQuizRequest {
	request := &ovationv1.CreateQuizRequest{
		RoomId:    m.options.Room,
		Title:     m.options.Title,
		RequestId: m.options.Prefix,
		Rules: &ovationv1.QuizRules{
			AnswerWindow: durationpb.New(m.options.Window),
			TicketGrace:  durationpb.New(m.options.Grace),
			MissedPolicy: ovationv1.MissedPolicy_MISSED_POLICY_ELIMINATE.Enum(),
			Revives:      &ovationv1.ReviveRules{Mode: ovationv1.ReviveMode_REVIVE_MODE_OFF.Enum()},
		},
	}
	for _, q := range m.options.Game {
		question := &ovationv1.QuizQuestion{Text: q.Text, CorrectOptions: q.Correct()}
		for _, o := range q.Options {
			question.Options = append(question.Options, o.Text)
		}
		request.Questions = append(request.Questions, question)
	}
	return request
}

// play plays one question.
func (m *Match) play(ctx context.Context, n uint32, round game.Round) (Round, error) {
	played := newRound(n, round)
	request := &ovationv1.AskQuestionRequest{RoomId: m.options.Room, QuizId: m.quizID, QuestionNumber: n}
	asked, err := call(ctx, m, Service.AskQuestion, request)
	if err != nil {
		return played, err
	}
	begun := time.Now()
	m.answer(ctx, round, &played)
	if ctx.Err() != nil {
		return played, ctx.Err()
	}
	closes := asked.GetRound().GetAnswerClosesAt() + m.options.Grace.Microseconds()
	over := time.Since(begun) - time.Duration(closes-asked.GetRound().GetAskedAt())*time.Microsecond
	seen, err := m.awaitTally(ctx, n)
	if err != nil {
		return played, err
	}
	// Nobody looked while answers were still given that came too late.
	played.TalliesAfter = latency.Micros(seen.GetServerAt() - closes - max(over, 0).Microseconds())
	reveal := &ovationv1.RevealAnswerRequest{RoomId: m.options.Room, QuizId: m.quizID, QuestionNumber: n}
	revealed, err := call(ctx, m, Service.RevealAnswer, reveal)
	if err == nil {
		played.compare(revealed.GetRound().GetTally())
	}
	return played, err
}

// tallyEvery is how often a match looks whether a question is evaluated.
const tallyEvery = 50 * time.Millisecond

// awaitTally waits until every player is evaluated.
func (m *Match) awaitTally(ctx context.Context, n uint32) (*ovationv1.GetQuizResponse, error) {
	request := &ovationv1.GetQuizRequest{RoomId: m.options.Room, QuizId: m.quizID}
	for {
		got, err := call(ctx, m, Service.GetQuiz, request)
		if err != nil {
			return nil, err
		}
		rounds := got.GetQuiz().GetRounds()
		if int(n) <= len(rounds) && rounds[n-1].GetTally().GetEvaluated() {
			return got, nil
		}
		if !pace.Sleep(ctx, tallyEvery) {
			return nil, ctx.Err()
		}
	}
}

// due is an answer and when it is given, after the question was asked.
type due struct {
	game.Choice
	after time.Duration
}

// answer gives all answers of a round, each at its time.
func (m *Match) answer(ctx context.Context, round game.Round, played *Round) {
	begun := time.Now()
	schedule := make([]due, len(round.Choices))
	for i, choice := range round.Choices {
		schedule[i] = due{choice, m.options.From + rand.N(max(m.options.To-m.options.From, 1))} //nolint:gosec // when people happen to answer
	}
	slices.SortFunc(schedule, func(a, b due) int { return cmp.Compare(a.after, b.after) })
	times := latency.NewRecorder()
	var next atomic.Int64
	var workers sync.WaitGroup
	counts := make([]answers, m.options.Concurrency)
	for w := range counts {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(schedule)); i = next.Add(1) - 1 {
				if !pace.Sleep(ctx, time.Until(begun.Add(schedule[i].after))) {
					return
				}
				m.give(ctx, played.Question, schedule[i], begun, &counts[w], times)
			}
		})
	}
	workers.Wait()
	for i := range counts {
		played.add(&counts[i])
	}
	played.Latency = times.Summary()
}

// userID is a player's.
func (m *Match) userID(player int) string { return fmt.Sprintf("%s%07d", m.options.Prefix, player) }
