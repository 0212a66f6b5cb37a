package ovation

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
)

const (
	notifying = ovationv1.Delivery_DELIVERY_NOTIFY
	inlining  = ovationv1.Delivery_DELIVERY_INLINE
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scenario runs a test in a bubble of its own time, in which nothing may be left
// running at the end.
func scenario(t *testing.T, test func(*testing.T, *fake)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newFake(t)) })
}

func TestJoinAndNotify(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.say(feed.Low, numbers(1, 3)...)
		f.set("seat", "alice")
		room := f.join()
		if got := read(t, room, 3); !reflect.DeepEqual(got, numbers(1, 3)) {
			t.Fatalf("latest %v", got)
		}
		if c := next[*Connected](t, room); c.SessionID != "s1" || c.Delivery != notifying || c.Polling {
			t.Errorf("%+v", c)
		}
		if a, ok := room.Attribute("seat"); !ok || string(a.Value) != "alice" {
			t.Errorf("%+v, %v", a, ok)
		}
		f.say(feed.Low, numbers(4, 40)...)
		if got := read(t, room, 37); !reflect.DeepEqual(got, numbers(4, 40)) {
			t.Errorf("notified %v", got)
		}
		if offset, bound := room.ClockOffset(); offset != time.Hour || bound != 0 {
			t.Errorf("offset %v, bound %v", offset, bound)
		}
		if got := room.Cursor(); !proto.Equal(got, f.heads().Cursor) {
			t.Errorf("cursor %v, want %v", got, f.heads().Cursor)
		}
		if err := room.Leave(t.Context()); err != nil || f.left != 1 {
			t.Errorf("leave: %v, %d times", err, f.left)
		}
		if err := end(t, room); !errors.Is(err, ErrClosed) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestPullsMerge(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.beforePull = func(context.Context) { time.Sleep(time.Second) }
		room := f.join()
		next[*Connected](t, room)
		for i := range 20 {
			f.say(feed.Low, numbers(i+1, i+1)...)
			time.Sleep(50 * time.Millisecond)
		}
		if got := read(t, room, 20); !reflect.DeepEqual(got, numbers(1, 20)) {
			t.Errorf("%v", got)
		}
		if n := f.count(func() int { return len(f.pulls) }); n > 4 {
			t.Errorf("%d pulls for 20 notifications in a second", n)
		}
	})
}

// A connection that breaks in the middle of a frame costs nothing.
func TestResumesAfterBreak(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		var cut atomic.Bool
		f.wrap = func(inner http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner.ServeHTTP(&cutter{w, &cut}, r)
			})
		}
		f.onSubscribe = func(n int, s *subscription) error {
			if err := s.welcome(f, inlining); err != nil {
				return err
			}
			if n == 1 {
				cut.Store(true) // the next frame is cut
				return s.batch(f, f.batchAfter(s.request.Cursor, 5), nil)
			}
			if n == 0 {
				b := f.batchAfter(s.request.Cursor, 5)
				if err := s.batch(f, b, nil); err != nil {
					return err
				}
				return errors.New("broken") // right after a frame
			}
			return s.inline(f, s.request.Cursor)
		}
		f.start()
		f.say(feed.Low, "0")
		room := f.joinWith(f.client(), WithDelivery(inlining))
		f.say(feed.Low, numbers(1, 30)...)
		if got := read(t, room, 31); !reflect.DeepEqual(got, numbers(0, 30)) {
			t.Errorf("%v", got)
		}
		if f.streams != 3 {
			t.Errorf("%d streams", f.streams)
		}
		if n := f.count(func() int { return len(f.pulls) }); n != 0 {
			t.Errorf("%d pulls with inline delivery", n)
		}
	})
}

// cutter ends a response in the middle of a write once it is told to.
type cutter struct {
	http.ResponseWriter
	cut *atomic.Bool
}

func (c *cutter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) > 10 && c.cut.CompareAndSwap(true, false) {
		_, _ = c.ResponseWriter.Write(p[:len(p)/2])
		c.Flush()
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(p)
}

func (c *cutter) Flush() { _ = http.NewResponseController(c.ResponseWriter).Flush() }

