package hub_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
)

// turnout is a Waker that rings when everyone was woken.
type turnout struct {
	size, woken int64
	all         chan struct{}
}

// Wake implements hub.Waker.
func (w *turnout) Wake() {
	if atomic.AddInt64(&w.woken, 1)%w.size == 0 {
		w.all <- struct{}{}
	}
}

// BenchmarkBroadcast is one message and one round: from the store's append until every
// subscriber has taken its frame and copied the bytes, as a handler does. All of it
// happens in one goroutine but the round itself, so that it is the hub that is
// measured and not the scheduler.
func BenchmarkBroadcast(b *testing.B) {
	for name, delivery := range map[string]hub.Delivery{"inline": hub.Inline, "notify": hub.Notified} {
		for _, size := range []int{1, 100, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) { broadcast(b, delivery, size) })
		}
	}
}

func broadcast(b *testing.B, delivery hub.Delivery, size int) {
	broadcastOf(b, delivery, size, hub.NewMetrics(nil))
}

// broadcastOf is broadcast of a hub that counts. What is taken is counted as written.
func broadcastOf(b *testing.B, delivery hub.Delivery, size int, m *hub.Metrics) {
	p := newAudience(b, delivery, size, m)
	b.ReportAllocs()
	for b.Loop() {
		p.say(feed.Low, "a message of the usual length")
		<-p.waker.all
		if taken := p.take(); taken != size {
			b.Fatalf("%d frames for %d subscribers", taken, size)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/subscriber")
}

// audience is subscribers without a goroutine.
type audience struct {
	*stage

	waker  *turnout
	subs   []*hub.Subscriber
	frames []*wire.Frame
	buffer []byte
}

// newAudience seats subscribers in a room that delivers every message in a round of its
// own.
func newAudience(b *testing.B, delivery hub.Delivery, size int, m *hub.Metrics) *audience {
	b.Helper()
	s := newMeasuredStage(b, roomWith(func(r *room.Settings) {
		r.RoundInterval, r.Feed.Rate = time.Nanosecond, 1<<30
		r.Notify = feed.NotifyPolicy{OfflineAfter: time.Hour, OfflineNotifications: 1 << 30}
	}), m)
	b.Cleanup(s.hub.Close)
	p := &audience{stage: s, waker: &turnout{size: int64(size), all: make(chan struct{}, 1)}}
	for i := range size {
		user := userNumber(i)
		sub, _, err := s.hub.Subscribe(s.ctx(), hub.Subscription{
			Room: theRoom, Session: room.Session{ID: live.SessionID(user), User: user}, Delivery: delivery,
		}, p.waker)
		s.must(err)
		b.Cleanup(func() { s.hub.Unsubscribe(sub) })
		p.subs = append(p.subs, sub)
	}
	p.take()
	return p
}

// take takes every subscriber's frames, copies their bytes, and returns how many there
// were.
func (p *audience) take() (taken int) {
	for _, sub := range p.subs {
		p.frames, _ = sub.Next(p.frames[:0])
		for _, f := range p.frames {
			p.buffer, _ = f.AppendProto(p.buffer[:0])
			p.hub.Wrote(f)
		}
		taken += len(p.frames)
	}
	return taken
}

// BenchmarkQuestion is a question: from its being shown until every subscriber has taken
// its frame and copied the bytes, and then acknowledged it.
func BenchmarkQuestion(b *testing.B) {
	for _, size := range []int{100, 5000, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := newAudience(b, hub.Notified, size, hub.NewMetrics(nil))
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				show := public(quiz.ID(fmt.Sprint(n)))
				p.shower.stage.Show([]hub.Show{show})
				<-p.waker.all
				if taken := p.take(); taken != size {
					b.Fatalf("%d frames for %d subscribers", taken, size)
				}
				for i := range p.subs {
					user := userNumber(i)
					p.hub.Acknowledge(theRoom, room.Session{ID: live.SessionID(user), User: user}, []string{show.ID})
				}
				p.shower.came = p.shower.came[:0]
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/subscriber")
		})
	}
}

// BenchmarkRepeat is one look at who has not acknowledged, where everyone has.
func BenchmarkRepeat(b *testing.B) {
	p := newAudience(b, hub.Notified, 5000, hub.NewMetrics(nil))
	show := public("q")
	p.shower.stage.Show([]hub.Show{show})
	<-p.waker.all
	p.take()
	for i := range p.subs {
		p.shower.stage.Delivered([]live.UserID{userNumber(i)}, show.ID)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.shower.stage.Repeat()
	}
}

