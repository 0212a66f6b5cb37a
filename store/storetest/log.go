package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

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
	if now := s.head("r"); now != head {
		t.Errorf("duplicates moved the head from %+v to %+v", head, now)
	}
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
	if now := s.head("r"); now != head || len(s.all("r")) != 1 {
		t.Errorf("a refused message moved the head from %+v to %+v", head, now)
	}
}

func appendKeepsTheRateInAnySecond(t *testing.T, s *rig) {
	s.create("r")
	limits := feed.Limits{Rate: 5, WhitelistRate: 3, Capacity: 1000}
	var admitted [feed.Buckets][]live.Timestamp
	for i := range 60 {
		d := draft("ann", fmt.Sprint(i))
		d.Bucket = feed.Bucket(i % feed.Buckets)
		receipt := s.append("r", d, limits)
		switch {
		case receipt.Outcome == feed.Accepted:
			admitted[d.Bucket] = append(admitted[d.Bucket], receipt.Place.Timestamp)
		case receipt.Outcome != feed.RateLimited || receipt.RetryAfter <= 0 || receipt.RetryAfter > time.Second:
			t.Errorf("Append = %+v, want it shed with a delay of at most a second", receipt)
		}
	}
	for bucket, most := range map[feed.Bucket]int{feed.Whitelist: 3, feed.High: 5} {
		times := admitted[bucket]
		if len(times) < most {
			t.Errorf("%v: %d admitted, want at least %d", bucket, len(times), most)
		}
		for i := most; i < len(times); i++ {
			if times[i].Sub(times[i-most]) < time.Second {
				t.Errorf("%v: %d admitted within a second, from %d to %d", bucket, most+1, times[i-most], times[i])
			}
		}
	}
}

func appendShedsLowFirst(t *testing.T, s *rig) {
	s.create("r")
	limits := feed.Limits{Rate: 1, WhitelistRate: 1, Capacity: 1000}
	high, low, white := draft("ann", "high"), draft("ann", "low"), draft("ann", "white")
	high.Bucket, white.Bucket = feed.High, feed.Whitelist
	begun := time.Now()
	receipts := []feed.Receipt{s.append("r", low, limits), s.append("r", low, limits), s.append("r", high, limits), s.append("r", white, limits)}
	if s.Clock == nil && time.Since(begun) > time.Second/2 {
		t.Skip("the machine was too slow to tell")
	}
	want := []feed.Outcome{feed.Accepted, feed.RateLimited, feed.Accepted, feed.Accepted}
	for i, receipt := range receipts {
		if receipt.Outcome != want[i] {
			t.Errorf("%d: %+v, want outcome %d", i, receipt, want[i])
		}
	}
}

func appendIsAdmittedAfterItsRetryDelay(t *testing.T, s *rig) {
	s.create("r")
	limits := feed.Limits{Rate: 1, WhitelistRate: 1, Capacity: 1000}
	for _, d := range drafts(2) {
		s.append("r", d, limits)
	}
	receipt := s.append("r", draft("ann", "third"), limits)
	if receipt.Outcome == feed.RateLimited {
		s.pass(receipt.RetryAfter + 5*time.Millisecond)
		receipt = s.append("r", draft("ann", "third"), limits)
	}
	if receipt.Outcome != feed.Accepted {
		t.Errorf("after the delay: %+v, want it accepted", receipt)
	}
}

func appendKeepsSlowMode(t *testing.T, s *rig) {
	s.create("r")
	slow := roomy
	slow.SlowMode = time.Hour
	exempt, white := draft("ann", "exempt"), draft("ann", "white")
	exempt.Exempt, white.Bucket = true, feed.Whitelist
	tests := []struct {
		name  string
		draft feed.Draft
		want  feed.Outcome
	}{
		{"the first", draft("ann", "first"), feed.Accepted},
		{"the next", draft("ann", "second"), feed.SlowMode},
		{"another sender's", draft("bob", "first"), feed.Accepted},
		{"an exempt one", exempt, feed.Accepted},
		{"one of WHITELIST", white, feed.Accepted},
		{"the next again", draft("ann", "second"), feed.SlowMode},
	}
	for _, test := range tests {
		receipt := s.append("r", test.draft, slow)
		if receipt.Outcome != test.want {
			t.Errorf("%s: %+v, want outcome %d", test.name, receipt, test.want)
		}
		if d := receipt.RetryAfter; receipt.Outcome == feed.SlowMode && (d <= 0 || d > time.Hour) {
			t.Errorf("%s: to be tried again after %v", test.name, d)
		}
	}
}

