package ovation

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

const (
	// renewalMargin is how long before its end a token is renewed, and renewalPart
	// the part of what is left to it that this is at most.
	renewalMargin = 30 * time.Second
	renewalPart   = 10
	// renewalPause is the least time between two renewals: a token that ends sooner
	// is renewed when it is refused.
	renewalPause = 5 * time.Second
	// renewalFarthest bounds a timer: nobody's token need live longer.
	renewalFarthest = 10 * 365 * 24 * time.Hour
)

// renewalOf returns when to renew a token: shortly before it ends, by this machine's
// clock. Zero: it does not say when it ends, or that is too soon to be ahead of.
func renewalOf(token string, now time.Time) time.Time {
	end := endOf(token)
	if end.IsZero() {
		return time.Time{}
	}
	left := min(end.Sub(now), renewalFarthest)
	early := left - min(renewalMargin, left/renewalPart)
	if early < renewalPause {
		return time.Time{}
	}
	return now.Add(early)
}

// endOf reads when a token ends from the payload of a JWT, which it does not verify:
// that is the server's to do. Zero: it is another kind of token, or never ends.
func endOf(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	const most = 1 << 40 // beyond it, an instant does not fit
	if json.Unmarshal(payload, &claims) != nil || claims.Expires <= 0 || claims.Expires > most {
		return time.Time{}
	}
	return time.UnixMilli(int64(claims.Expires * 1000))
}

// renewal replaces the stream of a link before its token ends.
type renewal struct {
	tokens *tokens
	held   *held       // what the stream runs on; nil: not known
	timer  *time.Timer // when to ask for the next
	next   errand[*held]
}

func newRenewal(t *tokens) renewal {
	r := renewal{tokens: t, timer: time.NewTimer(time.Hour), next: newErrand[*held]()}
	r.timer.Stop()
	return r
}

// expect sets the timer for the token of a stream that has just begun.
func (r *renewal) expect() {
	r.held = r.tokens.current.Load()
	r.timer.Stop()
	if r.held != nil && !r.held.renewAt.IsZero() && r.tokens.renewable() {
		r.timer.Reset(time.Until(r.held.renewAt))
	}
}

// ask asks the source.
func (r *renewal) ask(ctx context.Context) (*held, error) {
	before := r.held
	return try(ctx, callLimit, func(ctx context.Context) (*held, error) { return r.tokens.renew(ctx, before) })
}

// renewed opens the stream anew with the next token, and the same session. Where there
// is none yet, the source is asked again, until the server refuses the old one.
func (l *link) renewed(ctx context.Context, o outcome[*held]) {
	l.renewal.next.finish()
	switch {
	case o.err != nil:
		l.room.log.WarnContext(ctx, "token not renewed", "session_id", l.room.SessionID(), "error", o.err)
		l.renewal.timer.Reset(renewalPause)
	case l.renewal.held != nil && o.value.token == l.renewal.held.token:
		l.renewal.expect() // the source has no other yet
	case l.stream != nil:
		l.stream.stop()
		l.openStream(ctx)
	}
}
