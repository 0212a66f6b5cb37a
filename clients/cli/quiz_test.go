package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/clients/cli/internal/audit"
	"github.com/ovation-live/ovation/clients/cli/internal/match"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/quiz"
)

// recorded is a game of 200 players: 180 are through the first question, 130 answer the
// second, and 10 more the third than are left.
const recorded = `{"date": "2020-01-01", "game": 1, "number": 1, "question": "One?", "options": [{"text": "a", "correct": true, "count": 180}, {"text": "b", "correct": false, "count": 20}]}
{"date": "2020-01-01", "game": 1, "number": 2, "question": "Two?", "options": [{"text": "a", "correct": false, "count": 30}, {"text": "b", "correct": true, "count": 100}]}
{"date": "2020-01-01", "game": 1, "number": 3, "question": "Three?", "options": [{"text": "a", "correct": true, "count": 55}, {"text": "b", "correct": false, "count": 55}]}
`

// written returns the path of a file.
func written(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "questions.jsonl")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// replayed replays the recorded game against a fake, fast.
func replayed(t *testing.T, f *fake, want int, more ...string) match.Report {
	t.Helper()
	args := append([]string{
		"quiz", "replay", written(t, recorded), "--date", "2020-01-01", "--scale", "1", "--room", "demo",
		"--window", "4s", "--grace", "100ms", "--from", "0s", "--to", "500ms", "--no-progress", "--json",
	}, more...)
	stdout, _ := f.do(t, want, args...)
	var report match.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	return report
}

func TestQuizReplay(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.quizzes.busyEvery = 7
	report := replayed(t, f, exitOK)
	if !report.Same || report.Players != 200 || report.Winners != 50 || len(report.Rounds) != 3 {
		t.Errorf("%+v", report)
	}
	first, second, third := report.Rounds[0], report.Rounds[1], report.Rounds[2]
	if first.Stored != 200 || first.Busy == 0 || second.Got.Missed != 50 || third.Excess != 10 || third.Got.Remaining != 50 {
		t.Errorf("%+v", report.Rounds)
	}
	audited, _ := f.do(t, exitOK, "quiz", "audit", "--room", "demo", "--json")
	var books audit.Report
	if err := json.Unmarshal([]byte(audited), &books); err != nil {
		t.Fatalf("%v\n%s", err, audited)
	}
	if books.Players != 200 || books.Winners != 50 || books.Facts != 430 || books.State != "finished" {
		t.Errorf("%+v", books)
	}
}

func TestQuizReplaySaysWhatDiffers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.quizzes.lie = 1
	if report := replayed(t, f, exitFailed, "--questions", "1"); report.Same || report.Rounds[0].Same {
		t.Errorf("%+v", report)
	}
	_, stderr := f.do(t, exitFailed, "quiz", "replay", written(t, recorded), "--date", "2020-01-02")
	if !strings.Contains(stderr, "from 2020-01-01") {
		t.Error(stderr)
	}
}

func TestQuizAuditSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	replayed(t, f, exitOK, "--questions", "1")
	f.quizzes.lose = true
	stdout, _ := f.do(t, exitFailed, "quiz", "audit", "--room", "demo")
	if !strings.Contains(stdout, "DIFFERS: question 1") || !strings.Contains(stdout, "the log does not") {
		t.Error(stdout)
	}
}

func TestQuizHost(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	path := written(t, `[{"question": "One\u001b?", "options": ["a", "b"], "answer": 1},
		{"question": "Two?", "options": ["c", "d"], "answer": 0}]`)
	stdout, stderr := f.do(t, exitOK, "quiz", "host", path, "--auto", "--pause", "10ms", "--window", "1s")
	if !strings.Contains(stdout, "* 2  b") || !strings.Contains(stdout, "0 winners of 0 players") {
		t.Error(stdout)
	}
	if !strings.Contains(stderr, `1. One\x1b?`) {
		t.Error(stderr)
	}
	if f.quizzes.quiz.State != quiz.Finished {
		t.Errorf("the quiz is %v", f.quizzes.quiz.State)
	}
}

func TestQuizHostCancels(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	path := written(t, `{"question": "One?", "options": ["a", "b"], "answer": 1}`)
	_, stderr := f.doWith(t, exitOK, "q\n", "quiz", "host", path)
	if !strings.Contains(stderr, "the quiz is cancelled") || f.quizzes.quiz.State != quiz.Cancelled {
		t.Errorf("the quiz is %v\n%s", f.quizzes.quiz.State, stderr)
	}
}

func TestRoundLines(t *testing.T) {
	t.Parallel()
	round := &ovationv1.QuizRound{
		Question: &ovationv1.QuizQuestion{Options: []string{"Paris", "Rome"}, CorrectOptions: []uint32{1}},
		Tally:    &ovationv1.QuizTally{Answers: []int64{1500, 500}, Missed: 0, Eliminated: 500, Remaining: 1500},
	}
	lines := strings.Split(roundLines(round), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], " * 1  Paris") || !strings.HasSuffix(lines[0], " 75 %") ||
		!strings.Contains(lines[1], "500") || !strings.Contains(lines[3], "1,500 still in") {
		t.Errorf("%q", lines)
	}
}
