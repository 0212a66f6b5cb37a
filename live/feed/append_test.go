package feed_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// attempt is one message of a story, and what becomes of it.
type attempt struct {
	at     time.Duration
	draft  feed.Draft
	want   feed.Outcome
	again  bool // it was accepted before
	retry  time.Duration
	limits func(*feed.Limits) // what changes before it
}

func from(sender live.UserID, id string, b feed.Bucket) feed.Draft {
	return feed.Draft{Content: feed.Content{Sender: sender, ClientMessageID: id}, Bucket: b}
}

func exempt(d feed.Draft) feed.Draft {
	d.Exempt = true
	return d
}

func slow(d time.Duration) func(*feed.Limits) { return func(l *feed.Limits) { l.SlowMode = d } }
func rate(n int) func(*feed.Limits)           { return func(l *feed.Limits) { l.Rate = n } }

func TestAppend(t *testing.T) {
	t.Parallel()
	const s, us = time.Second, time.Microsecond
	for name, story := range map[string][]attempt{
		"a client id counts for five minutes": {
			{draft: from("ann", "a", feed.Low)},
			{at: s, draft: from("ann", "a", feed.Low), again: true},
			{at: 5*time.Minute - us, draft: from("ann", "a", feed.High), again: true},
			{at: 5 * time.Minute, draft: from("ann", "a", feed.Low)},
			{at: 6 * time.Minute, draft: from("ann", "a", feed.Low), again: true},
		},
		"a client id is its sender's": {
			{draft: from("ann", "a", feed.Low)},
			{at: s, draft: from("bob", "a", feed.Low)},
		},
		"without a client id nothing repeats": {
			{draft: from("ann", "", feed.Low)},
			{at: s, draft: from("ann", "", feed.Low)},
		},
		"what the rate shed is not known": {
			{draft: from("ann", "a", feed.Low), limits: rate(1)},
			{draft: from("bob", "b", feed.Low), want: feed.RateLimited, retry: s},
			{at: s, draft: from("bob", "b", feed.Low)},
		},
		"what slow mode shed is not known": {
			{draft: from("ann", "a", feed.Low), limits: slow(3 * s)},
			{at: s, draft: from("ann", "b", feed.Low), want: feed.SlowMode, retry: 2 * s},
			{at: 3 * s, draft: from("ann", "b", feed.Low)},
		},
		"a duplicate is answered however full the room": {
			{draft: from("ann", "a", feed.Low), limits: rate(1)},
			{draft: from("ann", "a", feed.Low), again: true, limits: slow(s)},
		},
		"slow mode is per viewer": {
			{draft: from("ann", "", feed.High), limits: slow(3 * s)},
			{draft: from("bob", "", feed.High)},
			{at: 3*s - us, draft: from("ann", "", feed.Low), want: feed.SlowMode, retry: us},
			{at: 3 * s, draft: from("ann", "", feed.Low)},
		},
		"slow mode is not for the exempt, nor for WHITELIST": {
			{draft: exempt(from("ann", "", feed.Low)), limits: slow(3 * s)},
			{draft: from("ann", "", feed.Whitelist)},
			{draft: from("ann", "", feed.Low)}, // neither counted
			{draft: exempt(from("ann", "", feed.Low))},
			{draft: from("ann", "", feed.Whitelist)},
			{at: s, draft: from("ann", "", feed.Low), want: feed.SlowMode, retry: 2 * s},
		},
		"what the rate shed does not slow": {
			{draft: from("ann", "", feed.Low), limits: rate(1)},
			{draft: from("bob", "", feed.Low), want: feed.RateLimited, retry: s, limits: slow(3 * s)},
			{at: s, draft: from("bob", "", feed.Low)},
		},
		"slow mode lowered holds at once, raised from the next on": {
			{draft: from("ann", "", feed.Low), limits: slow(10 * s)},
			{at: 2 * s, draft: from("ann", "", feed.Low), limits: slow(2 * s)},
			{at: 4 * s, draft: from("ann", "", feed.Low), limits: slow(10 * s)},
			{at: 5 * s, draft: from("ann", "", feed.Low), want: feed.SlowMode, retry: 9 * s},
		},
		"LOW goes first, WHITELIST stays": {
			{draft: from("ann", "", feed.High), limits: rate(2)},
			{at: us, draft: from("ann", "", feed.Low)},
			{at: 2 * us, draft: from("ann", "", feed.Low), want: feed.RateLimited, retry: s - 2*us},
			{at: 2 * us, draft: from("ann", "", feed.High)},
			{at: 3 * us, draft: from("ann", "", feed.High), want: feed.RateLimited, retry: s - 3*us},
			{at: 3 * us, draft: from("ann", "", feed.Whitelist)},
		},
		"a clock that steps back does not close the room": {
			{at: 4 * time.Hour, draft: from("ann", "", feed.Low), limits: rate(1)},
			{at: time.Hour, draft: from("ann", "", feed.Low), want: feed.RateLimited, retry: s},
			{at: time.Hour + s - us, draft: from("ann", "", feed.Low), want: feed.RateLimited, retry: us},
			{at: time.Hour + s, draft: from("ann", "", feed.Low)},
			{draft: from("ann", "", feed.Low), want: feed.RateLimited, retry: s},
			{at: s, draft: from("ann", "", feed.Low)},
		},
		"nor does it silence a viewer": {
			{at: time.Hour, draft: from("ann", "", feed.Low), limits: slow(3 * s)},
			{draft: from("ann", "", feed.Low), want: feed.SlowMode, retry: 3 * s},
			{at: 3 * s, draft: from("ann", "", feed.Low)},
		},
		"a client id counts for five minutes whatever the clock does": {
			{at: time.Hour, draft: from("ann", "a", feed.Low)},
			{draft: from("ann", "a", feed.Low), again: true},
			{at: 5*time.Minute - us, draft: from("ann", "a", feed.Low), again: true},
			{at: 5 * time.Minute, draft: from("ann", "a", feed.Low)},
		},
		"what passed before a step back counts until as much time has passed": {
			{at: 10 * s, draft: from("ann", "", feed.Low), limits: rate(2)},
			{at: 10*s + s/2, draft: from("ann", "", feed.Low)},
			{draft: from("ann", "", feed.Low), want: feed.RateLimited, retry: s / 2},
			{at: s / 2, draft: from("ann", "", feed.Low)},
			{at: s / 2, draft: from("ann", "", feed.Low), want: feed.RateLimited, retry: s / 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(t, story)
		})
	}
}

