package quiz

import (
	"context"
	"errors"
	"sync"

	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// questionKey names a question.
type questionKey struct {
	quiz.Ref
	n quiz.Number
}

// intakes is where this node takes in what players do, by question. The zero value is
// ready.
type intakes struct {
	mu   sync.RWMutex
	open map[questionKey]*intake
}

// of returns the intake of a question.
func (i *intakes) of(key questionKey) *intake {
	i.mu.RLock()
	found := i.open[key]
	i.mu.RUnlock()
	if found != nil {
		return found
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if found = i.open[key]; found == nil {
		if i.open == nil {
			i.open = make(map[questionKey]*intake)
		}
		found = &intake{questionKey: key}
		i.open[key] = found
	}
	return found
}

// all returns every intake.
func (i *intakes) all() []*intake {
	i.mu.RLock()
	defer i.mu.RUnlock()
	all := make([]*intake, 0, len(i.open))
	for _, one := range i.open {
		all = append(all, one)
	}
	return all
}

// drop forgets an intake, and what it kept.
func (i *intakes) drop(key questionKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.open, key)
}

// intake takes in what players do for one question.
type intake struct {
	questionKey
	lanes [quiz.Shards]lane
}

// lane is the way into one slot.
type lane struct {
	answers gathering[quiz.Answer, quiz.Receipt]
	notes   gathering[quiz.Note, bool]
	journal journal
}

// slot returns the slot of a shard.
func (i *intake) slot(shard int) quiz.Slot { return quiz.Slot{Ref: i.Ref, Question: i.n, Shard: shard} }

// answer puts one answer into its slot, with others.
func (s *Service) answer(ctx context.Context, i *intake, entry bool, a quiz.Answer) (quiz.Receipt, error) {
	shard := quiz.ShardOf(a.User)
	l, slot := &i.lanes[shard], i.slot(shard)
	return l.answers.put(ctx, a, &s.pace, func(ctx context.Context, all []quiz.Answer) ([]quiz.Receipt, error) {
		s.metrics.batch.Observe(float64(len(all)))
		life, receipts, err := s.putAnswers(ctx, slot, entry, all)
		if err == nil && s.config.Volatile {
			l.journal.keepAnswers(life, all, receipts)
		}
		return receipts, err
	})
}

// note puts one note into its slot, with others, and says whether it came too late.
func (s *Service) note(ctx context.Context, slot quiz.Slot, n quiz.Note) (sealed bool, err error) {
	l := &s.intakes.of(questionKey{slot.Ref, slot.Question}).lanes[slot.Shard]
	return l.notes.put(ctx, n, &s.pace, func(ctx context.Context, all []quiz.Note) ([]bool, error) {
		sealed, err := s.putNotes(ctx, l, slot, all)
		results := make([]bool, len(all))
		for i := range results {
			results[i] = sealed
		}
		return results, err
	})
}

// putNotes puts notes and keeps them.
func (s *Service) putNotes(ctx context.Context, l *lane, slot quiz.Slot, all []quiz.Note) (sealed bool, err error) {
	life, sealed, err := s.answers.PutNotes(ctx, slot, all)
	if err == nil && !sealed && s.config.Volatile {
		l.journal.keepNotes(life, all)
	}
	return sealed, err
}

// Note puts notes into a slot. Those that come too late change nothing.
func (s *Service) Note(ctx context.Context, slot quiz.Slot, notes []quiz.Note) error {
	l := &s.intakes.of(questionKey{slot.Ref, slot.Question}).lanes[slot.Shard]
	_, err := s.putNotes(ctx, l, slot, notes)
	return err
}

// putAnswers puts answers; where the players of the slot are not at hand they are put
// first.
func (s *Service) putAnswers(
	ctx context.Context, slot quiz.Slot, entry bool, all []quiz.Answer,
) (store.SlotLife, []quiz.Receipt, error) {
	life, receipts, err := s.answers.PutAnswers(ctx, slot, entry, all)
	if !errors.Is(err, store.ErrNoStandings) {
		return life, receipts, err
	}
	before := slot
	before.Question--
	if err := s.mendStandings(ctx, before); err != nil {
		return "", nil, err
	}
	return s.answers.PutAnswers(ctx, slot, entry, all)
}

// mendStandings puts the players of a shard after a question to where they are at hand.
func (s *Service) mendStandings(ctx context.Context, slot quiz.Slot) error {
	part, err := s.quizzes.QuizPart(ctx, slot)
	if err != nil {
		return err
	}
	return s.answers.PutStandings(ctx, slot, part.Players)
}
