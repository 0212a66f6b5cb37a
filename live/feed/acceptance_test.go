package feed_test

import (
	"errors"
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

	// The time that the oracle goes by: as much has passed since the latest that was
	// admitted as the wall clock is now ahead of the lowest it has said since.
	last, low live.Timestamp

	admitted [feed.Buckets][]live.Timestamp
	recalled map[bool][]live.Timestamp // by staff or not
	entries  [feed.Buckets]uint64
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

// read reads the wall clock and returns the time that the rules go by.
func (g *gate) read() live.Timestamp {
	g.low = min(g.low, g.wall)
	return g.last.Add(g.wall.Sub(g.low))
}

// note notes that something was admitted at t, and returns the sequence that is due
// to it.
func (g *gate) note(b feed.Bucket, t live.Timestamp) uint64 {
	g.last, g.low = t, g.wall
	g.placed++
	g.entries[b]++
	return g.entries[b]
}

// fullOf says whether the rate sheds a recall at t.
func (g *gate) fullOf(staff bool, t live.Timestamp) bool {
	n, limit := 0, feed.RecallRate
	if staff {
		limit = g.limits.WhitelistRate
	}
	for _, at := range g.recalled[staff] {
		if at > t.Add(-time.Second) {
			n++
		}
	}
	return n >= limit
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
	t, at := g.read(), max(g.wall, g.clock.Last()+1)
	known, dup := g.known(d, t)
	receipt, m := g.log.Append(&g.clock, g.wall, d, g.limits)
	switch {
	case dup:
		if receipt != known {
			g.Fatalf("a duplicate: %+v, want %+v", receipt, known)
		}
	case g.slowed(d, t):
		g.shed(t, receipt, feed.SlowMode, func(t live.Timestamp) bool { return g.slowed(d, t) })
	case g.full(d.Bucket, t):
		g.shed(t, receipt, feed.RateLimited, func(t live.Timestamp) bool { return g.full(d.Bucket, t) })
	default:
		g.accept(d, receipt, t, at)
	}
	if (m != nil) != (receipt.Outcome == feed.Accepted && !receipt.Duplicate) {
		g.Fatalf("message %+v with receipt %+v", m, receipt)
	}
	return receipt
}

// recall recalls what is at t and compares the answer with the oracle's.
func (g *gate) recall(r feed.Recall) feed.Receipt {
	t, at := g.read(), max(g.wall, g.clock.Last()+1)
	held := g.log.Rings().Find(r.Timestamp)
	receipt, m, err := g.log.Recall(&g.clock, g.wall, r, g.limits)
	switch {
	case held == nil:
		if !errors.Is(err, feed.ErrNoMessage) || receipt != (feed.Receipt{}) {
			g.Fatalf("a recall of nothing: %+v, %v", receipt, err)
		}
	case held.Recalled:
		if want := (feed.Receipt{Epoch: epoch, Duplicate: true}); receipt != want {
			g.Fatalf("a recall again: %+v, want %+v", receipt, want)
		}
	case g.fullOf(r.Staff, t):
		g.shed(t, receipt, feed.RateLimited, func(t live.Timestamp) bool { return g.fullOf(r.Staff, t) })
	default:
		g.recalled[r.Staff] = append(g.recalled[r.Staff], t)
		place := feed.Place{Timestamp: at, Sequence: g.note(feed.Whitelist, t)}
		if want := (feed.Receipt{Epoch: epoch, Place: place}); receipt != want || m.Place() != place {
			g.Fatalf("a recall: %+v of %+v, want %+v", receipt, m, want)
		}
	}
	if (m != nil) != (receipt.Place != feed.Place{}) {
		g.Fatalf("message %+v with receipt %+v", m, receipt)
	}
	return receipt
}

// shed checks the answer to what was not accepted at t: it says exactly when the next
// will be, and that is no longer than the rule itself.
func (g *gate) shed(t live.Timestamp, receipt feed.Receipt, want feed.Outcome, shed func(live.Timestamp) bool) {
	most := map[feed.Outcome]time.Duration{feed.RateLimited: time.Second, feed.SlowMode: g.limits.SlowMode}
	if receipt.RetryAfter > most[want] {
		g.Fatalf("receipt %+v, never more than %v", receipt, most[want])
	}
	if receipt.Outcome != want || receipt.Place != (feed.Place{}) || receipt.Duplicate {
		g.Fatalf("receipt %+v, want outcome %v", receipt, want)
	}
	free := t.Add(receipt.RetryAfter)
	if shed(free) || !shed(free-1) {
		g.Fatalf("%+v: shed at the time it says %v, just before %v", receipt, shed(free), shed(free-1))
	}
}

// accept checks the answer to an accepted message and remembers it.
func (g *gate) accept(d feed.Draft, receipt feed.Receipt, t, at live.Timestamp) {
	want := feed.Receipt{Epoch: epoch, Bucket: d.Bucket, Place: feed.Place{
		Timestamp: at, Sequence: g.note(d.Bucket, t),
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
}

// retry waits for as long as it was told, comes a microsecond early, then in time.
func (g *gate) retry(try func() feed.Receipt, receipt feed.Receipt) {
	g.wall = g.wall.Add(receipt.RetryAfter) - 1
	if early := try(); early.Outcome != receipt.Outcome {
		g.Fatalf("a microsecond early: %+v after %+v", early, receipt)
	}
	g.wall++
	if again := try(); again.Outcome == receipt.Outcome {
		g.Fatalf("in time: %+v after %+v", again, receipt)
	}
}

// someRecall draws a recall of something held, most often.
func (g *gate) someRecall() feed.Recall {
	r := byStaff(7)
	r.Staff = rapid.IntRange(0, 3).Draw(g.T, "staff") == 0
	if held := g.log.Rings().Between(0, 0, 100); len(held) > 0 {
		r.Timestamp = rapid.SampledFrom(held).Draw(g.T, "recalled").Timestamp
	}
	return r
}

// check drives the gate with drafts as they come, and with so many recalls in ten.
func (g *gate) check(drafts *rapid.Generator[feed.Draft], recalls int, pauses, slow []time.Duration) {
	g.log, g.wall = feed.NewLog(epoch, 5), 10_000_000
	g.last, g.low = g.wall, g.wall
	g.sent, g.spoke, g.recalled = make(map[[2]string]sent), make(map[live.UserID]spoke), make(map[bool][]live.Timestamp)
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
		var try func() feed.Receipt
		if rapid.IntRange(1, 10).Draw(g.T, "recall") <= recalls {
			r := g.someRecall()
			try = func() feed.Receipt { return g.recall(r) }
		} else {
			d := drafts.Draw(g.T, "draft")
			try = func() feed.Receipt { return g.send(d) }
		}
		if receipt := try(); receipt.Outcome != feed.Accepted && rapid.Bool().Draw(g.T, "retry") {
			g.retry(try, receipt)
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
		-1000, -400 * time.Millisecond, -3 * time.Second, -time.Hour, time.Hour,
	}
	rapid.Check(t, func(t *rapid.T) {
		(&gate{T: t}).check(drafts, 2, pauses, []time.Duration{0})
	})
}

func TestRecallRateIsExact(t *testing.T) {
	t.Parallel()
	drafts := rapid.Just(draft(feed.Whitelist, "on air"))
	pauses := []time.Duration{0, 1000, time.Millisecond, 100 * time.Millisecond, time.Second - 1000, -time.Minute}
	rapid.Check(t, func(t *rapid.T) {
		(&gate{T: t}).check(drafts, 8, pauses, []time.Duration{0})
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
		0, time.Second, 9 * time.Second, time.Minute, feed.DedupeFor - 1000, feed.DedupeFor,
		-2 * time.Second, -time.Hour,
	}
	rapid.Check(t, func(t *rapid.T) { (&gate{T: t}).check(drafts, 1, pauses, slow) })
}

// However often the wall clock steps back, no second as it truly passes has more than
// its rate; and as long as it does not step, none by the room's timestamps has.
func TestNoSecondHasMoreThanItsRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 5).Draw(t, "rate")
		steps := rapid.SampledFrom([][]time.Duration{{0}, {0, 0, time.Millisecond, time.Second, time.Hour}}).Draw(t, "steps")
		log, clock := feed.NewLog(epoch, 50), new(live.Clock)
		limits := feed.Limits{Rate: rate, WhitelistRate: 1, Capacity: 50}
		truth, stepped := live.Timestamp(0), time.Duration(0)
		var truly, placed []live.Timestamp
		for range rapid.IntRange(0, 80).Draw(t, "messages") {
			truth += live.Timestamp(rapid.IntRange(1, 400_000).Draw(t, "pause"))
			stepped += rapid.SampledFrom(steps).Draw(t, "step")
			wall := live.Timestamp(1<<50).Add(-stepped) + truth
			if _, m := log.Append(clock, wall, draft(feed.High, "gift"), limits); m != nil {
				truly, placed = append(truly, truth), append(placed, m.Timestamp)
			}
		}
		for i := rate; i < len(placed); i++ {
			if d := truly[i].Sub(truly[i-rate]); d < time.Second {
				t.Fatalf("%d admitted within %v", rate+1, d)
			}
			if d := placed[i].Sub(placed[i-rate]); stepped == 0 && d < time.Second {
				t.Fatalf("%d within %v by the room's timestamps", rate+1, d)
			}
		}
	})
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
