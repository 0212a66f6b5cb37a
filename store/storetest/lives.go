package storetest

import (
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// back waits until the backend answers again.
func (s *rig) back(id live.RoomID) {
	s.t.Helper()
	s.eventually("the backend is back", func() bool {
		_, err := s.Log.Head(s.t.Context(), id)
		return err == nil
	})
}

// restarts skips a test that needs a store that comes back if there is none, and
// returns what restarts it at every so many publications heard.
func (s *rig) restarts(t *testing.T, every int) func() {
	t.Helper()
	if s.Restart == nil {
		t.Skip("the backend has nothing to come back with")
	}
	heard := 0
	return func() {
		if heard++; heard%every == 0 {
			s.Restart()
		}
	}
}

func followerThroughLivesEndsEqual(t *testing.T, s *rig) {
	count := s.restarts(t, 60)
	s.createKeeping("r", 10_000)
	n := s.newNode("r", 10_000)
	s.bustle(t, s.Bus, "r", func(p store.Publication) {
		count()
		if p.Epoch == n.epoch && p.Message != nil {
			n.rings.Apply(p.Message) // mended when all is quiet
		}
	})
	s.back("r")
	n.catchUp()
	n.equals(t)
	e := s.follow(t, "r")
	s.send("r", draft("ann", "after all"))
	p := e.all(1)[0]
	if head := s.head("r"); p.Message == nil || p.Epoch != head.Cursor.Epoch || p.Sequence != head.Sequence {
		t.Errorf("heard %+v after the backend was back, where the head is %+v", p, head)
	}
}

// traveller reads through the lives of a log, and knows all that it was given since
// it last began anew.
type traveller struct {
	cursor feed.Cursor
	known  map[feed.Bucket]map[uint64]*feed.Message
}

// read reads on, and checks that the batch continues what is known exactly, or begins
// anew. While the backend is away it does nothing.
func (r *traveller) read(t *testing.T, s *rig, limit int) (more bool) {
	t.Helper()
	batch, head, err := s.Log.Read(t.Context(), "r", r.cursor, limit)
	if err != nil {
		return false
	}
	if _, kept := head.Ancestry.Adopt(r.cursor, head.Cursor.Epoch); kept && batch.Resync {
		t.Errorf("a reader at %+v begins anew, where %+v goes on", r.cursor, head)
	}
	from, fresh := r.cursor, r.cursor == feed.Cursor{} || batch.Resync
	if r.cursor = batch.Cursor; fresh {
		r.known = map[feed.Bucket]map[uint64]*feed.Message{feed.Whitelist: {}, feed.High: {}, feed.Low: {}}
	}
	moved := batch.Dropped
	for _, m := range batch.Messages {
		if r.known[m.Bucket][m.Sequence] != nil {
			t.Errorf("%+v comes twice", m)
		}
		r.known[m.Bucket][m.Sequence] = m
		moved[m.Bucket]++
	}
	for b := range moved {
		if got := batch.Cursor.At[b].Sequence - from.At[b].Sequence; !fresh && got != moved[b] {
			t.Errorf("bucket %d goes from %+v to %+v by %d", b, from, batch.Cursor, moved[b])
		}
	}
	return batch.More
}

// holds checks that the log holds what the reader knows, and nothing else since the
// reader began.
func (r *traveller) holds(t *testing.T, all []*feed.Message) {
	t.Helper()
	found := 0
	for _, m := range all {
		known := r.known[m.Bucket][m.Sequence]
		if known == nil {
			continue
		}
		found++
		if known.Place() != m.Place() || known.Text != m.Text && !m.Recalled {
			t.Errorf("a reader was given %+v, where the log has %+v", known, m)
		}
	}
	for b, known := range r.known {
		found -= len(known)
		for sequence := range known {
			if known[sequence+1] == nil && sequence != r.cursor.At[b].Sequence {
				t.Errorf("a reader at %+v lacks what follows %v %d", r.cursor, b, sequence)
			}
		}
	}
	if found != 0 {
		t.Errorf("a reader was given %d messages that the log does not have", -found)
	}
}

// readersGoOnThroughLives reads at several paces while the log loses its end again and
// again: each reader goes on exactly, or is told to begin anew.
func readersGoOnThroughLives(t *testing.T, s *rig) {
	count := s.restarts(t, 60)
	s.createKeeping("r", 10_000)
	epoch := s.head("r").Cursor.Epoch
	readers, heard := make([]traveller, 5), 0
	for i := range readers {
		readers[i].cursor.Epoch = epoch // from the beginning
		readers[i].known = map[feed.Bucket]map[uint64]*feed.Message{feed.Whitelist: {}, feed.High: {}, feed.Low: {}}
	}
	s.bustle(t, s.Bus, "r", func(store.Publication) {
		count()
		heard++
		for i := range readers {
			if heard%(1+7*i) == 0 {
				readers[i].read(t, s, 5)
			}
		}
	})
	s.back("r")
	for i := range readers {
		r := &readers[i]
		for r.read(t, s, 100) {
			continue
		}
		if head := s.head("r").Cursor; r.cursor != head {
			t.Errorf("a reader ends at %+v, the log at %+v", r.cursor, head)
		}
		r.holds(t, s.all("r"))
	}
}
