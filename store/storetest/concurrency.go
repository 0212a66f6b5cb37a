package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var concurrencyTests = []test{
	{"LogIsInOrderOfPublication", logIsInOrderOfPublication},
	{"TimestampsNeverTie", timestampsNeverTie},
	{"HeardCanBeRead", heardCanBeRead},
	{"ReadIsPublished", readIsPublished},
	{"ReadersMissNothing", readersMissNothing},
	{"SameMessageIsPlacedOnce", sameMessageIsPlacedOnce},
	{"SameRecallIsPublishedOnce", sameRecallIsPublishedOnce},
	{"SameRoomIsCreatedOnce", sameRoomIsCreatedOnce},
	{"SameRequestCreatesOnce", sameRequestCreatesOnce},
	{"UpdatesAreCounted", updatesAreCounted},
	{"RoomEndsOnce", roomEndsOnce},
	{"NothingFollowsTheEnd", nothingFollowsTheEnd},
	{"ConditionHoldsForOne", conditionHoldsForOne},
	{"IncrementsAreNotLost", incrementsAreNotLost},
	{"SameBatchAppliesOnce", sameBatchAppliesOnce},
	{"SameSessionIsOneUsers", sameSessionIsOneUsers},
	{"UserIsGoneOnce", userIsGoneOnce},
	{"CountsComeBackToNobody", countsComeBackToNobody},
	{"WhoReturnsKeepsWhatTheyTake", whoReturnsKeepsWhatTheyTake},
	{"LastToJoinHoldsTheSession", lastToJoinHoldsTheSession},
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
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.texts("r", 20)
	}()
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
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.texts("r", 20)
	}()
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
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.texts("r", 20)
	}()
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

func sameRoomIsCreatedOnce(t *testing.T, s *rig) {
	var created atomic.Int32
	parallel(crowd, func(i int) {
		r := newRoom("r")
		r.Title = fmt.Sprint(i)
		got, err := s.Rooms.CreateRoom(t.Context(), r, fmt.Sprint(i))
		switch {
		case err == nil && got.Title == r.Title:
			created.Add(1)
		case !errors.Is(err, store.ErrRoomExists):
			t.Errorf("CreateRoom = %+v, %v; want ErrRoomExists", got, err)
		}
	})
	if n := created.Load(); n != 1 {
		t.Errorf("created %d times", n)
	}
}

func sameRequestCreatesOnce(t *testing.T, s *rig) {
	var got [crowd]room.Room
	parallel(crowd, func(i int) {
		r, err := s.Rooms.CreateRoom(t.Context(), newRoom("r"), "request")
		got[i] = must(s, "CreateRoom", r, err)
	})
	for _, r := range got {
		if !sameRoom(r, got[0]) {
			t.Errorf("%+v\nand %+v", r, got[0])
		}
	}
}

func updatesAreCounted(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	parallel(crowd, func(i int) { s.update("r", room.Change{Labels: map[string]string{fmt.Sprint(i): "x"}}) })
	for i, p := range e.all(crowd) {
		if p.Room.Revision != int64(i+2) || len(p.Room.Labels) != i+3 {
			t.Errorf("update %d: %+v", i, p.Room)
		}
	}
	if revision := s.head("r").Revision; revision != crowd+1 {
		t.Errorf("revision %d after %d updates", revision, crowd)
	}
}

func roomEndsOnce(t *testing.T, s *rig) {
	s.create("r")
	var got [crowd]room.Room
	parallel(crowd, func(i int) { got[i] = s.end("r") })
	for _, r := range got {
		if !sameRoom(r, got[0]) || r.State != room.Ended {
			t.Errorf("%+v\nand %+v", r, got[0])
		}
	}
	if n := s.head("r").Sequence; n != 1 {
		t.Errorf("published %d times", n)
	}
}

func nothingFollowsTheEnd(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	var accepted atomic.Int64
	parallel(crowd, func(n int) {
		for i := range 20 {
			if n == 0 && i == 10 {
				s.end("r")
			}
			_, err := s.Log.Append(t.Context(), "r", draft("ann", "text"), under(roomy))
			if err == nil {
				accepted.Add(1)
			} else if !errors.Is(err, store.ErrRoomEnded) {
				t.Errorf("Append: %v", err)
			}
		}
	})
	heard := e.all(int(accepted.Load()) + 1)
	if last := heard[len(heard)-1]; last.Room == nil || last.Room.State != room.Ended {
		t.Errorf("the last thing heard is %v, not the end", content(last))
	}
	if n := int64(len(s.all("r"))); n != accepted.Load() || int64(len(heard)) != n+1 {
		t.Errorf("%d messages, heard %d, accepted %d", n, len(heard), accepted.Load())
	}
}

func conditionHoldsForOne(t *testing.T, s *rig) {
	s.create("r")
	var won atomic.Int32
	parallel(crowd, func(i int) {
		value := fmt.Sprint(i)
		_, err := s.Attributes.UpdateAttributes(t.Context(), "r", batch("", ifAt(0, set("seat", value)), set("also", value)))
		if err == nil {
			won.Add(1)
		} else if _, ok := errors.AsType[*attribute.ConflictError](err); !ok {
			t.Errorf("%v, want a conflict", err)
		}
	})
	got := s.snapshot("r").Attributes
	if n := won.Load(); n != 1 || len(got) != 2 || string(got[0].Value) != string(got[1].Value) {
		t.Errorf("%d won, and left %+v", n, got)
	}
}

