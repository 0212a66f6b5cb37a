package ovation

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live/feed"
)

// sanctioned is the error of a call that moderation does not allow.
func sanctioned(reason ovationv1.ErrorReason, until time.Time) error {
	err := connect.NewError(connect.CodePermissionDenied, errors.New("refused"))
	detail := &ovationv1.ErrorDetail{Reason: reason, Metadata: map[string]string{"why": "be nice"}}
	if !until.IsZero() {
		detail.Metadata["until"] = strconv.FormatInt(until.UnixMicro(), 10)
	}
	d, wrong := connect.NewErrorDetail(detail)
	if wrong != nil {
		panic(wrong)
	}
	err.AddDetail(d)
	return err
}

// checkUntil fails the test unless the error says when it ends.
func checkUntil(t *testing.T, err error, want time.Time) {
	t.Helper()
	if got, said := Until(err); !got.Equal(want) || said == want.IsZero() {
		t.Errorf("until %v, %v, want %v", got, said, want)
	}
}

// A ban ends the stay for good, and the error says for how long it is, though the frame
// does not.
func TestBannedWhileThere(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		until := time.Now().Add(time.Hour).Truncate(time.Microsecond)
		f.onSubscribe = func(_ int, s *subscription) error {
			if err := s.welcome(f, notifying); err != nil {
				return err
			}
			f.mu.Lock()
			f.onCall = func(string, string) error { return sanctioned(ovationv1.ErrorReason_ERROR_REASON_BANNED, until) }
			f.mu.Unlock()
			return s.kick(ovationv1.KickReason_KICK_REASON_BANNED, false)
		}
		room := f.join()
		err := end(t, room)
		var kicked *KickedError
		if !errors.Is(err, ErrBanned) || !errors.As(err, &kicked) || kicked.Message != "be nice" || f.streams != 1 {
			t.Fatalf("ended with %v after %d streams", err, f.streams)
		}
		checkUntil(t, err, until)
		time.Sleep(time.Hour)
		if f.streams != 1 {
			t.Errorf("%d streams", f.streams)
		}
	})
}

// A ban for good, or one that was lifted meanwhile, has no end to tell of.
func TestBannedWithoutEnd(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onSubscribe = func(_ int, s *subscription) error { return s.kick(ovationv1.KickReason_KICK_REASON_BANNED, false) }
		err := end(t, f.join())
		if !errors.Is(err, ErrBanned) {
			t.Errorf("ended with %v", err)
		}
		checkUntil(t, err, time.Time{})
	})
}

func TestJoinBanned(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		until := time.Now().Add(time.Hour).Truncate(time.Microsecond)
		f.onCall = func(string, string) error { return sanctioned(ovationv1.ErrorReason_ERROR_REASON_BANNED, until) }
		f.start()
		_, err := f.client().Join(t.Context(), "demo")
		if !errors.Is(err, ErrBanned) || len(f.tokens) != 1 {
			t.Errorf("%v after %d calls", err, len(f.tokens))
		}
		checkUntil(t, err, until)
	})
}

// Who was removed is not brought back by the client, and may come back by themselves.
func TestModeratedComesBackByWish(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onSubscribe = func(n int, s *subscription) error {
			if n > 0 {
				return f.plainStream(s)
			}
			return s.kick(ovationv1.KickReason_KICK_REASON_MODERATED, true)
		}
		room := f.join()
		var kicked *KickedError
		if err := end(t, room); !errors.As(err, &kicked) || !kicked.MayReconnect || errors.Is(err, ErrBanned) {
			t.Fatalf("ended with %v", err)
		}
		time.Sleep(time.Hour)
		if f.streams != 1 {
			t.Fatalf("%d streams", f.streams)
		}
		next[*Connected](t, f.joinWith(f.client()))
	})
}

// What moderation does not let a user say is an error with a name, of the call and of
// the echo, and is tried once.
func TestSendModerated(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		room := f.join(WithEcho())
		next[*Connected](t, room)
		until := time.Now().Add(10 * time.Minute).Truncate(time.Microsecond)
		for want, failed := range map[error]error{
			ErrMuted:          sanctioned(ovationv1.ErrorReason_ERROR_REASON_MUTED, until),
			ErrBanned:         sanctioned(ovationv1.ErrorReason_ERROR_REASON_BANNED, until),
			ErrMessageRefused: sanctioned(ovationv1.ErrorReason_ERROR_REASON_MESSAGE_REFUSED, time.Time{}),
		} {
			f.onSend = func(int) error { return failed }
			before := f.count(func() int { return len(f.sends) })
			_, err := room.SendText(t.Context(), "hush")
			if !errors.Is(err, want) || Reason(err) != Reason(failed) {
				t.Errorf("%v, want %v", err, want)
			}
			if tries := f.count(func() int { return len(f.sends) }) - before; tries != 1 {
				t.Errorf("%v: tried %d times", want, tries)
			}
			if !errors.Is(want, ErrMessageRefused) {
				checkUntil(t, err, until)
			}
			next[*Echo](t, room)
			if e := next[*Echo](t, room); e.State != EchoFailed || !errors.Is(e.Err, want) {
				t.Errorf("%+v, want %v", e, want)
			}
		}
	})
}

