package turnout

import (
	"fmt"
	"strings"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
)

// Report is how a load went, and whether what the server made of it is right.
type Report struct {
	Room       string  `json:"room"`
	Lines      int     `json:"lines"`
	Enters     int     `json:"enters"`
	Leaves     int     `json:"leaves"`
	Doubled    int     `json:"enters_of_who_was_in"`
	Missing    int     `json:"leaves_of_who_was_not_in"`
	Sent       int64   `json:"events_sent"`
	Again      int64   `json:"of_these_sent_again"`
	Retries    int64   `json:"calls_repeated"`
	SendSecond float64 `json:"sending_seconds"`
	MergeAfter float64 `json:"merged_after_seconds"`
	Checks     []Check `json:"checks"`
	Same       bool    `json:"same"`
}

// Check is one figure, as the server has it and as it follows from the log.
type Check struct {
	Figure string `json:"figure"`
	Got    string `json:"got"`
	Want   string `json:"want"`
	Same   bool   `json:"same"`
}

// check notes a figure.
func (r *Report) check(figure string, got, want any) {
	c := Check{Figure: figure, Got: fmt.Sprint(got), Want: fmt.Sprint(want)}
	c.Same = c.Got == c.Want
	r.Checks = append(r.Checks, c)
	r.Same = r.Same && c.Same
}

// parts notes a figure that has many parts, of which some differ: the first is told.
func (r *Report) parts(figure string, parts, differing int, first string) {
	c := Check{Figure: figure, Got: figures.Count(parts), Want: figures.Count(parts), Same: differing == 0}
	if differing > 0 {
		c.Got = fmt.Sprintf("%s differ: %s", figures.Count(differing), first)
	}
	r.Checks = append(r.Checks, c)
	r.Same = r.Same && c.Same
}

// Text is the report for people.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Room %s: %s and %s of %s (%s of who was in already, %s of who was not).\n", terminal.Escape(r.Room),
		figures.Plural(r.Enters, "enter"), figures.Plural(r.Leaves, "leave"), figures.Plural(r.Lines, "line"),
		figures.Plural(r.Doubled, "enter"), figures.Plural(r.Missing, "leave"))
	fmt.Fprintf(&b, "Sent %s in %s, %s of them again; merged %s after; %s repeated that failed.\n", figures.Plural(r.Sent, "event"),
		seconds(r.SendSecond), figures.Count(r.Again), seconds(r.MergeAfter), figures.Plural(r.Retries, "call"))
	var table figures.Table
	for _, c := range r.Checks {
		verdict := "same"
		if !c.Same {
			verdict = "DIFFERS: the log says " + terminal.Escape(c.Want)
		}
		table.Row("  "+c.Figure, terminal.Escape(c.Got), verdict)
	}
	b.WriteString(table.String())
	if r.Same {
		b.WriteString("Every figure follows from the log.\n")
	}
	return b.String()
}

// seconds is a length of time for people.
func seconds(s float64) string { return figures.Span(time.Duration(s * float64(time.Second))) }
