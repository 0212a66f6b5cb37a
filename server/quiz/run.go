package quiz

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live/quiz"
)

const (
	// claimEvery is how often tasks are looked for while a quiz is known to run, and
	// claimSeldom otherwise: one of another node's may be left behind.
	claimEvery  = 100 * time.Millisecond
	claimSeldom = 500 * time.Millisecond
	// taskLease is for how long nobody else gets a task that this node has claimed.
	taskLease = 5 * time.Second
	// retryTask is how long after a task has failed it is tried again, under the same lease.
	retryTask = 100 * time.Millisecond
)

// Run does what is due, whoever asked for it, and looks after what this node has put into
// slots, until ctx is done. A task that was begun is brought to its end.
func (s *Service) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { s.evaluate(ctx) })
	group.Go(func() { s.lookAfter(ctx) })
	group.Wait()
}

// lookAfter keeps what was put until ctx is done.
func (s *Service) lookAfter(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	said := outage{service: s, failing: "cannot look after all answers; they are looked after later", over: "all answers are looked after again"}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			said.report(ctx, s.keep(ctx))
		}
	}
}

// evaluate claims tasks and does them, some at a time, until ctx is done.
func (s *Service) evaluate(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	free := make(chan struct{}, s.workers)
	said := outage{service: s, failing: "cannot claim tasks of quizzes; they are done later", over: "tasks of quizzes are claimed again"}
	troubled := &outage{service: s, failing: "cannot do all tasks of quizzes; they are tried again", over: "tasks of quizzes are done again"}
	for {
		claimed, err := s.claim(ctx, s.workers-len(free))
		said.report(ctx, err)
		for _, t := range claimed {
			free <- struct{}{}
			group.Go(func() {
				troubled.report(ctx, s.try(ctx, t))
				<-free
				s.awake()
			})
		}
		if !s.rest(ctx, len(claimed) > 0) {
			return
		}
	}
}

// claim claims tasks that are due.
func (s *Service) claim(ctx context.Context, limit int) ([]quiz.Task, error) {
	if limit == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, taskLease)
	defer cancel()
	return s.quizzes.ClaimQuizTasks(ctx, s.config.Node, limit, taskLease)
}

// rest waits until there may be more to do, and says whether to go on.
func (s *Service) rest(ctx context.Context, busy bool) bool {
	pause := claimSeldom
	if busy || len(s.views.running()) > 0 {
		pause = claimEvery
	}
	timer := time.NewTimer(pause/2 + rand.N(pause/2)) //nolint:gosec // nodes that were started together are to differ
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-s.hurry:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// try does a task, and again if it fails, for as long as it is this node's. Then somebody
// claims it again.
func (s *Service) try(running context.Context, t quiz.Task) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(running), taskLease)
	defer cancel()
	for {
		err := s.work(ctx, t)
		if errors.Is(err, errNotYet) {
			return nil
		}
		s.metrics.worked(t, s.now().Sub(t.Due), err)
		if err == nil {
			return nil
		}
		wait(ctx, retryTask)
		if ctx.Err() != nil || running.Err() != nil {
			return err
		}
	}
}

// outage says in the log when something begins to fail, and when it no longer does. It may
// be used concurrently.
type outage struct {
	service       *Service
	failing, over string

	mu  sync.Mutex
	bad bool
}

// report logs the first failure of an outage, and its end.
func (o *outage) report(ctx context.Context, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && !o.bad:
		o.service.logger.WarnContext(ctx, "quizzes: "+o.failing, "error", err) //nolint:sloglint // one of three texts
	case err == nil && o.bad:
		o.service.logger.InfoContext(ctx, "quizzes: "+o.over) //nolint:sloglint // one of three texts
	}
	o.bad = err != nil
}