func TestReconnectFrame(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		var asked, came time.Time
		f.onSubscribe = func(n int, s *subscription) error {
			if n > 0 {
				came = time.Now()
				if s.request.SessionId != "s1" || !proto.Equal(s.request.Cursor, f.heads().Cursor) {
					t.Errorf("resumed with %v", s.request)
				}
				return f.plainStream(s)
			}
			if err := s.welcome(f, notifying); err != nil {
				return err
			}
			asked = time.Now()
			r := &ovationv1.Reconnect{After: durationpb.New(time.Minute), Jitter: durationpb.New(time.Minute)}
			return s.stream.Send(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Reconnect{Reconnect: r}})
		}
		f.say(feed.High, "1")
		room := f.join()
		r := next[*Reconnecting](t, room)
		next[*Connected](t, room)
		if wait := came.Sub(asked); wait < time.Minute || wait > 2*time.Minute || wait < r.After {
			t.Errorf("came after %v, announced %v", wait, r.After)
		}
	})
}

func TestWatchdog(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onSubscribe = func(n int, s *subscription) error {
			if n > 0 {
				return f.plainStream(s)
			}
			if err := s.welcome(f, notifying); err != nil {
				return err
			}
			<-s.ctx.Done()
			return nil
		}
		begun := time.Now()
		room := f.join()
		r := next[*Reconnecting](t, room)
		if silence := time.Since(begun); silence != 2*fakeHeartbeat || !errors.Is(r.Cause, errSilent) {
			t.Errorf("after %v: %v", silence, r.Cause)
		}
		next[*Connected](t, room)
		time.Sleep(10 * fakeHeartbeat)
		if f.streams != 2 {
			t.Errorf("%d streams: heartbeats did not keep it", f.streams)
		}
	})
}

// Behind a proxy that holds streams back, messages are polled for until one comes
// through.
func TestFallsBackToPolling(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onSubscribe = func(n int, s *subscription) error {
			if n > 1 {
				return f.plainStream(s)
			}
			<-s.ctx.Done()
			return nil
		}
		begun := time.Now()
		room := f.join()
		if c := next[*Connected](t, room); !c.Polling || time.Since(begun) != welcomeLimit {
			t.Fatalf("%+v after %v", c, time.Since(begun))
		}
		f.say(feed.Low, "1")
		read(t, room, 1)
		if since := time.Since(begun); since != welcomeLimit {
			t.Errorf("long poll answered after %v", since)
		}
		f.set("seat", "alice")
		f.say(feed.Low, "2")
		read(t, room, 1)
		if c := next[*AttributesChanged](t, room); len(c.Changes) != 1 {
			t.Errorf("%+v", c)
		}
		f.mu.Lock()
		f.room.Revision, f.room.Title = 2, "New"
		f.mu.Unlock()
		if u := next[*RoomUpdated](t, room); u.Room.Title != "New" || room.Info().Title != "New" {
			t.Errorf("%v", u.Room)
		}
		var texts []string
		var connected []*Connected
		for i := 3; len(connected) == 0 || len(texts) < i-3; { // while streams are tried again
			if i < 43 {
				f.say(feed.Low, numbers(i, i)...)
				i++
			}
			switch e := next[Event](t, room).(type) {
			case *Messages:
				for _, m := range e.Messages {
					texts = append(texts, m.Text)
				}
			case *Connected:
				connected = append(connected, e)
			}
			time.Sleep(3 * time.Second)
		}
		if !reflect.DeepEqual(texts, numbers(3, 42)) {
			t.Errorf("%v", texts)
		}
		if len(connected) != 1 || connected[0].Polling || f.streams != 3 {
			t.Errorf("%v, %d streams", connected, f.streams)
		}
		f.say(feed.Low, "last")
		if got := read(t, room, 1); got[0] != "last" {
			t.Errorf("%v", got)
		}
		idle := f.count(func() int { return len(f.pulls) })
		time.Sleep(time.Hour)
		if n := f.count(func() int { return len(f.pulls) }); n > idle+1 {
			t.Errorf("%d pulls in an idle hour with a stream", n-idle)
		}
	})
}

