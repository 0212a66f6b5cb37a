package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

var busTests = []test{
	{"EveryChangeIsPublished", everyChangeIsPublished},
	{"NoChangeIsNotPublished", noChangeIsNotPublished},
	{"SequencesAreContiguous", sequencesAreContiguous},
	{"FollowBeginsWithWhatIsNext", followBeginsWithWhatIsNext},
	{"FollowersHearTheSame", followersHearTheSame},
	{"FollowersHearTheirRoomAlone", followersHearTheirRoomAlone},
	{"FollowOutlivesItsContext", followOutlivesItsContext},
	{"StoppedHearsNothing", stoppedHearsNothing},
	{"StopTwice", stopTwice},
	{"StopLeavesOthers", stopLeavesOthers},
	{"StopWhileHearing", stopWhileHearing},
	{"HearIsCalledOneAtATime", hearIsCalledOneAtATime},
	{"EndedRoomCanBeFollowed", endedRoomCanBeFollowed},
}

// content returns which of a publication's pointers are set.
func content(p store.Publication) []string {
	var set []string
	for name, there := range map[string]bool{
		"message": p.Message != nil, "attributes": p.Attributes != nil, "room": p.Room != nil, "departure": p.Departure != nil,
	} {
		if there {
			set = append(set, name)
		}
	}
	return set
}

func everyChangeIsPublished(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	epoch := s.head("r").Cursor.Epoch
	want := []store.Publication{}
	also := func(p store.Publication) {
		p.Epoch, p.Sequence = epoch, uint64(len(want)+1)
		want = append(want, p)
	}
	at := s.send("r", full).Place.Timestamp
	also(store.Publication{Message: s.message("r", at)})

	seated := s.enter("r", "ann", "a0")
	position := s.apply("r", by("ann", batch("", seat("k", "1"), seat("l", "2"))))
	also(store.Publication{Attributes: s.since("r", epoch, 0).Changes})

	s.leave("r", "ann", "")
	also(store.Publication{Departure: &store.Departure{Room: "r", User: "ann", Incarnation: seated.Incarnation}})
	also(store.Publication{Attributes: s.since("r", "", position.Timestamp).Changes})

	s.recall("r", at, "host")
	also(store.Publication{Message: s.read("r", feed.Cursor{}, 10).Messages[0]})

	titled := s.retitle("r", "another")
	also(store.Publication{Room: &titled})

	first := s.enter("r", "ann", "a1")
	s.join("r", "ann", "a2")
	last := s.enter("r", "ann", "a3")
	s.leave("r", "ann", "a1") // not gone, and published all the same
	also(store.Publication{Departure: &store.Departure{
		Room: "r", User: "ann", Session: "a1", Incarnation: first.Incarnation,
	}})

	banned := store.Departure{Room: "r", User: "ann", Reason: store.ReasonBanned, Message: "\u00c4\x00\n\"{}'"}
	s.depart(banned)
	banned.Incarnation = last.Incarnation
	also(store.Publication{Departure: &banned})

	s.joinFor("r", stay("bob", "b1"), moment)
	before := s.head("r").Attributes
	held := s.apply("r", by("bob", batch("", seat("m", "1"))))
	also(store.Publication{Attributes: s.since("r", "", before).Changes})
	s.lapse()
	s.expire(10)
	also(store.Publication{Attributes: s.since("r", "", held.Timestamp).Changes})

	ended := s.end("r")
	also(store.Publication{Room: &ended})

	heard := e.all(len(want))
	for i := range min(len(heard), len(want)) {
		if !samePublication(heard[i], want[i]) {
			t.Errorf("%d: heard %v %+v\nwant %v %+v", i, content(heard[i]), heard[i], content(want[i]), want[i])
		}
	}
	if sequence := s.head("r").Sequence; len(heard) != len(want) || sequence != uint64(len(want)) {
		t.Errorf("heard %d, head at %d, want %d", len(heard), sequence, len(want))
	}
}

// samePublication says whether two publications tell the same.
func samePublication(a, b store.Publication) bool {
	switch {
	case a.Epoch != b.Epoch || a.Sequence != b.Sequence || len(content(a)) != 1 || !slices.Equal(content(a), content(b)):
		return false
	case a.Message != nil:
		return sameMessage(a.Message, b.Message)
	case a.Attributes != nil:
		return sameChanges(*a.Attributes, *b.Attributes)
	case a.Room != nil:
		return sameRoom(*a.Room, *b.Room)
	default:
		return reflect.DeepEqual(a.Departure, b.Departure)
	}
}

func noChangeIsNotPublished(t *testing.T, s *rig) {
	s.create("r")
	at := s.send("r", full).Place.Timestamp
	s.recall("r", at, "host")
	s.put("r", "k", "v")
	s.joinFor("r", stay("ann", "a1"), moment)
	e := s.follow(t, "r")
	before := s.head("r").Sequence

	s.append("r", full, roomy) // a duplicate
	s.recall("r", at, "host")
	s.put("r", "k", "v")
	s.renew("r", time.Hour, s.enter("r", "bob", "b1"))
	s.depart(store.Departure{Room: "r", User: "bob", Session: "b1", Incarnation: 1})
	s.leave("r", "nobody", "")
	s.lapse()
	s.expire(10)
	s.send("r", draft("ann", "the first to be heard"))

	heard := e.all(1)
	if p := heard[0]; p.Sequence != before+1 || p.Message == nil || p.Message.Text != "the first to be heard" {
		t.Errorf("heard %v %+v, want the message of sequence %d", content(p), p, before+1)
	}
}

