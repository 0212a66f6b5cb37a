package wire

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/quiz"
)

// revealed returns a quiz of two questions whose first was revealed.
func revealed(change func(*quiz.Quiz)) *quiz.Quiz {
	q := &quiz.Quiz{
		Ref: quiz.Ref{Room: "r", Quiz: "q"}, Title: "Friday", State: quiz.Revealed, Rules: quiz.DefaultRules(), Current: 1,
		Reason: "rain", EndedAt: 90e6, Result: quiz.Result{Winners: 2, Pot: 101, Share: 50, WithExtra: 1, PaidAt: 90e6},
		Rounds: []quiz.Round{
			{
				Question: quiz.Question{
					Text: "First?", Options: []string{"a", "b"}, Correct: quiz.OptionsOf(2),
					Labels: map[string]string{"image": "https://a", "category": "sports", "level": "1"},
				},
				State: quiz.Revealed, AskedAt: 10e6, Media: 9e6, DisplayBy: 13e6, ClosesAt: 23e6, ClosedAt: 25e6, RevealedAt: 30e6,
				Tally: quiz.Tally{Answers: [quiz.MaxOptions]int64{3, 4}, Remaining: 4, Eliminated: 3, Final: true, Evaluated: true},
			},
			{Question: quiz.Question{Text: "Second?", Options: []string{"c", "d"}}, State: quiz.Asked, Last: true, AskedAt: 60e6, DisplayBy: 63e6, ClosesAt: 68e6},
		},
	}
	if change != nil {
		change(q)
	}
	return q
}

// step returns a quiz and its frame of a kind.
func step(q *quiz.Quiz, kind quiz.FrameKind, n quiz.Number) (*quiz.Quiz, quiz.Frame) {
	return q, quiz.Frame{
		ID: quiz.FrameID(q.Quiz, n, kind), Kind: kind, Number: n, At: 1, Media: 2, ClosesAt: 3, DisplayBy: 4, ExpiresAt: 5,
	}
}

