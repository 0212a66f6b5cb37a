package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

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
	s.swift(t, begun)
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

func recallHasARateOfItsOwn(t *testing.T, s *rig) {
	s.create("r")
	places := s.sendAll("r", drafts(feed.RecallRate+4))
	limits := feed.Limits{Rate: 1, WhitelistRate: 1, Capacity: 1000}
	recall := func(i int, staff bool) feed.Receipt {
		r := feed.Recall{Timestamp: places[i].Timestamp, By: "ann", Staff: staff}
		receipt, err := s.Log.Recall(t.Context(), "r", r, under(limits))
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
	s.swift(t, begun)
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
			receipt = s.appendUnder("r", draft(test.sender, "text"), limits)
		}
		if receipt.Outcome != test.want {
			t.Errorf("%s, limits of revision %d of %d: %+v, want outcome %d",
				test.sender, test.revision, changed.Revision, receipt, test.want)
		}
	}
}