func sequencesAreContiguous(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	for i := range 20 {
		s.send("r", draft("ann", fmt.Sprint(i)))
		s.put("r", "k", fmt.Sprint(i))
		s.retitle("r", fmt.Sprint(i))
	}
	epoch := s.head("r").Cursor.Epoch
	for i, p := range e.all(60) {
		if p.Sequence != uint64(i+1) || p.Epoch != epoch {
			t.Errorf("%d: sequence %d of %q", i, p.Sequence, p.Epoch)
		}
	}
}

func followBeginsWithWhatIsNext(t *testing.T, s *rig) {
	s.create("r")
	s.sendAll("r", drafts(3))
	e := s.follow(t, "r")
	s.send("r", draft("ann", "next"))
	if p := e.all(1)[0]; p.Sequence != 4 || p.Message.Text != "next" {
		t.Errorf("heard %+v first, want what came after Follow", p)
	}
}

func followersHearTheSame(t *testing.T, s *rig) {
	s.create("r")
	ears := []*ear{s.follow(t, "r"), s.follow(t, "r"), s.follow(t, "r")}
	s.sendAll("r", drafts(10))
	want := ears[0].all(10)
	for _, e := range ears[1:] {
		if got := e.all(10); !slices.EqualFunc(got, want, samePublication) {
			t.Errorf("one heard %+v\nanother %+v", want, got)
		}
	}
}

func followersHearTheirRoomAlone(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	e, other := s.follow(t, "r"), s.follow(t, "other")
	for i := range 5 {
		s.send("r", draft("ann", "here"))
		s.send("other", draft("ann", "there"))
		s.join("other", "ann", live.SessionID(fmt.Sprint(i)))
	}
	for _, p := range e.all(5) {
		if p.Message == nil || p.Message.Text != "here" {
			t.Errorf("heard %+v of another room", p)
		}
	}
	if n := len(other.all(5)); n != 5 {
		t.Errorf("the other heard %d, want 5", n)
	}
}

func followOutlivesItsContext(t *testing.T, s *rig) {
	s.create("r")
	ctx, cancel := context.WithCancel(t.Context())
	e := &ear{s: s, more: make(chan struct{}, 1)}
	stop, err := s.Bus.Follow(ctx, "r", e.hear)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	cancel()
	s.send("r", draft("ann", "hello"))
	if heard := e.all(1); len(heard) != 1 {
		t.Errorf("heard %d, want 1", len(heard))
	}
}

func stoppedHearsNothing(t *testing.T, s *rig) {
	s.create("r")
	e, other := s.follow(t, "r"), s.follow(t, "r")
	s.send("r", draft("ann", "heard"))
	e.all(1)
	e.stop()
	s.sendAll("r", drafts(10))
	other.all(11)
	if heard := e.so(); len(heard) != 1 {
		t.Errorf("heard %d, of which %d after it was stopped", len(heard), len(heard)-1)
	}
}

func stopTwice(t *testing.T, s *rig) {
	s.create("r")
	first, second := s.follow(t, "r"), s.follow(t, "r")
	first.stop()
	first.stop()
	third := s.follow(t, "r")
	first.stop()
	s.send("r", draft("ann", "hello"))
	if a, b := len(second.all(1)), len(third.all(1)); a != 1 || b != 1 || len(first.so()) != 0 {
		t.Errorf("heard %d, %d and %d, want 0, 1 and 1", len(first.so()), a, b)
	}
}

func stopLeavesOthers(t *testing.T, s *rig) {
	s.create("r")
	var ears []*ear
	for range 6 {
		ears = append(ears, s.follow(t, "r"))
	}
	for i, e := range ears {
		s.send("r", draft("ann", fmt.Sprint(i)))
		e.all(i + 1)
		e.stop()
	}
	for i, e := range ears {
		if n := len(e.so()); n != i+1 {
			t.Errorf("follower %d heard %d, want %d", i, n, i+1)
		}
	}
}

func stopWhileHearing(t *testing.T, s *rig) {
	s.create("r")
	done := meanwhile(func() {
		parallel(2, func(int) { s.sendAll("r", drafts(300)) })
	})
	for following := true; following; {
		var stopped, late atomic.Bool
		stop, err := s.Bus.Follow(t.Context(), "r", func(store.Publication) { late.Store(late.Load() || stopped.Load()) })
		if err != nil {
			t.Errorf("Follow: %v", err)
			break
		}
		stop()
		stopped.Store(true)
		s.pass(time.Microsecond)
		if late.Load() {
			t.Error("hear was called after stop had returned")
		}
		select {
		case <-done:
			following = false
		default:
		}
	}
	<-done
}

func hearIsCalledOneAtATime(t *testing.T, s *rig) {
	s.create("r")
	var hearing, overlaps, heard atomic.Int32
	stop, err := s.Bus.Follow(t.Context(), "r", func(store.Publication) {
		if hearing.Add(1) > 1 {
			overlaps.Add(1)
		}
		heard.Add(1)
		hearing.Add(-1)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	parallel(4, func(int) { s.sendAll("r", drafts(50)) })
	s.eventually("all is heard", func() bool { return heard.Load() == 200 })
	if n := overlaps.Load(); n != 0 {
		t.Errorf("hear was called %d times while it ran", n)
	}
}

func endedRoomCanBeFollowed(t *testing.T, s *rig) {
	s.create("r")
	before := s.follow(t, "r")
	s.end("r")
	before.all(1)
	after := s.follow(t, "r")
	_, err := s.Log.Append(t.Context(), "r", draft("ann", "late"), under(roomy))
	s.leave("r", "host", "")
	s.end("r")
	if !errors.Is(err, store.ErrRoomEnded) || len(before.so()) != 1 || len(after.so()) != 0 {
		t.Errorf("%v; heard %+v, then %+v; want the end alone", err, before.so(), after.so())
	}
}