// Every frame says what it is to say, the same in both forms, on streams and in answers.
func TestQuizFrames(t *testing.T) {
	t.Parallel()
	head := func(kind quiz.FrameKind, n uint32, body func(*ovationv1.QuizFrame)) *ovationv1.QuizFrame {
		f := &ovationv1.QuizFrame{
			FrameId: quiz.FrameID("q", quiz.Number(n), kind), QuizId: "q", QuestionNumber: n,
			ServerAt: 1, MediaTimestamp: 2, AnswerClosesAt: 3, LatestDisplayAt: 4, ExpiresAt: 5,
		}
		body(f)
		return f
	}
	chosen := revealed(func(q *quiz.Quiz) {
		q.Rules.Revives = quiz.Revives{Mode: quiz.ReviveChosen, MaxUsed: 2, ChoiceWindow: 10 * time.Second}
	})
	over := revealed(func(q *quiz.Quiz) { q.State = quiz.Finished })
	_, outcome := step(chosen, quiz.OutcomeFrame, 1)
	_, finish := step(over, quiz.FinishFrame, 0)
	for name, tt := range map[string]struct {
		frame *QuizFrame
		want  *ovationv1.QuizFrame
	}{
		"question": {QuizStep(step(revealed(nil), quiz.QuestionFrame, 1)), head(quiz.QuestionFrame, 1, func(f *ovationv1.QuizFrame) {
			f.Body = &ovationv1.QuizFrame_Question{Question: &ovationv1.QuestionFrame{
				Text: "First?", Options: []string{"a", "b"}, AnswerWindow: durationpb.New(10 * time.Second),
				Labels: map[string]string{"image": "https://a", "category": "sports", "level": "1"},
			}}
		})},
		"last question": {QuizStep(step(revealed(nil), quiz.QuestionFrame, 2)), head(quiz.QuestionFrame, 2, func(f *ovationv1.QuizFrame) {
			f.Body = &ovationv1.QuizFrame_Question{Question: &ovationv1.QuestionFrame{
				Text: "Second?", Options: []string{"c", "d"}, AnswerWindow: durationpb.New(5 * time.Second), Last: true, Remaining: 4,
			}}
		})},
		"close": {QuizStep(step(revealed(nil), quiz.CloseFrame, 1)), head(quiz.CloseFrame, 1, func(f *ovationv1.QuizFrame) {
			f.Body = &ovationv1.QuizFrame_Close{Close: &ovationv1.CloseFrame{ClosedAt: 25e6}}
		})},
		"reveal": {QuizStep(step(revealed(nil), quiz.RevealFrame, 1)), head(quiz.RevealFrame, 1, func(f *ovationv1.QuizFrame) {
			f.Body = &ovationv1.QuizFrame_Reveal{Reveal: &ovationv1.RevealFrame{CorrectOptions: []uint32{2}, Tally: &ovationv1.QuizTally{
				Answers: []int64{3, 4}, Remaining: 4, Eliminated: 3, AnswersFinal: true, Evaluated: true,
			}}}
		})},
		"cancel": {QuizStep(step(revealed(nil), quiz.CancelFrame, 0)), head(quiz.CancelFrame, 0, func(f *ovationv1.QuizFrame) {
			f.Body = &ovationv1.QuizFrame_Cancel{Cancel: &ovationv1.CancelFrame{Reason: "rain"}}
		})},
		"outcome": {
			NewQuizOutcomes(chosen, outcome).Of(quiz.Player{
				User: "u", Status: quiz.Revivable, OutAt: 1, Revives: 3, Used: 1, After: 1, Outcome: quiz.OutWrong, Option: 1,
			}),
			head(quiz.OutcomeFrame, 1, func(f *ovationv1.QuizFrame) {
				f.Body = &ovationv1.QuizFrame_Outcome{Outcome: &ovationv1.OutcomeFrame{
					Outcome: ovationv1.QuestionOutcome_QUESTION_OUTCOME_OUT_WRONG, Status: ovationv1.PlayerStatus_PLAYER_STATUS_REVIVABLE,
					Option: 1, RevivesLeft: 1, MayReviveUntilAt: 40e6,
				}}
			}),
		},
		"finish": {
			NewQuizFinishes(over, finish).Of(quiz.Player{}),
			head(quiz.FinishFrame, 0, func(f *ovationv1.QuizFrame) {
				f.Body = &ovationv1.QuizFrame_Finish{Finish: &ovationv1.FinishFrame{
					Result: &ovationv1.QuizResult{Winners: 2, Pot: 101, Share: 50, WithExtra: 1, PaidAt: 90e6},
				}}
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.frame.ID() != tt.want.GetFrameId() || tt.frame.Frame().Kind() != KindQuiz {
				t.Errorf("%s, counted as %v", tt.frame.ID(), tt.frame.Frame().Kind())
			}
			for _, got := range []*ovationv1.QuizFrame{fromStream(t, tt.frame), fromJSON(t, tt.frame), fromAnswer(t, tt.frame)} {
				if !proto.Equal(got, tt.want) {
					t.Errorf("got  %v\nwant %v", got, tt.want)
				}
			}
		})
	}
}

// fromStream returns a frame as streams carry it in binary.
func fromStream(t *testing.T, f *QuizFrame) *ovationv1.QuizFrame {
	t.Helper()
	b, err := f.Frame().AppendProto(nil)
	m := new(ovationv1.SubscribeResponse)
	if err != nil || proto.Unmarshal(b, m) != nil {
		t.Fatalf("%q, %v", b, err)
	}
	return m.GetQuiz()
}

// fromJSON returns a frame as streams carry it in JSON.
func fromJSON(t *testing.T, f *QuizFrame) *ovationv1.QuizFrame {
	t.Helper()
	b, err := f.Frame().AppendJSON(nil)
	m := new(ovationv1.SubscribeResponse)
	if err != nil || protojson.Unmarshal(b, m) != nil {
		t.Fatalf("%q, %v", b, err)
	}
	return m.GetQuiz()
}

// fromAnswer returns a frame as answers to pulls carry it.
func fromAnswer(t *testing.T, f *QuizFrame) *ovationv1.QuizFrame {
	t.Helper()
	b, err := PullAnswerWith(feed.Batch{}, feed.Heads{}, []*QuizFrame{f}).AppendProto(nil)
	m := new(ovationv1.PullResponse)
	if err != nil || proto.Unmarshal(b, m) != nil || len(m.GetQuizFrames()) != 1 || m.GetBatch() == nil {
		t.Fatalf("%q, %v", b, err)
	}
	return m.GetQuizFrames()[0]
}

// TestQuestionsDoNotTellTheAnswer compares the bytes of all frames before the reveal, of
// quizzes that differ in nothing but what is right.
func TestQuestionsDoNotTellTheAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.StringN(1, 20, 100)
		question := quiz.Question{
			Text: texts.Draw(t, "text"), Options: rapid.SliceOfN(texts, 2, quiz.MaxOptions).Draw(t, "options"),
			Labels: rapid.MapOfN(texts, texts, 0, 16).Draw(t, "labels"),
		}
		asked := live.Timestamp(rapid.Int64Range(1, 1<<50).Draw(t, "asked"))
		state := rapid.SampledFrom([]quiz.State{quiz.Asked, quiz.Closed}).Draw(t, "state")
		frames := func(correct quiz.Options) (all [][]byte) {
			q := &quiz.Quiz{Ref: quiz.Ref{Room: "r", Quiz: "q"}, State: state, Rules: quiz.DefaultRules(), Current: 1}
			q.Rounds = []quiz.Round{{Question: question, State: state, AskedAt: asked, DisplayBy: asked, ClosesAt: asked + 10e6}}
			q.Rounds[0].Correct = correct
			if state == quiz.Closed {
				q.Rounds[0].ClosedAt = asked + 12e6
			}
			for _, f := range q.Frames(asked + 1) {
				for _, form := range []func(*Frame) ([]byte, error){(*Frame).EnvelopedProto, (*Frame).EnvelopedJSON} {
					b, err := form(QuizStep(q, f).Frame())
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, b)
				}
			}
			return all
		}
		some := rapid.Uint8Range(0, 1<<7-1)
		a, b := quiz.Options(some.Draw(t, "right")&^1), quiz.Options(some.Draw(t, "or right")&^1)
		one, another := frames(a), frames(b)
		if len(one) != 2 || !slices.EqualFunc(one, another, bytes.Equal) {
			t.Fatalf("it differs with the answer: %q and %q", one, another)
		}
	})
}