func TestPollingIsPaced(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onSubscribe = func(_ int, s *subscription) error {
			<-s.ctx.Done()
			return nil
		}
		f.onPull = func(request *ovationv1.PullRequest) error {
			request.Wait = nil // a server that does not wait
			return nil
		}
		room := f.join()
		next[*Connected](t, room)
		time.Sleep(time.Minute)
		if n := f.count(func() int { return len(f.pulls) }); n > 70 {
			t.Errorf("%d pulls in a minute", n)
		}
		f.mu.Lock()
		f.room.State, f.room.Revision = ovationv1.RoomState_ROOM_STATE_ENDED, 2
		f.mu.Unlock()
		if err := end(t, room); !errors.Is(err, ErrRoomEnded) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestResync(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.set("seat", "alice")
		f.say(feed.Low, numbers(1, 5)...)
		room := f.join()
		read(t, room, 5)
		next[*Connected](t, room)

		f.loseLog("e2")
		f.set("mood", "bright")
		f.say(feed.Low, numbers(100, 101)...)
		m := next[*Messages](t, room)
		if !m.Resync || m.Cursor.Epoch != "e2" || m.Unexplained != 0 {
			t.Errorf("%+v", m)
		}
		if c := next[*AttributesChanged](t, room); !c.Reset {
			t.Errorf("%+v", c)
		}
		if all := room.Attributes(); len(all) != 1 || all[0].Key != "mood" {
			t.Errorf("attributes %+v", all)
		}
		f.say(feed.Low, "102")
		f.set("mood", "dim")
		for {
			m := next[*Messages](t, room)
			if texts := m.Messages; !m.Resync && len(texts) == 1 && texts[0].Text == "102" {
				break
			}
		}
	})
}

// The log goes on in another epoch, and so does the reader: only the attributes are
// read anew.
func TestLogGoesOnInAnotherEpoch(t *testing.T) {
	for _, delivery := range []ovationv1.Delivery{notifying, inlining} {
		t.Run(delivery.String(), func(t *testing.T) {
			scenario(t, func(t *testing.T, f *fake) {
				f.onSubscribe = func(_ int, s *subscription) error {
					if delivery == notifying {
						return f.plainStream(s)
					}
					if err := s.welcome(f, delivery); err != nil {
						return err
					}
					return s.inline(f, s.request.Cursor)
				}
				f.set("seat", "alice")
				f.say(feed.Low, numbers(1, 5)...)
				room := f.join()
				read(t, room, 5)
				for i, epoch := range []live.Epoch{"e2", "e3"} {
					f.relive(epoch)
					for moved, reset := false, false; !moved || !reset; {
						switch event := next[Event](t, room).(type) {
						case *Messages:
							moved = !event.Resync && len(event.Messages) == 0 && event.Cursor.Epoch == string(epoch)
						case *AttributesChanged:
							reset = event.Reset
						}
					}
					text := numbers(6+i, 6+i)
					f.say(feed.Low, text...)
					if m := next[*Messages](t, room); m.Resync || len(m.Messages) != 1 || m.Messages[0].Text != text[0] {
						t.Errorf("%+v", m)
					}
				}
				if n := f.count(func() int { return len(f.pulls) }); delivery == inlining && n > 0 {
					t.Errorf("%d pulls where the stream carried all", n)
				}
			})
		})
	}
}

// The log is lost while the stream is away: the Welcome says so.
func TestResyncOnWelcome(t *testing.T) {
	for _, delivery := range []ovationv1.Delivery{notifying, inlining} {
		t.Run(delivery.String(), func(t *testing.T) {
			scenario(t, func(t *testing.T, f *fake) {
				f.onSubscribe = func(n int, s *subscription) error {
					if err := s.welcome(f, delivery); err != nil {
						return err
					}
					if n == 0 {
						f.loseLog("e2")
						f.say(feed.High, "9")
						return nil
					}
					if delivery == inlining {
						return s.inline(f, nil)
					}
					<-s.ctx.Done()
					return nil
				}
				f.say(feed.High, "1")
				room := f.join()
				read(t, room, 1)
				next[*Reconnecting](t, room)
				if m := next[*Messages](t, room); !m.Resync || len(m.Messages) != 1 || m.Messages[0].Text != "9" {
					t.Errorf("%+v", m)
				}
				time.Sleep(time.Second)
				if len(room.events) > 1 {
					t.Errorf("%d more events", len(room.events))
				}
			})
		})
	}
}

// The server switches to inline while a pull is under way; what it sends overlaps
// with the pull, in part and then with a hole before it.
func TestSwitchToInline(t *testing.T) {
	for _, from := range []int{3, 6, 9} {
		scenarioSwitch(t, from)
	}
}

