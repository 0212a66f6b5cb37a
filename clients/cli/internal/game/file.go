// Package game reads quizzes from files, recorded games among them, and casts crowds that
// answer as the real ones did.
package game

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxLine bounds one line of a file.
const maxLine = 1 << 20

// Option is one answer that can be given.
type Option struct {
	Text    string `json:"text"`
	Correct bool   `json:"correct"`
	Count   int64  `json:"count"` // players who chose it
}

// Question is a question, and how a real crowd answered if it is a recorded one.
type Question struct {
	Date     string   `json:"date"`
	Game     int      `json:"game"`
	Number   int      `json:"number"`
	Text     string   `json:"question"`
	Options  []Option `json:"-"`
	Answered int64    `json:"-"` // the sum of all counts
}

// Correct returns the numbers of the right options, from 1.
func (q *Question) Correct() (list []uint32) {
	for i, o := range q.Options {
		if o.Correct {
			list = append(list, uint32(i)+1)
		}
	}
	return list
}

// LineError says which line of a file is no question, and why.
type LineError struct {
	Line  int
	Cause error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("line %d is no question: %v", e.Line, e.Cause) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Cause }

// Read reads questions: a JSON object a line, or one array of them. The options of each
// are texts, with the index of the right one as "answer", or objects with "text",
// "correct" and, of a recorded game, "count".
func Read(r io.Reader) ([]Question, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var all []Question
	for n := 1; lines.Scan(); n++ {
		text := strings.Trim(lines.Text(), "\ufeff \t\r")
		if text == "" {
			continue
		}
		if n == 1 && strings.HasPrefix(text, "[") {
			return readArray(lines, text)
		}
		q, err := parse([]byte(text))
		if err != nil {
			return nil, &LineError{n, err}
		}
		all = append(all, q)
	}
	return all, lines.Err()
}

// readArray reads what is one array, of which the first line is read already.
func readArray(rest *bufio.Scanner, first string) ([]Question, error) {
	text := []byte(first)
	for rest.Scan() {
		text = append(append(text, '\n'), rest.Bytes()...)
	}
	if err := rest.Err(); err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	var all []Question
	for i, raw := range list {
		q, err := parse(raw)
		if err != nil {
			return nil, fmt.Errorf("entry %d is no question: %w", i+1, err)
		}
		all = append(all, q)
	}
	return all, nil
}

// What a question must have.
var (
	errNoText    = errors.New(`it has no "question"`)
	errOptions   = errors.New(`it needs 2 to 6 "options"`)
	errNoAnswer  = errors.New(`nothing says which option is right: "answer" (an index from 0), or "correct" of an option`)
	errNoIndex   = errors.New(`"answer" is no index of "options"`)
	errNoOption  = errors.New(`an option is neither a text nor an object with "text"`)
	errBadCounts = errors.New(`a "count" is below 0`)
)

// parse reads one question.
func parse(raw []byte) (Question, error) {
	var q struct {
		Question
		Options []json.RawMessage `json:"options"`
		Answer  *int              `json:"answer"`
	}
	if err := json.Unmarshal(raw, &q); err != nil {
		return Question{}, err
	}
	for _, raw := range q.Options {
		o, err := parseOption(raw)
		if err != nil {
			return Question{}, err
		}
		q.Question.Options = append(q.Question.Options, o)
	}
	switch n := len(q.Options); {
	case strings.TrimSpace(q.Text) == "":
		return Question{}, errNoText
	case n < 2 || n > 6:
		return Question{}, errOptions
	case q.Answer != nil && (*q.Answer < 0 || *q.Answer >= n):
		return Question{}, errNoIndex
	case q.Answer != nil:
		q.Question.Options[*q.Answer].Correct = true
	}
	if len(q.Question.Correct()) == 0 {
		return Question{}, errNoAnswer
	}
	for _, o := range q.Question.Options {
		if o.Count < 0 {
			return Question{}, errBadCounts
		}
		q.Answered += o.Count
	}
	return q.Question, nil
}

// parseOption reads an option in either form.
func parseOption(raw json.RawMessage) (o Option, err error) {
	if json.Unmarshal(raw, &o.Text) == nil {
		return o, nil
	}
	if err := json.Unmarshal(raw, &o); err != nil || o.Text == "" {
		return Option{}, errNoOption
	}
	return o, nil
}

// Pick returns the questions of one recorded game in their order, or an error that says
// which games of the day there are.
func Pick(all []Question, date string, number int) ([]Question, error) {
	var picked []Question
	games, dates := map[int]bool{}, map[string]bool{}
	for _, q := range all {
		dates[q.Date] = true
		if q.Date != date {
			continue
		}
		games[q.Game] = true
		if q.Game == number && q.Answered > 0 {
			picked = append(picked, q)
		}
	}
	slices.SortStableFunc(picked, func(a, b Question) int { return cmp.Compare(a.Number, b.Number) })
	switch {
	case len(picked) > 0:
		return picked, nil
	case !dates[date]:
		return nil, fmt.Errorf("no game was recorded on %s: there are %d days, from %s to %s", date, len(dates), least(dates), most(dates))
	default:
		return nil, fmt.Errorf("game %d was not recorded on %s: there are games %s", number, date, listed(games))
	}
}

func least(set map[string]bool) (first string) {
	for s := range set {
		if first == "" || s < first {
			first = s
		}
	}
	return first
}

func most(set map[string]bool) (last string) {
	for s := range set {
		last = max(last, s)
	}
	return last
}

func listed(set map[int]bool) string {
	var numbers []int
	for n := range set {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return strings.Trim(fmt.Sprint(numbers), "[]")
}
