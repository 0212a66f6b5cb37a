package quiz

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/loop"
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
	said := loop.NewOutage(s.logger, "quizzes: cannot look after all answers; they are looked after later", "quizzes: all answers are looked after again")
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			said.Report(ctx, s.keep(ctx))
		}
	}
}

// evaluate claims tasks and does them, some at a time, until ctx is done.
func (s *Service) evaluate(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	free := make(chan struct{}, s.workers)
	said := loop.NewOutage(s.logger, "quizzes: cannot claim tasks of quizzes; they are done later", "quizzes: tasks of quizzes are claimed again")
	troubled := loop.NewOutage(s.logger, "quizzes: cannot do all tasks of quizzes; they are tried again", "quizzes: tasks of quizzes are done again")
	for {
		claimed, err := s.claim(ctx, s.workers-len(free))
		said.Report(ctx, err)
		for _, t := range claimed {
			free <- struct{}{}
			group.Go(func() {
				troubled.Report(ctx, s.try(ctx, t))
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
		loop.Pause(ctx, retryTask)
		if ctx.Err() != nil || running.Err() != nil {
			return err
		}
	}
}
