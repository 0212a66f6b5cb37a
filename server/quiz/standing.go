package quiz

import (
	"context"
	"errors"
	"slices"

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
	if player, err = s.sinceThen(ctx, q, player); err != nil {
		return "", Standing{}, err
	}
	standing := s.standing(q, player)
	standing.Answers, err = s.given(ctx, q, user, hidden)
	return q.Quiz, standing, err
}

// sinceThen returns where a player stands who stood so after the last question that is
// evaluated: somebody may have become one since, or come back.
func (s *Service) sinceThen(ctx context.Context, q *quiz.Quiz, p quiz.Player) (quiz.Player, error) {
	next := done(q) + 1
	enters := p.Status == quiz.Spectator && next == q.Current && int(next) <= q.Rules.EntryQuestions
	if !q.State.Running() || !enters && p.Status != quiz.Revivable {
		return p, nil
	}
	e, err := s.evidenceOf(ctx, q, next, p.User)
	switch {
	case err != nil:
		return p, err
	case enters && (e.Entered != 0 || e.Option != 0):
		p.Status, p.EnteredAt = quiz.Playing, next
	case p.Status == quiz.Revivable && e.Revived != 0:
		p = p.Back()
	}
	return p, nil
}

// backIn returns those of the players of a shard who have chosen to come back since the last
// question.
func (s *Service) backIn(ctx context.Context, q *quiz.Quiz, shard int, players []quiz.Player) (map[live.UserID]bool, error) {
	if q.State != quiz.Revealed || q.Rules.Revives.Mode != quiz.ReviveChosen {
		return map[live.UserID]bool{}, nil
	}
	var users []live.UserID
	for i := range players {
		if players[i].Status == quiz.Revivable {
			users = append(users, players[i].User)
		}
	}
	back := make(map[live.UserID]bool)
	slot := quiz.Slot{Ref: q.Ref, Question: quiz.Revive.Slot(q.Current), Shard: shard}
	for some := range slices.Chunk(users, maxBatch) {
		_, found, err := s.answers.EvidenceOf(ctx, slot, false, some)
		if err != nil {
			return nil, err
		}
		for i := range found {
			if found[i].Revived != 0 {
				back[found[i].User] = true
			}
		}
	}
	return back, nil
}

// known returns a quiz as it was within a second; with no id as it is.
func (s *Service) known(ctx context.Context, ref quiz.Ref) (*quiz.Quiz, error) {
	if ref.Quiz != "" {
		return s.views.fresh(ctx, ref)
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

// given returns a user's answers, without the outcome of a question that is hidden.
func (s *Service) given(ctx context.Context, q *quiz.Quiz, user live.UserID, hidden quiz.Number) ([]Given, error) {
	all, err := s.judged(ctx, q, user, hidden)
	if n := done(q) + 1; err == nil && n == q.Current && q.State.Running() {
		var e quiz.Evidence
		e, err = s.evidenceOf(ctx, q, n, user)
		if e.Option != 0 || proved(e) != 0 && n <= sealed(q) {
			all = append(all, Given{Question: n, Option: e.Option, Received: e.Received, Delivered: proved(e)})
		}
	}
	return all, err
}

// judged is given for the questions that are evaluated.
func (s *Service) judged(ctx context.Context, q *quiz.Quiz, user live.UserID, hidden quiz.Number) ([]Given, error) {
	var all []Given
	for n := quiz.Number(1); n <= min(done(q), q.Current); n++ {
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
	now := s.now()
	if err := q.MayRevive(player, now); err != nil || player.OutAt != n {
		return s.revivedBefore(ctx, q, player, n)
	}
	slot := quiz.Slot{Ref: ref, Question: quiz.Revive.Slot(n), Shard: quiz.ShardOf(user)}
	late, err := s.note(ctx, slot, quiz.Note{Kind: quiz.Revive, User: user, At: now})
	if err != nil {
		return Standing{}, err
	}
	if late {
		return s.revivedBefore(ctx, q, player, n)
	}
	return s.standing(q, player.Back()), nil
}

// revivedBefore answers one who has come back after a question already, and is told so again.
func (s *Service) revivedBefore(
	ctx context.Context, q *quiz.Quiz, p quiz.Player, n quiz.Number,
) (Standing, error) {
	e, err := s.evidenceOf(ctx, q, quiz.Revive.Slot(n), p.User)
	switch {
	case err != nil:
		return Standing{}, err
	case e.Revived == 0:
		return Standing{}, quiz.ErrReviveUnavailable
	case p.Status == quiz.Revivable && p.OutAt == n:
		p = p.Back()
	}
	return s.standing(q, p), nil
}
