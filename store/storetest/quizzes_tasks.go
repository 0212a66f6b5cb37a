package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// asked creates a room with a quiz that is running.
func (s *rig) asked(id live.RoomID) quiz.Ref {
	s.t.Helper()
	s.create(id)
	ref := s.draftQuiz(id, "q").Ref
	s.moveQuiz(ref, quiz.Asked)
	return ref
}

// instant returns the store's clock and a difference.
func (s *rig) instant(ref quiz.Ref, d time.Duration) (at live.Timestamp) {
	s.t.Helper()
	s.changeQuiz(ref, func(_ *store.QuizChange, now live.Timestamp) { at = now.Add(d) })
	return at
}

func tasksComeWhenTheyAreDue(t *testing.T, s *rig) {
	ref := s.asked("r")
	other := s.asked("other")
	now := s.instant(ref, 0)
	late := taskOf(ref, quiz.StageClose, 5, now.Add(-time.Minute))
	early := taskOf(ref, quiz.StageClose, 63, now.Add(-2*time.Minute))
	between := taskOf(other, quiz.StageEvaluate, 0, now.Add(-time.Minute-time.Second))
	between.Question = 100
	ahead := taskOf(ref, quiz.StageFinish, 1, now.Add(long))
	abandon := taskOf(ref, quiz.StageAbandon, quiz.Whole, now.Add(-time.Second))
	if got := s.claim(10); len(got) != 0 {
		t.Errorf("ClaimQuizTasks = %+v, where there are none", got)
	}
	s.addTasks(ref, late, ahead, early, abandon)
	s.addTasks(other, between)
	for _, want := range [][]quiz.Task{{early, between}, {late, abandon}, {}} {
		if got := s.claim(2); !slices.Equal(got, want) {
			t.Errorf("ClaimQuizTasks = %+v\nwant %+v", got, want)
		}
	}
}

func tasksComeAtTheirInstant(t *testing.T, s *rig) {
	clock := s.clock(t)
	ref := s.asked("r")
	task := taskOf(ref, quiz.StageClose, 5, clock.Now().Add(time.Second))
	s.addTasks(ref, task)
	clock.Advance(time.Second - time.Microsecond)
	s.wantClaim()
	clock.Advance(time.Microsecond)
	if got := s.claimFor("node", 10, time.Second); !slices.Equal(got, []quiz.Task{task}) {
		t.Errorf("ClaimQuizTasks = %+v, want %+v", got, task)
	}
	clock.Advance(time.Second - time.Microsecond)
	s.wantClaim()
	clock.Advance(time.Microsecond)
	s.wantClaim(task)
}

func leasedTaskIsNobodyElses(t *testing.T, s *rig) {
	ref := s.asked("r")
	task := taskOf(ref, quiz.StageClose, 5, 1)
	s.addTasks(ref, task)
	s.wantClaim(task)
	for _, node := range []store.NodeID{"node", "other"} {
		if got := s.claimFor(node, 10, time.Hour); len(got) != 0 {
			t.Errorf("%s claims %+v", node, got)
		}
	}
	s.complete(task, quiz.Part{})
	s.wantClaim()
}

func taskIsTakenOver(t *testing.T, s *rig) {
	ref := s.asked("r")
	early, late := taskOf(ref, quiz.StageClose, 5, 1), taskOf(ref, quiz.StageClose, 6, 2)
	whole := taskOf(ref, quiz.StageClose, quiz.Whole, 1)
	s.addTasks(ref, early, late, whole)
	for _, node := range []store.NodeID{"first", "second"} {
		if got := s.claimFor(node, 1, moment); !slices.Equal(got, []quiz.Task{early}) {
			t.Fatalf("%s claims %+v, want %+v", node, got, early)
		}
		s.lapse()
	}
	first := quiz.Part{Tally: quiz.Tally{Missed: 1}}
	s.complete(early, first) // by whoever had it
	s.wantClaim(late)
	if kept := s.complete(early, quiz.Part{Tally: quiz.Tally{Missed: 2}}); !samePart(kept, first) {
		t.Errorf("the later part %+v is kept", kept)
	}
	s.complete(late, first)
	if got := s.claimFor("first", 10, moment); !slices.Equal(got, []quiz.Task{whole}) {
		t.Fatalf("ClaimQuizTasks = %+v, want %+v", got, whole)
	}
	s.lapse()
	s.wantClaim(whole)
}

