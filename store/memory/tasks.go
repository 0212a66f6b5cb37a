package memory

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// taskQueue knows which tasks of quizzes to hand out next. What it holds of a task is stale
// once its turn is another.
type taskQueue struct {
	mu     sync.Mutex
	due    turns // by due
	leased turns // by the end of the lease
}

// quizTasks is the tasks of a quiz that there ever were. They are under taskQueue's lock.
type quizTasks struct {
	byKey  map[taskKey]*quizTask
	groups map[groupKey]*taskGroup
}

// taskKey names a task of a quiz.
type taskKey struct {
	groupKey
	shard int
}

// groupKey names the tasks of all shards and of the Whole of a stage.
type groupKey struct {
	question quiz.Number
	stage    quiz.Stage
}

// taskGroup is the tasks of all shards and of the Whole of a stage.
type taskGroup struct {
	open    int       // shards that are not done
	waiting *quizTask // the Whole's, if it was due before they were
}

// quizTask is a task.
type quizTask struct {
	quiz.Task
	group *taskGroup
	open  bool
	turn  int // counts what has happened to it
}

// turn says when to look at a task.
type turn struct {
	at   live.Timestamp
	task *quizTask
	turn int
}

func keyOf(t quiz.Task) taskKey { return taskKey{groupKey{t.Question, t.Stage}, t.Shard} }

// change adds tasks of a quiz, and drops all if it is over.
func (q *taskQueue) change(of *quizState, tasks []quiz.Task, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range tasks {
		t.Ref = of.quiz.Ref
		q.put(of.tasks.task(t), t.Due)
	}
	if over {
		for _, t := range of.tasks.byKey {
			t.close()
		}
		of.tasks = quizTasks{}
	}
}

// task returns a task of the quiz; one that was not there is not open.
func (q *quizTasks) task(t quiz.Task) *quizTask {
	if q.byKey == nil {
		q.byKey, q.groups = make(map[taskKey]*quizTask), make(map[groupKey]*taskGroup)
	}
	key := keyOf(t)
	if q.groups[key.groupKey] == nil {
		q.groups[key.groupKey] = &taskGroup{}
	}
	if q.byKey[key] == nil {
		q.byKey[key] = &quizTask{Task: t, group: q.groups[key.groupKey]}
	}
	return q.byKey[key]
}

// put has a task done when it is due, again if it was done before.
func (q *taskQueue) put(t *quizTask, due live.Timestamp) {
	if !t.open && t.Shard != quiz.Whole {
		t.group.open++
	}
	t.open, t.Due = true, due
	t.turn++
	heap.Push(&q.due, turn{due, t, t.turn})
}

// close notes that a task is done with. It is false if it was.
func (t *quizTask) close() bool {
	if !t.open {
		return false
	}
	t.open = false
	t.turn++
	if t.Shard != quiz.Whole {
		t.group.open--
	}
	return true
}

// done notes that a shard's task is done, and lets the Whole's come after the last.
func (q *taskQueue) done(of *quizState, task quiz.Task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := of.tasks.byKey[keyOf(task)]
	if t == nil || !t.close() || t.group.open > 0 || t.group.waiting == nil {
		return
	}
	whole := t.group.waiting
	t.group.waiting = nil
	if whole.open {
		heap.Push(&q.due, turn{whole.Due, whole, whole.turn})
	}
}

// ClaimQuizTasks implements store.Quizzes.
func (s *Store) ClaimQuizTasks(
	ctx context.Context, _ store.NodeID, limit int, lease time.Duration,
) ([]quiz.Task, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := s.now()
	return s.tasks.claim(now, limit, now.Add(lease)), nil
}

// claim hands out at most limit tasks until an instant.
func (q *taskQueue) claim(now live.Timestamp, limit int, until live.Timestamp) (claimed []quiz.Task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for t := q.leased.next(now); t != nil; t = q.leased.next(now) {
		heap.Push(&q.due, turn{t.Due, t, t.turn})
	}
	for len(claimed) < limit {
		t := q.due.next(now)
		if t == nil {
			break
		}
		if t.Shard == quiz.Whole && t.group.open > 0 {
			t.group.waiting = t
			continue
		}
		t.turn++
		heap.Push(&q.leased, turn{until, t, t.turn})
		claimed = append(claimed, t.Task)
	}
	return claimed
}

// DropQuizTask implements store.Quizzes.
func (s *Store) DropQuizTask(ctx context.Context, t quiz.Task) error {
	r, q, err := s.lockedQuiz(ctx, t.Ref)
	if err != nil {
		return err
	}
	defer r.mu.Unlock()
	s.tasks.mu.Lock()
	defer s.tasks.mu.Unlock()
	if kept := q.tasks.byKey[keyOf(t)]; kept != nil && kept.Due == t.Due {
		kept.close()
	}
	return nil
}

// turns is a heap of turns, the earliest first.
type turns []turn

// next takes out the task whose turn is first, if it has come, passing over stale ones.
func (t *turns) next(now live.Timestamp) *quizTask {
	for len(*t) > 0 && (*t)[0].at <= now {
		if first := heap.Pop(t).(turn); first.turn == first.task.turn {
			return first.task
		}
	}
	return nil
}

func (t turns) Len() int           { return len(t) }
func (t turns) Less(i, j int) bool { return t[i].at < t[j].at }
func (t turns) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push implements heap.Interface.
func (t *turns) Push(x any) { *t = append(*t, x.(turn)) }

// Pop implements heap.Interface.
func (t *turns) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = turn{}
	*t = old[:len(old)-1]
	return last
}
