package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/storetest"
)

// log is a log, as an archive reads it.
type log struct {
	*feed.Log
	clock live.Clock
}

func newLog(epoch live.Epoch) *log { return &log{Log: feed.NewLog(epoch, 10_000)} }

// limits refuse nothing.
var limits = feed.Limits{Rate: 1 << 30, WhitelistRate: 1 << 30, Capacity: 10_000}

// send appends n messages to buckets in turn, and returns the timestamp of the last.
func (l *log) send(n int) (last live.Timestamp) {
	for i := range n {
		_, m := l.Append(&l.clock, 1_000_000, feed.Draft{
			Bucket: feed.Bucket(i % feed.Buckets),
			Content: feed.Content{
				Kind: feed.KindText, Sender: "ann \x00", SenderName: "Ann", Text: fmt.Sprint("text \x00 ", i),
				Payload: []byte{0, 255, byte(i)}, ContentType: "x/y", ClientMessageID: fmt.Sprint(l.clock.Last()),
				Style: feed.Style{Colour: 0xFF00FF, Size: 120, Position: 1, Effect: "glow"}, Origin: "other",
			},
		}, limits)
		last = m.Timestamp
	}
	return last
}

// recall takes a message back.
func (l *log) recall(tb testing.TB, at live.Timestamp) {
	tb.Helper()
	if _, _, err := l.Recall(&l.clock, 1_000_000, feed.Recall{Timestamp: at, By: "host", Staff: true}, limits); err != nil {
		tb.Fatal(err)
	}
}

// all returns what the log holds, in order of time.
func (l *log) all() []*feed.Message { return l.Rings().Between(0, 0, 1<<20) }

// archive archives what is in the log after a place, and returns the place after it.
func archive(tb testing.TB, s *postgres.Store, id live.RoomID, from feed.Cursor, l *log) feed.Cursor {
	tb.Helper()
	to := l.Rings().Head()
	from.Epoch = to.Epoch
	if moved, err := s.Archive(tb.Context(), id, from, to, l.all()); err != nil || !moved {
		tb.Fatalf("Archive from %+v: %v, %v", from, moved, err)
	}
	if at, err := s.Archived(tb.Context(), id, to.Epoch); err != nil || at != to {
		tb.Fatalf("archived up to %+v, %v; want %+v", at, err, to)
	}
	return to
}

// history returns all that is kept of a room, read in pages.
func history(tb testing.TB, s *postgres.Store, id live.RoomID, after, until live.Timestamp, limit int) (all []*feed.Message) {
	tb.Helper()
	for {
		page, err := s.History(tb.Context(), id, after, until, limit)
		if err != nil {
			tb.Fatal(err)
		}
		if all = append(all, page...); len(page) < limit {
			return all
		}
		after = page[len(page)-1].Timestamp
	}
}

// wantMessages compares messages.
func wantMessages(tb testing.TB, got, want []*feed.Message) {
	tb.Helper()
	if len(got) != len(want) {
		tb.Fatalf("%d messages, want %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			tb.Fatalf("%d: %+v\nwant %+v", i, got[i], want[i])
		}
	}
}

func TestArchiveIsTheLog(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *postgres.Store) {
		create(t, s, "r")
		l := newLog("e")
		l.send(40)
		at := archive(t, s, "r", feed.Cursor{}, l)
		wantMessages(t, history(t, s, "r", 0, 0, 7), l.all())
		l.recall(t, l.all()[3].Timestamp) // of one that is archived
		l.recall(t, l.send(20))           // of one that comes along
		at = archive(t, s, "r", at, l)
		wantMessages(t, history(t, s, "r", 0, 0, 100), l.all())
		if moved, err := s.Archive(t.Context(), "r", at, at, nil); err != nil || !moved {
			t.Errorf("of nothing: %v, %v", moved, err)
		}
		all := l.all()
		span := history(t, s, "r", all[10].Timestamp, all[20].Timestamp, 3)
		wantMessages(t, span, all[11:20])
		if got := history(t, s, "r", all[20].Timestamp, all[10].Timestamp, 3); got != nil {
			t.Errorf("of no time: %+v", got)
		}
	})
}

