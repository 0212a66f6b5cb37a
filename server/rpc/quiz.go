package rpc

import (
	"context"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/server/wire"
)

// quizHandler is QuizService.
type quizHandler struct {
	ovationv1connect.UnimplementedQuizServiceHandler
	quizzes *quiz.Service
}

// The sizes of pages where the caller does not say.
const (
	defaultQuizzes = 20
	defaultResults = 100
	defaultLog     = 1000
)

// size returns the size of a page.
func size(asked uint32, otherwise int) int {
	if asked == 0 {
		return otherwise
	}
	return int(asked)
}

// ofQuiz is a request about a quiz.
type ofQuiz interface {
	GetRoomId() string
	GetQuizId() string
}

// refOf returns the quiz that a request is about.
func refOf(req ofQuiz) rules.Ref {
	return rules.Ref{Room: live.RoomID(req.GetRoomId()), Quiz: rules.ID(req.GetQuizId())}
}

// CreateQuiz implements QuizService.
func (h *quizHandler) CreateQuiz(
	ctx context.Context, req *ovationv1.CreateQuizRequest,
) (*ovationv1.CreateQuizResponse, error) {
	questions := make([]rules.Question, len(req.GetQuestions()))
	for i, q := range req.GetQuestions() {
		questions[i] = wire.QuizQuestionFrom(q)
	}
	q, err := h.quizzes.Create(ctx, auth.From(ctx), quiz.Draft{
		Ref: refOf(req), Title: req.GetTitle(), Rules: wire.QuizRulesFrom(req.GetRules()), Questions: questions,
		RequestID: req.GetRequestId(),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.CreateQuizResponse{Quiz: wire.Quiz(q)}, nil
}

// GetQuiz implements QuizService.
func (h *quizHandler) GetQuiz(ctx context.Context, req *ovationv1.GetQuizRequest) (*ovationv1.GetQuizResponse, error) {
	q, now, err := h.quizzes.Get(ctx, auth.From(ctx), refOf(req))
	if err != nil {
		return nil, err
	}
	return &ovationv1.GetQuizResponse{Quiz: wire.Quiz(q), ServerAt: int64(now)}, nil
}

// ListQuizzes implements QuizService.
func (h *quizHandler) ListQuizzes(
	ctx context.Context, req *ovationv1.ListQuizzesRequest,
) (*ovationv1.ListQuizzesResponse, error) {
	found, next, err := h.quizzes.List(ctx, auth.From(ctx),
		live.RoomID(req.GetRoomId()), size(req.GetPageSize(), defaultQuizzes), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &ovationv1.ListQuizzesResponse{Quizzes: wire.Quizzes(found), NextPageToken: next}, nil
}

// AskQuestion implements QuizService.
func (h *quizHandler) AskQuestion(
	ctx context.Context, req *ovationv1.AskQuestionRequest,
) (*ovationv1.AskQuestionResponse, error) {
	ask := rules.Ask{
		Number: rules.Number(req.GetQuestionNumber()), Last: req.Last, Media: live.Timestamp(req.GetMediaTimestamp()),
	}
	if req.GetQuestion() != nil {
		question := wire.QuizQuestionFrom(req.GetQuestion())
		ask.Question = &question
	}
	q, err := h.quizzes.Ask(ctx, auth.From(ctx), refOf(req), ask)
	if err != nil {
		return nil, err
	}
	return &ovationv1.AskQuestionResponse{
		Round: wire.QuizRound(ask.Number, *q.Round(ask.Number)), FrameId: rules.FrameID(q.Quiz, ask.Number, rules.QuestionFrame),
	}, nil
}

// SubmitAnswer implements QuizService.
func (h *quizHandler) SubmitAnswer(
	ctx context.Context, req *ovationv1.SubmitAnswerRequest,
) (*ovationv1.SubmitAnswerResponse, error) {
	done, err := h.quizzes.Submit(ctx, auth.From(ctx), quiz.Submission{
		Ref: refOf(req), Question: rules.Number(req.GetQuestionNumber()),
		Option: rules.Option(req.GetOption()), //nolint:gosec // validated: at most rules.MaxOptions
		Ticket: req.GetTicket(), OnBehalfOf: live.UserID(req.GetOnBehalfOf()),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.SubmitAnswerResponse{
		Option: uint32(done.Option), ReceivedAt: int64(done.Received), Duplicate: done.Duplicate,
	}, nil
}

// RevealAnswer implements QuizService.
func (h *quizHandler) RevealAnswer(
	ctx context.Context, req *ovationv1.RevealAnswerRequest,
) (*ovationv1.RevealAnswerResponse, error) {
	reveal := rules.Reveal{
		Number: rules.Number(req.GetQuestionNumber()), Correct: wire.QuizOptionsFrom(req.GetCorrectOptions()),
		Media: live.Timestamp(req.GetMediaTimestamp()),
	}
	q, err := h.quizzes.Reveal(ctx, auth.From(ctx), refOf(req), reveal)
	if err != nil {
		return nil, err
	}
	return &ovationv1.RevealAnswerResponse{Round: wire.QuizRound(reveal.Number, *q.Round(reveal.Number))}, nil
}

// FinishQuiz implements QuizService.
func (h *quizHandler) FinishQuiz(
	ctx context.Context, req *ovationv1.FinishQuizRequest,
) (*ovationv1.FinishQuizResponse, error) {
	q, err := h.quizzes.Finish(ctx, auth.From(ctx), refOf(req), live.Timestamp(req.GetMediaTimestamp()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.FinishQuizResponse{Quiz: wire.Quiz(q)}, nil
}

// CancelQuiz implements QuizService.
func (h *quizHandler) CancelQuiz(
	ctx context.Context, req *ovationv1.CancelQuizRequest,
) (*ovationv1.CancelQuizResponse, error) {
	q, err := h.quizzes.Cancel(ctx, auth.From(ctx), refOf(req), req.GetReason())
	if err != nil {
		return nil, err
	}
	return &ovationv1.CancelQuizResponse{Quiz: wire.Quiz(q)}, nil
}

// AckFrame implements QuizService.
func (h *quizHandler) AckFrame(
	ctx context.Context, req *ovationv1.AckFrameRequest,
) (*ovationv1.AckFrameResponse, error) {
	err := h.quizzes.Acknowledge(ctx, auth.From(ctx),
		live.RoomID(req.GetRoomId()), live.SessionID(req.GetSessionId()), req.GetFrameIds())
	if err != nil {
		return nil, err
	}
	return &ovationv1.AckFrameResponse{}, nil
}

// UseRevive implements QuizService.
func (h *quizHandler) UseRevive(
	ctx context.Context, req *ovationv1.UseReviveRequest,
) (*ovationv1.UseReviveResponse, error) {
	standing, err := h.quizzes.Revive(ctx, auth.From(ctx),
		refOf(req), rules.Number(req.GetQuestionNumber()), live.UserID(req.GetOnBehalfOf()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.UseReviveResponse{Standing: standingOf(standing)}, nil
}

// GetStanding implements QuizService.
func (h *quizHandler) GetStanding(
	ctx context.Context, req *ovationv1.GetStandingRequest,
) (*ovationv1.GetStandingResponse, error) {
	id, standing, err := h.quizzes.Standing(ctx, auth.From(ctx), refOf(req), live.UserID(req.GetUserId()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.GetStandingResponse{QuizId: string(id), Standing: standingOf(standing)}, nil
}

// GrantRevives implements QuizService.
func (h *quizHandler) GrantRevives(
	ctx context.Context, req *ovationv1.GrantRevivesRequest,
) (*ovationv1.GrantRevivesResponse, error) {
	users := make([]live.UserID, len(req.GetUserIds()))
	for i, user := range req.GetUserIds() {
		users[i] = live.UserID(user)
	}
	err := h.quizzes.Grant(ctx, auth.From(ctx), refOf(req),
		quiz.Grant{Users: users, Count: int(req.GetCount()), RequestID: req.GetRequestId()})
	if err != nil {
		return nil, err
	}
	return &ovationv1.GrantRevivesResponse{}, nil
}

// ListResults implements QuizService.
func (h *quizHandler) ListResults(
	ctx context.Context, req *ovationv1.ListResultsRequest,
) (*ovationv1.ListResultsResponse, error) {
	query := quiz.ResultQuery{
		Ref: refOf(req), OutAt: rules.Number(req.GetOutAtQuestion()), WithAnswers: req.GetWithAnswers(),
		Size: size(req.GetPageSize(), defaultResults), Token: req.GetPageToken(),
	}
	if status, named := wire.QuizStatusFrom(req.GetStatus()); named {
		query.Status = &status
	}
	found, next, err := h.quizzes.Results(ctx, auth.From(ctx), query)
	if err != nil {
		return nil, err
	}
	res := &ovationv1.ListResultsResponse{Standings: make([]*ovationv1.QuizStanding, len(found)), NextPageToken: next}
	for i, standing := range found {
		res.Standings[i] = standingOf(standing)
	}
	return res, nil
}

// ListAnswerLog implements QuizService.
func (h *quizHandler) ListAnswerLog(
	ctx context.Context, req *ovationv1.ListAnswerLogRequest,
) (*ovationv1.ListAnswerLogResponse, error) {
	found, next, err := h.quizzes.Facts(ctx, auth.From(ctx), quiz.LogQuery{
		Ref: refOf(req), User: live.UserID(req.GetUserId()),
		Size: size(req.GetPageSize(), defaultLog), Token: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	res := &ovationv1.ListAnswerLogResponse{Entries: make([]*ovationv1.AnswerLogEntry, len(found)), NextPageToken: next}
	for i, fact := range found {
		res.Entries[i] = factOf(fact)
	}
	return res, nil
}

// standingOf converts a standing.
func standingOf(s quiz.Standing) *ovationv1.QuizStanding {
	out := &ovationv1.QuizStanding{
		UserId:            string(s.User),
		Status:            wire.QuizStatus(s.Status),
		EnteredAtQuestion: uint32(s.EnteredAt),   //nolint:gosec // at most rules.MaxQuestions
		OutAtQuestion:     uint32(s.OutAt),       //nolint:gosec // at most rules.MaxQuestions
		Right:             uint32(s.Right),       //nolint:gosec // at most rules.MaxQuestions
		Excused:           uint32(s.Excused),     //nolint:gosec // at most rules.MaxQuestions
		RevivesUsed:       uint32(s.Used),        //nolint:gosec // a small count
		RevivesLeft:       uint32(s.RevivesLeft), //nolint:gosec // a small count
		MayReviveUntilAt:  int64(s.Until),
		Prize:             s.Prize,
	}
	for _, g := range s.Answers {
		out.Answers = append(out.Answers, &ovationv1.PlayerAnswer{
			QuestionNumber: uint32(g.Question), //nolint:gosec // at most rules.MaxQuestions
			Option:         uint32(g.Option),
			ReceivedAt:     int64(g.Received),
			DeliveredAt:    int64(g.Delivered),
			Outcome:        wire.QuizOutcome(g.Outcome),
		})
	}
	return out
}

// factOf converts a fact.
func factOf(f quiz.Fact) *ovationv1.AnswerLogEntry {
	out := &ovationv1.AnswerLogEntry{
		UserId: string(f.User), QuestionNumber: uint32(f.Question), At: int64(f.At), //nolint:gosec // at most rules.MaxQuestions
	}
	switch f.Kind {
	case rules.Entered:
		out.Fact = &ovationv1.AnswerLogEntry_Entered{Entered: &ovationv1.PlayerEntered{}}
	case rules.Delivered:
		out.Fact = &ovationv1.AnswerLogEntry_Delivered{Delivered: &ovationv1.FrameDelivered{SessionId: string(f.Session)}}
	case rules.Granted:
		out.Fact = &ovationv1.AnswerLogEntry_Granted{Granted: &ovationv1.RevivesGranted{Count: uint32(f.Count)}} //nolint:gosec // validated: small
	case rules.Revive:
		out.Fact = &ovationv1.AnswerLogEntry_Revive{Revive: &ovationv1.ReviveChosen{}}
	default:
		out.Fact = &ovationv1.AnswerLogEntry_Answer{Answer: &ovationv1.AnswerGiven{
			Option: uint32(f.Option), StoredAt: int64(f.Stored),
		}}
	}
	return out
}
