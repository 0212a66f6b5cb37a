package quizshow

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
)

// countEvery is how often hosts are shown the counts of a question at most.
const countEvery = time.Second

// counts is what hosts and moderators are shown of the question that takes answers, and
// once more when its counts are final.
type counts struct {
	ref    quiz.Ref
	number quiz.Number
	frame  *wire.QuizFrame // the latest; nil: none
	at     live.Timestamp
	tally  quiz.Tally
}

// shows returns what is to be shown of them. The one before it is not any more.
func (c *counts) shows() []hub.Show {
	if c.frame == nil {
		return nil
	}
	return []hub.Show{{ID: c.frame.ID(), Frame: c.frame, Staff: true, Once: true}}
}

// count counts the answers to the question that is open, if there is somebody to see it.
func (p *performance) count(ctx context.Context, view []*quiz.Quiz, now live.Timestamp) {
	q := counted(view)
	if q == nil {
		p.counts = counts{}
		return
	}
	c := &p.counts
	if c.ref != q.Ref || c.number != q.Current {
		*c = counts{ref: q.Ref, number: q.Current}
	}
	due := q.State != quiz.Asked || now < c.at || now.Sub(c.at) >= countEvery
	if !due || c.tally.Final || !p.stage.HasStaff() {
		return
	}
	t, err := p.follower.tally(ctx, q)
	if p.follower.failed(countsFailed, err); err != nil {
		return
	}
	if c.at = now; c.frame == nil || t != c.tally {
		c.tally, c.frame = t, wire.QuizCounts(q, q.Current, t, now)
	}
}

// counted returns the quiz whose current question's counts are shown: not those that
// everyone sees. nil, if there is none.
func counted(view []*quiz.Quiz) *quiz.Quiz {
	for _, q := range view {
		if q.State == quiz.Asked || q.State == quiz.Closed {
			return q
		}
	}
	return nil
}

// tally returns the counts of the current question as they are.
func (f *Follower) tally(ctx context.Context, q *quiz.Quiz) (quiz.Tally, error) {
	round := q.Round(q.Current)
	if round.Tally.Final {
		return round.Tally, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	answers, err := f.game.AnswerCounts(ctx, q.Ref, q.Current)
	if err != nil {
		return quiz.Tally{}, err
	}
	t := quiz.Tally{Answers: answers}
	if before := q.Round(q.Current - 1); before != nil {
		t.Missed = max(0, before.Tally.Remaining-t.Answered())
	}
	return t, nil
}
