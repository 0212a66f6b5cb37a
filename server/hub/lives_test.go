package hub_test

import (
	"slices"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

// resyncs says whether any batch begins anew.
func resyncs(frames []*ovationv1.SubscribeResponse) bool {
	return slices.ContainsFunc(frames, func(f *ovationv1.SubscribeResponse) bool {
		return f.GetBatch().GetBatch().GetResync()
	})
}

// A log that comes back without its end goes on in another epoch. Who had not read
// what is lost goes on too, and misses nothing; who had is told.
func TestLogComesBackWithoutItsEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		lost   int
		resync bool
		want   []string // of a viewer who had read three messages
	}{
		{"with nothing lost", 0, false, []string{"4"}},
		{"with what was read lost", 2, true, []string{"1", "4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				v := s.seat("u", hub.Inline, feed.Cursor{})
				defer v.leave()
				for _, text := range []string{"1", "2", "3"} {
					s.say(feed.Low, text)
				}
				passing(time.Second)
				v.take()
				read := s.head().Cursor
				s.store.relive(s.room, tt.lost)
				s.say(feed.Low, "4") // shows that it is another life
				passing(time.Second)
				frames := v.take()
				if got := texts(frames); !slices.Equal(got, tt.want) || resyncs(frames) != tt.resync {
					s.Fatalf("on the stream: %q, resync %v", got, resyncs(frames))
				}
				pulled := s.pull("another", "", read)
				if pulled.Batch.Resync != tt.resync || len(pulled.Batch.Messages) != len(tt.want) || pulled.Batch.Cursor != s.head().Cursor {
					s.Fatalf("by a pull: %+v", pulled.Batch)
				}
				late := s.seat("late", hub.Inline, read)
				defer late.leave()
				if got := late.take(); late.welcome.GetResync() != tt.resync || !slices.Equal(texts(got), tt.want) {
					s.Fatalf("on another stream: resync %v, %q", late.welcome.GetResync(), texts(got))
				}
				if s.pull("one who lacks both", "", feed.Cursor{Epoch: read.Epoch}).Batch.Resync {
					s.Fatalf("one who had read nothing that is lost was told to begin anew")
				}
			})
		})
	}
}

// Where nothing shows it, the check does, and viewers move into the other epoch.
func TestAnotherLifeIsFoundByACheck(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		inline, notified := s.seat("i", hub.Inline, feed.Cursor{}), s.seat("n", hub.Notified, feed.Cursor{})
		defer inline.leave()
		defer notified.leave()
		s.say(feed.Low, "before")
		s.setAttribute("k", "v")
		passing(time.Second)
		inline.take()
		notified.take()
		read := s.head().Cursor
		waiting := s.poll(s.ctx(), read)
		s.store.relive(s.room, 0)
		passing(10 * time.Second)
		epoch := string(s.head().Cursor.Epoch)
		frames := inline.take()
		if resyncs(frames) || len(texts(frames)) > 0 || frames[len(frames)-1].GetBatch().GetBatch().GetCursor().GetEpoch() != epoch {
			s.Fatalf("who is inline got %v", frames)
		}
		frames = notified.take()
		if n := frames[len(frames)-1].GetNotify(); n.GetHeads().GetCursor().GetEpoch() != epoch || !n.GetAttributes() {
			s.Fatalf("who is notified got %v", frames)
		}
		if got := <-waiting; got.Batch.Resync || string(got.Batch.Cursor.Epoch) != epoch || len(got.Batch.Messages) > 0 {
			s.Fatalf("who waited got %+v", got)
		}
	})
}

// A bus that was away says how far the room is: what was missed is read at once.
func TestPublicationWithoutContent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		says  func(head store.Head) store.Publication
		heads int
	}{
		{"of the last that was lost", func(h store.Head) store.Publication {
			return store.Publication{Epoch: h.Cursor.Epoch, Sequence: h.Sequence}
		}, 1},
		{"of another epoch", func(store.Head) store.Publication { return store.Publication{Epoch: "another", Sequence: 1} }, 1},
		{"of what was heard", func(h store.Head) store.Publication {
			return store.Publication{Epoch: h.Cursor.Epoch, Sequence: h.Sequence - 1}
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				v := s.seat("u", hub.Inline, feed.Cursor{})
				defer v.leave()
				s.say(feed.Low, "heard")
				s.losing(func() { s.say(feed.Low, "lost") })
				passing(time.Millisecond)
				v.take()
				s.store.set(func(b *backing) { b.heads = 0 })
				s.store.ears[0].hear(tt.says(s.head()))
				passing(100 * time.Millisecond) // no check is due yet
				s.store.set(func(b *backing) {
					if b.heads != tt.heads {
						s.Fatalf("the log was asked %d times", b.heads)
					}
				})
				if got := texts(v.take()); len(got) != tt.heads {
					s.Fatalf("got %q", got)
				}
			})
		})
	}
}

// A viewer's stream that has carried nothing yet of another life goes on from where the
// viewer has pulled to in it.
func TestPullInAnotherLifeMovesTheStream(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Auto, feed.Cursor{})
		defer v.leave()
		s.say(feed.Low, "1")
		passing(time.Second)
		v.take()
		first := s.pull("u", live.SessionID(v.welcome.GetSessionId()), feed.Cursor{})
		s.store.relive(s.room, 0)
		s.say(feed.Low, "2")
		passing(time.Second)
		v.take()
		second := s.pull("u", live.SessionID(v.welcome.GetSessionId()), first.Batch.Cursor)
		if second.Batch.Resync || len(second.Batch.Messages) != 1 {
			s.Fatalf("pulled %+v", second.Batch)
		}
		all := 100
		s.change(room.Change{Settings: room.SettingsChange{InlinePercent: &all}})
		s.say(feed.Low, "3")
		passing(time.Second)
		if frames := v.take(); resyncs(frames) || !slices.Equal(texts(frames), []string{"3"}) {
			s.Fatalf("got %q", texts(frames))
		}
	})
}