// BenchmarkAttributeSync is one change of an attribute: until every subscriber has been
// told and has pulled it.
func BenchmarkAttributeSync(b *testing.B) {
	for _, size := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := newAudience(b, hub.Notified, size, hub.NewMetrics(nil))
			at := live.Timestamp(0)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				p.setAttribute("seat", fmt.Sprint(n))
				<-p.waker.all
				if taken := p.take(); taken != size {
					b.Fatalf("%d frames for %d subscribers", taken, size)
				}
				at = p.pullAttributes(at)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/subscriber")
		})
	}
}

// pullAttributes pulls what changed, once for every subscriber, and returns where their
// maps stand.
func (p *audience) pullAttributes(after live.Timestamp) (at live.Timestamp) {
	p.Helper()
	for range p.subs {
		delta, err := p.store.now().AttributesSince(p.ctx(), theRoom, "", after)
		p.must(err)
		if delta.Snapshot != nil {
			at = delta.Snapshot.Timestamp
		} else if at = delta.Changes.Timestamp; len(delta.Changes.List) != 1 {
			p.Fatalf("%d changes, of one", len(delta.Changes.List))
		}
	}
	return at
}

// BenchmarkBroadcastServed is the same with a goroutine for every subscriber, from the
// append until the last has written.
func BenchmarkBroadcastServed(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := newStage(b, roomWith(func(r *room.Settings) { r.RoundInterval, r.Feed.Rate = time.Nanosecond, 1<<30 }))
			defer s.hub.Close()
			w := &sink{size: int64(size), all: make(chan struct{}, 1)}
			for i := range size {
				v := s.seat(userNumber(i), hub.Inline, feed.Cursor{})
				ended := v.serve(b.Context(), w)
				defer func() {
					v.sub.Expire()
					<-ended
					v.leave()
				}()
			}
			<-w.all // where everyone stands
			b.ReportAllocs()
			for b.Loop() {
				s.say(feed.Low, "a message of the usual length")
				<-w.all
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/subscriber")
			w.over.Store(true)
		})
	}
}

// sink is a Writer that drops what it is given and rings when everyone has written.
type sink struct {
	size, written int64
	all           chan struct{}
	over          atomic.Bool
}

// WriteFrames implements hub.Writer.
func (w *sink) WriteFrames(...*wire.Frame) error {
	if atomic.AddInt64(&w.written, 1)%w.size == 0 && !w.over.Load() {
		w.all <- struct{}{}
	}
	return nil
}

// BenchmarkSubscribe is a viewer who comes into a room of 1,000 and goes.
func BenchmarkSubscribe(b *testing.B) {
	s := newStage(b, roomWith(nil))
	defer s.hub.Close()
	for i := range 1000 {
		defer s.seat(userNumber(i), hub.Notified, feed.Cursor{}).leave()
	}
	bell := hub.NewBell()
	sub := hub.Subscription{Room: theRoom, Session: room.Session{ID: "s", User: "u"}, Delivery: hub.Inline}
	b.ReportAllocs()
	for b.Loop() {
		subscriber, _, err := s.hub.Subscribe(s.ctx(), sub, bell)
		if err != nil {
			b.Fatal(err)
		}
		s.hub.Unsubscribe(subscriber)
	}
}

// BenchmarkPullFromMemory is the pull of a viewer with a stream who lacks 20 messages,
// by many at once.
func BenchmarkPullFromMemory(b *testing.B) {
	s := newStage(b, roomWith(nil))
	defer s.hub.Close()
	users := make([]live.UserID, 1000)
	for i := range users {
		users[i] = userNumber(i)
		defer s.seat(users[i], hub.Notified, feed.Cursor{}).leave()
	}
	s.sayMany(feed.Low, 100)
	cursor := s.head().Cursor
	s.sayMany(feed.Low, 20)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			pulled, err := s.hub.Pull(s.ctx(), hub.Pull{
				Room: theRoom, User: users[i%len(users)], Cursor: cursor, Limit: 100,
			})
			if err != nil || len(pulled.Batch.Messages) > 20 {
				b.Fatalf("%d messages, %v", len(pulled.Batch.Messages), err)
			}
		}
	})
}
