package hub_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// schedule is a stage on which anything happens in any order.
type schedule struct {
	*stage
	r         *rapid.T
	viewers   []*viewer
	said      map[place]*said
	recent    []live.Timestamp
	evictedOf map[live.Epoch][feed.Buckets]uint64 // of lives that are over
	silence   int                                 // publications that are lost from here on
	echo      bool                                // publications come again
	limit     int
}

// place names an entry of any life of the log.
type place struct {
	epoch    live.Epoch
	bucket   feed.Bucket
	sequence uint64
}

// said is an entry as it was said.
type said struct {
	at       live.Timestamp
	text     string
	recalled bool
}

// TestEveryViewerAccountsForEverything plays schedules of everything that can happen
// over a bus that loses and repeats publications.
func TestEveryViewerAccountsForEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(inBubble{t}, func(r *rapid.T) {
			s := newSchedule(r)
			defer s.hub.Close()
			for range s.pick("steps", 60) {
				s.step()
			}
			s.settle()
		})
	})
}

func newSchedule(r *rapid.T) *schedule {
	s := &schedule{
		r: r, said: make(map[place]*said), evictedOf: make(map[live.Epoch][feed.Buckets]uint64),
		limit: rapid.SampledFrom([]int{0, 0, 3}).Draw(r, "pull limit"),
	}
	s.stage = newStage(r, roomWith(func(settings *room.Settings) {
		settings.Feed.Capacity = rapid.SampledFrom([]int{50, 50, 200}).Draw(r, "capacity")
		settings.PullLimit = rapid.SampledFrom([]int{10, 200}).Draw(r, "room's pull limit")
		settings.Attributes.Log = 10
		settings.InlinePercent = 50
	}))
	s.store.fate = func(store.Publication) int {
		switch {
		case s.silence > 0:
			s.silence--
			return 0
		case s.echo:
			return 2
		default:
			return 1
		}
	}
	return s
}

// inBubble hides from rapid that the test could tell its deadline, which in a bubble
// it cannot.
type inBubble struct{ *testing.T }

// pick draws a number from 0 to n.
func (s *schedule) pick(what string, n int) int { return rapid.IntRange(0, n).Draw(s.r, what) }

// step does one thing.
func (s *schedule) step() {
	steps := map[string]func(){
		"say": s.talk, "say more": s.talk, "recall": s.recall, "attribute": s.attribute,
		"pass": s.pass, "pass more": s.pass, "come": s.come, "leave": s.leave, "come again": s.again,
		"read elsewhere": s.elsewhere, "take": s.taking, "take and pull": s.pulling,
		"inline percent": s.percent, "lose": s.lose, "begin anew": s.restart, "relive": s.relive,
	}
	names := []string{
		"say", "say more", "recall", "attribute", "pass", "pass more", "come", "leave", "come again",
		"read elsewhere", "take", "take and pull", "inline percent", "lose", "begin anew", "relive",
	}
	steps[rapid.SampledFrom(names).Draw(s.r, "step")]()
}

func (s *schedule) talk() {
	b := feed.Bucket(s.pick("bucket", feed.Buckets-1))
	for range 1 + rapid.SampledFrom([]int{0, 1, 7, 70}).Draw(s.r, "messages") {
		text := fmt.Sprint("m", len(s.said))
		receipt := s.say(b, text)
		s.remember(receipt.Epoch, b, receipt.Place, text)
	}
}

func (s *schedule) remember(epoch live.Epoch, b feed.Bucket, at feed.Place, text string) {
	s.said[place{epoch, b, at.Sequence}] = &said{at: at.Timestamp, text: text}
	s.recent = append(s.recent, at.Timestamp)
}

func (s *schedule) recall() {
	if len(s.recent) == 0 {
		return
	}
	at := s.recent[s.pick("message", len(s.recent)-1)]
	before := s.head()
	recall := feed.Recall{Timestamp: at, By: "host", Staff: true}
	_, err := s.store.now().Recall(context.Background(), theRoom, recall, s.limits())
	if errors.Is(err, feed.ErrNoMessage) {
		return
	}
	s.must(err)
	for _, said := range s.said {
		said.recalled = said.recalled || said.at == at
	}
	if after := s.head(); after.Cursor != before.Cursor {
		s.remember(after.Cursor.Epoch, feed.Whitelist, after.Cursor.At[feed.Whitelist], "")
	}
}

