package ovation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
)

// jwt makes a token with a payload; nobody looks at the rest of it.
func jwt(payload string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

func TestRenewalOf(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	ends := func(after time.Duration) string { return jwt(fmt.Sprintf(`{"exp":%d}`, now.Add(after).Unix())) }
	for _, tt := range []struct {
		name, token string
		want        time.Duration // 0: never
	}{
		{"30 s before", ends(time.Hour), time.Hour - 30*time.Second},
		{"a tenth of a short life before", ends(time.Minute), 54 * time.Second},
		{"too short", ends(5 * time.Second), 0},
		{"over", ends(-time.Hour), 0},
		{"fractions", jwt(`{"exp":1800000100.5}`), 90*time.Second + 450*time.Millisecond},
		{"no end", jwt(`{"sub":"alice"}`), 0},
		{"an end out of reach", jwt(`{"exp":1e300}`), 0},
		{"an end that is no number", jwt(`{"exp":"soon"}`), 0},
		{"no JSON", jwt(`exp`), 0},
		{"no base64", "a.!.c", 0},
		{"no JWT", "token", 0},
		{"none", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := renewalOf(tt.token, now)
			if tt.want == 0 && !at.IsZero() || tt.want != 0 && at.Sub(now) != tt.want {
				t.Errorf("after %v, want %v", at.Sub(now), tt.want)
			}
		})
	}
}

// expiring serves tokens of a lifetime, and at the fake refuses those that are over.
type expiring struct {
	mu       sync.Mutex
	lifetime time.Duration
	asked    int
	ends     map[string]time.Time
	fail     func(asked int) bool
}

func (e *expiring) source(context.Context) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	if e.fail != nil && e.fail(e.asked) {
		return "", errors.New("not now")
	}
	end := time.Now().Add(e.lifetime)
	token := jwt(fmt.Sprintf(`{"exp":%d,"n":%d}`, end.Unix(), e.asked))
	e.ends["Bearer "+token] = end
	return token, nil
}

func (e *expiring) check(token, _ string) error {
	if time.Now().Before(e.endOf(token)) {
		return nil
	}
	return failure(connect.CodeUnauthenticated, ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED, 0)
}

func (e *expiring) endOf(token string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ends[token]
}

// stream kicks when its token is over, as the server does.
func (e *expiring) stream(f *fake, s *subscription) error {
	left := time.Until(e.endOf(s.header.Get("Authorization")))
	ctx, cancel := context.WithTimeout(s.ctx, left)
	defer cancel()
	if err := f.plainStream(&subscription{s.request, s.header, ctx, s.stream}); err != nil || s.ctx.Err() != nil {
		return err
	}
	return s.kick(ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED, true)
}

// While a room is open its token is renewed before it ends: the stream moves over, and
// nothing else happens.
func TestTokenIsRenewedAhead(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		tokens := &expiring{lifetime: 10 * time.Minute, ends: map[string]time.Time{}}
		tokens.fail = func(asked int) bool { return asked == 2 } // the source may fail now and then
		f.onCall = tokens.check
		f.onSubscribe = func(_ int, s *subscription) error {
			if s.request.SessionId != "s1" {
				t.Errorf("subscribed as %q", s.request.SessionId)
			}
			return tokens.stream(f, s)
		}
		f.start()
		room := f.joinWith(f.client(WithTokenSource(tokens.source)))
		seen := 0
		for i := range 12 { // two hours
			f.say(feed.Low, numbers(i, i)...)
			time.Sleep(10 * time.Minute)
			for len(room.events) > 0 {
				switch event := next[Event](t, room).(type) {
				case *Messages:
					seen += len(event.Messages)
				case *Reconnecting:
					t.Errorf("the connection broke: %v", event.Cause)
				}
			}
		}
		if seen != 12 || room.SessionID() != "s1" {
			t.Errorf("%d messages as %q", seen, room.SessionID())
		}
		if streams := f.count(func() int { return f.streams }); streams != 13 || tokens.asked != 14 {
			t.Errorf("%d streams, asked %d times", streams, tokens.asked)
		}
	})
}

// A token that could not be renewed ahead of its end is renewed when it is over, and the
// session goes on all the same.
func TestExpiredTokenKeepsSession(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		tokens := &expiring{lifetime: time.Minute, ends: map[string]time.Time{}}
		begun := time.Now()
		tokens.fail = func(asked int) bool { return asked > 1 && time.Since(begun) < time.Minute }
		f.onCall = tokens.check
		f.onSubscribe = func(_ int, s *subscription) error {
			if s.request.SessionId != "s1" {
				t.Errorf("subscribed as %q", s.request.SessionId)
			}
			return tokens.stream(f, s)
		}
		f.start()
		room := f.joinWith(f.client(WithTokenSource(tokens.source)))
		next[*Connected](t, room)
		var kicked *KickedError
		if r := next[*Reconnecting](t, room); !errors.As(r.Cause, &kicked) || time.Since(begun) != time.Minute {
			t.Errorf("after %v: %v", time.Since(begun), r.Cause)
		}
		if c := next[*Connected](t, room); c.SessionID != "s1" {
			t.Errorf("%+v", c)
		}
	})
}

// A source that has no other token yet costs no stream, and is not asked all the time.
func TestSourceWithoutAnotherToken(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		tokens := &expiring{lifetime: 10 * time.Minute, ends: map[string]time.Time{}}
		f.onCall = tokens.check
		f.onSubscribe = func(_ int, s *subscription) error { return tokens.stream(f, s) }
		f.start()
		only, err := tokens.source(t.Context())
		var asked atomic.Int32
		source := func(context.Context) (string, error) { asked.Add(1); return only, err }
		room := f.joinWith(f.client(WithTokenSource(source)))
		next[*Connected](t, room)
		time.Sleep(10*time.Minute - time.Second)
		if streams := f.count(func() int { return f.streams }); streams != 1 || asked.Load() < 2 || asked.Load() > 4 {
			t.Errorf("%d streams, asked %d times", streams, asked.Load())
		}
		if err := end(t, room); Reason(err) != ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED {
			t.Errorf("ended with %v", err)
		}
	})
}
