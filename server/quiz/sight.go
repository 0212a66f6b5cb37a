package quiz

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/auth"
)

// leads says whether the caller may see all of a quiz. Moderators may not: they may play.
func leads(p auth.Principal) bool { return p.Role == live.RoleHost || p.Role == live.RoleBackend }

// seen returns a quiz as a caller may see it: others than those who lead it see neither
// questions that were not asked nor answers that were not revealed, and viewers no counts
// before that.
func seen(p auth.Principal, q quiz.Quiz) quiz.Quiz {
	if leads(p) {
		return q
	}
	rounds := slices.Clone(q.Rounds[:min(int(q.Current), len(q.Rounds))])
	for i := range rounds {
		if rounds[i].State == quiz.Revealed {
			continue
		}
		rounds[i].Correct = 0
		if p.Role != live.RoleModerator {
			rounds[i].Tally = quiz.Tally{}
			continue
		}
		t := rounds[i].Tally // what else is in it says who was right
		rounds[i].Tally = quiz.Tally{Answers: t.Answers, Missed: t.Missed, Final: t.Final}
	}
	q.Rounds = rounds
	if last := q.Round(q.Current); last != nil && last.State != quiz.Revealed {
		q.Remaining = 0
		if before := q.Round(q.Current - 1); before != nil {
			q.Remaining = before.Tally.Remaining
		}
	}
	return q
}

// withCounts returns a quiz with the counts so far of the question that takes answers.
func (s *Service) withCounts(ctx context.Context, q quiz.Quiz) (quiz.Quiz, error) {
	if q.State != quiz.Asked {
		return q, nil
	}
	counts, err := s.AnswerCounts(ctx, q.Ref, q.Current)
	if err != nil {
		return q, err
	}
	q.Rounds = slices.Clone(q.Rounds)
	q.Round(q.Current).Tally.Answers = counts
	return q, nil
}

// countsFor is how long counts are good for.
const countsFor = 500 * time.Millisecond

// counts is how many answers there are to open questions, as of a moment ago.
type counts struct {
	service *Service
	group   singleflight.Group

	mu    sync.Mutex
	known map[questionKey]counted
}

type counted struct {
	answers [quiz.MaxOptions]int64
	at      time.Time
}

func newCounts(s *Service) *counts { return &counts{service: s, known: make(map[questionKey]counted)} }

// AnswerCounts counts the answers to a question so far, at most a second ago.
func (s *Service) AnswerCounts(
	ctx context.Context, ref quiz.Ref, n quiz.Number,
) ([quiz.MaxOptions]int64, error) {
	return s.counts.of(ctx, questionKey{ref, n})
}

// of returns those of one question. They are read once for all who ask.
func (c *counts) of(ctx context.Context, key questionKey) ([quiz.MaxOptions]int64, error) {
	c.mu.Lock()
	known, ok := c.known[key]
	c.mu.Unlock()
	if ok && time.Since(known.at) < countsFor {
		return known.answers, nil
	}
	name := string(key.Room) + "/" + quiz.FrameID(key.Quiz, key.n, quiz.QuestionFrame)
	result := c.group.DoChan(name, func() (any, error) { //nolint:contextcheck // the read is for all who wait, whoever goes
		ctx, cancel := context.WithTimeout(c.service.ctx, readWithin)
		defer cancel()
		at := time.Now()
		answers, err := c.service.answers.AnswerCounts(ctx, key.Ref, key.n)
		if err == nil {
			c.put(key, counted{answers, at})
		}
		return answers, err
	})
	select {
	case r := <-result:
		answers, _ := r.Val.([quiz.MaxOptions]int64)
		return answers, r.Err
	case <-ctx.Done():
		return [quiz.MaxOptions]int64{}, context.Cause(ctx)
	}
}

// put notes counts, and forgets those that are good for nothing.
func (c *counts) put(key questionKey, k counted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for other, known := range c.known {
		if time.Since(known.at) > countsFor {
			delete(c.known, other)
		}
	}
	c.known[key] = k
}
