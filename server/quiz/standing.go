package quiz

import (
	"context"
	"errors"
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// Standing is where a user stands in a quiz.
type Standing struct {
	quiz.Player
	RevivesLeft int
	Answers     []Given // by question; none unless they were asked for
}

// Given is one question from one player's side.
type Given struct {
	Question  quiz.Number
	Option    quiz.Option
	Received  live.Timestamp
	Delivered live.Timestamp
	Outcome   quiz.Outcome
}

// Standing returns where a user stands, and in which quiz; no user is the caller. Errors of
// auth, store.ErrRoomNotFound, store.ErrQuizNotFound.
func (s *Service) Standing(
	ctx context.Context, p auth.Principal, ref quiz.Ref, user live.UserID,
) (quiz.ID, Standing, error) {
	if err := p.In(ref.Room); err != nil {
		return "", Standing{}, err
	}
	if user == "" {
		user = p.User
	}
	if user != p.User && !leads(p) {
		return "", Standing{}, auth.ErrRoleForbidden
	}
	q, err := s.known(ctx, ref)
	if err == nil && q.State == quiz.Draft && !leads(p) {
		err = store.ErrQuizNotFound
	}
	if err != nil {
		return "", Standing{}, err
	}
	player, err := s.playerOf(ctx, q, user)
	if err != nil {
		return "", Standing{}, err
	}
	hidden := quiz.Number(0) // the question whose outcome the caller is not to know yet
	if !leads(p) && player.After > 0 && unrevealed(q, player.After) {
		hidden, player = player.After, player.Unjudged()
	}
	standing := s.standing(q, player)
	standing.Answers, err = s.given(ctx, q, user, hidden)
	return q.Quiz, standing, err
}

// known returns a quiz as it was a moment ago; with no id as it is.
func (s *Service) known(ctx context.Context, ref quiz.Ref) (*quiz.Quiz, error) {
	if ref.Quiz != "" {
		return s.views.latest(ctx, ref)
	}
	q, err := s.find(ctx, ref)
	return &q, err
}

// unrevealed says whether the answer to a question is not known to everyone.
func unrevealed(q *quiz.Quiz, n quiz.Number) bool {
	round := q.Round(n)
	return round != nil && round.State != quiz.Revealed
}

// standing returns where a player stands now.
func (s *Service) standing(q *quiz.Quiz, p quiz.Player) Standing {
	if p.Status == quiz.Revivable && s.revived.has(questionKey{q.Ref, p.OutAt}, p.User) {
		p = p.Back()
	}
	p = q.Standing(p, s.now())
	return Standing{Player: p, RevivesLeft: q.RevivesLeft(p)}
}

// playerOf returns where a user stands after the last question that is evaluated.
func (s *Service) playerOf(ctx context.Context, q *quiz.Quiz, user live.UserID) (quiz.Player, error) {
	slot := quiz.Slot{Ref: q.Ref, Question: done(q), Shard: quiz.ShardOf(user)}
	if slot.Question == 0 {
		return quiz.Player{User: user}, nil
	}
	found, err := s.answers.StandingsOf(ctx, slot, []live.UserID{user})
	if err == nil {
		found[0].User = user
		return found[0], nil
	}
	if !errors.Is(err, store.ErrNoStandings) && !errors.Is(err, store.ErrUnavailable) {
		return quiz.Player{}, err
	}
	part, err := s.part(ctx, q, slot.Question, slot.Shard)
	return playerIn(part.Players, user), err
}

// given returns a user's answers to the questions that are sealed, without the outcome of
// one that is hidden.
func (s *Service) given(ctx context.Context, q *quiz.Quiz, user live.UserID, hidden quiz.Number) ([]Given, error) {
	var all []Given
	for n := quiz.Number(1); n <= min(sealed(q), q.Current); n++ {
		part, err := s.part(ctx, q, n, quiz.ShardOf(user))
		if err != nil {
			return nil, err
		}
		e, there := evidenceIn(part.Evidence, user)
		p := playerIn(part.Players, user)
		if !there && p.Outcome == quiz.NoOutcome {
			continue
		}
		g := Given{Question: n, Option: e.Option, Received: e.Received, Delivered: proved(e), Outcome: p.Outcome}
		if n == hidden {
			g.Outcome = quiz.NoOutcome
		}
		all = append(all, g)
	}
	return all, nil
}

// proved returns when a question was first proved to have reached a user; 0: never.
func proved(e quiz.Evidence) live.Timestamp {
	if e.Option != 0 && (e.Delivered == 0 || e.Received < e.Delivered) {
		return e.Received
	}
	return e.Delivered
}

// Revive brings a user back in by a revive. Errors of auth, quiz.ErrReviveUnavailable, on
// behalf of somebody *moderation.BannedError, store.ErrRoomNotFound, store.ErrRoomEnded,
// store.ErrQuizNotFound.
func (s *Service) Revive(
	ctx context.Context, p auth.Principal, ref quiz.Ref, n quiz.Number, behalf live.UserID,
) (Standing, error) {
	if err := p.As(ref.Room, live.RoleViewer, live.RoleModerator, live.RoleBackend); err != nil {
		return Standing{}, err
	}
	user, err := s.player(ctx, p, ref.Room, behalf)
	if err != nil {
		return Standing{}, err
	}
	if err := s.open(ctx, ref.Room); err != nil {
		return Standing{}, err
	}
	found, err := s.find(ctx, ref)
	if err != nil {
		return Standing{}, err
	}
	q := &found
	player, err := s.playerOf(ctx, q, user)
	if err != nil {
		return Standing{}, err
	}
	if player.Status != quiz.Revivable && n < done(q) {
		return s.revivedBefore(ctx, q, player, n)
	}
	now := s.now()
	if err := q.MayRevive(player, now); err != nil || player.OutAt != n {
		return Standing{}, quiz.ErrReviveUnavailable
	}
	slot := quiz.Slot{Ref: ref, Question: quiz.Revive.Slot(n), Shard: quiz.ShardOf(user)}
	late, err := s.note(ctx, slot, quiz.Note{Kind: quiz.Revive, User: user, At: now})
	if err != nil {
		return Standing{}, err
	}
	if late {
		return Standing{}, quiz.ErrReviveUnavailable
	}
	s.revived.add(questionKey{ref, n}, user)
	return s.standing(q, player), nil
}

// revivedBefore answers one who has come back after a question already.
func (s *Service) revivedBefore(
	ctx context.Context, q *quiz.Quiz, p quiz.Player, n quiz.Number,
) (Standing, error) {
	part, err := s.part(ctx, q, quiz.Revive.Slot(n), quiz.ShardOf(p.User))
	if err != nil {
		return Standing{}, err
	}
	if e, _ := evidenceIn(part.Evidence, p.User); e.Revived == 0 {
		return Standing{}, quiz.ErrReviveUnavailable
	}
	return s.standing(q, p), nil
}

// maxRevived is how many users a node remembers to have come back.
const maxRevived = 100_000

// revived is who came back by choice, through this node, after a question: the store knows
// it, and evaluates it with the next.
type revived struct {
	mu  sync.Mutex
	who map[questionKey]map[live.UserID]struct{}
	all int
}

func newRevived() *revived { return &revived{who: make(map[questionKey]map[live.UserID]struct{})} }

// add notes a user. Beyond a bound all are forgotten: they are seen as REVIVABLE then, until
// the next question is evaluated.
func (r *revived) add(key questionKey, user live.UserID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all >= maxRevived {
		clear(r.who)
		r.all = 0
	}
	if r.who[key] == nil {
		r.who[key] = make(map[live.UserID]struct{})
	}
	r.who[key][user] = struct{}{}
	r.all++
}

// has says whether a user is noted.
func (r *revived) has(key questionKey, user live.UserID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.who[key][user]
	return ok
}
