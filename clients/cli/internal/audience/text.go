package audience

import (
	"fmt"
	"strings"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
)

// Text is the report for people.
func (r Report) Text() string {
	table := figures.Table{}
	table.Row("viewers", figures.Count(r.Joined), fmt.Sprintf("of %s", figures.Count(r.Viewers)))
	if r.Accepted == nil {
		table.Row("accepted by the room", "unknown", "its log began anew")
	} else {
		table.Row("accepted by the room", figures.Count(figures.Sum(r.Accepted)), figures.Counts(r.Accepted))
	}
	table.Row("history", figures.Count(r.History), "from before they joined")
	table.Row("delivered", figures.Count(r.Delivered), r.rate())
	table.Row("reported dropped", figures.Count(figures.Sum(r.Dropped)), figures.Counts(r.Dropped))
	table.Row("unexplained gaps", figures.Count(r.Gaps), "")
	table.Row("duplicates", figures.Count(r.Duplicates), "")
	table.Row("out of order", figures.Count(r.Disorder), "")
	table.Row("unaccounted", figures.Count(r.Unaccounted), "")
	table.Row("behind at the end", figures.Count(r.BehindMessages), viewersRemark(r.Behind))
	table.Row("resyncs", figures.Count(r.Resyncs), r.resyncRemark())
	table.Row("reconnects", figures.Count(r.Reconnects), figures.Counts(r.Disconnects))
	table.Row("errors", figures.Count(figures.Sum(r.Errors)), figures.Counts(r.Errors))
	if r.Kills > 0 {
		table.Row("connections killed", figures.Count(r.Kills), "")
	}
	if r.Polled > 0 {
		table.Row("without a stream", figures.Count(r.Polled), "viewers that had to poll")
	}
	return r.headline() + "\n\n" + table.String() + "latency  " + figures.Latency(r.Latency) + "\n" + r.faults() + r.verdict()
}

// headline says what was done.
func (r Report) headline() string {
	verb := "Watched"
	if r.Interrupted {
		verb = "Interrupted: watched"
	}
	return fmt.Sprintf("%s room %s for %s, delivery %s.", verb, terminal.Escape(r.Room),
		figures.Span(r.Wall.Duration()), r.Delivery)
}

// rate is how many messages came in a second, over all viewers.
func (r Report) rate() string {
	if r.Wall <= 0 {
		return ""
	}
	return figures.Rate(float64(r.Delivered) / r.Wall.Duration().Seconds())
}

func (r Report) resyncRemark() string {
	if r.Leapt == 0 {
		return ""
	}
	return figures.Count(r.Leapt) + " messages passed over within one life of the log"
}

// faults lists the viewers with a fault.
func (r Report) faults() string {
	var b strings.Builder
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "viewer %d: %d gaps, %d duplicates, %d out of order, %d unaccounted, %d behind",
			f.Viewer, f.Gaps, f.Duplicates, f.Disorder, f.Unaccounted, f.Behind)
		if f.Error != "" {
			b.WriteString(": " + terminal.Escape(f.Error))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// verdict is the last line.
func (r Report) verdict() string {
	if !r.Clean() {
		return fmt.Sprintf("FAILED: %s with faulty books, %s behind, %s in another log, %s errors, %s not joined.\n",
			viewersRemark(r.Faulty), figures.Count(r.Behind), figures.Count(r.Astray),
			figures.Count(figures.Sum(r.Errors)), figures.Count(r.Viewers-r.Joined))
	}
	if r.Interrupted {
		return "OK so far: every viewer accounts for every message up to where they were.\n"
	}
	if r.Accepted == nil {
		return "OK: every viewer accounts for every message of the log as it is now; what was in it before it began anew, nobody can tell.\n"
	}
	return "OK: every viewer accounts for every accepted message.\n"
}

func viewersRemark(n int) string { return figures.Plural(n, "viewer") }