// fullFor is how often the fakes below turn a client away, and fullAfter when they say
// to come again.
const (
	fullFor   = 20
	fullAfter = 3 * time.Second
)

// Whoever is told to come again later comes, however often, and never sooner.
func TestFullServer(t *testing.T) {
	for name, procedure := range map[string]string{
		"join":      ovationv1connect.RoomServiceJoinRoomProcedure,
		"subscribe": ovationv1connect.FeedServiceSubscribeProcedure,
		"pull":      ovationv1connect.FeedServicePullProcedure,
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t *testing.T, f *fake) {
				var came arrivals
				f.onCall = func(_, called string) error {
					if called != procedure || came.count() >= fullFor {
						return nil
					}
					came.note()
					return failure(connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED, fullAfter)
				}
				f.say(feed.Low, "hello")
				room := f.join()
				f.say(feed.Low, "after")
				read(t, room, 2)
				came.check(t)
			})
		})
	}
}

// The same where what turns the client away does not speak the protocol.
func TestFullProxy(t *testing.T) {
	for name, status := range map[string]int{"unavailable": http.StatusServiceUnavailable, "too many": http.StatusTooManyRequests} {
		for _, procedure := range []string{
			ovationv1connect.RoomServiceJoinRoomProcedure, ovationv1connect.FeedServiceSubscribeProcedure, ovationv1connect.FeedServicePullProcedure,
		} {
			t.Run(name+procedure, func(t *testing.T) {
				scenario(t, func(t *testing.T, f *fake) {
					var came arrivals
					f.wrap = func(next http.Handler) http.Handler {
						return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							if r.URL.Path != procedure || came.count() >= fullFor {
								next.ServeHTTP(w, r)
								return
							}
							came.note()
							w.Header().Set("Retry-After", "3")
							http.Error(w, "<h1>full</h1>", status)
						})
					}
					f.say(feed.Low, "hello")
					room := f.join()
					f.say(feed.Low, "after")
					read(t, room, 2)
					came.check(t)
				})
			})
		}
	}
}

// Who gives up waiting to be let in is let go.
func TestFullServerUntilTheContextEnds(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onCall = func(string, string) error {
			return failure(connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED, fullAfter)
		}
		f.start()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := f.client().Join(ctx, "demo"); Reason(err) != ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED {
			t.Errorf("gave up with %v", err)
		}
	})
}

func TestRetryAfterIn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"3": 3 * time.Second, " 0 ": 0, "4294967295": retryAfterMost,
		"Fri, 02 Jan 2026 03:04:35 GMT": 30 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0, "Fri, 02 Jan 2099 03:04:00 GMT": retryAfterMost,
	} {
		if got, said := retryAfterIn(http.Header{"Retry-After": {value}}, now); got != want || !said {
			t.Errorf("%q: %v, %v, want %v", value, got, said, want)
		}
	}
	for _, value := range []string{"", "soon", "-1", "1.5", "99999999999999999999"} {
		if got, said := retryAfterIn(http.Header{"Retry-After": {value}}, now); said {
			t.Errorf("%q: %v", value, got)
		}
	}
}

// arrivals are when a client came and was turned away.
type arrivals struct {
	mu   sync.Mutex
	list []time.Time
}

func (a *arrivals) note() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, time.Now())
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.list)
}

// check fails the test if one came sooner than it was told to, or none came at another
// moment than it was.
func (a *arrivals) check(t *testing.T) {
	t.Helper()
	spread := false
	for i := 1; i < len(a.list); i++ {
		waited := a.list[i].Sub(a.list[i-1])
		spread = spread || waited > fullAfter+fullAfter/10
		if waited < fullAfter {
			t.Errorf("came again after %v", waited)
		}
	}
	if len(a.list) != fullFor || !spread {
		t.Errorf("turned away %d times, spread %v", len(a.list), spread)
	}
}
