package replay

import (
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/latency"
)

// Counts is what became of a log's lines. Every line is counted once among Outside,
// Malformed, Skipped, Unsent and Sent, and everything sent once among Accepted, Muted,
// Dropped, Refused and Failed.
type Counts struct {
	// Lines is how many were read; blank ones do not count.
	Lines int `json:"lines"`
	// Outside is how many came before the part to be played.
	Outside int `json:"outside"`
	// Malformed is how many are no entries.
	Malformed int `json:"malformed"`
	// Skipped counts entries that are no messages by type, and "empty" ones.
	Skipped map[string]int `json:"skipped"`
	// Unsent is how many messages and mutes were read and not sent, because the run
	// ended.
	Unsent int `json:"unsent"`
	// Sent is how many messages and mutes were sent and answered, or failed.
	Sent int `json:"sent"`
	// Accepted counts messages in the room's log, by bucket.
	Accepted map[string]int `json:"accepted"`
	// Altered is how many of them are in it with another text than was sent: words were
	// masked, or what no one can see was taken out.
	Altered int `json:"altered"`
	// Muted is how many mutes took effect.
	Muted int `json:"muted"`
	// Duplicates is how many answers were of an earlier send of the same message.
	Duplicates int `json:"duplicates"`
	// Dropped counts messages that the room did not take, by bucket and reason.
	Dropped map[string]map[string]int `json:"dropped"`
	// Refused counts messages that the server would not have, such as those of muted
	// users, and mutes that it would not, by reason.
	Refused map[string]int `json:"refused"`
	// Failed counts messages and mutes whose fate is an error, by reason or status code.
	Failed map[string]int `json:"failed"`
	// Retries is how many tries it took beyond the first ones.
	Retries int `json:"retries"`
	// Late is how many were sent at least 100 ms after their time.
	Late int `json:"late"`
}

// Report is the outcome of a replay.
type Report struct {
	Counts
	// Room is where it was played.
	Room string `json:"room"`
	// Run is its name.
	Run string `json:"run"`
	// Speed is how many times faster than the log it was to be; 0: unpaced.
	Speed float64 `json:"speed"`
	// Interrupted says that it was ended before the log was.
	Interrupted bool `json:"interrupted"`
	// LogSpan is how much log time was played.
	LogSpan latency.Micros `json:"log_span_us"`
	// Wall is how long it took.
	Wall latency.Micros `json:"wall_us"`
	// Rate is how many messages were sent in a second.
	Rate float64 `json:"rate"`
	// Latency is of the sends, their retries included.
	Latency latency.Summary `json:"latency"`
	// Lag is how long after their time messages were sent; empty if unpaced.
	Lag latency.Summary `json:"lag"`
}

// Failures is how many sends failed.
func (r Report) Failures() int { return figures.Sum(r.Failed) }

// report sums up.
func (r *Replay) report(wall, covered time.Duration) Report {
	report := Report{
		Counts:  r.tally.counts(),
		Room:    r.options.Room,
		Run:     r.options.Run,
		Speed:   r.options.Speed,
		LogSpan: latency.Micros(covered.Microseconds()),
		Wall:    latency.Micros(wall.Microseconds()),
		Latency: r.tally.latency.Summary(),
		Lag:     r.tally.lag.Summary(),
	}
	if wall > 0 {
		report.Rate = float64(report.Sent) / wall.Seconds()
	}
	return report
}
