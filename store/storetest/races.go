package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

var interruptedTests = []test{
	{"InterruptedCallsLeaveNothingHalfDone", interruptedCallsLeaveNothingHalfDone},
	{"InterruptedBatchCanBeRepeated", interruptedBatchCanBeRepeated},
}

// crowd is how many do the same at once.
const crowd = 16

// texts sends messages to a room from many at once.
func (s *rig) texts(id live.RoomID, each int) {
	parallel(crowd, func(n int) {
		for i := range each {
			d := draft(live.UserID(fmt.Sprint("user ", n)), fmt.Sprint(i))
			d.Bucket = feed.Bucket((n + i) % feed.Buckets) //nolint:gosec // small
			s.send(id, d)
		}
	})
}

// messages returns those of publications that are messages.
func messages(publications []store.Publication) []*feed.Message {
	var all []*feed.Message
	for _, p := range publications {
		if p.Message != nil {
			all = append(all, p.Message)
		}
	}
	return all
}

// interrupted calls f with a context that ends at some moment.
func (s *rig) interrupted(i int, f func(context.Context) error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Duration(i%40)*5*time.Microsecond)
	defer cancel()
	err := f(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, store.ErrUnavailable) {
		s.t.Errorf("interrupted: %v", err)
	}
}

func interruptedCallsLeaveNothingHalfDone(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	parallel(4, func(n int) {
		for i := range 50 {
			s.interrupted(i, func(ctx context.Context) error {
				_, err := s.Log.Append(ctx, "r", draft("ann", fmt.Sprint(n, " ", i)), under(roomy))
				return err
			})
			s.interrupted(i, func(ctx context.Context) error {
				_, err := s.Attributes.UpdateAttributes(ctx, "r", batch("", set("a", fmt.Sprint(n, i)), set("b", fmt.Sprint(n, i))))
				return err
			})
			s.interrupted(i, func(ctx context.Context) error {
				session := stay(live.UserID(fmt.Sprint(n)), live.SessionID(fmt.Sprint(n, " ", i)))
				_, _, err := s.Presence.Join(ctx, "r", session, time.Hour)
				return err
			})
		}
	})
	last := s.send("r", draft("ann", "last"))
	heard := e.upTo(s.head("r").Sequence)
	if got := messages(heard); !sameMessages(got, s.all("r")) || got[len(got)-1].Timestamp != last.Place.Timestamp {
		t.Errorf("heard %d messages, the log holds %d; or others", len(got), len(s.all("r")))
	}
	got := s.snapshot("r").Attributes
	if len(got) == 2 && (got[0].Timestamp != got[1].Timestamp || string(got[0].Value) != string(got[1].Value)) || len(got) == 1 {
		t.Errorf("half a batch: %+v", got)
	}
	sessions := 0
	for _, m := range s.members("r", "", 100) {
		sessions += m.Sessions
	}
	s.wantOnline("r", len(s.members("r", "", 100)), sessions)
	for i := range 4 {
		s.leave("r", live.UserID(fmt.Sprint(i)), "")
	}
	s.wantOnline("r", 0, 0)
}

func interruptedBatchCanBeRepeated(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	for i := range 50 {
		u := batch(fmt.Sprint("request ", i), set("a", fmt.Sprint(i)), set("b", fmt.Sprint(i)))
		s.interrupted(i, func(ctx context.Context) error {
			_, err := s.Attributes.UpdateAttributes(ctx, "r", u)
			return err
		})
		s.apply("r", u)
	}
	heard := e.all(50)
	applied := slices.IndexFunc(heard, func(p store.Publication) bool { return len(p.Attributes.List) != 2 }) < 0
	if n := s.head("r").Sequence; n != 50 || !applied {
		t.Errorf("50 batches were applied %d times, whole: %v", n, applied)
	}
}
