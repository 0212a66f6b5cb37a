package auth

import (
	"context"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/server/keyset"
)

// clockSkew is how far the clock of whoever mints tokens may be from ours.
const clockSkew = 5 * time.Second

// rememberedTokens is how many tokens that were good are remembered, at about half a
// kilobyte each: verifying one costs as much as the rest of a small call.
const rememberedTokens = 1 << 16

// Keys is the public keys that tokens are verified with.
type Keys interface {
	// Current returns the keys as they are now. They may be others the next time.
	Current() *keyset.Set
	// Refresh reads them again, or not, if that was done just now.
	Refresh(ctx context.Context)
}

// Options is what tokens are held to, beside the secret.
type Options struct {
	Keys     Keys   // that tokens may be signed with too; nil: none
	Issuer   string // that every token must name as iss; empty: any or none
	Audience string // that every token must name as aud; empty: any or none
}

// Verifier turns tokens into principals. It may be used concurrently.
type Verifier struct {
	secret  []byte // empty: HS256 is off
	options Options
	good    *lru.Cache[string, remembered] // by the token, signature included
}

// remembered is a token that was good.
type remembered struct {
	Principal
	generation uint64 // of the key set that it was verified with; 0: with the secret
}

// NewVerifier returns a verifier of HS256 tokens signed with the secret.
func NewVerifier(secret string) *Verifier { return NewVerifierWith(secret, Options{}) }

// NewVerifierWith returns a verifier of tokens that are signed with the secret, unless
// it is empty, or with a key of the options.
func NewVerifierWith(secret string, o Options) *Verifier {
	good, err := lru.New[string, remembered](rememberedTokens)
	if err != nil {
		panic(err) // the size is positive
	}
	return &Verifier{secret: []byte(secret), options: o, good: good}
}

// Header verifies the value of an Authorization header. ErrTokenMissing,
// ErrTokenInvalid, ErrTokenExpired. It may wait for keys to be read, at most until ctx
// is done.
func (v *Verifier) Header(ctx context.Context, value string) (Principal, error) {
	raw, ok := bearer(value)
	if !ok {
		return Principal{}, ErrTokenMissing
	}
	return v.Verify(ctx, raw)
}

// bearer returns the token in an Authorization header.
func bearer(value string) (raw string, ok bool) {
	scheme, raw, ok := strings.Cut(value, " ")
	raw = strings.TrimSpace(raw)
	return raw, ok && raw != "" && strings.EqualFold(scheme, "Bearer")
}

// Verify verifies a token. It must expire, and name a user and a role.
// ErrTokenInvalid, ErrTokenExpired.
func (v *Verifier) Verify(ctx context.Context, raw string) (Principal, error) {
	if r, ok := v.good.Get(raw); ok && time.Now().Before(r.Expires) && v.still(r.generation) {
		return r.Principal, nil
	}
	t, generation, err := v.authentic(ctx, raw)
	if err != nil {
		return Principal{}, err
	}
	p, err := v.principal(t)
	if err == nil {
		v.good.Add(raw, remembered{p, generation})
	}
	return p, err
}

// still says whether what was verified with a generation of keys need not be verified
// again: a key may have been taken out of the set since.
func (v *Verifier) still(generation uint64) bool {
	return generation == 0 || generation == v.options.Keys.Current().Generation()
}

// principal checks what an authentic token says, and reads it.
func (v *Verifier) principal(t jwt.Token) (Principal, error) {
	if err := checkTimes(t, time.Now()); err != nil {
		return Principal{}, err
	}
	if err := v.checkParties(t); err != nil {
		return Principal{}, err
	}
	return principalOf(t)
}
