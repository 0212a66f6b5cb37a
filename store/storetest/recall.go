package storetest

import (
	"errors"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

func recallTakesTheContentsAway(t *testing.T, s *rig) {
	s.create("r")
	at := s.send("r", full).Place.Timestamp
	s.recall("r", at, "moderator")
	all := s.all("r")
	if len(all) != 2 {
		t.Fatalf("the log is %+v, want the message and its recall", all)
	}
	told := feed.Content{Kind: feed.KindSystem, Sender: "moderator"}
	recall := &feed.Message{Timestamp: all[1].Timestamp, Sequence: 1, Bucket: feed.Whitelist, Content: told, Recalls: at}
	c := full.Content
	rest := feed.Content{Kind: c.Kind, Sender: c.Sender, SenderName: c.SenderName, ClientMessageID: c.ClientMessageID, Origin: c.Origin}
	tombstone := &feed.Message{Timestamp: at, Sequence: 1, Bucket: feed.High, Content: rest, Recalled: true}
	if !sameMessages(all, []*feed.Message{tombstone, recall}) {
		t.Errorf("the log is %+v, %+v\nwant %+v, %+v", all[0], all[1], tombstone, recall)
	}
	if got := s.message("r", at); !sameMessage(got, tombstone) {
		t.Errorf("Message = %+v\nwant %+v", got, tombstone)
	}
	if got := s.read("r", feed.Cursor{}, 10).Messages; !sameMessages(got, []*feed.Message{recall, tombstone}) {
		t.Errorf("Read = %+v, want the recall, then what is left of the message", got)
	}
}

func recallAgainChangesNothing(_ *testing.T, s *rig) {
	s.create("r")
	at := s.send("r", full).Place.Timestamp
	s.recall("r", at, "moderator")
	head := s.head("r")
	s.recall("r", at, "host")
	s.wantHead("r", head)
}

func recallOfWhatIsNotHeldIsRefused(t *testing.T, s *rig) {
	s.create("r")
	at := s.send("r", full).Place.Timestamp
	head := s.head("r")
	for _, other := range []live.Timestamp{0, 1, at - 1, at + 1, at + 1_000_000} {
		recall := feed.Recall{Timestamp: other, By: "host", Staff: true}
		if _, err := s.Log.Recall(t.Context(), "r", recall, under(roomy)); !errors.Is(err, feed.ErrNoMessage) {
			t.Errorf("Recall(%d): %v, want ErrNoMessage", other, err)
		}
		if _, err := s.Log.Message(t.Context(), "r", other); !errors.Is(err, feed.ErrNoMessage) {
			t.Errorf("Message(%d): %v, want ErrNoMessage", other, err)
		}
	}
	s.wantHead("r", head)
}
