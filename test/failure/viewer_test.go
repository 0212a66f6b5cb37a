package failure

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// viewer stays in a room and notes all that it sees there.
type viewer struct {
	name string
	room *ovation.Room
	over chan struct{} // closed when it has noted everything

	mu      sync.Mutex
	seen    map[string]sighting // by text
	times   []time.Time         // of every run of messages
	epoch   string
	resyncs []time.Time
	epochs  int // changes of it that lost nothing
	dropped uint64
	missed  uint64 // not explained by anything
	twice   []string
	again   []string // seen again because the log was lost
	breaks  []*ovation.Reconnecting
	err     error // why the stay ended, if it did by itself
}

// sighting is a message as it was seen first.
type sighting struct {
	timestamp int64
	at        time.Time
}

// watch has a viewer join, until the test ends.
func watch(t *testing.T, client *ovation.Client, room, name string, delivery ovationv1.Delivery) *viewer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	joined, err := client.Join(ctx, room, ovation.WithDelivery(delivery))
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	v := &viewer{name: name, room: joined, over: make(chan struct{}), seen: map[string]sighting{}}
	go v.run(ctx)
	t.Cleanup(func() {
		v.room.Close()
		<-v.over
		cancel()
	})
	return v
}

func (v *viewer) run(ctx context.Context) {
	defer close(v.over)
	for event, err := range v.room.Events(ctx) {
		if err != nil {
			v.ended(err)
			return
		}
		v.note(event)
	}
}

func (v *viewer) ended(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !errors.Is(err, ovation.ErrClosed) {
		v.err = err
	}
}

func (v *viewer) note(event ovation.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *ovation.Messages:
		v.got(e)
	case *ovation.Reconnecting:
		v.breaks = append(v.breaks, e)
	}
}

// got notes a run of messages.
func (v *viewer) got(m *ovation.Messages) {
	now, epoch := time.Now(), m.Cursor.GetEpoch()
	v.dropped += m.Dropped.Total()
	v.missed += m.Unexplained
	switch {
	case m.Resync:
		v.resyncs = append(v.resyncs, now)
	case v.epoch != "" && v.epoch != epoch:
		v.epochs++
	}
	v.epoch = epoch
	if len(m.Messages) > 0 {
		v.times = append(v.times, now)
	}
	for _, message := range m.Messages {
		v.saw(message, m.Resync, now)
	}
}

// saw notes a message. Those that come with a resynchronisation may have been seen: there
// they are shown anew.
func (v *viewer) saw(message *ovationv1.Message, anew bool, now time.Time) {
	before, known := v.seen[message.GetText()]
	switch {
	case !known:
		v.seen[message.GetText()] = sighting{message.GetTimestamp(), now}
	case before.timestamp != message.GetTimestamp():
		v.again = append(v.again, message.GetText())
	case !anew:
		v.twice = append(v.twice, message.GetText())
	}
}

// has tells whether the viewer has seen a message, and when.
func (v *viewer) has(text string) (time.Time, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, ok := v.seen[text]
	return s.at, ok
}

// silence returns the longest time without messages between two moments.
func (v *viewer) silence(from, until time.Time) (longest time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	last := from
	for _, at := range v.times {
		if at.After(from) && at.Before(until) {
			longest, last = max(longest, at.Sub(last)), at
		}
	}
	return max(longest, until.Sub(last))
}
