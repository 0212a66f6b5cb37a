package hub_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
)

// polled is the outcome of a long poll.
type polled struct {
	hub.Pulled
	err   error
	after time.Duration
}

// poll begins a long poll of a minute.
func (s *stage) poll(ctx context.Context, c feed.Cursor) <-chan polled {
	done, begun := make(chan polled, 1), time.Now()
	go func() {
		pulled, err := s.hub.Pull(ctx, hub.Pull{Room: theRoom, User: "u", Cursor: c, Wait: time.Minute})
		done <- polled{pulled, err, time.Since(begun)}
	}()
	synctest.Wait()
	return done
}

func TestLongPoll(t *testing.T) {
	t.Parallel()
	title := "another"
	for _, tt := range []struct {
		name     string
		event    func(s *stage)
		after    time.Duration
		messages int
	}{
		{"a message", func(s *stage) { s.say(feed.Low, "hello") }, 10 * time.Second, 1},
		{"an attribute", func(s *stage) { s.setAttribute("k", "v") }, 10 * time.Second, 0},
		{"a change of the room", func(s *stage) { s.change(room.Change{Title: &title}) }, 10 * time.Second, 0},
		{"the room's end", func(s *stage) { s.end() }, 10 * time.Second, 0},
		{"a drain", func(s *stage) { s.hub.Drain(s.ctx(), hub.Farewell{}) }, 10 * time.Second, 0},
		{"the hub's end", func(s *stage) { s.hub.Close() }, 10 * time.Second, 0},
		{"a count", func(s *stage) { s.hub.SetOnline(theRoom, room.Online{Users: 9}) }, time.Minute, 0},
		{"nothing", func(*stage) {}, time.Minute, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				for _, c := range []feed.Cursor{{}, s.head().Cursor} {
					s := newStage(t, roomWith(nil))
					defer s.hub.Close()
					if c != (feed.Cursor{}) {
						c = s.head().Cursor
					}
					done := s.poll(s.ctx(), c)
					passing(10 * time.Second)
					tt.event(s)
					got := <-done
					s.must(got.err)
					if got.after != tt.after || len(got.Batch.Messages) != tt.messages || got.Batch.Cursor.Epoch == "" {
						s.Fatalf("answered after %v: %+v", got.after, got.Pulled)
					}
					synctest.Wait()
				}
			})
		})
	}
}

func TestLongPollAnswersAtOnceWhatIsThere(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.say(feed.Low, "hello")
		if got := <-s.poll(s.ctx(), feed.Cursor{}); got.err != nil || got.after != 0 || len(got.Batch.Messages) != 1 {
			s.Fatalf("%+v", got)
		}
		gone := feed.Cursor{Epoch: "another life"}
		if got := <-s.poll(s.ctx(), gone); got.err != nil || got.after != 0 || !got.Batch.Resync {
			s.Fatalf("from another epoch: %+v", got)
		}
		s.end()
		if got := <-s.poll(s.ctx(), s.head().Cursor); got.err != nil || got.after != 0 {
			s.Fatalf("in a room that is over: %+v", got)
		}
	})
}

func TestLongPollEndsWithItsContext(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		ctx, cancel := context.WithCancelCause(s.ctx())
		done := s.poll(ctx, feed.Cursor{})
		gone := errors.New("gone")
		cancel(gone)
		if got := <-done; !errors.Is(got.err, gone) {
			s.Fatalf("%+v", got)
		}
	})
}

// Whoever polls keeps the room followed, and it does not stay followed for long.
func TestLongPollsFollow(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		done := s.poll(s.ctx(), feed.Cursor{})
		if !s.following() {
			s.Fatalf("nobody follows for a long poll")
		}
		<-done
		passing(20 * time.Second)
		if s.following() {
			s.Fatalf("the room is followed for ever")
		}
	})
}
