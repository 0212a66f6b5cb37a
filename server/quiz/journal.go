package quiz

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// journal is what this node has put into one slot, to be put again should the slot lose it.
// The zero value is empty.
type journal struct {
	mu      sync.Mutex
	life    store.SlotLife // in which the slot has all of it
	latest  store.SlotLife // in which it has what is in it from since on
	since   marks
	answers []quiz.Answer
	told    map[live.UserID]struct{} // who repeated what the slot had, and was told so
	notes   []quiz.Note
}

// marks is a place in a journal.
type marks struct{ answers, notes int }

// keepAnswers keeps those answers of a batch that the slot has, in one of its lives: those
// that it has taken, and those that it had and that are acknowledged now. Whoever put these may
// never have heard that they were taken.
func (j *journal) keepAnswers(life store.SlotLife, all []quiz.Answer, receipts []quiz.Receipt) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.at(life)
	for i, r := range receipts {
		switch user := all[i].User; r.Verdict {
		case quiz.Repeated:
			if _, told := j.told[user]; told {
				continue
			}
			if j.told == nil {
				j.told = make(map[live.UserID]struct{})
			}
			j.told[user] = struct{}{}
			fallthrough
		case quiz.Taken:
			j.answers = append(j.answers, quiz.Answer{User: user, Option: r.Option, Received: r.Received})
		default:
		}
	}
}

// keepNotes keeps notes that the slot has, in one of its lives.
func (j *journal) keepNotes(life store.SlotLife, all []quiz.Note) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.at(life)
	j.notes = append(j.notes, all...)
}

// at notes in which life of the slot the next was put. The caller holds j.mu.
func (j *journal) at(life store.SlotLife) {
	if len(j.answers)+len(j.notes) == 0 {
		j.life = life
	}
	if life != j.latest {
		j.latest, j.since = life, marks{len(j.answers), len(j.notes)}
	}
}

// lost says whether the slot, in the life that it is in, may lack something.
func (j *journal) lost(life store.SlotLife) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.answers)+len(j.notes) > 0 && j.life != life
}

// taken returns what there is, and how much that is.
func (j *journal) taken() ([]quiz.Answer, []quiz.Note, marks) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clip(j.answers), slices.Clip(j.notes), marks{len(j.answers), len(j.notes)}
}

// again notes that what is before a mark was put again, all in one life. What has come
// since counts too if it was put in that life.
func (j *journal) again(life store.SlotLife, upTo marks) {
	j.mu.Lock()
	defer j.mu.Unlock()
	whole := upTo == marks{len(j.answers), len(j.notes)}
	joined := j.latest == life && j.since.answers <= upTo.answers && j.since.notes <= upTo.notes
	if whole || joined {
		j.life = life
	}
}

const (
	// lookEvery is how often slots are looked at, whether they have lost something.
	lookEvery = time.Second
	// lookWithin is how long one look may take.
	lookWithin = 5 * time.Second
	// mendAtOnce is how many slots are put again at once.
	mendAtOnce = 8
)

// errMixed says that a slot lost what it had while it was put again.
var errMixed = errors.New("quiz: the slot was lost again meanwhile")

// keep looks after what this node has put into the slots of questions that are not closed
// yet.
func (s *Service) keep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	var errs []error
	for _, i := range s.intakes.all() {
		if s.settled(ctx, i) {
			s.intakes.drop(i.questionKey)
		} else if s.config.Volatile {
			errs = append(errs, s.mend(ctx, i))
		}
	}
	return errors.Join(errs...)
}

// settled says whether nothing can come of what is in an intake any more.
func (s *Service) settled(ctx context.Context, i *intake) bool {
	q, err := s.views.latest(ctx, i.Ref)
	if err != nil {
		return errors.Is(err, store.ErrQuizNotFound) || errors.Is(err, store.ErrRoomNotFound)
	}
	round := q.Round(i.n)
	return q.State.Over() || round != nil && round.State > quiz.Asked
}

// mend puts again what the slots of a question may have lost.
func (s *Service) mend(ctx context.Context, i *intake) error {
	lives, err := s.answers.SlotLives(ctx, i.Ref, i.n)
	if err != nil {
		return err // it says nothing of some, and says so
	}
	var group errgroup.Group
	group.SetLimit(mendAtOnce)
	var faults [quiz.Shards]error
	for shard := range i.lanes {
		if i.lanes[shard].journal.lost(lives[shard]) {
			group.Go(func() error {
				faults[shard] = s.putAgain(ctx, i, shard)
				return nil
			})
		}
	}
	_ = group.Wait() // they return nothing
	return errors.Join(faults[:]...)
}

// putAgain puts again all that this node has put into one slot.
func (s *Service) putAgain(ctx context.Context, i *intake, shard int) error {
	j, slot := &i.lanes[shard].journal, i.slot(shard)
	q, err := s.views.latest(ctx, i.Ref)
	if err != nil {
		return err
	}
	answers, notes, upTo := j.taken()
	var lives []store.SlotLife
	for some := range slices.Chunk(notes, maxBatch) {
		life, _, err := s.answers.PutNotes(ctx, slot, some)
		if err != nil {
			return err
		}
		lives = append(lives, life)
	}
	for some := range slices.Chunk(answers, maxBatch) {
		life, _, err := s.putAnswers(ctx, s.answers.PutAnswersAgain, slot, isEntry(q, i.n), some)
		if err != nil {
			return err
		}
		lives = append(lives, life)
	}
	s.metrics.again.Inc()
	if lives = slices.Compact(lives); len(lives) > 1 {
		return errMixed
	}
	j.again(lives[0], upTo)
	return nil
}

// isEntry says whether who answers a question becomes a player by that.
func isEntry(q *quiz.Quiz, n quiz.Number) bool { return int(n) <= q.Rules.EntryQuestions }
