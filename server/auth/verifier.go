package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// clockSkew is how far the clock of whoever mints tokens may be from ours.
const clockSkew = 5 * time.Second

// rememberedTokens is how many tokens that were good are remembered, at about half a
// kilobyte each: verifying one costs as much as the rest of a small call.
const rememberedTokens = 1 << 16

// Verifier turns tokens into principals. It may be used concurrently.
type Verifier struct {
	secret []byte
	good   *lru.Cache[string, Principal] // by the token, signature included
}

// NewVerifier returns a verifier of HS256 tokens signed with the secret.
func NewVerifier(secret string) *Verifier {
	good, err := lru.New[string, Principal](rememberedTokens)
	if err != nil {
		panic(err) // the size is positive
	}
	return &Verifier{secret: []byte(secret), good: good}
}

// Header verifies the value of an Authorization header. ErrTokenMissing,
// ErrTokenInvalid, ErrTokenExpired.
func (v *Verifier) Header(value string) (Principal, error) {
	raw, ok := bearer(value)
	if !ok {
		return Principal{}, ErrTokenMissing
	}
	return v.Verify(raw)
}

// bearer returns the token in an Authorization header.
func bearer(value string) (raw string, ok bool) {
	scheme, raw, ok := strings.Cut(value, " ")
	raw = strings.TrimSpace(raw)
	return raw, ok && raw != "" && strings.EqualFold(scheme, "Bearer")
}

// Verify verifies a token. It must expire, and name a user and a role.
// ErrTokenInvalid, ErrTokenExpired.
func (v *Verifier) Verify(raw string) (Principal, error) {
	if p, ok := v.good.Get(raw); ok && time.Now().Before(p.Expires) {
		return p, nil
	}
	p, err := v.verify(raw)
	if err == nil {
		v.good.Add(raw, p)
	}
	return p, err
}

// verify is Verify for a token that is not remembered, or has expired since.
func (v *Verifier) verify(raw string) (Principal, error) {
	t, err := jwt.ParseString(raw,
		jwt.WithKey(jwa.HS256(), v.secret),
		jwt.WithAcceptableSkew(clockSkew),
		jwt.WithRequiredClaim(jwt.ExpirationKey),
		jwt.WithRequiredClaim(jwt.SubjectKey))
	switch {
	case errors.Is(err, jwt.TokenExpiredError()):
		return Principal{}, ErrTokenExpired
	case err != nil:
		return Principal{}, fmt.Errorf("%w: %w", ErrTokenInvalid, err)
	}
	return principal(t)
}

// principal reads the claims.
func principal(t jwt.Token) (Principal, error) {
	subject, _ := t.Subject()
	expires, _ := t.Expiration()
	var name, role string
	if t.Has(token.ClaimName) {
		if err := t.Get(token.ClaimName, &name); err != nil {
			return Principal{}, fmt.Errorf("%w: claim %q is not a string", ErrTokenInvalid, token.ClaimName)
		}
	}
	if err := t.Get(token.ClaimRole, &role); err != nil {
		return Principal{}, fmt.Errorf("%w: claim %q is missing", ErrTokenInvalid, token.ClaimRole)
	}
	parsed, ok := live.ParseRole(role)
	if !ok {
		return Principal{}, fmt.Errorf("%w: role %q is unknown", ErrTokenInvalid, role)
	}
	if subject == "" || len(subject) > maxUserBytes {
		return Principal{}, fmt.Errorf("%w: the subject must have 1 to %d bytes", ErrTokenInvalid, maxUserBytes)
	}
	if len(name) > maxUserBytes {
		return Principal{}, fmt.Errorf("%w: the name must have at most %d bytes", ErrTokenInvalid, maxUserBytes)
	}
	rooms, err := roomsOf(t)
	if err != nil {
		return Principal{}, err
	}
	return Principal{User: live.UserID(subject), Name: name, Role: parsed, Rooms: rooms, Expires: expires}, nil
}

// maxUserBytes is how long a user's id may be, and their name.
const maxUserBytes = 128

// roomsOf reads the rooms that a token covers: a list of names, or one name.
func roomsOf(t jwt.Token) ([]live.RoomID, error) {
	var claim any
	if err := t.Get(token.ClaimRooms, &claim); err != nil {
		return nil, fmt.Errorf("%w: claim %q is missing", ErrTokenInvalid, token.ClaimRooms)
	}
	names, ok := claim.([]any)
	if !ok {
		names = []any{claim}
	}
	rooms := make([]live.RoomID, len(names))
	for i, name := range names {
		s, ok := name.(string)
		if !ok {
			return nil, fmt.Errorf("%w: claim %q must be a list of strings", ErrTokenInvalid, token.ClaimRooms)
		}
		rooms[i] = live.RoomID(s)
	}
	return rooms, nil
}
