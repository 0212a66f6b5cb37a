package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/audit"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// fakeQuiz is the quiz service of a fake: one quiz at a time, by the real rules. Its faults
// are fields.
type fakeQuiz struct {
	ovationv1connect.UnimplementedQuizServiceHandler

	busyEvery int   // every so many answers it has no time for, and gives a ticket
	lie       int64 // what is added to the count of the first option
	lose      bool  // the answer log is without its last entry

	mu       sync.Mutex
	quiz     quiz.Quiz
	evidence []map[live.UserID]quiz.Evidence // by question
	players  []quiz.Player
	tries    int
}

// defaults are rules of which every field is set.
func defaults() *ovationv1.QuizRules {
	r := quiz.DefaultRules()
	return &ovationv1.QuizRules{
		AnswerWindow:   durationpb.New(r.AnswerWindow),
		StreamDelay:    durationpb.New(r.StreamDelay),
		TicketGrace:    durationpb.New(r.TicketGrace),
		MissedPolicy:   ovationv1.MissedPolicy(r.Missed).Enum(),
		MaxExcuses:     new(uint32(r.MaxExcuses)),
		ProofMargin:    durationpb.New(r.ProofMargin),
		EntryQuestions: new(uint32(r.EntryQuestions)),
		Revives: &ovationv1.ReviveRules{
			Mode:           ovationv1.ReviveMode(r.Revives.Mode).Enum(),
			Initial:        new(uint32),
			MaxUsed:        new(uint32(r.Revives.MaxUsed)),
			OnLastQuestion: new(false),
			ChoiceWindow:   durationpb.New(r.Revives.ChoiceWindow),
		},
		Pot:          new(int64),
		Remainder:    ovationv1.RemainderRule(r.Remainder).Enum(),
		AutoReveal:   new(false),
		AbandonAfter: durationpb.New(r.AbandonAfter),
	}
}

func now() live.Timestamp { return live.At(time.Now()) }

// CreateQuiz implements QuizService.
func (f *fakeQuiz) CreateQuiz(_ context.Context, request *ovationv1.CreateQuizRequest) (*ovationv1.CreateQuizResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rules := defaults()
	proto.Merge(rules, request.GetRules())
	said := &ovationv1.Quiz{RoomId: request.GetRoomId(), QuizId: orElse(request.GetQuizId(), "q1"), Rules: rules}
	for _, question := range request.GetQuestions() {
		said.Rounds = append(said.Rounds, &ovationv1.QuizRound{Question: question})
	}
	created, err := quiz.New(audit.QuizOf(said))
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	f.quiz, f.players = created, nil
	f.evidence = make([]map[live.UserID]quiz.Evidence, len(created.Rounds)+2)
	for i := range f.evidence {
		f.evidence[i] = make(map[live.UserID]quiz.Evidence)
	}
	return &ovationv1.CreateQuizResponse{Quiz: f.said()}, nil
}

// AskQuestion implements QuizService.
func (f *fakeQuiz) AskQuestion(_ context.Context, request *ovationv1.AskQuestionRequest) (*ovationv1.AskQuestionResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := quiz.Number(request.GetQuestionNumber())
	next, _, err := f.quiz.Ask(quiz.Ask{Number: n}, now())
	if err != nil {
		return nil, wrongState(err)
	}
	f.quiz = next
	return &ovationv1.AskQuestionResponse{Round: f.said().Rounds[n-1]}, nil
}

func wrongState(err error) error {
	return failure(connect.CodeFailedPrecondition, err.Error(), &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_QUIZ_WRONG_STATE})
}

