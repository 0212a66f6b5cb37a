package quizshow

import (
	"context"
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
)

// personal is a frame that is each viewer's own.
type personal struct {
	quiz  *quiz.Quiz
	frame quiz.Frame
	own   hub.Own

	mu sync.Mutex
	of func(quiz.Player) *wire.QuizFrame // one for all to whom it is the same
}

func newPersonal(q *quiz.Quiz, f quiz.Frame) *personal {
	p := &personal{quiz: q, frame: f}
	if f.Kind == quiz.FinishFrame {
		p.of = wire.NewQuizFinishes(q, f).Of
	} else {
		p.of = wire.NewQuizOutcomes(q, f).Of
	}
	return p
}

// findPersonal returns the one of an id, nil if there is none.
func findPersonal(all []*personal, id string) *personal {
	for _, p := range all {
		if p.frame.ID == id {
			return p
		}
	}
	return nil
}

// after returns the question that the frame needs standings after: that which it is about,
// or the end, which is behind the last.
func (p *personal) after() quiz.Number {
	if p.frame.Kind == quiz.FinishFrame {
		return p.quiz.Current + 1
	}
	return p.frame.Number
}

// frames returns what the frame is to players.
func (p *personal) frames(players []quiz.Player) map[live.UserID]*wire.QuizFrame {
	p.mu.Lock()
	defer p.mu.Unlock()
	frames := make(map[live.UserID]*wire.QuizFrame, len(players))
	for _, player := range players {
		frames[player.User] = p.of(player)
	}
	return frames
}

// look has the frame known of users, as far as the store answers, and returns those of whom
// it is now.
func (f *Follower) look(ctx context.Context, p *personal, users []live.UserID) (known []live.UserID) {
	players, err := f.standings(ctx, p.quiz.Ref, p.after(), users)
	if f.failed(standingsFailed, err); len(players) == 0 {
		return nil
	}
	p.own.Set(p.frames(players))
	for _, player := range players {
		known = append(known, player.User)
	}
	return known
}

// resolve is look for the viewers of the room, who take what is known of them.
func (p *performance) resolve(ctx context.Context, own *personal, users []live.UserID) {
	unknown := own.own.Unknown(users)
	if len(unknown) == 0 {
		return
	}
	if known := p.follower.look(ctx, own, unknown); len(known) > 0 {
		p.stage.Known(known)
	}
}

// resolveWanted is resolve for those who were asked for and not known.
func (p *performance) resolveWanted(ctx context.Context) {
	for _, own := range *p.personal.Load() {
		p.resolve(ctx, own, nil)
	}
}

// Resolve implements hub.Quizzes.
func (f *Follower) Resolve(ctx context.Context, id live.RoomID, user live.UserID) {
	p := f.room(id)
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	for _, own := range *p.personal.Load() {
		if !own.own.Knows(user) {
			f.look(ctx, own, []live.UserID{user})
		}
	}
}
