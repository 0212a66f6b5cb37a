package feed_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// gate is a log at its door, beside an oracle of whom it lets in.
type gate struct {
	*rapid.T
	log    *feed.Log
	clock  live.Clock
	wall   live.Timestamp
	limits feed.Limits

	admitted [feed.Buckets][]live.Timestamp
	sent     map[[2]string]sent
	spoke    map[live.UserID]spoke
	placed   int
}

// sent is what a client id stands for, until when.
type sent struct {
	receipt feed.Receipt
	until   live.Timestamp
}

// spoke is when a viewer last spoke in slow mode, and until when that counts.
type spoke struct{ at, until live.Timestamp }

// within counts what was admitted in the second up to t.
func (g *gate) within(t live.Timestamp, buckets ...feed.Bucket) (n int) {
	for _, b := range buckets {
		for _, at := range g.admitted[b] {
			if at > t.Add(-time.Second) {
				n++
			}
		}
	}
	return n
}

// full says whether the rate sheds a message of bucket b at t.
func (g *gate) full(b feed.Bucket, t live.Timestamp) bool {
	switch b {
	case feed.Whitelist:
		return g.within(t, b) >= g.limits.WhitelistRate
	case feed.High:
		return g.within(t, b) >= g.limits.Rate
	default:
		return g.within(t, feed.High, feed.Low) >= g.limits.Rate
	}
}

// slowed says whether slow mode sheds a message at t.
func (g *gate) slowed(d feed.Draft, t live.Timestamp) bool {
	last := g.spoke[d.Sender]
	return g.slow(d) && last.until > t && last.at.Add(g.limits.SlowMode) > t
}

func (g *gate) slow(d feed.Draft) bool {
	return g.limits.SlowMode > 0 && !d.Exempt && d.Bucket != feed.Whitelist
}

// known returns what was accepted under the same client id.
func (g *gate) known(d feed.Draft, t live.Timestamp) (feed.Receipt, bool) {
	s := g.sent[[2]string{string(d.Sender), d.ClientMessageID}]
	s.receipt.Duplicate = true
	return s.receipt, s.until > t
}

// send sends one message and compares the answer with the oracle's.
func (g *gate) send(d feed.Draft) feed.Receipt {
	t := g.clock.Peek(g.wall)
	known, dup := g.known(d, t)
	receipt, m := g.log.Append(&g.clock, g.wall, d, g.limits)
	switch {
	case dup:
		if receipt != known {
			g.Fatalf("a duplicate: %+v, want %+v", receipt, known)
		}
	case g.slowed(d, t):
		g.shed(receipt, feed.SlowMode, func(t live.Timestamp) bool { return g.slowed(d, t) })
	case g.full(d.Bucket, t):
		g.shed(receipt, feed.RateLimited, func(t live.Timestamp) bool { return g.full(d.Bucket, t) })
	default:
		g.accept(d, receipt, t)
	}
	if (m != nil) != (receipt.Outcome == feed.Accepted && !receipt.Duplicate) {
		g.Fatalf("message %+v with receipt %+v", m, receipt)
	}
	return receipt
}

// shed checks the answer to a message that was not accepted: it says exactly when the
// next will be.
func (g *gate) shed(receipt feed.Receipt, want feed.Outcome, shed func(live.Timestamp) bool) {
	if receipt.Outcome != want || receipt.Place != (feed.Place{}) || receipt.Duplicate {
		g.Fatalf("receipt %+v, want outcome %v", receipt, want)
	}
	free := g.wall.Add(receipt.RetryAfter)
	if shed(free) || !shed(free-1) {
		g.Fatalf("%+v: shed at the time it says %v, just before %v", receipt, shed(free), shed(free-1))
	}
}

// accept checks the answer to an accepted message and remembers it.
func (g *gate) accept(d feed.Draft, receipt feed.Receipt, t live.Timestamp) {
	want := feed.Receipt{Epoch: epoch, Bucket: d.Bucket, Place: feed.Place{
		Timestamp: t, Sequence: uint64(len(g.admitted[d.Bucket]) + 1),
	}}
	if receipt != want {
		g.Fatalf("receipt %+v, want %+v", receipt, want)
	}
	g.admitted[d.Bucket] = append(g.admitted[d.Bucket], t)
	if g.slow(d) {
		g.spoke[d.Sender] = spoke{t, t.Add(g.limits.SlowMode)}
	}
	if d.ClientMessageID != "" {
		g.sent[[2]string{string(d.Sender), d.ClientMessageID}] = sent{receipt, t.Add(feed.DedupeFor)}
	}
	g.placed++
}