func scenarioSwitch(t *testing.T, from int) {
	t.Run(numbers(from, from)[0], func(t *testing.T) {
		scenario(t, func(t *testing.T, f *fake) {
			f.beforePull = func(context.Context) { time.Sleep(time.Second) }
			f.onSubscribe = func(_ int, s *subscription) error {
				if err := s.welcome(f, notifying); err != nil {
					return err
				}
				f.say(feed.Low, numbers(1, 6)...)
				if err := s.notify(f); err != nil { // a pull of 1 to 6 begins
					return err
				}
				time.Sleep(100 * time.Millisecond)
				f.say(feed.Low, numbers(7, 12)...)
				cursor := f.batchAfter(&ovationv1.Cursor{Epoch: "e1"}, from-1).Cursor
				b := f.batchAfter(cursor, 10)
				if err := s.batch(f, b, nil); err != nil {
					return err
				}
				time.Sleep(5 * time.Second)
				f.say(feed.Low, numbers(13, 20)...)
				return s.inline(f, b.Cursor)
			}
			room := f.join()
			if got := read(t, room, 20); !reflect.DeepEqual(got, numbers(1, 20)) {
				t.Errorf("%v", got)
			}
			time.Sleep(10 * time.Second)
			if len(room.events) != 0 {
				t.Errorf("%d events left", len(room.events))
			}
		})
	})
}

func TestEnds(t *testing.T) {
	frame := func(r *ovationv1.SubscribeResponse) func(*fake, *subscription) error {
		return func(f *fake, s *subscription) error {
			if err := s.welcome(f, notifying); err != nil {
				return err
			}
			return s.stream.Send(r)
		}
	}
	kicked := func(reason ovationv1.KickReason, may bool) func(*fake, *subscription) error {
		return frame(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Kicked{
			Kicked: &ovationv1.Kicked{Reason: reason, MayReconnect: may, Message: "why"},
		}})
	}
	refused := func(code connect.Code, reason ovationv1.ErrorReason) func(*fake, *subscription) error {
		return func(*fake, *subscription) error { return failure(code, reason, 0) }
	}
	wasKicked := func(reason ovationv1.KickReason) func(error) bool {
		return func(err error) bool {
			var k *KickedError
			return errors.As(err, &k) && k.Reason == reason && k.Message == "why"
		}
	}
	because := func(reason ovationv1.ErrorReason) func(error) bool {
		return func(err error) bool { return Reason(err) == reason }
	}
	roomEnded := func(err error) bool { return errors.Is(err, ErrRoomEnded) }
	for _, tt := range []struct {
		name   string
		stream func(*fake, *subscription) error
		want   func(error) bool
	}{
		{"room ended", frame(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_RoomEnded{
			RoomEnded: &ovationv1.RoomEnded{},
		}}), roomEnded},
		{"room had ended", refused(connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED), roomEnded},
		{
			"no room", refused(connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND),
			because(ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND),
		},
		{
			"banned before", refused(connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_BANNED),
			because(ovationv1.ErrorReason_ERROR_REASON_BANNED),
		},
		{
			"token refused", refused(connect.CodeUnauthenticated, ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID),
			because(ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID),
		},
		{
			"banned now", kicked(ovationv1.KickReason_KICK_REASON_BANNED, false),
			wasKicked(ovationv1.KickReason_KICK_REASON_BANNED),
		},
		{
			"moderated", kicked(ovationv1.KickReason_KICK_REASON_MODERATED, true),
			wasKicked(ovationv1.KickReason_KICK_REASON_MODERATED),
		},
		{
			"replaced", kicked(ovationv1.KickReason_KICK_REASON_REPLACED, true),
			wasKicked(ovationv1.KickReason_KICK_REASON_REPLACED),
		},
		{
			"token not renewable", kicked(ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED, true),
			wasKicked(ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			scenario(t, func(t *testing.T, f *fake) {
				f.onSubscribe = func(_ int, s *subscription) error { return tt.stream(f, s) }
				room := f.join()
				if err := end(t, room); !tt.want(err) || f.streams != 1 {
					t.Errorf("ended with %v after %d streams", err, f.streams)
				}
			})
		})
	}
}

func TestJoinFails(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onCall = func(string, string) error {
			return failure(connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED, 0)
		}
		f.start()
		if _, err := f.client().Join(t.Context(), "demo"); !errors.Is(err, ErrRoomEnded) || len(f.tokens) != 1 {
			t.Errorf("%v after %d calls", err, len(f.tokens))
		}
	})
}

