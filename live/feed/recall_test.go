package feed_test

import (
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// recall recalls the message at t, which must succeed.
func recall(t *testing.T, log *feed.Log, clock *live.Clock, at live.Timestamp) *feed.Message {
	t.Helper()
	_, m, err := log.Recall(clock, clock.Last(), byStaff(at), generous(10))
	if err != nil || m == nil {
		t.Fatalf("recall of %d: %+v, %v", at, m, err)
	}
	return m
}

// byStaff returns a recall of what is at t by one who keeps order.
func byStaff(t live.Timestamp) feed.Recall { return feed.Recall{Timestamp: t, By: "mod", Staff: true} }

// replicaOf returns a replica that has heard messages.
func replicaOf(t *testing.T, capacity int, messages ...*feed.Message) *feed.Rings {
	t.Helper()
	rings := feed.NewRings(capacity, feed.Cursor{Epoch: epoch})
	for _, m := range messages {
		if got := rings.Apply(m); got != feed.Fresh {
			t.Fatalf("apply %+v: %v", m, got)
		}
	}
	return rings
}

func TestRecallLeavesATombstone(t *testing.T) {
	t.Parallel()
	log, clock, sent := fill(t, 10, feed.High, feed.Low, feed.Low)
	recall(t, log, clock, sent[1].Timestamp)
	if sent[1].Recalled || sent[1].Text == "" {
		t.Error("the recall changed a message that may be in use")
	}
	got := log.Rings().Find(sent[1].Timestamp)
	if !got.Recalled || got.Text != "" || got.Place() != sent[1].Place() || got.Sender != "ann" || got.Kind != feed.KindText {
		t.Errorf("what is left is %+v", got)
	}
}

func TestReplicaHearsARecallBeforeItsMessage(t *testing.T) {
	t.Parallel()
	log, clock, sent := fill(t, 10, feed.Low, feed.Low)
	taken := recall(t, log, clock, sent[1].Timestamp)
	rings := replicaOf(t, 10, sent[0])
	if got := rings.Apply(taken); got != feed.Gap {
		t.Fatalf("a recall of what is still to come: %v, want a gap", got)
	}
	if !rings.Fill(log.Rings().Select(rings.Head(), 10)) {
		t.Fatal("the log does not mend it")
	}
	if got := rings.Apply(sent[1]); got != feed.Known {
		t.Fatalf("the message after its recall: %v", got)
	}
	if m := rings.Find(sent[1].Timestamp); m == nil || !m.Recalled {
		t.Fatalf("the recalled message reads %+v", m)
	}
}

func TestReplicaTakesNoPublicationsHalfMended(t *testing.T) {
	t.Parallel()
	log, clock, sent := fill(t, 10, feed.Low)
	recall(t, log, clock, sent[0].Timestamp)
	rings := feed.NewRings(10, feed.Cursor{Epoch: epoch})
	first := log.Rings().Select(rings.Head(), 1) // the recall: WHITELIST comes first
	if !rings.Fill(first) || !first.More {
		t.Fatalf("first read %+v", first)
	}
	if got := rings.Apply(sent[0]); got != feed.Gap {
		t.Fatalf("the message as it was, before the log's word on it: %v", got)
	}
	if !rings.Fill(log.Rings().Select(rings.Head(), 1)) {
		t.Fatal("the log does not mend it")
	}
	if m := rings.Find(sent[0].Timestamp); m == nil || !m.Recalled {
		t.Fatalf("the recalled message reads %+v", m)
	}
}

func TestReplicaThatMayHaveMissedARecallBeginsAnew(t *testing.T) {
	t.Parallel()
	log, clock, sent := fill(t, 2, feed.Low)
	rings := replicaOf(t, 2, sent[0])
	limits := generous(2)
	if _, _, err := log.Recall(clock, 0, byStaff(sent[0].Timestamp), limits); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the recall is overrun before the replica hears of it
		log.Append(clock, 0, draft(feed.Whitelist, "on air"), limits)
	}
	before := rings.Head()
	if rings.Fill(log.Rings().Select(before, 10)) {
		t.Fatal("went on, with a message that was taken away")
	}
	if rings.Head() != before {
		t.Error("what cannot be filled was changed")
	}
	rings = feed.NewRings(2, feed.Cursor{Epoch: epoch})
	if !rings.Fill(log.Rings().Select(rings.Head(), 10)) {
		t.Fatal("cannot begin anew")
	}
	if m := rings.Find(sent[0].Timestamp); m == nil || !m.Recalled {
		t.Fatalf("the recalled message reads %+v", m)
	}
}

func TestRecallOfARecallStillTakesAway(t *testing.T) {
	t.Parallel()
	log, clock, sent := fill(t, 10, feed.Low)
	rings := replicaOf(t, 10, sent[0])
	recall(t, log, clock, recall(t, log, clock, sent[0].Timestamp).Timestamp)
	if !rings.Fill(log.Rings().Select(rings.Head(), 10)) {
		t.Fatal("the log does not mend it")
	}
	if m := rings.Find(sent[0].Timestamp); m == nil || !m.Recalled {
		t.Fatalf("the recalled message reads %+v", m)
	}
}

// The recall is itself what pushes its message out.
func TestRecallOfWhatItOverruns(t *testing.T) {
	t.Parallel()
	log, clock, sent := fill(t, 1, feed.Whitelist)
	rings := replicaOf(t, 1, sent[0])
	_, m, err := log.Recall(clock, 0, byStaff(sent[0].Timestamp), generous(1))
	if err != nil || m == nil {
		t.Fatalf("recall: %+v, %v", m, err)
	}
	if got := rings.Apply(m); got != feed.Fresh || rings.Head() != log.Rings().Head() {
		t.Fatalf("apply: %v, head %+v", got, rings.Head())
	}
}

func TestFillRefusesAnotherLife(t *testing.T) {
	t.Parallel()
	log, _, sent := fill(t, 10, feed.Low, feed.Low)
	rings := replicaOf(t, 10, sent[0])
	for name, batch := range map[string]feed.Batch{
		"a batch that begins anew": log.Rings().Select(feed.Cursor{Epoch: "another"}, 10),
		"a batch of another epoch": feed.NewRings(1, feed.Cursor{Epoch: "another"}).Select(feed.Cursor{}, 1),
	} {
		if rings.Fill(batch) || rings.Head().At[feed.Low] != sent[0].Place() {
			t.Errorf("%s was filled in", name)
		}
	}
}

// A log that holds nothing of what it has had hands over its head alone.
func TestFillFromAnEmptyLogPassesOverTheLoss(t *testing.T) {
	t.Parallel()
	head := feed.Cursor{Epoch: epoch, At: [feed.Buckets]feed.Place{feed.Low: {Timestamp: 900, Sequence: 9}}}
	log, rings := feed.NewRings(5, head), feed.NewRings(5, feed.Cursor{Epoch: epoch})
	if !rings.Fill(log.Select(rings.Head(), 10)) || rings.Head() != head {
		t.Fatalf("head %+v, want %+v", rings.Head(), head)
	}
	if got := rings.Select(feed.Cursor{Epoch: epoch}, 10); got.Dropped[feed.Low] != 9 {
		t.Errorf("a reader from the start lost %v", got.Dropped)
	}
}
