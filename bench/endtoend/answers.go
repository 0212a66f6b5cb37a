//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/bench/internal/load"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

const (
	// maxAnswers is how many users' tokens a server remembers, less those of viewers: who
	// answers with a token that is known must not be forgotten meanwhile.
	maxAnswers = 60_000
	// answerWindow is longer than anything here takes.
	answerWindow = 10 * time.Minute
	// answerTurns is in how many parts the calls of each kind are made.
	answerTurns = 4
	// answersWithin is how long they may take.
	answersWithin = 2 * time.Minute
)

// crowdCall is one call by each of a crowd of users.
type crowdCall struct {
	name      string
	procedure string
	body      func(o *ovation) proto.Message
	from      int // users are numbered from here on, in crowds
}

// Every call is by another user. The first crowd has called before, so that its tokens are
// known, as those of players are who joined the room; nobody has heard of the others.
var crowdCalls = []crowdCall{
	{"empty", ovationv1connect.FeedServiceSyncClockProcedure, sayNothing, 0},
	{"answer", ovationv1connect.QuizServiceSubmitAnswerProcedure, sayAnswer, 0},
	{"new token: empty", ovationv1connect.FeedServiceSyncClockProcedure, sayNothing, 1},
	{"new token: answer", ovationv1connect.QuizServiceSubmitAnswerProcedure, sayAnswer, 2},
}

func sayNothing(*ovation) proto.Message { return new(ovationv1.SyncClockRequest) }

func sayAnswer(o *ovation) proto.Message {
	return &ovationv1.SubmitAnswerRequest{RoomId: o.room, QuizId: "quiz", QuestionNumber: 1, Option: 2}
}