func wholeComesAfterItsShards(_ *testing.T, s *rig) {
	ref := s.asked("r")
	var tasks []quiz.Task
	for shard := quiz.Whole; shard < quiz.Shards; shard++ {
		tasks = append(tasks, taskOf(ref, quiz.StageClose, shard, live.Timestamp(shard+10)))
	}
	other := taskOf(ref, quiz.StageEvaluate, 7, 1)
	next := taskOf(ref, quiz.StageClose, quiz.Whole, 1000)
	next.Question = 2
	s.addTasks(ref, append(tasks, other, next)...)
	s.wantClaim(append([]quiz.Task{other}, append(slices.Clone(tasks[1:]), next)...)...)
	for i, task := range tasks[1:] {
		s.wantClaim()
		s.complete(task, quiz.Part{})
		s.complete(tasks[1+i/2], quiz.Part{})
	}
	s.wantClaim(tasks[0])
	s.dropTask(tasks[0])
	s.wantClaim()
}

// partOf returns a part with something in every field.
func partOf(n int) quiz.Part {
	users := people(3, 3)
	slices.Sort(users)
	at := live.Timestamp(1_893_553_445_000_001)
	part := quiz.Part{
		Tally: quiz.Tally{
			Answers: [quiz.MaxOptions]int64{int64(n), 2, 3, 4, 5, 1 << 40}, Missed: int64(n), Excused: 3, Revived: 4, Eliminated: 5,
			Remaining: 6, Entered: 7, Final: true, Evaluated: true,
		},
	}
	for i, user := range users {
		part.Players = append(part.Players, quiz.Player{
			User: user, Status: quiz.Status(i % 5), EnteredAt: 1, OutAt: quiz.Number(n % 100), Right: 99, Excused: 3, Used: 100,
			Revives: 10_000 * i, Spent: 1 << 40, Answered: 100, After: 100, Outcome: quiz.OutMissed, Option: 6,
		})
		part.Evidence = append(part.Evidence, quiz.Evidence{
			User: user, Entered: at, Delivered: at + 1, Session: "s \x00", Option: 6, Received: at + 2, Stored: at + 1_000_000_000, Revived: at + 3,
			Grants: []quiz.Grant{{ID: "", At: at, Count: 100}, {ID: "g \x00", At: 1, Count: 1}}[:i],
		})
	}
	part.Evidence = append(part.Evidence, quiz.Evidence{User: users[2] + "x"})
	return part
}

func taskIsCompletedOnce(t *testing.T, s *rig) {
	ref := s.asked("r")
	task, other := taskOf(ref, quiz.StageClose, 3, 1), taskOf(ref, quiz.StageClose, 4, 1)
	s.addTasks(ref, task, other)
	first := partOf(1)
	for i := range 3 {
		if kept := s.complete(task, partOf(1+i)); !samePart(kept, first) {
			t.Errorf("CompleteQuizTask = %+v\nwant %+v", kept, first)
		}
	}
	s.wantClaim(other)
	if got, err := s.Quizzes.QuizPart(t.Context(), task.Slot); err != nil || !samePart(got, first) {
		t.Errorf("QuizPart = %+v, %v\nwant %+v", got, err, first)
	}
	if sum, shards := s.tally(ref, quiz.StageClose); shards != 1 || sum.Missed != 1 {
		t.Errorf("QuizTally = %+v of %d", sum, shards)
	}
}

func partOfALaterStageTakesThePlace(t *testing.T, s *rig) {
	ref := s.asked("r")
	closing, evaluating := taskOf(ref, quiz.StageClose, 3, 1), taskOf(ref, quiz.StageEvaluate, 3, 1)
	s.addTasks(ref, closing)
	first, second := partOf(1), partOf(2)
	first.Players = nil
	s.complete(closing, first)
	s.addTasks(ref, evaluating)
	s.complete(evaluating, second)
	s.complete(evaluating, partOf(3))
	s.complete(closing, partOf(4))
	if got, err := s.Quizzes.QuizPart(t.Context(), closing.Slot); err != nil || !samePart(got, second) {
		t.Errorf("QuizPart = %+v, %v\nwant %+v", got, err, second)
	}
}

