package hub_test

import (
	"context"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// shower is whoever shows something in rooms, by hand.
type shower struct {
	mu     sync.Mutex
	opened func(hub.Stage) // before anybody is served
	stage  hub.Stage
	closed int
	marks  []store.QuizMark
	came   []room.Session
	polled []live.RoomID
	asked  []live.UserID // of Resolve
	own    *hub.Own      // what Resolve tells of
	theirs *wire.QuizFrame
	away   []*wire.QuizFrame // what is shown where the hub does not follow
}

// Opened implements hub.Quizzes.
func (w *shower) Opened(_ context.Context, s hub.Stage) {
	w.mu.Lock()
	w.stage = s
	opened := w.opened
	w.mu.Unlock()
	if opened != nil {
		opened(s)
	}
}

// Closed implements hub.Quizzes.
func (w *shower) Closed(hub.Stage) { w.do(func() { w.closed++ }) }

// Heard implements hub.Quizzes.
func (w *shower) Heard(_ live.RoomID, m store.QuizMark) {
	w.do(func() { w.marks = append(w.marks, m) })
}

// Came implements hub.Quizzes.
func (w *shower) Came(_ live.RoomID, who room.Session) { w.do(func() { w.came = append(w.came, who) }) }

// Resolve implements hub.Quizzes.
func (w *shower) Resolve(_ context.Context, _ live.RoomID, user live.UserID) {
	w.do(func() {
		w.asked = append(w.asked, user)
		if w.own != nil {
			w.own.Set(map[live.UserID]*wire.QuizFrame{user: w.theirs})
		}
	})
}

// Frames implements hub.Quizzes.
func (w *shower) Frames(context.Context, live.RoomID, room.Session) []*wire.QuizFrame { return w.away }

// Polled implements hub.Quizzes.
func (w *shower) Polled(id live.RoomID) { w.do(func() { w.polled = append(w.polled, id) }) }

func (w *shower) do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// showFor repeats what is shown as whoever shows it does, for a while.
func (s *stage) showFor(d time.Duration) {
	const every = 500 * time.Millisecond
	for range d / every {
		passing(every)
		s.shower.stage.Repeat()
	}
	passing(0)
}

// asking returns a frame of a question.
func asking(id quiz.ID) *wire.QuizFrame {
	q := &quiz.Quiz{
		Ref: quiz.Ref{Room: theRoom, Quiz: id}, State: quiz.Asked, Current: 1,
		Rounds: []quiz.Round{{Question: quiz.Question{Text: "Which?", Options: []string{"a", "b"}}, State: quiz.Asked}},
	}
	return wire.QuizStep(q, quiz.Frame{ID: quiz.FrameID(id, 1, quiz.QuestionFrame), Kind: quiz.QuestionFrame, Number: 1})
}

// public returns a frame of a question as it is shown to everyone.
func public(id quiz.ID) hub.Show {
	frame := asking(id)
	return hub.Show{ID: frame.ID(), Frame: frame}
}

// quizzes returns the ids of the frames of quizzes that a seat is due.
func (v *seat) quizzes() (ids []string) {
	v.Helper()
	for _, f := range v.take() {
		if q := f.GetQuiz(); q != nil {
			ids = append(ids, q.GetQuizId())
		}
	}
	return ids
}

// greeted returns the ids of the frames that a seat was welcomed with.
func (v *seat) greeted() (ids []string) {
	for _, f := range v.welcome.GetQuizFrames() {
		ids = append(ids, f.GetQuizId())
	}
	return ids
}

// who returns the seat's session.
func (v *seat) who(user live.UserID) room.Session {
	return room.Session{ID: live.SessionID(user) + "'s", User: user}
}