// answers compares answers to a quiz with calls that say nothing, on the same server: on
// the embedded store, and on Redis and Postgres if they are given.
func answers(ctx context.Context, b *bench) error {
	if err := b.tokens.mint(ctx, 3*b.flags.Answers); err != nil {
		return err
	}
	on := []contender{quizOn(embedded)}
	if b.flags.RedisURL != "" {
		on = append(on, quizOn(shared, "--redis-url", b.flags.RedisURL, "--postgres-url", b.flags.PostgresURL))
	}
	for _, shape := range []struct{ connections, streams int }{{b.flags.Connections, 1}, {1, b.flags.Connections}} {
		err := b.turns(ctx, on, func(c contender) error {
			part := fmt.Sprintf("%d connections with %d at once each, %d users, %s", shape.connections, shape.streams, b.flags.Answers, c.name)
			b.report.compare("answers", part, "empty")
			return b.with(ctx, c, func(in instance, poller *load.Poller) error {
				if err := enter(ctx, load.NewCrowd(poller, in.dialect()), in.process().Public, 1); err != nil {
					return err
				}
				o := in.(*ovation) //nolint:forcetypeassert // what quizOn starts
				err := b.crowdCalls(ctx, part, o, poller, shape.connections, shape.streams)
				return errors.Join(err, o.cancel(ctx))
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// quizOn returns Ovation's server with a quiz whose question takes answers, held to every
// limit that it has by itself.
func quizOn(name string, args ...string) contender {
	return contender{name: name, server: "ovation", start: func(ctx context.Context, b *bench) (instance, error) {
		o, err := startOvation(ctx, b, args...)
		if err != nil {
			return nil, err
		}
		if err := o.ask(ctx); err != nil {
			o.Stop()
			return nil, err
		}
		return o, nil
	}}
}

// ask creates a room and a quiz in it, and asks its question.
func (o *ovation) ask(ctx context.Context) error {
	if err := o.createRoom(ctx, o.room, usualRounds); err != nil {
		return err
	}
	_, err := o.quizzes.CreateQuiz(ctx, &ovationv1.CreateQuizRequest{
		RoomId: o.room, QuizId: "quiz", Rules: &ovationv1.QuizRules{AnswerWindow: durationpb.New(answerWindow)},
		Questions: []*ovationv1.QuizQuestion{{Text: "Which?", Options: []string{"a", "b", "c"}, CorrectOptions: []uint32{2}}},
	})
	if err != nil {
		return err
	}
	_, err = o.quizzes.AskQuestion(ctx, &ovationv1.AskQuestionRequest{RoomId: o.room, QuizId: "quiz", QuestionNumber: 1})
	return err
}

// cancel ends the quiz: on a store that is shared it is nothing for the next server.
func (o *ovation) cancel(ctx context.Context) error {
	_, err := o.quizzes.CancelQuiz(ctx, &ovationv1.CancelQuizRequest{RoomId: o.room, QuizId: "quiz"})
	return err
}

// crowdCalls has crowds make their calls, some users of each in turn: what disturbs the
// machine disturbs all alike. Users whose tokens are to be known call once before.
func (b *bench) crowdCalls(ctx context.Context, part string, o *ovation, poller *load.Poller, connections, streams int) error {
	if _, err := b.callAll(ctx, o, poller, crowdCalls[0], b.crowd(0), connections, streams); err != nil {
		return err
	}
	turns := answerTurns
	if b.flags.Profile != "" {
		turns = 1 // a profile is of one kind of call
	}
	all := make([]made, len(crowdCalls))
	for turn := range turns {
		for i, c := range crowdCalls {
			stop := b.profile(ctx, o.process(), fmt.Sprintf("%s %s", c.name, part))
			crowd := b.crowd(c.from)
			made, err := b.callAll(ctx, o, poller, c, crowd[len(crowd)*turn/turns:len(crowd)*(turn+1)/turns], connections, streams)
			if err := errors.Join(err, stop()); err != nil {
				return err
			}
			all[i].add(made)
		}
	}
	for i, c := range crowdCalls {
		b.report.add("answers", part, c.name, append(all[i].readings(),
			reading{"server's share of the CPU time there is", all[i].cpu.Seconds() / all[i].took.Seconds() / float64(runtime.NumCPU())})...)
	}
	return nil
}

// crowd returns the tokens of one of the crowds.
func (b *bench) crowd(n int) []string { return b.tokens.minted[n*b.flags.Answers:][:b.flags.Answers] }

// add adds what more calls came to.
func (m *made) add(more made) {
	m.Answered, m.Refused = m.Answered+more.Answered, m.Refused+more.Refused
	m.cpu, m.took = m.cpu+more.cpu, m.took+more.took
}

// callAll makes one call for each of some users.
func (b *bench) callAll(
	ctx context.Context, o *ovation, poller *load.Poller, c crowdCall, tokens []string, connections, streams int,
) (m made, err error) {
	body, err := proto.Marshal(c.body(o))
	if err != nil {
		return m, err
	}
	left := tokens
	callers := load.NewCallers(poller, load.Calls{
		Procedure: c.procedure, Headers: connectUnary,
		Next: func() (token string, _ []byte, more bool) {
			if len(left) == 0 {
				return "", nil, false
			}
			token, left = left[0], left[1:]
			return token, body, true
		},
	})
	begun := time.Now()
	_, cpu, err := counted(callers, o.process())
	if err != nil {
		return m, err
	}
	for n := range connections {
		if err := callers.Add(o.process().Public, n, streams); err != nil {
			return m, err
		}
	}
	bounded, cancel := context.WithTimeoutCause(ctx, answersWithin, fmt.Errorf("%s: not all calls were answered", c.name))
	defer cancel()
	err = wait(bounded, func() (bool, error) {
		m.Counts = callers.Counts()
		return m.Answered+m.Refused == int64(len(tokens)), m.Fault
	})
	if err != nil {
		return m, err
	}
	m.took = time.Since(begun)
	spent, err := o.process().CPU()
	m.cpu = spent - cpu
	return m, err
}
