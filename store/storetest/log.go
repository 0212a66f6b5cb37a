package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var logTests = []test{
	{"AppendPlacesTheWholeMessage", appendPlacesTheWholeMessage},
	{"AppendPlacesInOneOrder", appendPlacesInOneOrder},
	{"AppendAgainIsADuplicate", appendAgainIsADuplicate},
	{"AppendWithoutClientIDIsNeverADuplicate", appendWithoutClientIDIsNeverADuplicate},
	{"AppendThatWasRefusedIsNotRemembered", appendThatWasRefusedIsNotRemembered},
	{"AppendRefusedLeavesNothing", appendRefusedLeavesNothing},
	{"AppendKeepsTheRateInAnySecond", appendKeepsTheRateInAnySecond},
	{"AppendShedsLowFirst", appendShedsLowFirst},
	{"AppendIsAdmittedAfterItsRetryDelay", appendIsAdmittedAfterItsRetryDelay},
	{"AppendKeepsSlowMode", appendKeepsSlowMode},
	{"AppendGoesOnWhenTheClockStepsBack", appendGoesOnWhenTheClockStepsBack},
	{"RecallTakesTheContentsAway", recallTakesTheContentsAway},
	{"RecallAgainChangesNothing", recallAgainChangesNothing},
	{"RecallOfWhatIsNotHeldIsRefused", recallOfWhatIsNotHeldIsRefused},
	{"RecallHasARateOfItsOwn", recallHasARateOfItsOwn},
	{"MessageIsGoneWhenItsRingOverran", messageIsGoneWhenItsRingOverran},
	{"AppendLeavesTheCapacityToTheRoom", appendLeavesTheCapacityToTheRoom},
	{"AppendUnderStaleLimitsIsUnderTheRooms", appendUnderStaleLimitsIsUnderTheRooms},
	{"ReadSaysHowFarTheRoomIs", readSaysHowFarTheRoomIs},
	{"ReadOfNothingReadYetReturnsTheLatest", readOfNothingReadYetReturnsTheLatest},
	{"ReadOfAnotherEpochBeginsAnew", readOfAnotherEpochBeginsAnew},
	{"ReadIsBoundedInBytes", readIsBoundedInBytes},
	{"BetweenIsPaged", betweenIsPaged},
	{"AnotherLifeIsAnotherEpoch", anotherLifeIsAnotherEpoch},
	{"RoomsAreApart", roomsAreApart},
	{"LogIsAFeedLog", logIsAFeedLog},
	{"LogIsAFeedLogToTheInstant", logIsAFeedLogToTheInstant},
}

// full is a message with something in every field that a sender sets.
var full = feed.Draft{
	Content: feed.Content{
		Kind:            feed.KindCustom,
		Sender:          "ann",
		SenderName:      "Ann \u00c4\x00\n\"{}'",
		Text:            "h\u00e9llo \U0001F3A4\x00 {\"a\": 1}",
		Payload:         []byte{0, 1, 2, 0xfe, 0xff, '\r', '\n', '"'},
		ContentType:     "application/x-heart",
		Style:           feed.Style{Colour: 0xffaa00, Size: 150, Position: 2, Effect: "glow"},
		ClientMessageID: "one",
		Origin:          "another room",
	},
	Bucket: feed.High,
}

func appendPlacesTheWholeMessage(t *testing.T, s *rig) {
	s.create("r")
	receipt := s.send("r", full)
	epoch := s.head("r").Cursor.Epoch
	want := feed.Receipt{Bucket: feed.High, Epoch: epoch, Place: receipt.Place}
	if receipt != want || receipt.Place.Sequence != 1 || receipt.Place.Timestamp <= 0 {
		t.Errorf("Append = %+v, want %+v with a first place", receipt, want)
	}
	m := &feed.Message{Timestamp: receipt.Place.Timestamp, Sequence: 1, Bucket: feed.High, Content: full.Content}
	if got := s.message("r", m.Timestamp); !sameMessage(got, m) {
		t.Errorf("Message = %+v\nwant %+v", got, m)
	}
	if got := s.read("r", feed.Cursor{}, 10).Messages; !sameMessages(got, []*feed.Message{m}) {
		t.Errorf("Read = %+v\nwant %+v", got, m)
	}
	if got := s.all("r"); !sameMessages(got, []*feed.Message{m}) {
		t.Errorf("Between = %+v\nwant %+v", got, m)
	}
}