func appendGoesOnWhenTheClockStepsBack(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	limits := feed.Limits{Rate: 1, WhitelistRate: 1, SlowMode: 10 * time.Second, Capacity: 1000}
	last := s.append("r", draft("ann", "before"), limits).Place
	clock.Advance(-time.Hour)
	tests := []struct {
		name  string
		after time.Duration
		from  live.UserID
		want  feed.Outcome
		retry time.Duration
	}{
		{"at once", 0, "bob", feed.RateLimited, time.Second},
		{"before a second is over", time.Second - time.Microsecond, "bob", feed.RateLimited, time.Microsecond},
		{"when it is", time.Microsecond, "bob", feed.Accepted, 0},
		{"while slow mode lasts", time.Second, "ann", feed.SlowMode, 8 * time.Second},
		{"after it", 8 * time.Second, "ann", feed.Accepted, 0},
	}
	for _, test := range tests {
		clock.Advance(test.after)
		receipt := s.append("r", draft(test.from, "after"), limits)
		if receipt.Outcome != test.want || receipt.RetryAfter != test.retry {
			t.Fatalf("%s: %+v, want outcome %d, to be tried again after %v", test.name, receipt, test.want, test.retry)
		}
		if place := receipt.Place; receipt.Outcome == feed.Accepted {
			if place.Timestamp <= last.Timestamp || place.Sequence != last.Sequence+1 {
				t.Fatalf("%s: placed at %+v after %+v", test.name, place, last)
			}
			last = place
		}
	}
}

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

func recallAgainChangesNothing(t *testing.T, s *rig) {
	s.create("r")
	at := s.send("r", full).Place.Timestamp
	s.recall("r", at, "moderator")
	head := s.head("r")
	s.recall("r", at, "host")
	if now := s.head("r"); now != head {
		t.Errorf("recalling again moved the head from %+v to %+v", head, now)
	}
}

func recallOfWhatIsNotHeldIsRefused(t *testing.T, s *rig) {
	s.create("r")
	at := s.send("r", full).Place.Timestamp
	head := s.head("r")
	for _, other := range []live.Timestamp{0, 1, at - 1, at + 1, at + 1_000_000} {
		recall := feed.Recall{Timestamp: other, By: "host", Staff: true}
		if _, err := s.Log.Recall(t.Context(), "r", recall, roomy); !errors.Is(err, feed.ErrNoMessage) {
			t.Errorf("Recall(%d): %v, want ErrNoMessage", other, err)
		}
		if _, err := s.Log.Message(t.Context(), "r", other); !errors.Is(err, feed.ErrNoMessage) {
			t.Errorf("Message(%d): %v, want ErrNoMessage", other, err)
		}
	}
	if now := s.head("r"); now != head {
		t.Errorf("the head moved from %+v to %+v", head, now)
	}
}