func TestArchiveThatIsNotAtItsPlaceKeepsNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	create(t, s, "r")
	l := newLog("e")
	l.send(10)
	first := l.Rings().Head()
	archive(t, s, "r", feed.Cursor{}, l)
	l.send(10)
	behind := first
	behind.At[feed.Low].Sequence--
	for _, from := range []feed.Cursor{{Epoch: "e"}, behind, l.Rings().Head()} {
		moved, err := s.Archive(t.Context(), "r", from, l.Rings().Head(), l.all())
		if err != nil || moved {
			t.Errorf("from %+v: %v, %v", from, moved, err)
		}
	}
	wantMessages(t, history(t, s, "r", 0, 0, 100), l.all()[:10])
	if at, err := s.Archived(t.Context(), "r", "e"); err != nil || at != first {
		t.Errorf("%+v, %v; want %+v", at, err, first)
	}
	if at, err := s.Archived(t.Context(), "r", "other"); err != nil || at != (feed.Cursor{Epoch: "other"}) {
		t.Errorf("of another life: %+v, %v", at, err)
	}
	if _, err := s.Archive(t.Context(), "r", first, feed.Cursor{Epoch: "other"}, nil); err == nil {
		t.Error("one life went on in another")
	}
	_, err := s.Archive(t.Context(), "absent", feed.Cursor{Epoch: "e"}, first, l.all())
	if !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("of no room: %v", err)
	}
	if _, err := s.History(t.Context(), "absent", 0, 0, 1); !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("of no room: %v", err)
	}
}

// Whoever archives, and however many do, every message is kept once.
func TestArchivedOnceByWhoeverDoes(t *testing.T) {
	t.Parallel()
	c := config(t)
	stores := []*postgres.Store{openWith(t, c), connect(t, c)}
	create(t, stores[0], "r")
	l := newLog("e")
	l.send(300)
	all, head := l.all(), l.Rings().Head()
	parallel(6, func(n int) {
		s, random := stores[n%2], rand.New(rand.NewPCG(1, uint64(n)))
		for {
			from, err := s.Archived(t.Context(), "r", "e")
			if err != nil || from == head {
				if err != nil {
					t.Error(err)
				}
				return
			}
			to, batch := next(from, all, 1+random.IntN(40))
			if _, err := s.Archive(t.Context(), "r", from, to, batch); err != nil {
				t.Error(err)
				return
			}
		}
	})
	wantMessages(t, history(t, stores[0], "r", 0, 0, 64), all)
}

// next returns the next messages after a place, and the place after them.
func next(from feed.Cursor, all []*feed.Message, limit int) (to feed.Cursor, batch []*feed.Message) {
	to = from
	for _, m := range all {
		if m.Timestamp > from.At[m.Bucket].Timestamp && len(batch) < limit {
			batch = append(batch, m)
			to.At[m.Bucket] = m.Place()
		}
	}
	return to, batch
}

// A life that goes on from another holds what that held: it is history once, and a recall
// takes the contents from both.
func TestLivesOfALogAreOneHistory(t *testing.T) {
	t.Parallel()
	s := open(t)
	create(t, s, "r")
	l := newLog("first")
	l.send(10)
	archive(t, s, "r", feed.Cursor{}, l)
	carried := l.all()
	head := l.Rings().Head()
	l.send(5) // archived, and lost with the first life
	archive(t, s, "r", head, l)
	lost := l.all()[10:]

	l.recall(t, carried[4].Timestamp)
	later := l.all()
	second := slices.Concat(later[:10], later[15:])
	to := l.Rings().Head()
	to.Epoch = "second"
	if moved, err := s.Archive(t.Context(), "r", feed.Cursor{Epoch: "second"}, to, second); err != nil || !moved {
		t.Fatal(moved, err)
	}
	wantMessages(t, history(t, s, "r", 0, 0, 4), slices.Concat(later[:10], lost, later[15:]))
}

// archives are a log, and what writers think of its archive.
type archives struct {
	*rapid.T
	ctx   context.Context //nolint:containedctx // of the test
	store *postgres.Store
	room  live.RoomID
	log   *log
	seen  []feed.Cursor // places that the archive had, the first is none
	kept  int           // of the log's messages
}