func appendPlacesInOneOrder(t *testing.T, s *rig) {
	s.create("r")
	last, sequences := live.Timestamp(0), [feed.Buckets]uint64{}
	for i := range 30 {
		d := draft("ann", fmt.Sprint(i))
		d.Bucket = feed.Bucket(i % feed.Buckets)
		place := s.send("r", d).Place
		sequences[d.Bucket]++
		if place.Timestamp <= last || place.Sequence != sequences[d.Bucket] {
			t.Fatalf("%d: place %+v after timestamp %d, want sequence %d", i, place, last, sequences[d.Bucket])
		}
		last = place.Timestamp
		if at := s.put("r", "k", fmt.Sprint(i)).Timestamp; at <= last {
			t.Fatalf("%d: attribute changed at %d, after %d", i, at, last)
		} else {
			last = at
		}
	}
}

func appendAgainIsADuplicate(t *testing.T, s *rig) {
	s.create("r")
	first := s.send("r", full)
	head := s.head("r")
	want := first
	want.Duplicate = true
	other := full
	other.Text, other.Bucket = "another text", feed.Low
	for _, again := range []feed.Draft{full, other} {
		if got := s.append("r", again, roomy); got != want {
			t.Errorf("again: %+v, want %+v", got, want)
		}
	}
	if got := s.append("r", full, feed.Limits{Rate: 1, WhitelistRate: 1, SlowMode: time.Hour, Capacity: 100}); got != want {
		t.Errorf("again, under limits that refuse: %+v, want %+v", got, want)
	}
	s.wantHead("r", head)
}

func appendWithoutClientIDIsNeverADuplicate(t *testing.T, s *rig) {
	s.create("r")
	s.sendAll("r", []feed.Draft{draft("ann", "same"), draft("ann", "same")})
	for _, sender := range []live.UserID{"ann", "bob", "ann\x00", ""} {
		d := draft(sender, "same")
		d.ClientMessageID = "one"
		s.send("r", d)
	}
	s.create("other")
	d := draft("ann", "same")
	d.ClientMessageID = "one"
	s.send("other", d)
	if n := len(s.all("r")); n != 6 {
		t.Errorf("%d messages, want 6", n)
	}
}

func appendThatWasRefusedIsNotRemembered(t *testing.T, s *rig) {
	s.create("r")
	slow := roomy
	slow.SlowMode = time.Hour
	first, second := draft("ann", "first"), draft("ann", "second")
	second.ClientMessageID = "second"
	s.append("r", first, slow)
	if got := s.append("r", second, slow); got.Outcome != feed.SlowMode {
		t.Fatalf("Append = %+v, want it refused", got)
	}
	s.send("r", second)
}

func appendRefusedLeavesNothing(t *testing.T, s *rig) {
	s.create("r")
	slow := roomy
	slow.SlowMode = time.Hour
	s.append("r", draft("ann", "first"), slow)
	head := s.head("r")
	got := s.append("r", draft("ann", "second"), slow)
	want := feed.Receipt{
		Outcome: feed.SlowMode, Epoch: head.Cursor.Epoch, Bucket: feed.Low, RetryAfter: got.RetryAfter,
	}
	if got != want {
		t.Errorf("Append = %+v, want %+v", got, want)
	}
	s.wantHead("r", head)
	if n := len(s.all("r")); n != 1 {
		t.Errorf("a refused message left %d entries, want 1", n)
	}
}

func messageIsGoneWhenItsRingOverran(t *testing.T, s *rig) {
	s.createKeeping("r", 3)
	places := s.sendAll("r", drafts(5))
	for i, place := range places {
		_, err := s.Log.Message(t.Context(), "r", place.Timestamp)
		if gone := errors.Is(err, feed.ErrNoMessage); gone != (i < 2) {
			t.Errorf("message %d of 5, of which 3 are kept: %v", i, err)
		}
	}
}

func appendLeavesTheCapacityToTheRoom(t *testing.T, s *rig) {
	s.createKeeping("r", 60)
	for _, revision := range []int64{0, 1, ahead} {
		for _, capacity := range []int{1, 1000} {
			limits := roomy
			limits.Capacity = capacity
			for i := range 35 {
				d := draft(live.UserID(fmt.Sprint(revision, capacity, i)), "text")
				s.appendUnder("r", d, store.Limits{Limits: limits, Revision: revision})
			}
		}
		if n := len(s.all("r")); n != 60 {
			t.Errorf("%d entries are kept under limits of revision %d, want the room's 60", n, revision)
		}
	}
	larger, smaller := 70, 50
	s.update("r", room.Change{Settings: room.SettingsChange{Capacity: &larger}})
	s.sendAll("r", drafts(20))
	if n := len(s.all("r")); n != 70 {
		t.Errorf("%d entries are kept, want the room's 70", n)
	}
	s.update("r", room.Change{Settings: room.SettingsChange{Capacity: &smaller}})
	if n := len(s.all("r")); n != 50 {
		t.Errorf("%d entries are kept, want the room's 50", n)
	}
}