// retry waits for as long as it was told, comes a microsecond early, then in time.
func (g *gate) retry(d feed.Draft, receipt feed.Receipt) {
	g.wall = g.wall.Add(receipt.RetryAfter) - 1
	if early := g.send(d); early.Outcome != receipt.Outcome {
		g.Fatalf("a microsecond early: %+v after %+v", early, receipt)
	}
	g.wall++
	if again := g.send(d); again.Outcome == receipt.Outcome {
		g.Fatalf("in time: %+v after %+v", again, receipt)
	}
}

// check drives the gate with drafts as they come.
func (g *gate) check(drafts *rapid.Generator[feed.Draft], pauses, slow []time.Duration) {
	g.log, g.wall = feed.NewLog(epoch, 5), 10_000_000
	g.sent, g.spoke = make(map[[2]string]sent), make(map[live.UserID]spoke)
	for range rapid.IntRange(0, 60).Draw(g.T, "steps") {
		if rapid.IntRange(0, 9).Draw(g.T, "change") == 0 || g.limits == (feed.Limits{}) {
			g.limits = feed.Limits{
				Rate:          rapid.IntRange(1, 6).Draw(g.T, "rate"),
				WhitelistRate: rapid.IntRange(1, 6).Draw(g.T, "whitelist rate"),
				SlowMode:      rapid.SampledFrom(slow).Draw(g.T, "slow mode"),
				Capacity:      5,
			}
		}
		g.wall = g.wall.Add(rapid.SampledFrom(pauses).Draw(g.T, "pause"))
		d := drafts.Draw(g.T, "draft")
		if receipt := g.send(d); receipt.Outcome != feed.Accepted && rapid.Bool().Draw(g.T, "retry") {
			g.retry(d, receipt)
		}
	}
	head := g.log.Rings().Head()
	if got := head.At[0].Sequence + head.At[1].Sequence + head.At[2].Sequence; got != uint64(g.placed) {
		g.Fatalf("%d messages in the log, %d accepted", got, g.placed)
	}
}

func TestRateIsExact(t *testing.T) {
	t.Parallel()
	drafts := rapid.Custom(func(t *rapid.T) feed.Draft {
		return feed.Draft{Bucket: feed.Bucket(rapid.IntRange(0, 2).Draw(t, "bucket"))}
	})
	pauses := []time.Duration{
		0, 1000, 50 * time.Millisecond, 300 * time.Millisecond, time.Second - 1000, time.Second,
		-1000, -400 * time.Millisecond, -3 * time.Second,
	}
	rapid.Check(t, func(t *rapid.T) {
		(&gate{T: t}).check(drafts, pauses, []time.Duration{0})
	})
}

func TestSlowModeAndDedupeAreExact(t *testing.T) {
	t.Parallel()
	drafts := rapid.Custom(func(t *rapid.T) feed.Draft {
		return feed.Draft{
			Bucket: feed.Bucket(rapid.IntRange(0, 2).Draw(t, "bucket")),
			Exempt: rapid.IntRange(0, 3).Draw(t, "exempt") == 0,
			Content: feed.Content{
				Sender:          rapid.SampledFrom([]live.UserID{"ann", "bob"}).Draw(t, "sender"),
				ClientMessageID: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "id"),
			},
		}
	})
	slow := []time.Duration{0, time.Second, 10 * time.Second, 6 * time.Minute}
	pauses := []time.Duration{
		0, time.Second, 9 * time.Second, time.Minute, feed.DedupeFor - 1000, feed.DedupeFor, -2 * time.Second,
	}
	rapid.Check(t, func(t *rapid.T) { (&gate{T: t}).check(drafts, pauses, slow) })
}

// A rate that is lowered and raised again lets nobody in twice.
func TestRateRemembersThroughChanges(t *testing.T) {
	t.Parallel()
	log, clock := feed.NewLog(epoch, 50), new(live.Clock)
	admitted := 0
	for _, rate := range []int{5, 1, 5} {
		for range 6 {
			limits := feed.Limits{Rate: rate, WhitelistRate: 1, Capacity: 50}
			if _, m := log.Append(clock, 1_000_000, draft(feed.High, "gift"), limits); m != nil {
				admitted++
			}
		}
	}
	if admitted != 5 {
		t.Errorf("%d admitted in one second, never more than 5 were allowed", admitted)
	}
}