// write archives from a place that the archive has, or had.
func (a *archives) write() {
	from := a.seen[rapid.IntRange(max(0, len(a.seen)-2), len(a.seen)-1).Draw(a.T, "from")]
	to, batch := next(from, a.log.all(), rapid.IntRange(1, 5).Draw(a.T, "limit"))
	if to == from {
		return
	}
	moved, err := a.store.Archive(a.ctx, a.room, from, to, batch)
	latest := a.seen[len(a.seen)-1]
	if err != nil || moved != (from == latest) {
		a.Fatalf("Archive from %+v: %v, %v; the place was %+v", from, moved, err, latest)
	}
	if moved {
		a.seen, a.kept = append(a.seen, to), a.kept+len(batch)
	}
}

// agree checks that what is kept is what the log had, but for recalls that are not kept.
func (a *archives) agree() {
	got, err := a.store.History(a.ctx, a.room, 0, 0, 1000)
	want := a.log.all()[:a.kept]
	if err != nil || len(got) != len(want) {
		a.Fatalf("%d messages, %v; want %d", len(got), err, len(want))
	}
	recalled := make(map[live.Timestamp]bool)
	for _, m := range want {
		recalled[m.Recalls] = true
	}
	for i, m := range want {
		if m.Recalled && !recalled[m.Timestamp] { // as it was archived, before or after
			if got[i].Timestamp != m.Timestamp || got[i].Sender != m.Sender {
				a.Fatalf("%+v, want the place of %+v", got[i], m)
			}
			continue
		}
		if !reflect.DeepEqual(got[i], m) {
			a.Fatalf("%+v\nwant %+v", got[i], m)
		}
	}
}

func TestArchivesFollowTheirLogs(t *testing.T) {
	t.Parallel()
	s := open(t)
	n := 0
	storetest.Check(t, 20, func(rt *rapid.T) {
		n++
		a := &archives{
			ctx: t.Context(), store: s, room: live.RoomID(fmt.Sprint("r", n)), log: newLog("e"),
			seen: []feed.Cursor{{Epoch: "e"}},
		}
		create(t, s, a.room)
		step := func(f func()) func(*rapid.T) { return func(t *rapid.T) { a.T = t; f() } }
		rt.Repeat(map[string]func(*rapid.T){
			"send":  step(func() { a.log.send(rapid.IntRange(1, 6).Draw(a.T, "messages")) }),
			"write": step(a.write),
			"recall": step(func() {
				if all := a.log.all(); len(all) > 0 {
					a.log.recall(t, rapid.SampledFrom(all).Draw(a.T, "message").Timestamp)
				}
			}),
		})
		a.T = rt
		a.agree()
	})
}

// A node that was stopped may archive, of a life that is over, what was recalled in the next
// meanwhile: the contents do not come back.
func TestWhatWasRecalledStaysSoInEveryLife(t *testing.T) {
	t.Parallel()
	for _, epochs := range [][2]live.Epoch{{"a", "b"}, {"b", "a"}} {
		c := config(t)
		s := openWith(t, c)
		create(t, s, "r")
		before := newLog(epochs[0])
		at := before.send(1)
		read, place := before.all(), before.Rings().Head() // by who is stopped now
		after := newLog(epochs[1])
		after.send(1)
		after.recall(t, at)
		archive(t, s, "r", feed.Cursor{}, after)
		moved, err := s.Archive(t.Context(), "r", feed.Cursor{Epoch: epochs[0]}, place, read)
		if err != nil || !moved {
			t.Fatalf("Archive: %v, %v", moved, err)
		}
		got, err := s.History(t.Context(), "r", 0, 0, 10)
		if err != nil || len(got) != 2 || !got[0].Recalled || got[0].Text != "" {
			t.Errorf("%v: the history is %+v, %v; want a recalled message and the recall", epochs, got, err)
		}
		if n := services.Query(t, c.URL, "SELECT count(*) FROM "+c.Schema+".messages WHERE recalls = 0 AND NOT recalled"); n != "0" {
			t.Errorf("%v: %s copies of it have their contents still", epochs, n)
		}
	}
}