// What may pass is tried again: with the session, without it where it is gone, and
// not before the server wants it.
func TestTriesAgain(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		begun := time.Now()
		f.onSubscribe = func(n int, s *subscription) error {
			switch n {
			case 0:
				return failure(connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_DRAINING, 30*time.Second)
			case 1:
				if time.Since(begun) < 30*time.Second || s.request.SessionId != "s1" {
					t.Errorf("after %v as %q", time.Since(begun), s.request.SessionId)
				}
				return failure(connect.CodeNotFound, ovationv1.ErrorReason_ERROR_REASON_SESSION_NOT_FOUND, 0)
			case 2:
				if s.request.SessionId != "" {
					t.Errorf("as %q", s.request.SessionId)
				}
				return connect.NewError(connect.CodePermissionDenied, errors.New("a proxy's mood"))
			case 3:
				if err := s.welcome(f, notifying); err != nil {
					return err
				}
				return s.kick(ovationv1.KickReason_KICK_REASON_OFFLINE, true)
			default:
				if s.request.SessionId != "" {
					t.Errorf("as %q", s.request.SessionId)
				}
				return f.plainStream(s)
			}
		}
		room := f.join()
		for i := range 3 {
			if r := next[*Reconnecting](t, room); r.Attempt != i+1 {
				t.Errorf("%+v", r)
			}
		}
		next[*Connected](t, room)
		next[*Connected](t, room)
		if room.SessionID() != "s2" {
			t.Errorf("session %q", room.SessionID())
		}
	})
}

// A reader that does not read costs no memory: pulls stop. When it reads again, the
// oldest are gone, and counted.
func TestSlowReader(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		room := f.join(WithBuffer(4))
		next[*Connected](t, room)
		const total = 1000
		for i := range total {
			f.say(feed.Low, numbers(i, i)...)
			time.Sleep(10 * time.Millisecond)
		}
		if n := f.count(func() int { return len(f.pulls) }); n > 8 {
			t.Errorf("%d pulls for a reader that does not read", n)
		}
		var seen, lost uint64
		for seen+lost < total {
			m := next[*Messages](t, room)
			if m.Unexplained != 0 {
				t.Fatalf("%+v", m)
			}
			seen, lost = seen+uint64(len(m.Messages)), lost+m.Dropped.Low
		}
		if seen+lost != total || lost < 800 {
			t.Errorf("%d seen, %d lost", seen, lost)
		}
	})
}

func TestAttributesInline(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		step := make(chan struct{})
		f.onSubscribe = func(_ int, s *subscription) error {
			if err := s.welcome(f, inlining); err != nil {
				return err
			}
			for {
				select {
				case <-step:
				case <-s.ctx.Done():
					return nil
				}
				f.mu.Lock()
				at := f.attributes.Timestamp()
				f.mu.Unlock()
				f.set("n", at.Time().String())
				if err := s.batch(f, nil, f.changesAfter(at)); err != nil {
					return err
				}
			}
		}
		room := f.join()
		next[*Connected](t, room)
		for range 3 { // contiguous
			step <- struct{}{}
			if c := next[*AttributesChanged](t, room); c.Reset || len(c.Changes) != 1 {
				t.Errorf("%+v", c)
			}
		}
		if f.attrPulls != 0 {
			t.Errorf("%d pulls of contiguous changes", f.attrPulls)
		}
		f.set("lost", "1") // never sent
		f.set("lost", "2")
		step <- struct{}{}
		if c := next[*AttributesChanged](t, room); c.Reset || len(c.Changes) != 3 || f.attrPulls != 1 {
			t.Errorf("%+v after %d pulls", c, f.attrPulls)
		}
		for i := range attribute.DefaultLimits().Log + 1 { // more than the log keeps
			f.set("lost", numbers(i, i)[0])
		}
		step <- struct{}{}
		if c := next[*AttributesChanged](t, room); !c.Reset || f.attrPulls != 2 {
			t.Errorf("%+v after %d pulls", c, f.attrPulls)
		}
		if got, want := len(room.Attributes()), 2; got != want {
			t.Errorf("%d attributes", got)
		}
	})
}

