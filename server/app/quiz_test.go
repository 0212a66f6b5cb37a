package app_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
)

// asked creates a quiz in a room and asks its first question, which is open for minutes.
func (n *node) asked(t *testing.T, room, id string) {
	t.Helper()
	c := n.backend(t).quizzes
	_, err := c.CreateQuiz(t.Context(), &ovationv1.CreateQuizRequest{
		RoomId: room, QuizId: id, Rules: &ovationv1.QuizRules{AnswerWindow: durationpb.New(5 * time.Minute)},
		Questions: []*ovationv1.QuizQuestion{{Text: "Which?", Options: []string{"this", "that"}, CorrectOptions: []uint32{1}}},
	})
	if err == nil {
		_, err = c.AskQuestion(t.Context(), &ovationv1.AskQuestionRequest{RoomId: room, QuizId: id, QuestionNumber: 1})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// play plays a quiz of two questions over real connections, on two nodes, and checks what
// came of it.
func play(t *testing.T, a, b *node) {
	t.Helper()
	a.create(t, "r")
	host := a.backend(t).quizzes
	brief := &ovationv1.QuizRules{
		AnswerWindow: durationpb.New(5 * time.Second), TicketGrace: durationpb.New(time.Second), Pot: proto.Int64(100),
		MissedPolicy: ovationv1.MissedPolicy_MISSED_POLICY_ELIMINATE.Enum(),
	}
	created, err := host.CreateQuiz(t.Context(), &ovationv1.CreateQuizRequest{
		RoomId: "r", QuizId: "q", Title: "The quiz", Rules: brief, RequestId: "once",
		Questions: []*ovationv1.QuizQuestion{
			{Text: "One?", Options: []string{"this", "that"}, CorrectOptions: []uint32{1}},
			{Text: "Two?", Options: []string{"this", "that", "none"}},
		},
	})
	if err != nil || created.GetQuiz().GetRules().GetEntryQuestions() != 1 {
		t.Fatalf("%v, %v", created, err)
	}
	ask := func(question uint32) {
		t.Helper()
		if _, err := host.AskQuestion(t.Context(), &ovationv1.AskQuestionRequest{RoomId: "r", QuizId: "q", QuestionNumber: question}); err != nil {
			t.Fatal(err)
		}
	}
	answer := func(n *node, user string, question, option uint32) (*ovationv1.SubmitAnswerResponse, error) {
		return n.backend(t).quizzes.SubmitAnswer(t.Context(), &ovationv1.SubmitAnswerRequest{
			RoomId: "r", QuizId: "q", QuestionNumber: question, Option: option, OnBehalfOf: user,
		})
	}
	if _, err := answer(b, "u0", 1, 1); reason(err) != ovationv1.ErrorReason_ERROR_REASON_QUIZ_ANSWER_EARLY {
		t.Errorf("before it was asked: %v", err)
	}
	ask(1)
	for i := range 10 { // the last of them are wrong
		if got, err := answer([]*node{a, b}[i%2], fmt.Sprint("u", i), 1, uint32(1+i/7)); err != nil || got.GetDuplicate() {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if got, err := answer(b, "u0", 1, 2); err != nil || !got.GetDuplicate() || got.GetOption() != 1 {
		t.Errorf("another answer: %v, %v", got, err)
	}
	_, err = host.RevealAnswer(t.Context(), &ovationv1.RevealAnswerRequest{RoomId: "r", QuizId: "q", QuestionNumber: 1})
	if reason(err) != ovationv1.ErrorReason_ERROR_REASON_QUIZ_QUESTION_OPEN || detail(err).GetRetryAfter().AsDuration() <= 0 {
		t.Errorf("revealed while it is open: %v", err)
	}
	reveal := func(n *node, question uint32, correct ...uint32) (round *ovationv1.QuizRound) {
		t.Helper()
		testkit.Eventually(t, "the answer is revealed", func() bool {
			res, err := n.backend(t).quizzes.RevealAnswer(t.Context(), &ovationv1.RevealAnswerRequest{
				RoomId: "r", QuizId: "q", QuestionNumber: question, CorrectOptions: correct,
			})
			round = res.GetRound()
			return err == nil
		})
		return round
	}
	if got := reveal(b, 1).GetTally(); got.GetRemaining() != 7 || got.GetEliminated() != 3 || got.GetAnswers()[0] != 7 {
		t.Fatalf("the first question: %v", got)
	}
	ask(2)
	if _, err := answer(b, "u8", 2, 3); reason(err) != ovationv1.ErrorReason_ERROR_REASON_QUIZ_NOT_PLAYING {
		t.Errorf("one who is out answers: %v", err)
	}
	for i := range 3 {
		if _, err := answer(a, fmt.Sprint("u", i), 2, 3); err != nil {
			t.Fatal(err)
		}
	}
	if got := reveal(a, 2, 3).GetTally(); got.GetRemaining() != 3 || got.GetMissed() != 4 {
		t.Fatalf("the second question: %v", got)
	}
	var over *ovationv1.Quiz
	testkit.Eventually(t, "the quiz is finished", func() bool {
		res, err := b.backend(t).quizzes.FinishQuiz(t.Context(), &ovationv1.FinishQuizRequest{RoomId: "r", QuizId: "q"})
		over = res.GetQuiz()
		return err == nil
	})
	if r := over.GetResult(); r.GetWinners() != 3 || r.GetShare() != 33 || r.GetWithExtra() != 1 {
		t.Errorf("the result is %v", r)
	}
	checkResults(t, b)
}

// checkResults checks what is listed of the quiz that play plays.
func checkResults(t *testing.T, n *node) {
	t.Helper()
	c := n.backend(t).quizzes
	seen, prizes, token := make(map[string]*ovationv1.QuizStanding), int64(0), ""
	for first := true; first || token != ""; first = false {
		res, err := c.ListResults(t.Context(), &ovationv1.ListResultsRequest{RoomId: "r", QuizId: "q", PageSize: 3, PageToken: token, WithAnswers: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range res.GetStandings() {
			if seen[s.GetUserId()] != nil {
				t.Errorf("%s is listed twice", s.GetUserId())
			}
			seen[s.GetUserId()] = s
			prizes += s.GetPrize()
		}
		token = res.GetNextPageToken()
	}
	if len(seen) != 10 || prizes != 100 || seen["u9"].GetStatus() != ovationv1.PlayerStatus_PLAYER_STATUS_OUT {
		t.Errorf("%d players won %d coins: %v", len(seen), prizes, seen)
	}
	if answers := seen["u0"].GetAnswers(); len(answers) != 2 || answers[1].GetOption() != 3 || answers[1].GetDeliveredAt() == 0 {
		t.Errorf("their answers: %v", answers)
	}
	facts := 0
	for token = "x"; token != ""; {
		if token == "x" {
			token = ""
		}
		res, err := c.ListAnswerLog(t.Context(), &ovationv1.ListAnswerLogRequest{RoomId: "r", QuizId: "q", PageSize: 4, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range res.GetEntries() {
			if e.GetAnswer() != nil {
				facts++
			}
		}
		token = res.GetNextPageToken()
	}
	if facts != 13 {
		t.Errorf("the log has %d answers, want 13", facts)
	}
	standing, err := c.GetStanding(t.Context(), &ovationv1.GetStandingRequest{RoomId: "r", UserId: "u1"})
	if err != nil || standing.GetStanding().GetStatus() != ovationv1.PlayerStatus_PLAYER_STATUS_WON || standing.GetStanding().GetPrize() < 33 {
		t.Errorf("%v, %v", standing, err)
	}
}

func TestAQuizIsPlayed(t *testing.T) {
	t.Parallel()
	n := start(t)
	play(t, n, n)
}

func TestAQuizIsPlayedOnTwoNodes(t *testing.T) {
	t.Parallel()
	on := shared(t)
	play(t, start(t, on), start(t, on))
}

// Viewers see neither what is right nor what was not asked, and no DRAFT; the end of the
// room cancels what there is.
func TestWhatViewersSeeOfAQuiz(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	viewer, host := n.as(t, "ann", live.RoleViewer).quizzes, n.backend(t).quizzes
	_, err := host.CreateQuiz(t.Context(), &ovationv1.CreateQuizRequest{RoomId: "r", QuizId: "draft"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := viewer.GetQuiz(t.Context(), &ovationv1.GetQuizRequest{RoomId: "r", QuizId: "draft"}); reason(err) != ovationv1.ErrorReason_ERROR_REASON_QUIZ_NOT_FOUND {
		t.Errorf("a viewer sees a draft: %v", err)
	}
	n.asked(t, "r", "q")
	if _, err := viewer.SubmitAnswer(t.Context(), &ovationv1.SubmitAnswerRequest{RoomId: "r", QuizId: "q", QuestionNumber: 1, Option: 2}); err != nil {
		t.Fatal(err)
	}
	seen, err := viewer.GetQuiz(t.Context(), &ovationv1.GetQuizRequest{RoomId: "r"})
	if err != nil || seen.GetQuiz().GetQuizId() != "q" || seen.GetQuiz().GetRounds()[0].GetQuestion().GetCorrectOptions() != nil ||
		seen.GetQuiz().GetRounds()[0].GetTally() != nil {
		t.Errorf("a viewer sees %v, %v", seen, err)
	}
	counted, err := n.as(t, "mo", live.RoleModerator).quizzes.GetQuiz(t.Context(), &ovationv1.GetQuizRequest{RoomId: "r"})
	if err != nil || counted.GetQuiz().GetRounds()[0].GetTally().GetAnswers()[1] != 1 {
		t.Errorf("a moderator sees %v, %v", counted, err)
	}
	if _, err := n.backend(t).rooms.EndRoom(t.Context(), &ovationv1.EndRoomRequest{RoomId: "r"}); err != nil {
		t.Fatal(err)
	}
	all, err := host.ListQuizzes(t.Context(), &ovationv1.ListQuizzesRequest{RoomId: "r"})
	for _, q := range all.GetQuizzes() {
		if q.GetState() != ovationv1.QuizState_QUIZ_STATE_CANCELLED {
			t.Errorf("after the room's end %v", q)
		}
	}
	if err != nil || len(all.GetQuizzes()) != 2 {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := viewer.SubmitAnswer(t.Context(), &ovationv1.SubmitAnswerRequest{RoomId: "r", QuizId: "q", QuestionNumber: 1, Option: 2}); reason(err) != ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED {
		t.Errorf("an answer after the room's end: %v", err)
	}
}
