package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// tasksModel is the tasks of one quiz that a store should have, and what became of shards.
// Nothing in it lapses.
type tasksModel struct {
	s       *rig
	ref     quiz.Ref
	now     live.Timestamp
	tasks   map[quiz.Task]*taskModel // by slot and stage
	parts   map[quiz.Slot]quiz.Part
	tallies map[quiz.Task]int64
	n       int
}

// taskModel is a task.
type taskModel struct {
	due             live.Timestamp
	leased, settled bool
}

// key names a task.
func key(t quiz.Task) quiz.Task {
	t.Due = 0
	return t
}

// draw draws a task.
func (m *tasksModel) draw(t *rapid.T) quiz.Task {
	stage := rapid.SampledFrom([]quiz.Stage{quiz.StageClose, quiz.StageEvaluate}).Draw(t, "stage")
	return taskOf(m.ref, stage, rapid.IntRange(quiz.Whole, 3).Draw(t, "shard"), 0)
}

// put puts tasks into both, some of them again. No two are due at once.
func (m *tasksModel) put(t *rapid.T) {
	var tasks []quiz.Task
	for range rapid.IntRange(0, 4).Draw(t, "tasks") {
		task := m.draw(t)
		if slices.ContainsFunc(tasks, func(u quiz.Task) bool { return key(u) == task }) {
			continue
		}
		m.n++
		task.Due = live.Timestamp(m.n*10 + rapid.IntRange(-5, 4).Draw(t, "due"))
		if rapid.IntRange(0, 4).Draw(t, "ahead") == 0 {
			task.Due = m.now.Add(long) + live.Timestamp(m.n)
		}
		tasks = append(tasks, task)
		m.tasks[key(task)] = &taskModel{due: task.Due}
		delete(m.tallies, key(task))
	}
	m.s.addTasks(m.ref, tasks...)
}

// ready returns the tasks to hand out, the earliest first.
func (m *tasksModel) ready() []quiz.Task {
	open := make(map[quiz.Stage]int)
	for task, state := range m.tasks {
		if task.Shard != quiz.Whole && !state.settled {
			open[task.Stage]++
		}
	}
	var ready []quiz.Task
	for task, state := range m.tasks {
		blocked := task.Shard == quiz.Whole && open[task.Stage] > 0
		if !state.leased && !state.settled && !blocked && state.due <= m.now {
			task.Due = state.due
			ready = append(ready, task)
		}
	}
	slices.SortFunc(ready, func(a, b quiz.Task) int { return int(a.Due - b.Due) })
	return ready
}

// claim claims from both.
func (m *tasksModel) claim(t *rapid.T) {
	limit := rapid.IntRange(1, 4).Draw(t, "limit")
	want := m.ready()
	want = want[:min(limit, len(want))]
	if got := m.s.claim(limit); !slices.Equal(got, want) {
		t.Fatalf("ClaimQuizTasks = %+v\nwant %+v", got, want)
	}
	for _, task := range want {
		m.tasks[key(task)].leased = true
	}
}

// settle completes or drops a task in both.
func (m *tasksModel) settle(t *rapid.T) {
	if len(m.tasks) == 0 {
		return
	}
	keys := slices.SortedFunc(maps.Keys(m.tasks), func(a, b quiz.Task) int {
		return int(a.Stage)*100 + a.Shard - int(b.Stage)*100 - b.Shard
	})
	task := rapid.SampledFrom(keys).Draw(t, "task")
	state := m.tasks[task]
	if task.Shard == quiz.Whole {
		dropped := task
		if dropped.Due = state.due; rapid.IntRange(0, 3).Draw(t, "stale") == 0 {
			dropped.Due--
		}
		m.s.dropTask(dropped)
		state.settled = state.settled || dropped.Due == state.due
		return
	}
	m.n++
	part := quiz.Part{Tally: quiz.Tally{Missed: int64(m.n)}}
	if !state.settled {
		state.settled = true
		m.tallies[task] = int64(m.n)
		if kept, there := m.parts[task.Slot]; !there || kept.Tally.Excused <= int64(task.Stage) {
			part.Tally.Excused = int64(task.Stage) // so that the stage is known
			m.parts[task.Slot] = part
		}
	}
	if kept := m.s.complete(task, part); !samePart(kept, m.parts[task.Slot]) {
		t.Fatalf("CompleteQuizTask = %+v\nwant %+v", kept, m.parts[task.Slot])
	}
}

// agree compares the tallies.
func (m *tasksModel) agree(t *rapid.T) {
	for _, stage := range []quiz.Stage{quiz.StageClose, quiz.StageEvaluate} {
		var missed int64
		n := 0
		for task, count := range m.tallies {
			if task.Stage == stage {
				missed += count
				n++
			}
		}
		if sum, shards := m.s.tally(m.ref, stage); sum.Missed != missed || shards != n {
			t.Fatalf("stage %d: %+v of %d shards, want %d of %d", stage, sum, shards, missed, n)
		}
	}
}

func tasksAreAModel(t *testing.T, s *rig) {
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		m := &tasksModel{
			s: s, ref: s.asked(id), tasks: make(map[quiz.Task]*taskModel), parts: make(map[quiz.Slot]quiz.Part),
			tallies: make(map[quiz.Task]int64),
		}
		m.now = s.instant(m.ref, 0)
		t.Repeat(map[string]func(*rapid.T){
			"put": m.put, "claim": m.claim, "settle": m.settle, "complete": m.settle, "": m.agree,
		})
		s.changeQuiz(m.ref, func(c *store.QuizChange, now live.Timestamp) { // of other checks there are no tasks
			c.Quiz.State, c.Quiz.EndedAt, c.Quiz.Reason = quiz.Cancelled, now, fmt.Sprint(m.n)
		})
	})
}