func TestTokenIsRenewed(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		const expired = ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED
		var valid atomic.Value
		valid.Store("Bearer 2")
		f.onCall = func(token, _ string) error {
			if token != valid.Load() {
				return failure(connect.CodeUnauthenticated, expired, 0)
			}
			return nil
		}
		f.onSubscribe = func(n int, s *subscription) error {
			if n > 0 {
				return f.plainStream(s)
			}
			if err := s.welcome(f, notifying); err != nil {
				return err
			}
			valid.Store("Bearer 4")
			return s.kick(ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED, true)
		}
		asked := 0
		source := func(context.Context) (string, error) {
			asked++
			if asked == 3 {
				return "", errors.New("not now")
			}
			return numbers(asked, asked)[0], nil
		}
		f.start()
		room := f.joinWith(f.client(WithTokenSource(source)))
		next[*Connected](t, room)
		next[*Reconnecting](t, room)
		next[*Connected](t, room)
		valid.Store("Bearer 5")
		if _, err := room.SendText(t.Context(), "hello"); err != nil || asked != 5 {
			t.Errorf("%v, asked %d times", err, asked)
		}
		valid.Store("none")
		if _, err := room.SendText(t.Context(), "hello"); Reason(err) != expired || asked != 6 {
			t.Errorf("%v, asked %d times", err, asked)
		}
	})
}

func TestSendRepeats(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onSend = func(n int) error {
			if n < 2 {
				return failure(connect.CodeUnavailable, ovationv1.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE, time.Second)
			}
			return nil
		}
		room := f.join()
		begun := time.Now()
		answer, err := room.SendText(t.Context(), "hello")
		if err != nil || answer.Status != ovationv1.SendStatus_SEND_STATUS_ACCEPTED {
			t.Fatalf("%v, %v", answer, err)
		}
		if waited := time.Since(begun); waited < 2*time.Second {
			t.Errorf("waited %v", waited)
		}
		id := f.sends[0].ClientMessageId
		if len(f.sends) != 3 || id == "" || f.sends[2].ClientMessageId != id || f.sends[0].RoomId != "demo" {
			t.Errorf("%v", f.sends)
		}
		f.onSend = func(int) error {
			return failure(connect.CodePermissionDenied, ovationv1.ErrorReason_ERROR_REASON_MUTED, 0)
		}
		request := &ovationv1.SendRequest{Text: "hello", ClientMessageId: "mine"}
		if _, err := room.Send(t.Context(), request); Reason(err) != ovationv1.ErrorReason_ERROR_REASON_MUTED {
			t.Errorf("%v", err)
		}
		if len(f.sends) != 4 || f.sends[3].ClientMessageId != "mine" || request.RoomId != "" {
			t.Errorf("%v", f.sends)
		}
	})
}

func TestStreamIsNotCompressed(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		asked := make(chan http.Header, 1)
		f.wrap = func(inner http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/ovation.v1.FeedService/Subscribe" {
					asked <- r.Header.Clone()
				}
				inner.ServeHTTP(w, r)
			})
		}
		f.join()
		header := <-asked
		for _, name := range []string{"Accept-Encoding", "Connect-Accept-Encoding"} {
			if v := header.Get(name); v != "" && v != "identity" {
				t.Errorf("%s: %s", name, v)
			}
		}
	})
}

func TestCursorAndSession(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.say(feed.Low, numbers(1, 5)...)
		f.start()
		c := f.client()
		first := f.joinWith(c)
		read(t, first, 5)
		first.Close()
		f.say(feed.Low, numbers(6, 8)...)
		second := f.joinWith(c, WithCursor(first.Cursor()), WithSession("mine"))
		if got := read(t, second, 3); !reflect.DeepEqual(got, numbers(6, 8)) || second.SessionID() != "mine" {
			t.Errorf("%v as %q", got, second.SessionID())
		}
	})
}

// The end of Join's context ends everything, whatever is going on.
func TestContextEnds(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.beforePull = func(ctx context.Context) { <-ctx.Done() }
		f.start()
		ctx, cancel := context.WithCancel(t.Context())
		room, err := f.client().Join(ctx, "demo")
		if err != nil {
			t.Fatal(err)
		}
		next[*Connected](t, room)
		f.say(feed.Low, "1") // a pull hangs
		synctest.Wait()
		cancel()
		for event, err := range room.Events(t.Context()) {
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				continue
			}
			t.Errorf("%T", event)
		}
	})
}

// The server leaves alone whoever does not answer a notification: it is answered by
// a pull even where nothing is lacking.
func TestEveryNotifyIsAnswered(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onSubscribe = func(_ int, s *subscription) error {
			if err := s.welcome(f, notifying); err != nil {
				return err
			}
			for range 5 {
				if err := s.notify(f); err != nil {
					return err
				}
				time.Sleep(time.Second)
			}
			<-s.ctx.Done()
			return nil
		}
		room := f.join()
		next[*Connected](t, room)
		time.Sleep(6 * time.Second)
		if n := f.count(func() int { return len(f.pulls) }); n != 5 {
			t.Errorf("%d pulls", n)
		}
	})
}
