package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

var historyTests = []test{
	{"HistoryIsWhatTheLogHolds", historyIsWhatTheLogHolds},
	{"HistoryOfARecalledMessageIsItsPlace", historyOfARecalledMessageIsItsPlace},
	{"HistoryIsPaged", historyIsPaged},
	{"HistoryStaysInAnEndedRoom", historyStaysInAnEndedRoom},
	{"RecentIsNotBehindItsOwnStore", recentIsNotBehindItsOwnStore},
	{"RecentGoesOnWhereReadDoes", recentGoesOnWhereReadDoes},
}

// history returns all of a room's history, in pages.
func (s *rig) history(id live.RoomID, page int) (all []*feed.Message) {
	s.t.Helper()
	after := live.Timestamp(0)
	for {
		got, err := s.History.History(s.t.Context(), id, after, 0, page)
		if must(s, "History", got, err); len(got) > page {
			s.t.Fatalf("History of at most %d has %d", page, len(got))
		}
		all = append(all, got...)
		if len(got) < page {
			return all
		}
		after = got[len(got)-1].Timestamp
	}
}

func historyIsWhatTheLogHolds(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	if got := s.history("r", 10); len(got) != 0 {
		t.Errorf("the history of an empty room is %+v", got)
	}
	s.send("r", full)
	s.sendAll("r", drafts(20))
	s.send("other", draft("bob", "elsewhere"))
	if got, want := s.history("r", 100), s.all("r"); !sameMessages(got, want) {
		t.Errorf("the history has %d messages, the log %d; or others", len(got), len(want))
	}
}

func historyOfARecalledMessageIsItsPlace(t *testing.T, s *rig) {
	s.create("r")
	at := s.send("r", full).Place.Timestamp
	s.history("r", 10)
	s.recall("r", at, "moderator")
	if got, want := s.history("r", 10), s.all("r"); !sameMessages(got, want) || !got[0].Recalled || got[0].Text != "" {
		t.Errorf("the history is %+v, want %+v", got, want)
	}
}

func historyIsPaged(t *testing.T, s *rig) {
	s.create("r")
	for i := range 30 {
		d := draft("ann", fmt.Sprint(i))
		d.Bucket = feed.Bucket(i % feed.Buckets)
		s.send("r", d)
	}
	want := s.all("r")
	for _, page := range []int{1, 7, 30, 31} {
		if got := s.history("r", page); !sameMessages(got, want) {
			t.Errorf("in pages of %d the history has %d messages, want %d; or others", page, len(got), len(want))
		}
	}
	after, until := want[4].Timestamp, want[9].Timestamp
	got, err := s.History.History(t.Context(), "r", after, until, 100)
	if must(s, "History", got, err); !sameMessages(got, want[5:9]) {
		t.Errorf("between two messages the history is %+v", got)
	}
}

func historyStaysInAnEndedRoom(t *testing.T, s *rig) {
	s.create("r")
	s.sendAll("r", drafts(5))
	want := s.all("r")
	s.end("r")
	if got := s.history("r", 100); !sameMessages(got, want) {
		t.Errorf("the history of an ended room is %+v", got)
	}
}

// recent returns what a reader at c gets who comes again.
func (s *rig) recent(id live.RoomID, c feed.Cursor, limit int) feed.Batch {
	s.t.Helper()
	batch, _, err := s.Log.Recent(s.t.Context(), id, c, limit)
	return must(s, "Recent", batch, err)
}

func recentIsNotBehindItsOwnStore(t *testing.T, s *rig) {
	s.create("r")
	c := feed.Cursor{Epoch: s.head("r").Cursor.Epoch}
	for i := range 20 {
		place := s.send("r", draft("ann", fmt.Sprint(i))).Place
		batch := s.recent("r", c, 100)
		if len(batch.Messages) != 1 || batch.Messages[0].Place() != place {
			t.Fatalf("%d: Recent = %+v, want the message that was just sent", i, batch)
		}
		c = batch.Cursor
		if again := s.recent("r", c, 100); len(again.Messages) != 0 || again.Cursor != c {
			t.Fatalf("%d: Recent with nothing new = %+v", i, again)
		}
	}
}

func recentGoesOnWhereReadDoes(t *testing.T, s *rig) {
	s.create("r")
	s.sendAll("r", drafts(30))
	for _, c := range []feed.Cursor{{}, {Epoch: s.head("r").Cursor.Epoch}, {Epoch: "another"}} {
		for range 3 {
			got, want := s.recent("r", c, 7), s.read("r", c, 7)
			if !sameMessages(got.Messages, want.Messages) || got.Cursor != want.Cursor || got.Resync != want.Resync || got.More != want.More {
				t.Fatalf("at %+v Recent = %+v, want %+v", c, got, want)
			}
			c = got.Cursor
		}
	}
}

// historyCalls is every method that reads what was said and takes a room's id, besides
// those of the log.
var historyCalls = []call{
	{"History", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.History.History(ctx, id, 0, 0, 10)
		return err
	}},
	{"Recent", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Log.Recent(ctx, id, feed.Cursor{}, 10)
		return err
	}},
}
