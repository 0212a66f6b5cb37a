package app

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/server/quizshow"
)

// sharedPace is how far apart a node's calls for the slots of questions begin, where the store
// is a network away: answers that come meanwhile go together.
const sharedPace = 5 * time.Millisecond

// buildQuizzes wires the use cases of quizzes and what shows them. The hub is made after
// them, and asked by them once calls come.
func (a *App) buildQuizzes(ctx context.Context) *quiz.Service {
	key := a.config.TicketKey()
	if len(key) == 0 && a.config.Shared() {
		a.logger.WarnContext(ctx, "nodes do not know each other's tickets of quiz answers: set --quiz-ticket-key to the same secret on each")
	}
	c := quiz.Config{
		Node: a.node, TicketKey: key, MaxWaiting: a.config.QuizMaxWaiting, Volatile: a.config.Shared(),
		Frames: onHub{a}, Sessions: onHub{a}, Logger: a.logger, Metrics: quiz.NewMetrics(a.metrics.registry),
	}
	if c.Volatile {
		c.Pace = sharedPace
	}
	s := quiz.New(a.store.Set, onHub{a}, c)
	a.show = quizshow.New(
		quizshow.Source{Quizzes: a.store.Quizzes, Answers: a.store.Answers, Clock: a.store.Clock},
		quizshow.Config{Logger: a.logger, Metrics: quizshow.NewMetrics(a.metrics.registry)})
	a.show.Use(s)
	return s
}

// onHub is the app's hub, and its rooms, which are made later.
type onHub struct{ app *App }

var (
	_ quiz.Rooms    = onHub{}
	_ quiz.Frames   = onHub{}
	_ quiz.Sessions = onHub{}
)

// Room implements quiz.Rooms.
func (h onHub) Room(ctx context.Context, id live.RoomID) (room.Room, error) {
	return h.app.hub.Room(ctx, id)
}

// Acknowledge implements quiz.Frames.
func (h onHub) Acknowledge(id live.RoomID, who room.Session, frames []string) {
	h.app.hub.Acknowledge(id, who, frames)
}

// Owns implements quiz.Sessions.
func (h onHub) Owns(ctx context.Context, id live.RoomID, user live.UserID, session live.SessionID) error {
	if h.app.hub.Serves(id, user, session) {
		return nil
	}
	return h.app.services.Rooms.Owns(ctx, id, user, session)
}
