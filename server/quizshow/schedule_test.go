package quizshow_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// inBubble is a test whose deadline is of another clock than the bubble's.
type inBubble struct{ *testing.T }

// players are who plays.
var players = []live.UserID{"u0", "u1", "u2"}

// schedule is a quiz with everything that may happen between its steps.
type schedule struct {
	*house
	r     *rapid.T
	nodes []*node
	seats map[live.UserID]*seat // nil: not there
	got   map[live.UserID]map[string]*ovationv1.QuizFrame
}

// TestEveryViewerSeesTheWholeQuiz has nodes begun anew, publications lost, the store away
// and viewers come and go between the steps of a quiz. When it has been calm for a few
// seconds, each viewer has seen all that is to be shown to them, and what they have seen is
// what the others have.
func TestEveryViewerSeesTheWholeQuiz(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(inBubble{t}, func(r *rapid.T) {
			h := newHouse(t)
			defer h.end()
			s := &schedule{
				house: h, r: r, nodes: []*node{h.node(), h.node()},
				seats: make(map[live.UserID]*seat), got: make(map[live.UserID]map[string]*ovationv1.QuizFrame),
			}
			options := make(map[live.UserID]quiz.Option)
			for _, user := range players {
				options[user] = quiz.Option(rapid.IntRange(1, 2).Draw(r, "option"))
				s.got[user] = make(map[string]*ovationv1.QuizFrame)
				s.come(user)
			}
			s.whole(options)
			for _, user := range players {
				s.leave(user)
			}
		})
	})
}

// whole plays the quiz.
func (s *schedule) whole(options map[live.UserID]quiz.Option) {
	s.create(nil)
	s.disturb()
	s.ask(1)
	s.answer(1, options)
	s.check()
	passing(8 * time.Second)
	s.disturb()
	s.close(1)
	s.check()
	s.reveal(1)
	s.check()
	s.ask(2)
	s.check()
	passing(8 * time.Second)
	s.close(2)
	s.disturb()
	s.reveal(2)
	s.check()
	s.finish()
	s.check()
}

// disturb does a few things that nobody wants.
func (s *schedule) disturb() {
	for range rapid.IntRange(0, 4).Draw(s.r, "disturbances") {
		user := rapid.SampledFrom(players).Draw(s.r, "user")
		switch rapid.SampledFrom([]string{"away", "deaf", "restart", "move", "take", "pass"}).Draw(s.r, "disturbance") {
		case "away":
			s.store.set(func(b *backing) { b.away = !b.away })
		case "deaf":
			s.store.set(func(b *backing) { b.deaf = !b.deaf })
		case "restart":
			s.restart(rapid.IntRange(0, 1).Draw(s.r, "node"))
		case "move":
			s.leave(user)
		case "take":
			s.take(user)
		case "pass":
			passing(time.Duration(rapid.IntRange(0, 700).Draw(s.r, "milliseconds")) * time.Millisecond)
		}
	}
}

// restart begins a node anew. Those who were there come back.
func (s *schedule) restart(i int) {
	before := s.nodes[i]
	s.nodes[i] = s.node()
	for _, user := range players {
		if v := s.seats[user]; v != nil && v.node == before {
			s.leave(user)
			s.come(user)
		}
	}
	before.stop()
}

// come opens a viewer's stream, at any node.
func (s *schedule) come(user live.UserID) {
	v := s.nodes[rapid.IntRange(0, 1).Draw(s.r, "node")].seat(user, live.RoleViewer)
	s.seats[user] = v
	s.keep(user, v.welcome)
}

// leave ends it, if it is there.
func (s *schedule) leave(user live.UserID) {
	if v := s.seats[user]; v != nil {
		v.leave()
		s.seats[user] = nil
	}
}

// take takes what a viewer is sent, and acknowledges it or not.
func (s *schedule) take(user live.UserID) {
	v := s.seats[user]
	if v == nil {
		return
	}
	frames := v.takeAll()
	s.keep(user, frames)
	if rapid.Bool().Draw(s.r, "acknowledge") {
		for _, f := range frames {
			v.hub.Acknowledge(theRoom, v.session, []string{f.GetFrameId()})
		}
	}
}

// keep notes what a viewer has seen.
func (s *schedule) keep(user live.UserID, frames []*ovationv1.QuizFrame) {
	for _, f := range frames {
		s.got[user][f.GetFrameId()] = f
	}
}

// check has it be calm for a while, and compares what everyone has seen.
func (s *schedule) check() {
	s.disturb()
	s.store.set(func(b *backing) { b.away, b.deaf = false, false })
	for _, user := range players {
		if s.seats[user] == nil {
			s.come(user)
		}
	}
	passing(3 * time.Second)
	for _, user := range players { // a stream that is served takes what it is woken for
		s.take(user)
	}
	passing(time.Second)
	q, err := s.store.Store.Quiz(s.Context(), theQuiz)
	s.must(err)
	for _, user := range players {
		s.take(user)
		for _, f := range q.Frames(live.At(time.Now())) {
			got := s.got[user][f.ID]
			out := f.Kind == quiz.OutcomeFrame && f.Number == 2 && !s.in(user)
			if got == nil && !out {
				s.r.Fatalf("%s has not seen %s, but %d others", user, f.ID, len(s.got[user]))
			}
			if got != nil && (got.GetServerAt() != int64(f.At) || out) {
				s.r.Fatalf("%s has seen %v instead of %v", user, got, f)
			}
		}
	}
}

// in says whether a player is through the first question, as they were told.
func (s *schedule) in(user live.UserID) bool {
	return s.got[user]["q/1/outcome"].GetOutcome().GetStatus() == ovationv1.PlayerStatus_PLAYER_STATUS_PLAYING
}