func readSaysHowFarTheRoomIs(t *testing.T, s *rig) {
	s.create("r")
	for range 3 {
		s.send("r", draft("ann", "text"))
		s.put("r", "k", fmt.Sprint(s.head("r").Sequence))
		s.retitle("r", fmt.Sprint(s.head("r").Sequence))
		want := s.head("r")
		for _, c := range []feed.Cursor{{}, want.Cursor} {
			if _, got := s.readHead("r", c, 10); got != want {
				t.Errorf("Read at %+v says %+v, Head %+v", c, got, want)
			}
		}
	}
}

func readOfNothingReadYetReturnsTheLatest(t *testing.T, s *rig) {
	s.create("r")
	places := s.sendAll("r", drafts(feed.FirstPull+10))
	got := s.read("r", feed.Cursor{}, 1000)
	if len(got.Messages) != feed.FirstPull || got.Messages[0].Place() != places[10] {
		t.Errorf("%d messages from %+v, want the latest %d", len(got.Messages), got.Messages[0], feed.FirstPull)
	}
	if got.Cursor != s.head("r").Cursor || got.More || got.Resync {
		t.Errorf("cursor %+v, more %v, resync %v; want the head and nothing more", got.Cursor, got.More, got.Resync)
	}
}

func readOfAnotherEpochBeginsAnew(t *testing.T, s *rig) {
	s.create("r")
	s.sendAll("r", drafts(3))
	stale := s.head("r").Cursor
	stale.Epoch = "another life"
	got := s.read("r", stale, 2)
	if !got.Resync || len(got.Messages) != 2 || got.Cursor != s.head("r").Cursor {
		t.Errorf("Read = %+v, want the latest 2 and to begin anew", got)
	}
}

func readIsBoundedInBytes(t *testing.T, s *rig) {
	s.create("r")
	start := s.head("r").Cursor
	for _, d := range drafts(5) {
		d.Payload = make([]byte, feed.MaxBatchBytes/3)
		s.send("r", d)
	}
	cursor, held := start, []int{2, 2, 1}
	for i, want := range held {
		got := s.read("r", cursor, 100)
		if len(got.Messages) != want || got.More != (i < len(held)-1) || got.Dropped != [feed.Buckets]uint64{} {
			t.Fatalf("%d: %d messages, more %v, dropped %v; want %d", i, len(got.Messages), got.More, got.Dropped, want)
		}
		cursor = got.Cursor
	}
	if got := s.read("r", feed.Cursor{}, 100); len(got.Messages) != 2 || got.Messages[1].Sequence != 5 || got.More || got.Cursor != cursor {
		t.Errorf("the first batch is %d messages up to %+v, more %v; want the latest 2", len(got.Messages), got.Cursor, got.More)
	}
}

func betweenIsPaged(t *testing.T, s *rig) {
	s.create("r")
	var want []live.Timestamp
	for i := range 12 {
		d := draft("ann", fmt.Sprint(i))
		d.Bucket = feed.Bucket(i % feed.Buckets)
		want = append(want, s.send("r", d).Place.Timestamp)
	}
	var got []live.Timestamp
	after := want[0]
	for range want {
		for _, m := range s.between("r", after, want[11], 3) {
			got = append(got, m.Timestamp)
			after = m.Timestamp
		}
	}
	if !slices.Equal(got, want[1:11]) {
		t.Errorf("between the first and the last of %v: %v", want, got)
	}
}

func anotherLifeIsAnotherEpoch(t *testing.T, s *rig) {
	s.create("r")
	other := s.open()
	other.create("r")
	a, b := s.head("r").Cursor.Epoch, other.head("r").Cursor.Epoch
	if a == "" || b == "" || a == b {
		t.Errorf("epochs %q and %q, want two", a, b)
	}
	s.send("r", draft("ann", "hello"))
	cursor := s.head("r").Cursor
	if got := other.read("r", cursor, 10); !got.Resync {
		t.Errorf("Read at a cursor of another life = %+v, want to begin anew", got)
	}
	position := s.put("r", "k", "v")
	other.put("r", "k", "w")
	if delta := other.since("r", position.Epoch, position.Timestamp); delta.Snapshot == nil || delta.Epoch != b {
		t.Errorf("AttributesSince a position of another life = %+v, want a snapshot", delta)
	}
}

func roomsAreApart(t *testing.T, s *rig) {
	s.create("r")
	s.create("r:x")
	before := s.head("r:x")
	place := s.send("r", full).Place
	s.put("r", "k", "v")
	s.join("r", "ann", "s")
	s.retitle("r", "another")
	s.wantHead("r:x", before)
	if _, err := s.Log.Message(t.Context(), "r:x", place.Timestamp); !errors.Is(err, feed.ErrNoMessage) {
		t.Errorf("Message of another room: %v, want ErrNoMessage", err)
	}
	if online := s.online("r:x"); online.Sessions != 0 || len(s.snapshot("r:x").Attributes) != 0 {
		t.Errorf("another room has %+v online, or attributes", online)
	}
}