// SubmitAnswer implements QuizService.
func (f *fakeQuiz) SubmitAnswer(ctx context.Context, request *ovationv1.SubmitAnswerRequest) (*ovationv1.SubmitAnswerResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries++
	if f.busyEvery > 0 && f.tries%f.busyEvery == 0 && request.GetTicket() == "" {
		return nil, failure(connect.CodeResourceExhausted, "busy", &ovationv1.ErrorDetail{
			Reason: ovationv1.ErrorReason_ERROR_REASON_QUIZ_BUSY, Metadata: map[string]string{"ticket": "t"},
			RetryAfter: durationpb.New(time.Millisecond),
		})
	}
	user := live.UserID(orElse(request.GetOnBehalfOf(), caller(ctx).Subject))
	n, option, at := quiz.Number(request.GetQuestionNumber()), quiz.Option(request.GetOption()), now()
	if err := f.quiz.Accepts(n, option, at); err != nil {
		return nil, wrongState(err)
	}
	before, again := f.evidence[n][user]
	if !again {
		before = quiz.Evidence{User: user, Option: option, Received: at, Stored: at}
		f.evidence[n][user] = before
	}
	return &ovationv1.SubmitAnswerResponse{Option: uint32(before.Option), ReceivedAt: int64(before.Received), Duplicate: again}, nil
}

// judge closes the question that is open, if it is time.
func (f *fakeQuiz) judge() {
	n := f.quiz.Current
	if f.quiz.State != quiz.Asked || now() < f.quiz.SealsAt(n) {
		return
	}
	var evidence []quiz.Evidence
	for _, e := range f.evidence[n] {
		evidence = append(evidence, e)
	}
	players, tally := quiz.Evaluate(f.quiz, n, f.players, quiz.Collect(evidence))
	next, _, err := f.quiz.Close(n, tally, now())
	if err != nil {
		panic(err)
	}
	f.quiz, f.players = next, players
}

// GetQuiz implements QuizService.
func (f *fakeQuiz) GetQuiz(context.Context, *ovationv1.GetQuizRequest) (*ovationv1.GetQuizResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.judge()
	return &ovationv1.GetQuizResponse{Quiz: f.said(), ServerAt: int64(now())}, nil
}

// RevealAnswer implements QuizService.
func (f *fakeQuiz) RevealAnswer(_ context.Context, request *ovationv1.RevealAnswerRequest) (*ovationv1.RevealAnswerResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := quiz.Number(request.GetQuestionNumber())
	next, _, err := f.quiz.Reveal(quiz.Reveal{Number: n}, now())
	if err != nil {
		return nil, wrongState(err)
	}
	f.quiz = next
	return &ovationv1.RevealAnswerResponse{Round: f.said().Rounds[n-1]}, nil
}

// FinishQuiz implements QuizService.
func (f *fakeQuiz) FinishQuiz(context.Context, *ovationv1.FinishQuizRequest) (*ovationv1.FinishQuizResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next, _, err := f.quiz.Finish(0, now())
	if err != nil {
		return nil, wrongState(err)
	}
	players, _ := quiz.Finalise(next, f.players, nil)
	winners := slices.DeleteFunc(slices.Clone(players), func(p quiz.Player) bool { return p.Status != quiz.Won })
	result, _ := quiz.Split(next, winners)
	if f.quiz, err = next.Finished(result, now()); err != nil {
		return nil, wrongState(err)
	}
	f.players = players
	return &ovationv1.FinishQuizResponse{Quiz: f.said()}, nil
}

// CancelQuiz implements QuizService.
func (f *fakeQuiz) CancelQuiz(_ context.Context, request *ovationv1.CancelQuizRequest) (*ovationv1.CancelQuizResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next, err := f.quiz.Cancel(request.GetReason(), now())
	if err != nil {
		return nil, wrongState(err)
	}
	f.quiz = next
	return &ovationv1.CancelQuizResponse{Quiz: f.said()}, nil
}

// ListResults implements QuizService: pages of one player.
func (f *fakeQuiz) ListResults(_ context.Context, request *ovationv1.ListResultsRequest) (*ovationv1.ListResultsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	page := &ovationv1.ListResultsResponse{}
	for _, p := range f.players {
		p = f.quiz.Standing(p, now())
		status := statusOf[p.Status]
		if string(p.User) <= request.GetPageToken() || request.GetStatus() != 0 && request.GetStatus() != status {
			continue
		}
		if len(page.Standings) == 1 {
			page.NextPageToken = page.Standings[0].UserId
			break
		}
		page.Standings = append(page.Standings, &ovationv1.QuizStanding{
			UserId: string(p.User), Status: status, OutAtQuestion: uint32(p.OutAt), Right: uint32(p.Right),
			Excused: uint32(p.Excused), RevivesUsed: uint32(p.Used), Prize: p.Prize,
		})
	}
	return page, nil
}

