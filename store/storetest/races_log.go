package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

var logRaces = []test{
	{"LogIsInOrderOfPublication", logIsInOrderOfPublication},
	{"TimestampsNeverTie", timestampsNeverTie},
	{"HeardCanBeRead", heardCanBeRead},
	{"ReadIsPublished", readIsPublished},
	{"ReadersMissNothing", readersMissNothing},
	{"SameMessageIsPlacedOnce", sameMessageIsPlacedOnce},
	{"SameRecallIsPublishedOnce", sameRecallIsPublishedOnce},
}

func logIsInOrderOfPublication(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	s.texts("r", 20)
	heard := e.all(20 * crowd)
	if got := messages(heard); !sameMessages(got, s.all("r")) {
		t.Errorf("heard %d messages, in another order than the log", len(got))
	}
	for i, p := range heard {
		if p.Sequence != uint64(i+1) {
			t.Fatalf("publication %d has sequence %d", i+1, p.Sequence)
		}
	}
}

func timestampsNeverTie(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	parallel(crowd, func(n int) {
		for i := range 10 {
			s.send("r", draft("ann", "text"))
			s.put("r", fmt.Sprint(n), fmt.Sprint(i))
		}
	})
	last := live.Timestamp(0)
	for _, p := range e.all(20 * crowd) {
		at := live.Timestamp(0)
		if p.Message != nil {
			at = p.Message.Timestamp
		} else if p.Attributes != nil {
			at = p.Attributes.Timestamp
		}
		if at <= last {
			t.Fatalf("publication %d has timestamp %d, after %d", p.Sequence, at, last)
		}
		last = at
	}
}

func heardCanBeRead(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	done := meanwhile(func() { s.texts("r", 20) })
	for read := 0; read < 20*crowd; {
		heard := e.all(read + 1)
		for _, p := range heard[read:] {
			if m := s.message("r", p.Message.Timestamp); !sameMessage(m, p.Message) {
				t.Errorf("heard %+v, read %+v", p.Message, m)
			}
		}
		read = len(heard)
	}
	<-done
}

func readIsPublished(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	done := meanwhile(func() { s.texts("r", 20) })
	for range 20 {
		head := s.head("r")
		entries := uint64(0)
		for _, place := range head.Cursor.At {
			entries += place.Sequence
		}
		if entries != head.Sequence {
			t.Errorf("Head = %+v: %d entries and %d publications", head, entries, head.Sequence)
		}
		if head.Sequence > 0 {
			e.upTo(head.Sequence)
		}
	}
	<-done
}

func readersMissNothing(t *testing.T, s *rig) {
	s.create("r")
	cursor := s.head("r").Cursor
	done := meanwhile(func() { s.texts("r", 20) })
	var got [feed.Buckets]uint64
	for read := 0; read < 20*crowd; {
		batch := s.read("r", cursor, 9)
		if batch.Resync || batch.Dropped != [feed.Buckets]uint64{} {
			t.Fatalf("Read(%+v) = %+v, want nothing lost", cursor, batch)
		}
		for _, m := range batch.Messages {
			if got[m.Bucket]++; m.Sequence != got[m.Bucket] {
				t.Fatalf("read %+v, want sequence %d", m, got[m.Bucket])
			}
		}
		cursor = batch.Cursor
		read += len(batch.Messages)
	}
	<-done
}

func sameMessageIsPlacedOnce(t *testing.T, s *rig) {
	s.create("r")
	var placed atomic.Int32
	var receipts [crowd]feed.Receipt
	parallel(crowd, func(i int) {
		receipts[i] = s.append("r", full, roomy)
		if !receipts[i].Duplicate {
			placed.Add(1)
		}
	})
	for _, receipt := range receipts {
		if receipt.Outcome != feed.Accepted || receipt.Place != receipts[0].Place {
			t.Errorf("Append = %+v, want the place %+v", receipt, receipts[0].Place)
		}
	}
	if n := placed.Load(); n != 1 || s.head("r").Sequence != 1 {
		t.Errorf("placed %d times, published %d times", n, s.head("r").Sequence)
	}
}

func sameRecallIsPublishedOnce(t *testing.T, s *rig) {
	s.create("r")
	at := s.send("r", full).Place.Timestamp
	parallel(crowd, func(int) { s.recall("r", at, "host") })
	if n := s.head("r").Sequence; n != 2 || len(s.all("r")) != 2 {
		t.Errorf("%d publications, want the message and one recall", n)
	}
}
