package replay

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/latency"
	"github.com/ovation-live/ovation/clients/cli/internal/reason"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// lateAfter is from when on a send counts as late.
const lateAfter = 100 * time.Millisecond

// maxNames is how many names a log can add to a count: a hostile log has as many as
// lines.
const maxNames = 100

// otherName is what further names are counted under.
const otherName = "(other)"

// tally counts what becomes of the lines. It is safe for concurrent use.
type tally struct {
	latency *latency.Recorder
	lag     *latency.Recorder

	mu      sync.Mutex
	count   Counts
	silence time.Time // since when no try was answered; zero: the latest was
}

func newTally() *tally {
	return &tally{
		latency: latency.NewRecorder(),
		lag:     latency.NewRecorder(),
		count: Counts{
			Skipped:  map[string]int{},
			Accepted: map[string]int{},
			Dropped:  map[string]map[string]int{},
			Refused:  map[string]int{},
			Failed:   map[string]int{},
		},
	}
}

// counts returns the counts so far.
func (t *tally) counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count.clone()
}

// progress returns how many messages have been dealt with.
func (t *tally) progress() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count.Sent
}

// tried notes what came of one try, and returns for how long none has been answered.
func (t *tally) tried(err error, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil || !unanswered(err):
		t.silence = time.Time{}
		return 0
	case t.silence.IsZero():
		t.silence = now
	}
	return now.Sub(t.silence)
}

// silent returns for how long no try has been answered.
func (t *tally) silent() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.silence.IsZero() {
		return 0
	}
	return time.Since(t.silence)
}

func (t *tally) line()      { t.update(func(c *Counts) { c.Lines++ }) }
func (t *tally) malformed() { t.update(func(c *Counts) { c.Lines++; c.Malformed++ }) }
func (t *tally) outside()   { t.update(func(c *Counts) { c.Lines++; c.Outside++ }) }
func (t *tally) unsent()    { t.update(func(c *Counts) { c.Unsent++ }) }

func (t *tally) skipped(why string) { t.update(func(c *Counts) { add(c.Skipped, why) }) }

// late counts how long after its time a message was sent.
func (t *tally) late(lag time.Duration) {
	t.lag.Record(max(lag, 0))
	if lag >= lateAfter {
		t.update(func(c *Counts) { c.Late++ })
	}
}

// sent counts what became of a message or mute.
func (t *tally) sent(call call, err error, retries int, took time.Duration) {
	t.latency.Record(took)
	t.update(func(c *Counts) {
		c.Sent++
		c.Retries += retries
		switch {
		case err == nil:
			call.count(c)
		case refuses(err) || call.optional(err):
			add(c.Refused, reason.Name(err))
		default:
			add(c.Failed, reason.Name(err))
		}
	})
}

func (t *tally) update(change func(*Counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.count)
}

// answered counts a message that the server answered.
func (c *Counts) answered(response *ovationv1.SendResponse) {
	if response.GetDuplicate() {
		c.Duplicates++
	}
	bucket := bucketName(response.GetBucket())
	switch response.GetStatus() {
	case ovationv1.SendStatus_SEND_STATUS_ACCEPTED:
		c.Accepted[bucket]++
		if response.GetAlteredText() != "" {
			c.Altered++
		}
	case ovationv1.SendStatus_SEND_STATUS_DROPPED_RATE_LIMITED:
		c.dropped(bucket, "rate limited")
	case ovationv1.SendStatus_SEND_STATUS_DROPPED_SLOW_MODE:
		c.dropped(bucket, "slow mode")
	default:
		add(c.Failed, "unknown status")
	}
}

func (c *Counts) dropped(bucket, why string) {
	if c.Dropped[bucket] == nil {
		c.Dropped[bucket] = map[string]int{}
	}
	c.Dropped[bucket][why]++
}

func (c *Counts) clone() Counts {
	copied := *c
	copied.Skipped = maps.Clone(c.Skipped)
	copied.Accepted = maps.Clone(c.Accepted)
	copied.Refused = maps.Clone(c.Refused)
	copied.Failed = maps.Clone(c.Failed)
	copied.Dropped = make(map[string]map[string]int, len(c.Dropped))
	for bucket, reasons := range c.Dropped {
		copied.Dropped[bucket] = maps.Clone(reasons)
	}
	return copied
}

// add counts a name, as long as there are not too many of them.
func add(counts map[string]int, name string) {
	if _, known := counts[name]; !known && len(counts) >= maxNames {
		name = otherName
	}
	counts[name]++
}

// bucketName is a bucket's name in reports: "whitelist", "high", "low".
func bucketName(bucket ovationv1.Bucket) string {
	return strings.ToLower(strings.TrimPrefix(bucket.String(), "BUCKET_"))
}
