package replay

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
)

// Text is the report for people.
func (r Report) Text() string {
	table := figures.Table{}
	table.Row("lines", figures.Count(r.Lines), "")
	optional(&table, "  before the window", r.Outside)
	optional(&table, "  malformed", r.Malformed)
	optional(&table, "  not sent", r.Unsent)
	table.Row("  skipped", figures.Count(figures.Sum(r.Skipped)), figures.Counts(r.Skipped))
	table.Row("sent", figures.Count(r.Sent), figures.Rate(r.Rate))
	table.Row("  accepted", figures.Count(figures.Sum(r.Accepted)), figures.Counts(r.Accepted))
	optional(&table, "    altered", r.Altered)
	optional(&table, "  muted", r.Muted)
	table.Row("  dropped", figures.Count(r.dropped()), r.droppedRemark())
	table.Row("  refused", figures.Count(figures.Sum(r.Refused)), figures.Counts(r.Refused))
	table.Row("  failed", figures.Count(figures.Sum(r.Failed)), figures.Counts(r.Failed))
	table.Row("duplicates", figures.Count(r.Duplicates), "")
	table.Row("retries", figures.Count(r.Retries), "")
	if r.Speed > 0 {
		table.Row("late", figures.Count(r.Late), "lag "+figures.Latency(r.Lag))
	}
	return r.headline() + "\n\n" + table.String() + "latency  " + figures.Latency(r.Latency) + "\n"
}

// headline says what was done.
func (r Report) headline() string {
	verb := "Played"
	if r.Interrupted {
		verb = "Interrupted: played"
	}
	pace := "as fast as possible"
	if r.Speed > 0 {
		pace = fmt.Sprintf("at %gx", r.Speed)
	}
	return fmt.Sprintf("%s %s of log into room %s in %s, %s.", verb, figures.Span(r.LogSpan.Duration()),
		terminal.Escape(r.Room), figures.Span(r.Wall.Duration()), pace)
}

// dropped is how many were, for whatever reason.
func (r Report) dropped() int {
	total := 0
	for _, reasons := range r.Dropped {
		total += figures.Sum(reasons)
	}
	return total
}

// droppedRemark lists drops by bucket.
func (r Report) droppedRemark() string {
	var list []string
	for _, bucket := range slices.Sorted(maps.Keys(r.Dropped)) {
		list = append(list, bucket+": "+figures.Counts(r.Dropped[bucket]))
	}
	return strings.Join(list, "; ")
}

// optional adds a row only for what there is.
func optional(table *figures.Table, name string, count int) {
	if count > 0 {
		table.Row(name, figures.Count(count), "")
	}
}