// tell plays a story from its beginning.
func tell(t *testing.T, story []attempt) {
	t.Helper()
	log, clock, limits := feed.NewLog(epoch, 10), new(live.Clock), generous(10)
	for i, a := range story {
		if a.limits != nil {
			a.limits(&limits)
		}
		receipt, m := log.Append(clock, live.Timestamp(1_000_000).Add(a.at), a.draft, limits)
		if receipt.Outcome != a.want || receipt.Duplicate != a.again || receipt.RetryAfter != a.retry {
			t.Errorf("%d: receipt %+v, want %v again %v retry %v", i, receipt, a.want, a.again, a.retry)
		}
		if placed := a.want == feed.Accepted && !a.again; placed != (m != nil) {
			t.Errorf("%d: message %+v", i, m)
		}
	}
}

// What is over is forgotten: a log does not grow with the time that it lives.
func TestAppendForgets(t *testing.T) {
	t.Parallel()
	log, clock, limits := feed.NewLog(epoch, 10), new(live.Clock), generous(10)
	limits.SlowMode = time.Minute
	most := 0
	for i := range 5000 { // 10 a second
		now := live.Timestamp(1_000_000).Add(time.Duration(i) * 100 * time.Millisecond)
		id := fmt.Sprint(i)
		log.Append(clock, now, from(live.UserID(id), id, feed.Bucket(i%feed.Buckets)), limits)
		if i == 3500 {
			most = log.Remembered()
		}
	}
	if got := log.Remembered(); got > most+20 {
		t.Errorf("%d remembered, %d long before", got, most)
	}
}
