package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/keyset"
	"github.com/ovation-live/ovation/token"
)

// generated returns a key of each kind.
func generated(tb testing.TB) map[string]crypto.Signer {
	tb.Helper()
	keys := make(map[string]crypto.Signer)
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		keys[name] = key
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	keys["RSA"] = rsaKey
	keys["Ed25519"] = edKey(tb)
	return keys
}

func edKey(tb testing.TB) ed25519.PrivateKey {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// publicPEM returns the public half of a key as PEM.
func publicPEM(tb testing.TB, key crypto.Signer) string {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// kid returns the id by which a key is known that was given none.
func kid(tb testing.TB, key crypto.Signer) string {
	tb.Helper()
	id, err := token.KeyID(key.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// by signs with a key, which the token names.
func by(tb testing.TB, algorithm string, key any, id string) jwt.SignOption {
	tb.Helper()
	headers := jws.NewHeaders()
	if id != "" {
		if err := headers.Set("kid", id); err != nil {
			tb.Fatal(err)
		}
	}
	alg, ok := jwa.LookupSignatureAlgorithm(algorithm)
	if !ok {
		tb.Fatalf("no algorithm %s", algorithm)
	}
	return jwt.WithKey(alg, key, jws.WithProtectedHeaders(headers))
}

// held are keys that a test holds, and changes.
type held struct {
	set   atomic.Pointer[keyset.Set]
	next  atomic.Pointer[keyset.Set] // what Refresh finds; nil: the same
	asked atomic.Int64
}

func (h *held) Current() *keyset.Set { return h.set.Load() }

func (h *held) Refresh(context.Context) {
	h.asked.Add(1)
	if next := h.next.Swap(nil); next != nil {
		h.set.Store(next)
	}
}

// hold returns a set of these keys.
func hold(tb testing.TB, keys ...crypto.Signer) *held {
	tb.Helper()
	h := &held{}
	h.set.Store(parsed(tb, keys...))
	return h
}

func parsed(tb testing.TB, keys ...crypto.Signer) *keyset.Set {
	tb.Helper()
	var all strings.Builder
	for _, key := range keys {
		all.WriteString(publicPEM(tb, key))
	}
	set, refused, err := keyset.Parse([]byte(all.String()))
	if err != nil || refused != nil {
		tb.Fatal(refused, err)
	}
	return set
}

// algorithms is which algorithm each kind of key signs with.
var algorithms = map[string][]string{
	"RSA":     {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
	"P-256":   {"ES256"},
	"P-384":   {"ES384"},
	"P-521":   {"ES512"},
	"Ed25519": {"EdDSA", "Ed25519"},
}

// Tokens of every algorithm, with and without the key's id, beside HS256 and alone.
func TestEveryAlgorithm(t *testing.T) {
	t.Parallel()
	keys, strangers := generated(t), generated(t)
	var all []crypto.Signer
	for _, key := range keys {
		all = append(all, key)
	}
	h := hold(t, all...)
	for _, s := range []string{"", secret} {
		v := auth.NewVerifierWith(s, auth.Options{Keys: h})
		for kind, names := range algorithms {
			for _, algorithm := range names {
				for _, id := range []string{"", kid(t, keys[kind])} {
					for range 2 { // the second is remembered
						p, err := v.Verify(t.Context(), signed(t, nil, by(t, algorithm, keys[kind], id)))
						if err != nil || p.User != "u" || p.Role != live.RoleViewer {
							t.Errorf("%s: %+v, %v", algorithm, p, err)
						}
					}
					_, err := v.Verify(t.Context(), signed(t, nil, by(t, algorithm, strangers[kind], id)))
					isInvalid(t, algorithm+" of a stranger", err, "signature")
				}
			}
		}
		_, err := v.Verify(t.Context(), signed(t, nil, ours()))
		if (err == nil) != (s != "") {
			t.Errorf("HS256 with secret %q: %v", s, err)
		}
	}
	if h.asked.Load() != 0 {
		t.Errorf("the keys were read again %d times", h.asked.Load())
	}
}

// isInvalid checks that a token is refused for this cause.
func isInvalid(t *testing.T, name string, err error, cause string) {
	t.Helper()
	why := new(auth.InvalidError)
	if !errors.As(err, &why) || !errors.Is(err, auth.ErrTokenInvalid) || !strings.Contains(why.Cause, cause) {
		t.Errorf("%s: %v, want %q", name, err, cause)
	}
}

// What is public must not make tokens, in whatever way they are dressed.
func TestConfusion(t *testing.T) {
	t.Parallel()
	keys := generated(t)
	rsaKey, ecKey := keys["RSA"], keys["P-256"]
	v := auth.NewVerifierWith(secret, auth.Options{Keys: hold(t, rsaKey, ecKey, keys["Ed25519"])})
	alone := auth.NewVerifierWith("", auth.Options{Keys: hold(t, rsaKey, ecKey, keys["Ed25519"])})
	good := strings.Split(signed(t, nil, by(t, "RS256", rsaKey, kid(t, rsaKey))), ".")
	dressed := func(header, signature string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + good[1] + "." + signature
	}
	der, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	spki := publicPEM(t, rsaKey)
	for name, raw := range map[string]string{
		"public PEM as the secret":  signed(t, nil, by(t, "HS256", []byte(spki), kid(t, rsaKey))),
		"trimmed PEM as the secret": signed(t, nil, by(t, "HS256", []byte(strings.TrimSpace(spki)), kid(t, rsaKey))),
		"public DER as the secret":  signed(t, nil, by(t, "HS256", der, kid(t, rsaKey))),
		"modulus as the secret":     signed(t, nil, by(t, "HS256", rsaKey.Public().(*rsa.PublicKey).N.Bytes(), "")),
		"Ed25519 as the secret":     signed(t, nil, by(t, "HS256", []byte(keys["Ed25519"].Public().(ed25519.PublicKey)), "")),
		"HS384 with the secret":     signed(t, nil, by(t, "HS384", []byte(secret), "")),
		"HS512 with the secret":     signed(t, nil, by(t, "HS512", []byte(secret), "")),
		"none":                      dressed(`{"alg":"none"}`, ""),
		"none, signed":              dressed(`{"alg":"none"}`, good[2]),
		"None":                      dressed(`{"alg":"None"}`, good[2]),
		"no algorithm":              dressed(`{}`, good[2]),
		"empty algorithm":           dressed(`{"alg":""}`, ""),
		"two algorithms":            dressed(`{"alg":"none","alg":"RS256"}`, ""),
		"two cases":                 dressed(`{"alg":"none","ALG":"RS256"}`, ""),
		"PS256 for RS256":           dressed(`{"alg":"PS256","kid":"`+kid(t, rsaKey)+`"}`, good[2]),
		"RS512 for RS256":           dressed(`{"alg":"RS512","kid":"`+kid(t, rsaKey)+`"}`, good[2]),
		"ES256 with an RSA key":     dressed(`{"alg":"ES256","kid":"`+kid(t, rsaKey)+`"}`, good[2]),
		"RS256 with an EC key":      signed(t, nil, by(t, "RS256", rsaKey, kid(t, ecKey))),
		"ES256 of zeroes":           dressed(`{"alg":"ES256"}`, base64.RawURLEncoding.EncodeToString(make([]byte, 64))),
		"EdDSA of zeroes":           dressed(`{"alg":"EdDSA"}`, base64.RawURLEncoding.EncodeToString(make([]byte, 64))),
		"its own key": dressed(`{"alg":"RS256","kid":"mine","jwk":{"kty":"oct","k":"AAAA"},"jku":"http://127.0.0.1/"}`,
			good[2]),
		"critical unknowns": dressed(`{"alg":"RS256","crit":["exp"],"exp":1}`, good[2]),
	} {
		for _, verifier := range []*auth.Verifier{v, alone} {
			p, err := verifier.Verify(t.Context(), raw)
			if !errors.Is(err, auth.ErrTokenInvalid) || p.User != "" {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
	}
}

// A key that is not known is asked for; one that was taken out is not good any more,
// remembered or not.
func TestRotation(t *testing.T) {
	t.Parallel()
	first, second := edKey(t), edKey(t)
	path := filepath.Join(t.TempDir(), "keys.pem")
	write := func(keys ...crypto.Signer) {
		t.Helper()
		var all strings.Builder
		for _, key := range keys {
			all.WriteString(publicPEM(t, key))
		}
		if err := os.WriteFile(path, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(first)
	source, err := keyset.ParseSource(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyset.Open(t.Context(), keyset.Config{
		Source: source, Refresh: time.Hour, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), AskedPeriod: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keys.Close)
	v := auth.NewVerifierWith(secret, auth.Options{Keys: keys})
	old := signed(t, nil, by(t, "EdDSA", first, kid(t, first)))
	fresh := signed(t, nil, by(t, "EdDSA", second, kid(t, second)))
	shared := signed(t, nil, ours())
	check := func(when string, good ...string) {
		t.Helper()
		for range 2 {
			for _, raw := range good {
				if _, err := v.Verify(t.Context(), raw); err != nil {
					t.Errorf("%s: %v", when, err)
				}
			}
		}
	}
	check("before", old, shared)
	_, err = v.Verify(t.Context(), fresh)
	isInvalid(t, "not published", err, "no key that is known")
	write(first, second)
	check("both", fresh, old, shared)
	write(second)
	keys.Refresh(t.Context())
	check("after", fresh, shared)
	_, err = v.Verify(t.Context(), old)
	isInvalid(t, "taken out", err, "no key that is known")
}

// A token without an id is not a reason to read keys again, unless none fits it.
func TestAskedForKeys(t *testing.T) {
	t.Parallel()
	first, second := edKey(t), edKey(t)
	h := hold(t, first)
	v := auth.NewVerifierWith("", auth.Options{Keys: h})
	for name, tt := range map[string]struct {
		key  jwt.SignOption
		asks int64
	}{
		"another's, without an id": {by(t, "EdDSA", second, ""), 0},
		"another's, with our id":   {by(t, "EdDSA", second, kid(t, first)), 0},
		"another's":                {by(t, "EdDSA", second, kid(t, second)), 1},
		"a secret's":               {ours(), 0},
	} {
		before := h.asked.Load()
		if _, err := v.Verify(t.Context(), signed(t, nil, tt.key)); !errors.Is(err, auth.ErrTokenInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if got := h.asked.Load() - before; got != tt.asks {
			t.Errorf("%s: asked %d times, want %d", name, got, tt.asks)
		}
	}
	h.next.Store(parsed(t, first, second))
	if _, err := v.Verify(t.Context(), signed(t, nil, by(t, "EdDSA", second, kid(t, second)))); err != nil {
		t.Error(err)
	}
}

// Who minted a token and whom it is for is asked of all, however they are signed.
func TestParties(t *testing.T) {
	t.Parallel()
	key := edKey(t)
	h := hold(t, key)
	for name, tt := range map[string]struct {
		options auth.Options
		changes claims
		cause   string // "": good
	}{
		"nothing asked":      {auth.Options{}, claims{"iss": "x", "aud": "y"}, ""},
		"as asked":           {auth.Options{Issuer: "i", Audience: "a"}, claims{"iss": "i", "aud": []string{"b", "a"}}, ""},
		"one audience":       {auth.Options{Audience: "a"}, claims{"aud": "a"}, ""},
		"no issuer":          {auth.Options{Issuer: "i"}, nil, `claim "iss" must be "i"`},
		"another issuer":     {auth.Options{Issuer: "i"}, claims{"iss": "I"}, `claim "iss" must be "i"`},
		"no audience":        {auth.Options{Audience: "a"}, nil, `claim "aud" must name "a"`},
		"another's audience": {auth.Options{Audience: "a"}, claims{"aud": []string{"b", "aa"}}, `claim "aud" must name "a"`},
	} {
		tt.options.Keys = h
		v := auth.NewVerifierWith(secret, tt.options)
		for _, sign := range []jwt.SignOption{ours(), by(t, "EdDSA", key, "")} {
			_, err := v.Verify(t.Context(), signed(t, tt.changes, sign))
			if tt.cause != "" {
				isInvalid(t, name, err, tt.cause)
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Clocks that are wrong by a day are found by what is told: when, and what time it is.
func TestClocks(t *testing.T) {
	t.Parallel()
	key := edKey(t)
	v := auth.NewVerifierWith(secret, auth.Options{Keys: hold(t, key)})
	now := time.Now()
	at := now.Add(24 * time.Hour).Truncate(time.Second)
	ago := now.Add(-24 * time.Hour).Truncate(time.Second)
	near := func(told time.Time) bool { return told.Sub(now) >= 0 && told.Sub(now) < time.Hour }
	for _, sign := range []jwt.SignOption{ours(), by(t, "EdDSA", key, "")} {
		for _, name := range []string{"nbf", "iat"} {
			_, err := v.Verify(t.Context(), signed(t, claims{name: at.Unix(), "exp": at.Add(time.Hour).Unix()}, sign))
			early := new(auth.EarlyError)
			if !errors.As(err, &early) || !errors.Is(err, auth.ErrTokenInvalid) || !early.From.Equal(at) || !near(early.Now) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := v.Verify(t.Context(), signed(t, claims{name: now.Add(3 * time.Second).Unix()}, sign)); err != nil {
				t.Errorf("%s within the clocks' difference: %v", name, err)
			}
		}
		_, err := v.Verify(t.Context(), signed(t, claims{"exp": ago.Unix()}, sign))
		expired := new(auth.ExpiredError)
		if !errors.As(err, &expired) || !errors.Is(err, auth.ErrTokenExpired) || !expired.At.Equal(ago) || !near(expired.Now) {
			t.Errorf("expired: %v", err)
		}
	}
}

// Keys change while tokens are verified: a token is good or not by the keys there are,
// and nothing that was good with others stays so.
func TestKeysChangeMeanwhile(t *testing.T) {
	t.Parallel()
	first, second := edKey(t), edKey(t)
	path := filepath.Join(t.TempDir(), "keys.pem")
	if err := os.WriteFile(path, []byte(publicPEM(t, first)), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := keyset.ParseSource(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyset.Open(t.Context(), keyset.Config{
		Source: source, Refresh: time.Millisecond, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), AskedPeriod: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keys.Close)
	v := auth.NewVerifierWith("", auth.Options{Keys: keys})
	tokens := []string{
		signed(t, nil, by(t, "EdDSA", first, kid(t, first))), signed(t, nil, by(t, "EdDSA", second, kid(t, second))),
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := v.Verify(t.Context(), tokens[i%2]); err != nil && !errors.Is(err, auth.ErrTokenInvalid) {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 40 {
		key := []crypto.Signer{first, second}[i%2]
		next := path + ".next"
		if err := os.WriteFile(next, []byte(publicPEM(t, key)), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(next, path); err != nil {
			t.Error(err)
		}
		keys.Refresh(t.Context())
		if _, err := v.Verify(t.Context(), tokens[i%2]); err != nil {
			t.Errorf("the key that there is: %v", err)
		}
		if _, err := v.Verify(t.Context(), tokens[1-i%2]); !errors.Is(err, auth.ErrTokenInvalid) {
			t.Errorf("the key that there was: %v", err)
		}
	}
	close(stop)
	all.Wait()
}

// FuzzKeyed: whatever a token is, it is refused or names a whole principal, and only who
// has the key can make one.
func FuzzKeyed(f *testing.F) {
	keys := generated(f)
	mine, strangers := []crypto.Signer{}, []crypto.Signer{}
	for _, key := range keys {
		mine = append(mine, key)
	}
	for _, key := range generated(f) {
		strangers = append(strangers, key)
	}
	for kind, names := range algorithms {
		f.Add(signed(f, nil, by(f, names[0], keys[kind], kid(f, keys[kind]))))
		f.Add(signed(f, nil, by(f, names[0], keys[kind], "")))
	}
	f.Add(signed(f, nil, ours()))
	f.Add("e30.e30.e30")
	known := auth.NewVerifierWith(secret, auth.Options{Keys: hold(f, mine...)})
	foreign := auth.NewVerifierWith(secret+"!", auth.Options{Keys: hold(f, strangers...)})
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := known.Verify(t.Context(), raw)
		checkPrincipal(t, p, err)
		if _, err := foreign.Verify(t.Context(), raw); err == nil {
			t.Fatalf("good for other keys: %q", raw)
		}
	})
}
