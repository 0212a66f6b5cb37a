package paired_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
	"github.com/ovation-live/ovation/store/storetest"
)

// keeping has a room keep so many messages of each bucket.
func keeping(capacity int) func(*room.Settings) {
	return func(s *room.Settings) { s.Feed.Capacity = capacity }
}

// archived returns how many messages the durable backend has.
func (b backends) archived(t *testing.T) int {
	t.Helper()
	count, err := strconv.Atoi(services.Query(t, b.postgres.URL, "SELECT count(*) FROM "+b.postgres.Schema+".messages"))
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// history returns the texts of a room's history.
func (n *node) history(t *testing.T, id live.RoomID) (texts []string) {
	t.Helper()
	messages, err := n.History(t.Context(), id, 0, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		texts = append(texts, m.Text)
	}
	return texts
}

// What the log drops is kept, once, however many nodes see to it.
func TestHistoryOutlivesTheLog(t *testing.T) {
	t.Parallel()
	b := newBackends(t, services.SharedRedis(t))
	nodes := []*node{b.open(t), b.open(t)}
	nodes[0].create(t, "r", keeping(10))
	stop, err := nodes[1].Follow(t.Context(), "r", func(store.Publication) {})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprint(i))
		nodes[i%2].send(t, "r", want[i])
		if i%10 == 9 {
			eventually(t, "what was said is kept", func() bool { return b.archived(t) == i+1 })
		}
	}
	for _, n := range nodes {
		if got := n.history(t, "r"); !slices.Equal(got, want) {
			t.Errorf("the history is %q", got)
		}
	}
	if held, err := nodes[0].Between(t.Context(), "r", 0, 0, 100); err != nil || len(held) != 10 {
		t.Errorf("the log holds %d, %v", len(held), err)
	}
	page, err := nodes[0].History(t.Context(), "r", 0, 0, 45)
	if err != nil || len(page) != 45 || page[44].Text != "44" {
		t.Errorf("a page of 45 has %d messages, %v", len(page), err)
	}
}

// Of a message that is recalled the contents are taken away from what is kept too.
func TestRecallReachesWhatIsKept(t *testing.T) {
	t.Parallel()
	b := newBackends(t, services.SharedRedis(t))
	n := b.open(t)
	n.create(t, "r")
	at := n.send(t, "r", "a secret").Place.Timestamp
	eventually(t, "it is kept", func() bool { return b.archived(t) == 1 })
	if _, err := n.Recall(t.Context(), "r", feed.Recall{Timestamp: at, By: "host", Staff: true}, store.Limits{}); err != nil {
		t.Fatal(err)
	}
	if got := n.history(t, "r"); got[0] != "" {
		t.Errorf("the history is %q", got)
	}
	eventually(t, "the recall is kept", func() bool { return b.archived(t) == 2 })
	kept, err := n.durable.History(t.Context(), "r", 0, 0, 10)
	if err != nil || !kept[0].Recalled || kept[0].Text != "" || kept[1].Recalls != at {
		t.Errorf("kept are %+v, %v", kept, err)
	}
}

// While the durable backend is away the log holds what it can; what it cannot is counted.
func TestArchiveCatchesUp(t *testing.T) {
	t.Parallel()
	b := newBackends(t, services.SharedRedis(t))
	n := b.open(t)
	n.create(t, "r", keeping(10))
	n.durable.away.is.Store(true)
	for i := range 25 {
		n.send(t, "r", fmt.Sprint(i))
	}
	count := func(name string) float64 {
		all, err := series.Of(n.counts)
		if err != nil {
			t.Fatal(err)
		}
		return all["ovation_store_archive_"+name]
	}
	eventually(t, "archiving was tried", func() bool { return count("failures_total") > 0 })
	n.durable.away.is.Store(false)
	eventually(t, "the rest is kept", func() bool { return b.archived(t) == 10 })
	if missed := count("missed_total"); missed != 15 {
		t.Errorf("%v messages are counted as missed, want 15", missed)
	}
}

// A node that stops keeps what is left first.
func TestArchiveIsFlushed(t *testing.T) {
	t.Parallel()
	b := newBackends(t, services.SharedRedis(t))
	n := b.open(t)
	n.create(t, "r")
	for i := range 5 {
		n.send(t, "r", fmt.Sprint(i))
	}
	n.stop()
	if kept := b.archived(t); kept != 5 {
		t.Errorf("%d messages are kept, want 5", kept)
	}
}

// What a node leaves that dies others find, though the room is quiet.
func TestRoomsOfADeadNodeAreArchived(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(begun)
	b := newBackends(t, services.SharedRedis(t)).withClock(clock)
	dead := b.open(t)
	dead.create(t, "r")
	dead.durable.away.is.Store(true)
	dead.send(t, "r", "left behind")
	eventually(t, "it is noted that the room is to be archived", func() bool {
		left, err := dead.hot.LeftDirty(t.Context(), -time.Hour, 10)
		return err == nil && len(left) == 1
	})
	dead.stop() // and cannot archive
	other := b.open(t)
	clock.Advance(time.Minute)
	eventually(t, "another node archives it", func() bool { return b.archived(t) == 1 })
	eventually(t, "nothing is left", func() bool {
		left, err := other.hot.LeftDirty(t.Context(), -time.Hour, 10)
		return err == nil && len(left) == 0
	})
}

// A room that a dead node has left, and in which something happens all the time, is noted by
// who archives it now, and by the dead one no more: what else it left is found then.
func TestRoomsOfADeadNodeThatAreBusyAreNotedAnew(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(begun)
	b := newBackends(t, services.SharedRedis(t)).withClock(clock)
	dead := b.open(t)
	dead.create(t, "r")
	if err := dead.hot.MarkDirty(t.Context(), []paired.DirtyMark{{Node: "dead", Room: "r"}}); err != nil {
		t.Fatal(err)
	}
	dead.stop()
	clock.Advance(time.Minute)
	n := b.open(t)
	n.durable.away.is.Store(true) // so it is never done
	n.send(t, "r", "busy")
	eventually(t, "the room is this node's", func() bool {
		left, err := n.hot.LeftDirty(t.Context(), -time.Hour, 10)
		return err == nil && len(left) == 1 && left[0].Node != "dead"
	})
}

// A log that goes on in another life is archived from where the one before it was.
func TestArchiveGoesOnInAnotherLife(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	b := newBackends(t, r.URL())
	b.redis.Timeout = 2 * time.Second
	n := b.open(t)
	n.create(t, "r")
	before := n.send(t, "r", "one").Epoch
	eventually(t, "it is kept", func() bool { return b.archived(t) == 1 })
	n.send(t, "r", "two")
	r.Kill()
	r.Start(t)
	eventually(t, "the log is in another life", func() bool {
		head, err := n.Head(t.Context(), "r")
		return err == nil && head.Cursor.Epoch != before
	})
	n.send(t, "r", "three")
	eventually(t, "all of it is kept", func() bool { return b.archived(t) >= 3 })
	n.stop()
	if kept := b.archived(t); kept != 3 {
		t.Errorf("%d messages are kept, want each once", kept)
	}
	last := b.open(t)
	if got := last.history(t, "r"); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("the history is %q", got)
	}
}