func talliesAreOfTheirStage(t *testing.T, s *rig) {
	ref := s.asked("r")
	var tasks []quiz.Task
	for shard := range 5 {
		for _, stage := range []quiz.Stage{quiz.StageClose, quiz.StageEvaluate} {
			tasks = append(tasks, taskOf(ref, stage, shard, 1))
		}
	}
	s.addTasks(ref, tasks...)
	for _, task := range tasks[:7] {
		tally := partOf(task.Shard + int(task.Stage)*100).Tally
		s.complete(task, quiz.Part{Tally: tally})
	}
	for stage, want := range map[quiz.Stage][]int64{
		quiz.StageClose: {100, 101, 102, 103}, quiz.StageEvaluate: {200, 201, 202}, quiz.StageFinish: nil,
	} {
		var missed int64
		for _, n := range want {
			missed += n
		}
		n := int64(len(want))
		sum, shards := s.tally(ref, stage)
		sum.Final, sum.Evaluated = false, false
		all := quiz.Tally{
			Answers: [quiz.MaxOptions]int64{missed, 2 * n, 3 * n, 4 * n, 5 * n, n << 40}, Missed: missed, Excused: 3 * n, Revived: 4 * n,
			Eliminated: 5 * n, Remaining: 6 * n, Entered: 7 * n,
		}
		if sum != all || shards != len(want) {
			t.Errorf("QuizTally of stage %d = %+v of %d\nwant %+v of %d", stage, sum, shards, all, len(want))
		}
	}
	if sum, shards, err := s.Quizzes.QuizTally(t.Context(), ref, 2, quiz.StageClose); err != nil || shards != 0 || sum != (quiz.Tally{}) {
		t.Errorf("QuizTally of another question = %+v of %d, %v", sum, shards, err)
	}
}

func taskIsDoneAgain(_ *testing.T, s *rig) {
	ref := s.asked("r")
	abandon := taskOf(ref, quiz.StageAbandon, quiz.Whole, 1)
	s.addTasks(ref, abandon)
	s.wantClaim(abandon)
	later := abandon
	later.Due = s.instant(ref, long)
	s.addTasks(ref, later)
	s.wantClaim()
	for due := range live.Timestamp(3) {
		later.Due = due + 2
		s.addTasks(ref, later)
		s.wantClaim(later)
		s.dropTask(later)
		s.wantClaim()
	}
	waiting := taskOf(ref, quiz.StageAbandon, quiz.Whole, s.instant(ref, long))
	s.addTasks(ref, waiting)
	s.addTasks(ref, abandon) // earlier than it was
	s.wantClaim(abandon)
}

func droppedTaskIsGone(_ *testing.T, s *rig) {
	ref := s.asked("r")
	first, again := taskOf(ref, quiz.StageAbandon, quiz.Whole, 1), taskOf(ref, quiz.StageAbandon, quiz.Whole, 2)
	s.dropTask(first) // there is none
	s.addTasks(ref, first)
	s.claimFor("node", 1, moment)
	s.addTasks(ref, again) // while somebody is at it
	s.dropTask(first)
	s.wantClaim(again)
	s.dropTask(again)
	s.dropTask(again)
	s.wantClaim()
}

func tasksOfAQuizThatIsOverAreDropped(_ *testing.T, s *rig) {
	ref := s.asked("r")
	other := s.asked("other")
	s.addTasks(other, taskOf(other, quiz.StageClose, 3, 3))
	s.addTasks(ref, taskOf(ref, quiz.StageClose, 1, 1), taskOf(ref, quiz.StageClose, 2, 2), taskOf(ref, quiz.StageClose, quiz.Whole, 1))
	s.claimFor("node", 1, moment)
	s.changeQuiz(ref, func(c *store.QuizChange, now live.Timestamp) {
		c.Quiz.State, c.Quiz.EndedAt = quiz.Finished, now
		c.Tasks = []quiz.Task{taskOf(ref, quiz.StageAbandon, quiz.Whole, 1)}
	})
	s.lapse()
	s.wantClaim(taskOf(other, quiz.StageClose, 3, 3))
}

func partComesBackWhole(t *testing.T, s *rig) {
	ref := s.asked("r")
	for shard, part := range []quiz.Part{partOf(1), {}, {Evidence: partOf(1).Evidence}, {Players: partOf(1).Players}} {
		task := taskOf(ref, quiz.StageFinish, shard, 1)
		s.addTasks(ref, task)
		if kept := s.complete(task, part); !samePart(kept, part) {
			t.Errorf("CompleteQuizTask = %+v\nwant %+v", kept, part)
		}
		if got, err := s.Quizzes.QuizPart(t.Context(), task.Slot); err != nil || !samePart(got, part) {
			t.Errorf("QuizPart = %+v, %v\nwant %+v", got, err, part)
		}
	}
}
