package app_test

import (
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// ask asks the first question of a quiz in a room.
func ask(t *testing.T, set store.Set, room live.RoomID) {
	t.Helper()
	q, err := quiz.New(quiz.Quiz{
		Ref: quiz.Ref{Room: room, Quiz: "q"}, Rules: quiz.DefaultRules(),
		Rounds: []quiz.Round{{Question: quiz.Question{
			Text: "Which?", Options: []string{"this", "that"}, Correct: quiz.OptionsOf(2), Window: 5 * time.Minute,
			Labels: map[string]string{"category": "sports", "image": "https://a"},
		}}},
	})
	if err == nil {
		_, err = set.Quizzes.CreateQuiz(t.Context(), q, "", nil)
	}
	if err == nil {
		_, err = set.Quizzes.ChangeQuiz(t.Context(), q.Ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
			next, tasks, err := q.Ask(quiz.Ask{Number: 1}, now)
			return store.QuizChange{Quiz: next, Tasks: tasks}, err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A question that was asked anywhere gets to every viewer, the same to the byte, however
// they are there and whichever node they are at.
func TestAQuestionGetsToEveryViewer(t *testing.T) {
	t.Parallel()
	set := memory.New().Set()
	nodes := []*node{startOn(t, set), startOn(t, set)}
	nodes[0].create(t, "r")
	options := map[string][]connect.ClientOption{"proto": nil, "JSON": {connect.WithProtoJSON()}, "gRPC": {connect.WithGRPC()}}
	got := make(chan *ovationv1.QuizFrame, 2*len(options))
	for _, n := range nodes {
		for _, opts := range options {
			c := n.clients(h2c.client(t, bearer(t, live.RoleViewer, "r")), opts...)
			stream, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: "r"})
			if err != nil || !stream.Receive() || len(stream.Msg().GetWelcome().GetQuizFrames()) != 0 {
				t.Fatalf("%v, %v", err, stream.Err())
			}
			t.Cleanup(func() { _ = stream.Close() })
			go func() {
				for stream.Receive() {
					if f := stream.Msg().GetQuiz(); f != nil {
						got <- f
						return
					}
				}
			}()
		}
	}
	ask(t, set, "r")
	var first *ovationv1.QuizFrame
	same := func(f *ovationv1.QuizFrame) {
		t.Helper()
		if first == nil {
			first = f
		}
		if f.GetQuestion().GetText() != "Which?" || !proto.Equal(f, first) {
			t.Fatalf("got %v, others %v", f, first)
		}
	}
	for range cap(got) {
		select {
		case f := <-got:
			same(f)
		case <-time.After(time.Minute):
			t.Fatal("a viewer got nothing")
		}
	}
	late := nodes[1].clients(h2c.client(t, bearer(t, live.RoleViewer, "r")))
	stream, err := late.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: "r"})
	if err != nil || !stream.Receive() || len(stream.Msg().GetWelcome().GetQuizFrames()) != 1 {
		t.Fatalf("welcomed with %v, %v", stream.Msg(), err)
	}
	same(stream.Msg().GetWelcome().GetQuizFrames()[0])
	_ = stream.Close()
}

// So does one who has no stream, at a node that follows nothing.
func TestAQuestionGetsToWhoPolls(t *testing.T) {
	t.Parallel()
	set := memory.New().Set()
	n := startOn(t, set)
	n.create(t, "r")
	c := n.clients(h2c.client(t, bearer(t, live.RoleViewer, "r")))
	ask(t, set, "r")
	joined, err := c.rooms.JoinRoom(t.Context(), &ovationv1.JoinRoomRequest{RoomId: "r"})
	if err != nil || len(joined.GetQuizFrames()) != 1 || joined.GetQuizFrames()[0].GetFrameId() != "q/1/question" {
		t.Fatalf("joined: %v, %v", joined.GetQuizFrames(), err)
	}
	pull := func(wait time.Duration) []*ovationv1.QuizFrame {
		t.Helper()
		res, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{
			RoomId: "r", SessionId: joined.GetSessionId(), Cursor: joined.GetLatest().GetCursor(), Wait: durationpb.New(wait),
		})
		if err != nil {
			t.Fatal(err)
		}
		return res.GetQuizFrames()
	}
	testkit.Eventually(t, "a pull brings the question", func() bool { return len(pull(0)) == 1 })
	if frames := pull(time.Minute); !proto.Equal(frames[0], joined.GetQuizFrames()[0]) {
		t.Errorf("a long poll brings %v", frames)
	}
}