// What is the same to many is one frame.
func TestPersonalFramesAreShared(t *testing.T) {
	t.Parallel()
	q, f := step(revealed(nil), quiz.OutcomeFrame, 1)
	outcomes := NewQuizOutcomes(q, f)
	right := quiz.Player{User: "a", Status: quiz.Playing, After: 1, Outcome: quiz.Right, Option: 2, Spent: 7, Right: 1}
	other, won := right, right
	other.User, other.Spent = "b", 9
	won.Status = quiz.Won
	if one := outcomes.Of(right); one == nil || outcomes.Of(other) != one || outcomes.Of(won) != one {
		t.Error("not one frame for those to whom it is the same")
	}
	left := right
	left.Revives = 1
	if outcomes.Of(left) == outcomes.Of(right) {
		t.Error("one frame for those who have a revive left and those who have none")
	}
	for name, p := range map[string]quiz.Player{
		"a spectator":            {User: "c"},
		"one who was out before": {User: "d", Status: quiz.Out, OutAt: 1, After: 1},
		"one who is further":     {User: "e", Status: quiz.Playing, After: 2, Outcome: quiz.Right},
	} {
		if outcomes.Of(p) != nil {
			t.Errorf("%s gets an outcome", name)
		}
	}

	q, f = step(revealed(func(q *quiz.Quiz) {
		q.State, q.Rules.Pot = quiz.Finished, 101
		q.Result.LastExtra = quiz.Rank{User: "first"}
	}), quiz.FinishFrame, 0)
	finishes := NewQuizFinishes(q, f)
	if a := finishes.Of(quiz.Player{User: "x"}); a != finishes.Of(quiz.Player{User: "y", Status: quiz.Out}) {
		t.Error("not one frame for all who have not won")
	}
	winner := fromStream(t, finishes.Of(quiz.Player{User: "first", Status: quiz.Won})).GetFinish()
	if !winner.GetWon() || winner.GetPrize() != 51 {
		t.Errorf("a winner gets %v", winner)
	}
}

func TestCountsOfAQuestion(t *testing.T) {
	t.Parallel()
	q := revealed(nil)
	a, b := QuizCounts(q, 2, quiz.Tally{Answers: [quiz.MaxOptions]int64{1, 2}}, 61e6), QuizCounts(q, 2, quiz.Tally{}, 62e6)
	if a.ID() == b.ID() {
		t.Error("clients would ignore the second")
	}
	got := fromStream(t, a)
	if got.GetQuestionNumber() != 2 || got.GetAnswerClosesAt() != 68e6 || !slices.Equal(got.GetTally().GetAnswers(), []int64{1, 2}) {
		t.Errorf("%v", got)
	}
	if _, _, _, ok := quiz.ParseFrameID(a.ID()); ok {
		t.Error("it passes for a frame that is acknowledged")
	}
}
