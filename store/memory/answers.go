package memory

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// keepAnswers is how long answers of a quiz are kept that nobody touches or drops.
const keepAnswers = 24 * time.Hour

// answers is what the players of quizzes do. The zero value is empty and ready to use.
type answers struct {
	mu    sync.RWMutex
	games map[quiz.Ref]*game
}

// game is what the players of one quiz do. Each shard has a lock of its own.
type game struct {
	life    store.SlotLife
	touched atomic.Int64
	shards  [quiz.Shards]shard
}

// game returns a quiz's game, nil if there is none.
func (a *answers) game(ref quiz.Ref) *game {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.games[ref]
}

// touch returns a quiz's game, which begins if there is none.
func (a *answers) touch(ref quiz.Ref, now live.Timestamp) *game {
	g := a.game(ref)
	if g == nil {
		g = a.begin(ref)
	}
	g.touched.Store(int64(now))
	return g
}

// begin begins a game, unless somebody else has.
func (a *answers) begin(ref quiz.Ref) *game {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.games == nil {
		a.games = make(map[quiz.Ref]*game)
	}
	if a.games[ref] == nil {
		a.games[ref] = &game{life: store.SlotLife(rand.Text())}
	}
	return a.games[ref]
}

// drop forgets a game.
func (a *answers) drop(ref quiz.Ref) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.games, ref)
}

// forget drops the games that nobody has touched since an instant.
func (a *answers) forget(since live.Timestamp) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for ref, g := range a.games {
		if live.Timestamp(g.touched.Load()) < since {
			delete(a.games, ref)
		}
	}
}

// OpenAnswers implements store.Answers. What is kept is never lost.
func (s *Store) OpenAnswers(ctx context.Context, ref quiz.Ref, _ bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.answers.touch(ref, s.now())
	return nil
}

// PutAnswers implements store.Answers.
func (s *Store) PutAnswers(
	ctx context.Context, slot quiz.Slot, entry bool, list []quiz.Answer,
) (store.SlotLife, []quiz.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	now := s.now()
	g := s.answers.touch(slot.Ref, now)
	receipts, err := g.shards[slot.Shard].answer(slot.Question, manner{entry: entry}, list, now)
	return g.life, receipts, err
}

// PutAnswersAgain implements store.Answers. Nothing is lost here, so that what is put again
// elsewhere is there already.
func (s *Store) PutAnswersAgain(
	ctx context.Context, slot quiz.Slot, entry bool, list []quiz.Answer,
) (store.SlotLife, []quiz.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	now := s.now()
	g := s.answers.touch(slot.Ref, now)
	receipts, err := g.shards[slot.Shard].answer(slot.Question, manner{entry: entry, again: true}, list, now)
	return g.life, receipts, err
}

// PutNotes implements store.Answers.
func (s *Store) PutNotes(
	ctx context.Context, slot quiz.Slot, notes []quiz.Note,
) (store.SlotLife, bool, error) {
	if err := ctx.Err(); err != nil {
		return "", false, err
	}
	g := s.answers.touch(slot.Ref, s.now())
	return g.life, g.shards[slot.Shard].note(slot.Question, notes), nil
}

// Seal implements store.Answers.
func (s *Store) Seal(ctx context.Context, slot quiz.Slot) (store.SlotLife, []quiz.Evidence, error) {
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	g := s.answers.touch(slot.Ref, s.now())
	return g.life, g.shards[slot.Shard].seal(slot.Question), nil
}

// SlotLives implements store.Answers.
func (s *Store) SlotLives(
	ctx context.Context, ref quiz.Ref, n quiz.Number,
) (lives [quiz.Shards]store.SlotLife, err error) {
	if err := ctx.Err(); err != nil {
		return lives, err
	}
	g := s.answers.game(ref)
	if g == nil {
		return lives, nil
	}
	for i := range lives {
		if g.shards[i].has(n) {
			lives[i] = g.life
		}
	}
	return lives, nil
}

// AnswerCounts implements store.Answers.
func (s *Store) AnswerCounts(
	ctx context.Context, ref quiz.Ref, n quiz.Number,
) (sum [quiz.MaxOptions]int64, err error) {
	if err := ctx.Err(); err != nil {
		return sum, err
	}
	g := s.answers.game(ref)
	if g == nil {
		return sum, nil
	}
	for i := range g.shards {
		for option, count := range g.shards[i].counts(n) {
			sum[option] += count
		}
	}
	return sum, nil
}

// EvidenceOf implements store.Answers.
func (s *Store) EvidenceOf(
	ctx context.Context, slot quiz.Slot, sealed bool, users []live.UserID,
) (store.SlotLife, []quiz.Evidence, error) {
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	g := s.answers.game(slot.Ref)
	if g == nil {
		return "", nothingOf(users), nil
	}
	all, done := g.shards[slot.Shard].evidenceOf(slot.Question, users)
	if sealed && !done {
		return "", all, nil
	}
	return g.life, all, nil
}

// nothingOf is evidence of nothing.
func nothingOf(users []live.UserID) []quiz.Evidence {
	all := make([]quiz.Evidence, len(users))
	for i, user := range users {
		all[i].User = user
	}
	return all
}

// DeliveredTo implements store.Answers.
func (s *Store) DeliveredTo(ctx context.Context, slot quiz.Slot, users []live.UserID) ([]live.UserID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if g := s.answers.game(slot.Ref); g != nil {
		return g.shards[slot.Shard].deliveredTo(slot.Question, users), nil
	}
	return nil, nil
}

// PutStandings implements store.Answers.
func (s *Store) PutStandings(ctx context.Context, slot quiz.Slot, players []quiz.Player) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g := s.answers.touch(slot.Ref, s.now())
	g.shards[slot.Shard].keep(slot.Question, players)
	return nil
}

// StandingsOf implements store.Answers.
func (s *Store) StandingsOf(ctx context.Context, slot quiz.Slot, users []live.UserID) ([]quiz.Player, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if g := s.answers.game(slot.Ref); g != nil {
		return g.shards[slot.Shard].standingsOf(slot.Question, users)
	}
	return nil, store.ErrNoStandings
}

// DropAnswers implements store.Answers.
func (s *Store) DropAnswers(ctx context.Context, ref quiz.Ref) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.answers.drop(ref)
	return nil
}