var statusOf = map[quiz.Status]ovationv1.PlayerStatus{
	quiz.Playing: ovationv1.PlayerStatus_PLAYER_STATUS_PLAYING, quiz.Out: ovationv1.PlayerStatus_PLAYER_STATUS_OUT,
	quiz.Won: ovationv1.PlayerStatus_PLAYER_STATUS_WON,
}

// ListAnswerLog implements QuizService, in one page.
func (f *fakeQuiz) ListAnswerLog(context.Context, *ovationv1.ListAnswerLogRequest) (*ovationv1.ListAnswerLogResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	page := &ovationv1.ListAnswerLogResponse{}
	for n, users := range f.evidence {
		for user, e := range users {
			page.Entries = append(page.Entries, &ovationv1.AnswerLogEntry{
				UserId: string(user), QuestionNumber: uint32(n), At: int64(e.Received),
				Fact: &ovationv1.AnswerLogEntry_Answer{Answer: &ovationv1.AnswerGiven{Option: uint32(e.Option), StoredAt: int64(e.Stored)}},
			})
		}
	}
	slices.SortFunc(page.Entries, func(a, b *ovationv1.AnswerLogEntry) int { return strings.Compare(a.UserId, b.UserId) })
	if f.lose {
		page.Entries = page.Entries[:len(page.Entries)-1]
	}
	return page, nil
}

// said is the quiz as its host sees it.
func (f *fakeQuiz) said() *ovationv1.Quiz {
	q := f.quiz
	rules := defaults()
	rules.AnswerWindow, rules.TicketGrace = durationpb.New(q.Rules.AnswerWindow), durationpb.New(q.Rules.TicketGrace)
	rules.MissedPolicy, rules.Pot = ovationv1.MissedPolicy(q.Rules.Missed).Enum(), &q.Rules.Pot
	said := &ovationv1.Quiz{
		QuizId: string(q.Ref.Quiz), RoomId: string(q.Room), State: ovationv1.QuizState(q.State), Rules: rules,
		CurrentQuestion: uint32(q.Current), Players: q.Players, Remaining: q.Remaining,
	}
	if q.State == quiz.Finished {
		said.Result = &ovationv1.QuizResult{
			Winners: q.Result.Winners, Pot: q.Result.Pot, Share: q.Result.Share,
			WithExtra: q.Result.WithExtra, Returned: q.Result.Returned,
		}
	}
	for i, r := range q.Rounds {
		round := &ovationv1.QuizRound{
			QuestionNumber: uint32(i) + 1, State: ovationv1.QuestionState(r.State), Last: r.Last,
			Question: &ovationv1.QuizQuestion{Text: r.Text, Options: r.Options},
			AskedAt:  int64(r.AskedAt), AnswerClosesAt: int64(r.ClosesAt), ClosedAt: int64(r.ClosedAt), RevealedAt: int64(r.RevealedAt),
			Tally: &ovationv1.QuizTally{
				Answers: slices.Clone(r.Tally.Answers[:len(r.Options)]), Missed: r.Tally.Missed, Excused: r.Tally.Excused, Revived: r.Tally.Revived,
				Eliminated: r.Tally.Eliminated, Remaining: r.Tally.Remaining, AnswersFinal: r.Tally.Final, Evaluated: r.Tally.Evaluated,
			},
		}
		for _, o := range r.Correct.List() {
			round.Question.CorrectOptions = append(round.Question.CorrectOptions, uint32(o))
		}
		if round.Tally.Answers[0] += f.lie; round.Tally.Answers[0] < 0 {
			panic(errors.New("the lie is too large"))
		}
		said.Rounds = append(said.Rounds, round)
	}
	return said
}
