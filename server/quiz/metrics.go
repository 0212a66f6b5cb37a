package quiz

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/live/quiz"
)

// Metrics counts what a node does for quizzes.
type Metrics struct {
	answers [verdicts]prometheus.Counter
	batch   prometheus.Histogram
	again   prometheus.Counter
	tasks   [quiz.StageAbandon + 1][results]prometheus.Counter
	lag     prometheus.Histogram
}

// verdict is what became of an answer.
type verdict uint8

const (
	taken verdict = iota
	repeated
	early
	late
	notPlaying
	unknownOption
	badTicket
	busy
	failed // or refused for another reason
	verdicts
)

var verdictNames = [verdicts]string{
	"taken", "repeated", "early", "late", "not_playing", "option_unknown", "ticket_invalid", "busy", "failed",
}

// result is what became of a task.
type result uint8

const (
	taskDone result = iota
	taskFailed
	results
)

var resultNames = [results]string{"done", "failed"}

var stageNames = map[quiz.Stage]string{
	quiz.StageClose: "close", quiz.StageEvaluate: "evaluate", quiz.StageFinish: "finish", quiz.StageAbandon: "abandon",
}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "ovation", "quiz"
	b := promauto.With(reg)
	m := &Metrics{
		batch: b.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "batch_answers",
			Help: "Answers that one call of the store carried.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512},
		}),
		again: b.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "slots_put_again_total",
			Help: "Slots that may have lost something, and into which this node has put again what it had put before.",
		}),
		lag: b.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "task_lag_seconds",
			Help: "From when a task was due to when it was done.", Buckets: []float64{.05, .1, .25, .5, 1, 2, 5, 10, 30},
		}),
	}
	answers := b.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "answers_total", Help: "Answers to questions, by what became of them.",
	}, []string{"verdict"})
	for i, name := range verdictNames {
		m.answers[i] = answers.WithLabelValues(name)
	}
	tasks := b.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "tasks_total",
		Help: "Tasks of quizzes that this node has taken on, by stage and what became of them.",
	}, []string{"stage", "result"})
	for stage, name := range stageNames {
		for i, result := range resultNames {
			m.tasks[stage][i] = tasks.WithLabelValues(name, result)
		}
	}
	return m
}

// answered counts an answer.
func (m *Metrics) answered(done Submitted, err error) { m.answers[verdictOf(done, err)].Inc() }

// verdictOf says what became of an answer.
func verdictOf(done Submitted, err error) verdict {
	var (
		tooLate *quiz.LateError
		later   *BusyError
	)
	switch {
	case err == nil && done.Duplicate:
		return repeated
	case err == nil:
		return taken
	case errors.As(err, &tooLate):
		return late
	case errors.As(err, &later):
		return busy
	case errors.Is(err, quiz.ErrEarly):
		return early
	case errors.Is(err, quiz.ErrNotPlaying):
		return notPlaying
	case errors.Is(err, quiz.ErrOptionUnknown):
		return unknownOption
	case errors.Is(err, ErrTicket):
		return badTicket
	default:
		return failed
	}
}

// worked counts a task, and how long after it was due it was done.
func (m *Metrics) worked(t quiz.Task, lag time.Duration, err error) {
	if int(t.Stage) >= len(m.tasks) || m.tasks[t.Stage][taskDone] == nil {
		return
	}
	if err != nil {
		m.tasks[t.Stage][taskFailed].Inc()
		return
	}
	m.tasks[t.Stage][taskDone].Inc()
	m.lag.Observe(max(0, lag.Seconds()))
}
