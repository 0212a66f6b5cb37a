// Package lanes runs tasks side by side that must not overtake each other within
// their lane.
package lanes

import (
	"context"
	"sync"
)

// Lanes runs tasks on a fixed number of goroutines. Tasks with the same key run one
// at a time and in the order of their submission; tasks with different keys run in
// any order. Close must be called when done with it.
type Lanes struct {
	slots chan struct{} // one for each task that was submitted and has not ended
	ready chan *lane    // lanes with a task to run, and none running
	idle  sync.WaitGroup

	mu    sync.Mutex
	lanes map[string]*lane
}

// lane is the tasks of a key that wait, the running one first.
type lane struct {
	key   string
	tasks []func()
}

// New returns lanes of that many workers, which let pending tasks wait or run.
func New(workers, pending int) *Lanes {
	pending = max(pending, workers)
	l := &Lanes{
		slots: make(chan struct{}, pending),
		ready: make(chan *lane, pending), // a ready lane has a task, so this never blocks
		lanes: make(map[string]*lane),
	}
	for range workers {
		l.idle.Go(l.work)
	}
	return l
}

// Submit queues a task behind the others of its key. It waits for a place, or for
// the context: then the task does not run, and the context's error is returned. It
// must not be called concurrently with itself for one key, nor after Close.
func (l *Lanes) Submit(ctx context.Context, key string, task func()) error {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if waiting, ok := l.lanes[key]; ok {
		waiting.tasks = append(waiting.tasks, task)
		return nil
	}
	fresh := &lane{key: key, tasks: []func(){task}}
	l.lanes[key] = fresh
	l.ready <- fresh
	return nil
}

// Close waits for every task to end, then stops the workers.
func (l *Lanes) Close() {
	for range cap(l.slots) { // all places taken by us: no task is left
		l.slots <- struct{}{}
	}
	close(l.ready)
	l.idle.Wait()
}

// work runs the first task of one ready lane after the other.
func (l *Lanes) work() {
	for current := range l.ready {
		l.first(current)()
		l.advance(current)
		<-l.slots
	}
}

// first is the lane's task to run.
func (l *Lanes) first(current *lane) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	return current.tasks[0]
}

// advance takes the task that ran off the lane, and readies or drops the lane.
func (l *Lanes) advance(current *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	current.tasks[0] = nil
	current.tasks = current.tasks[1:]
	if len(current.tasks) == 0 {
		delete(l.lanes, current.key)
		return
	}
	l.ready <- current
}
