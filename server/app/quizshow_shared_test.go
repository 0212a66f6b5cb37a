package app_test

import (
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
)

// shown reads a stream's frames of quizzes until one is a step of a quiz that is named, and
// returns the names of those that came, each once.
func shown(t *testing.T, s stream, last string) (names []string, frame *ovationv1.QuizFrame) {
	t.Helper()
	for s.Receive() {
		f := s.Msg().GetQuiz()
		if f == nil {
			continue
		}
		m := f.ProtoReflect()
		name := string(m.WhichOneof(m.Descriptor().Oneofs().Get(0)).Name())
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if name == last {
			return names, f
		}
	}
	t.Fatalf("after %q: %v", names, s.Err())
	return nil, nil
}

// On Redis and Postgres a quiz is shown at every node, step by step, to each viewer what is
// theirs, and its counts to who was appointed as well.
func TestAQuizIsShownOnTwoNodes(t *testing.T) {
	t.Parallel()
	on := shared(t)
	a, b := start(t, on), start(t, on)
	a.create(t, "r")
	operator := a.backend(t)
	if _, err := operator.moderation.AddModerator(t.Context(), &ovationv1.AddModeratorRequest{RoomId: "r", UserId: "mo"}); err != nil {
		t.Fatal(err)
	}
	ann, bob, mo := a.as(t, "ann", live.RoleViewer), b.as(t, "bob", live.RoleViewer), b.as(t, "mo", live.RoleViewer)
	streams := map[string]stream{"ann": inline(t, ann, "r"), "bob": inline(t, bob, "r"), "mo": inline(t, mo, "r")}
	_, err := operator.quizzes.CreateQuiz(t.Context(), &ovationv1.CreateQuizRequest{
		RoomId: "r", QuizId: "q", Questions: []*ovationv1.QuizQuestion{{Text: "Which?", Options: []string{"this", "that"}, CorrectOptions: []uint32{1}}},
		Rules: &ovationv1.QuizRules{
			AnswerWindow: durationpb.New(4 * time.Second), TicketGrace: durationpb.New(0), AutoReveal: new(true), Pot: proto.Int64(7),
		},
	})
	if err == nil {
		_, err = operator.quizzes.AskQuestion(t.Context(), &ovationv1.AskQuestionRequest{RoomId: "r", QuizId: "q", QuestionNumber: 1})
	}
	if err != nil {
		t.Fatal(err)
	}
	for user, option := range map[string]uint32{"ann": 1, "bob": 2} {
		c := map[string]clients{"ann": ann, "bob": bob}[user]
		shown(t, streams[user], "question")
		if _, err := c.quizzes.SubmitAnswer(t.Context(), &ovationv1.SubmitAnswerRequest{RoomId: "r", QuizId: "q", QuestionNumber: 1, Option: option}); err != nil {
			t.Fatal(err)
		}
		standing, err := c.quizzes.GetStanding(t.Context(), &ovationv1.GetStandingRequest{RoomId: "r", QuizId: "q"})
		if err != nil || standing.GetStanding().GetStatus() != ovationv1.PlayerStatus_PLAYER_STATUS_PLAYING || len(standing.GetStanding().GetAnswers()) != 1 {
			t.Errorf("%s during the question: %v, %v", user, standing, err)
		}
	}
	shown(t, streams["mo"], "tally")
	for user, want := range map[string]ovationv1.QuestionOutcome{
		"ann": ovationv1.QuestionOutcome_QUESTION_OUTCOME_RIGHT, "bob": ovationv1.QuestionOutcome_QUESTION_OUTCOME_OUT_WRONG,
	} {
		names, frame := shown(t, streams[user], "outcome")
		if got := frame.GetOutcome().GetOutcome(); got != want || !slices.Contains(names, "reveal") || slices.Contains(names, "tally") {
			t.Errorf("%s was shown %q and the outcome %v", user, names, got)
		}
	}
	testkit.Eventually(t, "the quiz is finished", func() bool {
		_, err := operator.quizzes.FinishQuiz(t.Context(), &ovationv1.FinishQuizRequest{RoomId: "r", QuizId: "q"})
		if err != nil && connect.CodeOf(err) != connect.CodeUnavailable { // while it is evaluated: to be repeated
			t.Fatal(err)
		}
		return err == nil
	})
	for user, want := range map[string]int64{"ann": 7, "bob": 0} {
		if _, frame := shown(t, streams[user], "finish"); frame.GetFinish().GetPrize() != want {
			t.Errorf("%s won %v", user, frame.GetFinish())
		}
	}
	_, err = ann.quizzes.AckFrame(t.Context(), &ovationv1.AckFrameRequest{RoomId: "r", SessionId: "another's", FrameIds: []string{"q/1/question"}})
	if reason(err) != ovationv1.ErrorReason_ERROR_REASON_SESSION_NOT_FOUND {
		t.Errorf("another's session acknowledges: %v", err)
	}
}
