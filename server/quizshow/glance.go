package quizshow

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
)

// glanceFor is how long what was seen of a room that is not followed is good for.
const glanceFor = time.Second

// glance is a room's quiz as it was seen by somebody who came into a room that is not
// followed here.
type glance struct {
	quiz *quiz.Quiz // nil: there is none
	at   time.Time
}

// old says whether a glance is good for nothing any more.
func (g glance) old(now time.Time) bool {
	since := now.Sub(g.at)
	return since < 0 || since >= glanceFor
}

// Frames implements hub.Quizzes. While the store is away there are none.
func (f *Follower) Frames(ctx context.Context, id live.RoomID, who room.Session) (frames []*wire.QuizFrame) {
	ctx, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	q := f.glance(ctx, id)
	if q == nil {
		return nil
	}
	f.Polled(id)
	for _, frame := range q.Frames(f.now()) {
		if !frame.Kind.Personal() {
			frames = append(frames, wire.QuizStep(q, frame))
			continue
		}
		own := newPersonal(q, frame)
		f.look(ctx, own, []live.UserID{who.User})
		if theirs := own.own.Of(who.User); theirs != nil {
			frames = append(frames, theirs)
		}
	}
	return frames
}

// glance returns a room's quiz, if there is one: read once for all who ask within a second.
func (f *Follower) glance(ctx context.Context, id live.RoomID) *quiz.Quiz {
	f.mu.Lock()
	seen, found := f.glances[id]
	f.mu.Unlock()
	if found && !seen.old(time.Now()) {
		return seen.quiz
	}
	done := f.asking.DoChan(string(id), func() (any, error) {
		q, err := f.fetch(f.ctx, quiz.Ref{Room: id})
		if f.failed(readFailed, err); err != nil {
			q = nil
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.glances[id] = glance{q, time.Now()}
		return q, nil
	})
	select {
	case got := <-done:
		q, _ := got.Val.(*quiz.Quiz)
		return q
	case <-ctx.Done():
		return nil
	}
}
