package quiz

import (
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

const (
	// maxViews is how many quizzes a node remembers.
	maxViews = 1000
	// staleAfter is after how long a quiz that somebody asks for is read again. While it
	// is read, or cannot be, it is served as it is.
	staleAfter = time.Second
	// readApart is how far apart the reads of one quiz are: whoever names questions that
	// were not asked has it read no more often.
	readApart = 10 * time.Millisecond
	// readWithin is how long a read may take.
	readWithin = 2 * time.Second
)

// views is the quizzes as this node knows them. What was read is shared, and not changed.
type views struct {
	service *Service
	known   *lru.Cache[quiz.Ref, view]

	mu    sync.Mutex
	reads map[quiz.Ref]*read
}

// view is a quiz as it was read.
type view struct {
	quiz  *quiz.Quiz
	asked time.Time // when the store was asked
}

// read is one read of a quiz, for all who wait for it. What is in it is written before
// done is closed.
type read struct {
	done  chan struct{}
	asked time.Time
	quiz  *quiz.Quiz
	err   error
}

func newViews(s *Service) *views {
	known, err := lru.New[quiz.Ref, view](maxViews)
	if err != nil {
		panic(err) // the size is not positive
	}
	return &views{service: s, known: known, reads: make(map[quiz.Ref]*read)}
}

// put notes a quiz as it is now, or was a moment ago.
func (v *views) put(q *quiz.Quiz) { v.note(q, time.Now()) }

// note notes a quiz that was asked for at an instant, unless a later revision is known, or a
// later quiz of its name.
func (v *views) note(q *quiz.Quiz, asked time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if known, ok := v.known.Peek(q.Ref); ok && behind(q, known.quiz) {
		return
	}
	v.known.Add(q.Ref, view{q, asked})
}

// behind says whether a quiz is an earlier revision than another, or of an earlier quiz of the
// name: names are free again once what had them is forgotten.
func behind(q, other *quiz.Quiz) bool {
	return q.CreatedAt < other.CreatedAt || q.CreatedAt == other.CreatedAt && q.Revision < other.Revision
}

// latest returns a quiz as it was lately; while the store is away, as it was last.
func (v *views) latest(ctx context.Context, ref quiz.Ref) (*quiz.Quiz, error) {
	known, ok := v.known.Get(ref)
	if !ok {
		return v.since(ctx, ref, time.Now())
	}
	if time.Since(known.asked) > staleAfter && known.quiz.State.Running() {
		v.read(ref) //nolint:contextcheck // the read is for all who wait, whoever goes
	}
	return known.quiz, nil
}

// fresh returns a quiz as it was within staleAfter; while the store is away, as it was last.
func (v *views) fresh(ctx context.Context, ref quiz.Ref) (*quiz.Quiz, error) {
	known, ok := v.known.Get(ref)
	if ok && time.Since(known.asked) <= staleAfter {
		return known.quiz, nil
	}
	q, err := v.since(ctx, ref, time.Now())
	if ok && errors.Is(err, store.ErrUnavailable) {
		return known.quiz, nil
	}
	return q, err
}

// since returns a quiz as it was at an instant, or after it.
func (v *views) since(ctx context.Context, ref quiz.Ref, at time.Time) (*quiz.Quiz, error) {
	for {
		r := v.read(ref) //nolint:contextcheck // the read is for all who wait, whoever goes
		select {
		case <-r.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !r.asked.Before(at) {
			return r.quiz, r.err
		}
	}
}

// read returns the read of a quiz that is under way; it begins one if none is.
func (v *views) read(ref quiz.Ref) *read {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r := v.reads[ref]; r != nil {
		return r
	}
	r := &read{done: make(chan struct{})}
	v.reads[ref] = r
	known, _ := v.known.Peek(ref)
	v.service.reads.Go(func() { v.fetch(ref, r, readApart-time.Since(known.asked)) })
	return r
}

// fetch reads a quiz, after a pause if there is to be one.
func (v *views) fetch(ref quiz.Ref, r *read, pause time.Duration) {
	ctx, cancel := context.WithTimeout(v.service.ctx, readWithin)
	defer cancel()
	loop.Pause(ctx, pause)
	r.asked = time.Now()
	q, err := v.service.quizzes.Quiz(ctx, ref)
	if r.quiz, r.err = &q, err; err == nil {
		v.note(&q, r.asked)
	}
	v.mu.Lock()
	delete(v.reads, ref)
	v.mu.Unlock()
	close(r.done)
}

// open returns the known quizzes that a question is open in, or was closed a moment ago.
func (v *views) running() (all []*quiz.Quiz) {
	for _, known := range v.known.Values() {
		if known.quiz.State.Running() {
			all = append(all, known.quiz)
		}
	}
	return all
}

// Saw takes in a quiz that somebody else has read, in whatever order.
func (s *Service) Saw(q *quiz.Quiz) { s.views.put(q) }

// find returns a quiz as it is now, for who may be told of it; with no id the room's
// running one, or the one that ended last.
func (s *Service) find(ctx context.Context, ref quiz.Ref) (quiz.Quiz, error) {
	q, err := s.quizzes.Quiz(ctx, ref)
	if err == nil {
		s.views.put(&q)
	}
	return q, err
}

// isContext says whether an error is one of a context that is over.
func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