func recallHasARateOfItsOwn(t *testing.T, s *rig) {
	s.create("r")
	places := s.sendAll("r", drafts(feed.RecallRate+4))
	limits := feed.Limits{Rate: 1, WhitelistRate: 1, Capacity: 1000}
	recall := func(i int, staff bool) feed.Receipt {
		r := feed.Recall{Timestamp: places[i].Timestamp, By: "ann", Staff: staff}
		receipt, err := s.Log.Recall(t.Context(), "r", r, limits)
		return must(s, "Recall", receipt, err)
	}
	begun, epoch := time.Now(), s.head("r").Cursor.Epoch
	white := draft("host", "on air")
	white.Bucket = feed.Whitelist
	var last feed.Receipt
	for i := range feed.RecallRate {
		if last = recall(i, false); last.Outcome != feed.Accepted || last.Place.Sequence != uint64(i+1) {
			t.Fatalf("%d: %+v, want it accepted", i, last)
		}
	}
	want := feed.Receipt{Bucket: feed.Whitelist, Epoch: epoch, Place: s.head("r").Cursor.At[feed.Whitelist]}
	if last != want {
		t.Errorf("Recall = %+v, want %+v", last, want)
	}
	head := s.head("r")
	shed, again := recall(feed.RecallRate, false), recall(0, false)
	after, m := s.head("r"), s.message("r", places[feed.RecallRate].Timestamp)
	staff, second := recall(feed.RecallRate+1, true), recall(feed.RecallRate+2, true)
	said := s.append("r", white, limits)
	if s.Clock == nil && time.Since(begun) > time.Second/2 {
		t.Skip("the machine was too slow to tell")
	}
	if want := (feed.Receipt{Outcome: feed.RateLimited, Bucket: feed.Whitelist, Epoch: epoch, RetryAfter: shed.RetryAfter}); shed != want ||
		shed.RetryAfter <= 0 || shed.RetryAfter > time.Second || m.Recalled || after != head {
		t.Errorf("one more: %+v, head %+v; want %+v and that nothing changed", shed, after, want)
	}
	if want := (feed.Receipt{Bucket: feed.Whitelist, Epoch: epoch, Duplicate: true}); again != want {
		t.Errorf("one again: %+v, want %+v", again, want)
	}
	if staff.Outcome != feed.Accepted || second.Outcome != feed.RateLimited || said.Outcome != feed.Accepted {
		t.Errorf("staff's recalls %+v, %+v, a message of WHITELIST %+v; want one recall and the message", staff, second, said)
	}
	s.pass(shed.RetryAfter + 5*time.Millisecond)
	if receipt := recall(feed.RecallRate, false); receipt.Outcome != feed.Accepted {
		t.Errorf("after the delay: %+v, want it accepted", receipt)
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
				receipt, err := s.Log.Append(t.Context(), "r", d, store.Limits{Limits: limits, Revision: revision})
				must(s, "Append", receipt, err)
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

func appendUnderStaleLimitsIsUnderTheRooms(t *testing.T, s *rig) {
	s.create("r")
	slow, none := time.Hour, time.Duration(0)
	changed := s.update("r", room.Change{Settings: room.SettingsChange{SlowMode: &slow}})
	tests := []struct {
		sender   live.UserID
		slow     time.Duration
		revision int64
		want     feed.Outcome
	}{
		{"ann", none, changed.Revision - 1, feed.SlowMode},
		{"bob", none, changed.Revision, feed.Accepted},
		{"cy", slow, changed.Revision + 1, feed.SlowMode},
	}
	for _, test := range tests {
		limits := store.Limits{Limits: roomy, Revision: test.revision}
		limits.SlowMode = test.slow
		var receipt feed.Receipt
		for range 2 {
			var err error
			receipt, err = s.Log.Append(t.Context(), "r", draft(test.sender, "text"), limits)
			must(s, "Append", receipt, err)
		}
		if receipt.Outcome != test.want {
			t.Errorf("%s, limits of revision %d of %d: %+v, want outcome %d",
				test.sender, test.revision, changed.Revision, receipt, test.want)
		}
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
	if after := s.head("r:x"); after != before {
		t.Errorf("another room's head moved from %+v to %+v", before, after)
	}
	if _, err := s.Log.Message(t.Context(), "r:x", place.Timestamp); !errors.Is(err, feed.ErrNoMessage) {
		t.Errorf("Message of another room: %v, want ErrNoMessage", err)
	}
	if online := s.online("r:x"); online.Sessions != 0 || len(s.snapshot("r:x").Attributes) != 0 {
		t.Errorf("another room has %+v online, or attributes", online)
	}
}

// logModel is a feed.Log that is given what a store's log is given.
type logModel struct {
	s        *rig
	id       live.RoomID
	clock    live.Clock
	log      *feed.Log
	places   []live.Timestamp
	cursors  []feed.Cursor
	sequence uint64
	capacity int
	exact    bool // the model's instants are the store's own
	now      live.Timestamp
}

func newLogModel(s *rig, id live.RoomID, capacity int, exact bool) *logModel {
	s.createKeeping(id, capacity)
	cursor := s.head(id).Cursor
	return &logModel{
		s: s, id: id, capacity: capacity, exact: exact,
		log:     feed.NewLog(cursor.Epoch, capacity),
		cursors: []feed.Cursor{{}, {Epoch: cursor.Epoch}, {Epoch: "another life"}},
	}
}

// at returns the model's instant for an entry that the store has placed at t.
func (m *logModel) at(t live.Timestamp) live.Timestamp {
	if m.exact {
		return m.s.Clock.Now()
	}
	m.now = max(m.now, t)
	return m.now
}

// append gives a message to both and compares what they answer.
func (m *logModel) append(d feed.Draft, limits feed.Limits) {
	got := m.s.append(m.id, d, limits)
	limits.Capacity = m.capacity // whatever the caller says
	want, placed := m.log.Append(&m.clock, m.at(got.Place.Timestamp), d, limits)
	if got != want {
		m.s.t.Fatalf("Append(%+v, %+v) = %+v\nwant %+v", d, limits, got, want)
	}
	if placed != nil {
		m.placed(placed.Timestamp)
	}
}

// recall recalls a message from both and compares what they answer.
func (m *logModel) recall(r feed.Recall, limits feed.Limits) {
	got, err := m.s.Log.Recall(m.s.t.Context(), m.id, r, limits)
	limits.Capacity = m.capacity
	want, placed, wantErr := m.log.Recall(&m.clock, m.at(got.Place.Timestamp), r, limits)
	if got != want || !errors.Is(err, wantErr) {
		m.s.t.Fatalf("Recall(%+v, %+v) = %+v, %v\nwant %+v, %v", r, limits, got, err, want, wantErr)
	}
	if placed != nil {
		m.placed(placed.Timestamp)
	}
}

// placed notes that an entry was placed and published.
func (m *logModel) placed(t live.Timestamp) {
	m.sequence++
	m.places = append(m.places, t)
}

// read reads from both at a cursor and keeps where that leads.
func (m *logModel) read(c feed.Cursor, limit int) {
	got, want := m.s.read(m.id, c, limit), m.log.Rings().Select(c, limit)
	if !sameBatch(got, want) {
		m.s.t.Fatalf("Read(%+v, %d) = %+v\nwant %+v", c, limit, got, want)
	}
	m.cursors = append(m.cursors, got.Cursor)
}

// between reads a span from both.
func (m *logModel) between(after, until live.Timestamp, limit int) {
	got, want := m.s.between(m.id, after, until, limit), m.log.Rings().Between(after, until, limit)
	if !sameMessages(got, want) {
		m.s.t.Fatalf("Between(%d, %d, %d) = %+v\nwant %+v", after, until, limit, got, want)
	}
}

// message looks one entry up in both.
func (m *logModel) message(t live.Timestamp) {
	got, err := m.s.Log.Message(m.s.t.Context(), m.id, t)
	want := m.log.Rings().Find(t)
	if !sameMessage(got, want) || (want == nil) != errors.Is(err, feed.ErrNoMessage) {
		m.s.t.Fatalf("Message(%d) = %+v, %v\nwant %+v", t, got, err, want)
	}
}

// agrees compares the heads.
func (m *logModel) agrees() {
	want := store.Head{Heads: feed.Heads{Cursor: m.log.Rings().Head(), Revision: 1}, Sequence: m.sequence}
	if got := m.s.head(m.id); got != want {
		m.s.t.Fatalf("Head = %+v\nwant %+v", got, want)
	}
}

// place draws a timestamp at or beside an entry.
func (m *logModel) place(t *rapid.T) live.Timestamp {
	if len(m.places) == 0 {
		return live.Timestamp(rapid.IntRange(0, 5).Draw(t, "timestamp"))
	}
	return rapid.SampledFrom(m.places).Draw(t, "entry") + live.Timestamp(rapid.IntRange(-1, 1).Draw(t, "beside"))
}

// cursor draws a cursor that was handed out before, or one that never was.
func (m *logModel) cursor(t *rapid.T) feed.Cursor {
	c := rapid.SampledFrom(m.cursors).Draw(t, "cursor")
	b := rapid.IntRange(0, feed.Buckets-1).Draw(t, "bucket")
	switch rapid.IntRange(0, 7).Draw(t, "spoil") {
	case 0:
		c.At[b].Sequence = 0
	case 1:
		c.At[b].Timestamp += live.Timestamp(rapid.IntRange(-2, 2).Draw(t, "off"))
	case 2:
		c.At[b].Sequence += 3
	}
	return c
}

// steps is what a check may do to both, with drafts and limits of the caller's.
func (m *logModel) steps(draft *rapid.Generator[feed.Draft], limits *rapid.Generator[feed.Limits]) map[string]func(*rapid.T) {
	few := rapid.IntRange(1, 12)
	send := func(t *rapid.T) { m.append(draft.Draw(t, "draft"), limits.Draw(t, "limits")) }
	return map[string]func(*rapid.T){
		"append": send,
		"send":   send, // more often than the others
		"recall": func(t *rapid.T) {
			// A viewer's rate is not the model's to set: it is tried where instants are exact.
			staff := !m.exact || rapid.Bool().Draw(t, "staff")
			m.recall(feed.Recall{Timestamp: m.place(t), By: "host", Staff: staff}, limits.Draw(t, "limits"))
		},
		"read": func(t *rapid.T) { m.read(m.cursor(t), few.Draw(t, "limit")) },
		"between": func(t *rapid.T) {
			m.between(m.place(t), rapid.SampledFrom([]live.Timestamp{0, m.place(t)}).Draw(t, "until"), few.Draw(t, "limit"))
		},
		"message": func(t *rapid.T) { m.message(m.place(t)) },
		"":        func(*rapid.T) { m.agrees() },
	}
}

// someDraft draws messages of few senders, of whom some repeat themselves.
var someDraft = rapid.Custom(func(t *rapid.T) feed.Draft {
	return feed.Draft{
		Content: feed.Content{
			Kind:            feed.Kind(rapid.IntRange(1, 7).Draw(t, "kind")),
			Sender:          rapid.SampledFrom([]live.UserID{"ann", "bob"}).Draw(t, "sender"),
			Text:            rapid.StringN(0, 8, 16).Draw(t, "text"),
			ClientMessageID: rapid.SampledFrom([]string{"", "", "", "one", "two"}).Draw(t, "client id"),
		},
		Bucket: feed.Bucket(rapid.IntRange(0, feed.Buckets-1).Draw(t, "bucket")),
		Exempt: rapid.Bool().Draw(t, "exempt"),
	}
})

func logIsAFeedLog(t *testing.T, s *rig) {
	limits := rapid.Custom(func(t *rapid.T) feed.Limits {
		few := roomy
		few.Capacity = rapid.SampledFrom([]int{1, 4, 4, 4, 4, 9}).Draw(t, "capacity")
		return few
	})
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := newLogModel(s.within(t), live.RoomID(fmt.Sprint("r", n)), rapid.SampledFrom([]int{1, 4, 4, 9}).Draw(t, "keeps"), false)
		t.Repeat(m.steps(someDraft, limits))
	})
}

func logIsAFeedLogToTheInstant(t *testing.T, s *rig) {
	clock := s.clock(t)
	limits := rapid.Custom(func(t *rapid.T) feed.Limits {
		return feed.Limits{
			Rate:          rapid.IntRange(1, 4).Draw(t, "rate"),
			WhitelistRate: rapid.IntRange(1, 4).Draw(t, "whitelist rate"),
			SlowMode:      rapid.SampledFrom([]time.Duration{0, 0, time.Second, 5 * time.Second}).Draw(t, "slow mode"),
			Capacity:      rapid.SampledFrom([]int{2, 5, 5, 5}).Draw(t, "capacity"),
		}
	})
	terms := []time.Duration{
		0, time.Microsecond, 250 * time.Millisecond, 999 * time.Millisecond, time.Second, 2 * time.Second,
		feed.DedupeFor - time.Second, feed.DedupeFor, -time.Second, -time.Hour,
	}
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := newLogModel(s.within(t), live.RoomID(fmt.Sprint("r", n)), rapid.SampledFrom([]int{2, 5}).Draw(t, "keeps"), true)
		steps := m.steps(someDraft, limits)
		steps["pass"] = func(t *rapid.T) { clock.Advance(rapid.SampledFrom(terms).Draw(t, "time")) }
		t.Repeat(steps)
	})
}