func (s *schedule) attribute() {
	s.setAttribute(fmt.Sprint("key ", s.pick("key", 2)), fmt.Sprint(s.pick("value", 9)))
}

func (s *schedule) pass() {
	passing(rapid.SampledFrom([]time.Duration{
		0, time.Millisecond, 30 * time.Millisecond, 100 * time.Millisecond, time.Second, 7 * time.Second,
	}).Draw(s.r, "time"))
}

func (s *schedule) come() {
	v := &viewer{
		schedule: s, user: live.UserID(fmt.Sprint("viewer ", len(s.viewers))), attributes: attribute.NewReplica(),
		delivery: rapid.SampledFrom([]hub.Delivery{hub.Auto, hub.Inline, hub.Notified}).Draw(s.r, "delivery"),
	}
	s.viewers = append(s.viewers, v)
	v.enter()
}

// any does something with a viewer, if there is one.
func (s *schedule) any(do func(*viewer)) {
	if len(s.viewers) > 0 {
		do(s.viewers[s.pick("viewer", len(s.viewers)-1)])
	}
}

func (s *schedule) leave()   { s.any((*viewer).leave) }
func (s *schedule) again()   { s.any((*viewer).enter) }
func (s *schedule) taking()  { s.any((*viewer).take) }
func (s *schedule) pulling() { s.any(func(v *viewer) { v.take(); v.pull() }) }

// elsewhere lets a viewer who has no stream here read on at a node that has heard
// everything.
func (s *schedule) elsewhere() {
	s.any(func(v *viewer) {
		if v.seat != nil {
			return
		}
		batch, _, err := s.store.Read(context.Background(), theRoom, v.cursor, 5)
		s.must(err)
		v.batch(wire.Batch(batch))
		v.stale = true
	})
}

func (s *schedule) percent() {
	percent := rapid.SampledFrom([]int{0, 50, 100}).Draw(s.r, "percent")
	s.room.Settings.InlinePercent = percent
	s.change(room.Change{Settings: room.SettingsChange{InlinePercent: &percent}})
}

func (s *schedule) lose() {
	s.silence, s.echo = s.pick("lost", 12), rapid.Bool().Draw(s.r, "echo")
}

func (s *schedule) restart() {
	s.evictedOf[s.head().Cursor.Epoch] = s.evictions()
	s.recent = nil
	s.store.restart(s.room)
}

// relive has the store come back without the latest entries.
func (s *schedule) relive() {
	before := s.head().Cursor
	s.evictedOf[before.Epoch] = s.evictions()
	s.store.relive(s.room, rapid.SampledFrom([]int{0, 1, 3, 20}).Draw(s.r, "lost"))
	after := s.head().Cursor
	for at, said := range maps.Clone(s.said) {
		if at.epoch == before.Epoch && at.sequence <= after.At[at.bucket].Sequence {
			at.epoch = after.Epoch
			again := *said
			s.said[at] = &again
		}
	}
	s.recent = nil
}

// evictions returns, per bucket, up to where the log has dropped entries.
func (s *schedule) evictions() [feed.Buckets]uint64 {
	s.Helper()
	from := feed.Cursor{Epoch: s.head().Cursor.Epoch}
	batch, _, err := s.store.now().Read(context.Background(), theRoom, from, 10_000)
	s.must(err)
	return batch.Dropped
}

// evicted returns up to where a bucket of a life of the log has dropped entries.
func (s *schedule) evicted(epoch live.Epoch, b feed.Bucket) uint64 {
	s.Helper()
	if gone, ok := s.evictedOf[epoch]; ok {
		return gone[b]
	}
	return s.evictions()[b]
}

// settle lets everyone catch up, and checks that they have.
func (s *schedule) settle() {
	s.Helper()
	s.silence, s.echo = 0, false
	for range 4 {
		passing(7 * time.Second)
		for _, v := range s.viewers {
			if v.seat == nil {
				v.enter()
			}
			v.take()
			v.pull()
		}
	}
	snapshot, err := s.store.now().AttributeSnapshot(context.Background(), theRoom, nil)
	s.must(err)
	for _, v := range s.viewers {
		if head := s.head().Cursor; v.cursor != head {
			s.Fatalf("%s (%v) stands at %+v in the end, the room at %+v", v.user, v.delivery, v.cursor, head)
		}
		want := snapshot.Snapshot.Attributes
		if got := v.attributes.All(); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			s.Fatalf("%s has attributes %v in the end, the room %v", v.user, got, want)
		}
		v.leave()
	}
}