func incrementsAreNotLost(t *testing.T, s *rig) {
	s.create("r")
	parallel(4, func(int) {
		for done := 0; done < 10; {
			n, at := 0, live.Timestamp(0)
			for _, a := range s.snapshot("r", "count").Attributes {
				n, at = len(a.Value), a.Timestamp
			}
			u := batch("", ifAt(at, set("count", string(make([]byte, n+1)))))
			if _, err := s.Attributes.UpdateAttributes(t.Context(), "r", u); err == nil {
				done++
			}
		}
	})
	if n := len(s.snapshot("r").Attributes[0].Value); n != 40 {
		t.Errorf("counted %d of 40", n)
	}
}

func sameBatchAppliesOnce(t *testing.T, s *rig) {
	s.create("r")
	var got [crowd]store.AttributePosition
	parallel(crowd, func(i int) { got[i] = s.apply("r", batch("request", ifAt(0, set("k", "1")))) })
	for _, position := range got {
		if position != got[0] {
			t.Errorf("answers %+v and %+v", position, got[0])
		}
	}
	if n := s.head("r").Sequence; n != 1 {
		t.Errorf("published %d times", n)
	}
}

func sameSessionIsOneUsers(t *testing.T, s *rig) {
	s.create("r")
	var joined atomic.Int32
	parallel(crowd, func(i int) {
		_, _, err := s.Presence.Join(t.Context(), "r", stay(live.UserID(fmt.Sprint(i)), "s"), time.Hour)
		if err == nil {
			joined.Add(1)
		} else if !errors.Is(err, store.ErrSessionTaken) {
			t.Errorf("Join: %v", err)
		}
	})
	if n := joined.Load(); n != 1 {
		t.Errorf("joined for %d users", n)
	}
	s.wantOnline("r", 1, 1)
}

func userIsGoneOnce(t *testing.T, s *rig) {
	s.create("r")
	for i := range crowd {
		s.join("r", "ann", live.SessionID(fmt.Sprint(i)))
	}
	var gone atomic.Int32
	parallel(crowd, func(i int) {
		if s.leave("r", "ann", live.SessionID(fmt.Sprint(i))) {
			gone.Add(1)
		}
		if s.leave("r", "ann", "") {
			gone.Add(1)
		}
	})
	if n := gone.Load(); n != 1 {
		t.Errorf("gone %d times", n)
	}
	s.wantOnline("r", 0, 0)
}

func countsComeBackToNobody(t *testing.T, s *rig) {
	s.create("r")
	var gone atomic.Int32
	parallel(crowd, func(n int) {
		user := live.UserID(fmt.Sprint("user ", n/2)) // two of each
		for i := range 20 {
			session := live.SessionID(fmt.Sprint(n, " ", i))
			joined, _ := s.joinFor("r", stay(user, session), moment)
			s.renew("r", time.Hour, joined)
			if i%2 == 0 {
				s.renew("r", time.Microsecond, joined)
			}
			gone.Add(int32(len(s.expire(3)))) //nolint:gosec // small
			if s.leave("r", user, session) {
				gone.Add(1)
			}
		}
	})
	s.lapse()
	if left := s.expire(1000); len(left) != 0 {
		t.Errorf("Expire = %+v after all have left", left)
	}
	s.wantOnline("r", 0, 0)
	if n := gone.Load(); n < crowd/2 || n > 20*crowd {
		t.Errorf("users were gone %d times", n)
	}
}

// A user who leaves by one session and returns by another has the seat that they take
// then, whichever comes first.
func whoReturnsKeepsWhatTheyTake(t *testing.T, s *rig) {
	s.create("r")
	take := by("ann", batch("", seat("seat", "1")))
	for i := range 50 {
		before, after := live.SessionID(fmt.Sprint(i)), live.SessionID(fmt.Sprint(i+1))
		s.join("r", "ann", before)
		s.apply("r", take)
		parallel(2, func(n int) {
			if n == 0 {
				s.leave("r", "ann", before)
				return
			}
			s.join("r", "ann", after)
			s.apply("r", take)
		})
		if got := s.snapshot("r").Attributes; len(got) != 1 {
			t.Fatalf("%d: ann is there, and her seat is not", i)
		}
	}
	s.leave("r", "ann", "")
	if got := s.snapshot("r").Attributes; len(got) != 0 {
		t.Errorf("ann is gone, and left %+v", got)
	}
}

func lastToJoinHoldsTheSession(t *testing.T, s *rig) {
	s.create("r")
	var joined [crowd]room.Session
	parallel(crowd, func(i int) { joined[i] = s.enter("r", "ann", "s") })
	slices.SortFunc(joined[:], func(a, b room.Session) int { return cmp.Compare(a.Incarnation, b.Incarnation) })
	for i, stale := range joined[:crowd-1] {
		if stale.Incarnation == joined[i+1].Incarnation {
			t.Errorf("two incarnations are %d", stale.Incarnation)
		}
	}
	parallel(crowd-1, func(i int) {
		d := store.Departure{Room: "r", User: "ann", Session: "s", Incarnation: joined[i].Incarnation}
		if ended := s.depart(d); len(ended) != 0 {
			t.Errorf("a stale incarnation ended %+v", ended)
		}
	})
	if lost := s.renewAll("r", time.Hour, joined[crowd-1]); len(lost) != 0 {
		t.Errorf("the last incarnation is lost: %+v", lost)
	}
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
