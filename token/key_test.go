package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// block returns PEM.
func block(tb testing.TB, kind string, der []byte, err error) []byte {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs8(tb testing.TB, key any) []byte {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return block(tb, "PRIVATE KEY", der, err)
}

// asJWK returns a key as a JSON Web Key with these members too.
func asJWK(tb testing.TB, key any, members map[string]any) []byte {
	tb.Helper()
	imported, err := jwk.Import(key)
	if err != nil {
		tb.Fatal(err)
	}
	for name, value := range members {
		if err := imported.Set(name, value); err != nil {
			tb.Fatal(err)
		}
	}
	encoded, err := json.Marshal(imported)
	if err != nil {
		tb.Fatal(err)
	}
	return encoded
}

// Keys in every form mint tokens that the public half verifies.
func TestMintWith(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecKeys := make(map[string]*ecdsa.PrivateKey)
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		if ecKeys[curve.Params().Name], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	sec1, err := x509.MarshalECPrivateKey(ecKeys["P-256"])
	for name, tt := range map[string]struct {
		data      []byte
		public    crypto.PublicKey
		algorithm string
		id        string // "": the thumbprint
	}{
		"RSA":         {pkcs8(t, rsaKey), rsaKey.Public(), "RS256", ""},
		"RSA, PKCS#1": {block(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil), rsaKey.Public(), "RS256", ""},
		"P-256":       {pkcs8(t, ecKeys["P-256"]), ecKeys["P-256"].Public(), "ES256", ""},
		"P-256, SEC1": {block(t, "EC PRIVATE KEY", sec1, err), ecKeys["P-256"].Public(), "ES256", ""},
		"P-384":       {pkcs8(t, ecKeys["P-384"]), ecKeys["P-384"].Public(), "ES384", ""},
		"P-521":       {pkcs8(t, ecKeys["P-521"]), ecKeys["P-521"].Public(), "ES512", ""},
		"Ed25519":     {append([]byte("\n"), pkcs8(t, edKey)...), edKey.Public(), "EdDSA", ""},
		"JWK":         {asJWK(t, edKey, nil), edKey.Public(), "EdDSA", ""},
		"JWK with more": {
			asJWK(t, rsaKey, map[string]any{"kid": "mine", "alg": "PS384"}), rsaKey.Public(), "PS384", "mine",
		},
	} {
		key, err := token.ParseKey(tt.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if tt.id == "" {
			if tt.id, err = token.KeyID(tt.public); err != nil || len(tt.id) != 43 {
				t.Errorf("%s: id %q, %v", name, tt.id, err)
			}
		}
		if key.ID() != tt.id || key.Algorithm() != tt.algorithm {
			t.Errorf("%s: %q for %s", name, key.ID(), key.Algorithm())
		}
		checkMinted(t, key, tt.public, tt.id)
		checkMinted(t, key.WithID("another"), tt.public, "another")
	}
}

// checkMinted checks that a key's tokens are what they should be.
func checkMinted(t *testing.T, key token.Key, public crypto.PublicKey, id string) {
	t.Helper()
	raw, err := token.MintWith(key, token.Claims{
		User: "u", Role: live.RoleHost, Rooms: []live.RoomID{"r"}, Expires: time.Now().Add(time.Hour), Issuer: "i", Audience: "a",
	})
	if err != nil {
		t.Error(err)
		return
	}
	algorithm, _ := jwa.LookupSignatureAlgorithm(key.Algorithm())
	if _, err := jwt.ParseString(raw, jwt.WithKey(algorithm, public), jwt.WithIssuer("i"), jwt.WithAudience("a")); err != nil {
		t.Error(err)
	}
	if got := headerOf(t, raw)["kid"]; got != id {
		t.Errorf("it names key %v, want %q", got, id)
	}
}

// headerOf returns a token's header.
func headerOf(t *testing.T, raw string) map[string]any {
	t.Helper()
	first, _, _ := strings.Cut(raw, ".")
	return claimsOf(t, "."+first+".")
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // what is tried
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(edKey.Public())
	for name, tt := range map[string]struct {
		data []byte
		says string
	}{
		"nothing":         {nil, "neither a private key as PEM nor a JSON Web Key"},
		"words":           {[]byte("let me in"), "neither a private key as PEM nor a JSON Web Key"},
		"half of PEM":     {pkcs8(t, edKey)[:40], "neither a private key as PEM nor a JSON Web Key"},
		"a public key":    {block(t, "PUBLIC KEY", spki, err), "not a private key"},
		"a public JWK":    {asJWK(t, edKey.Public(), nil), "not a private key"},
		"a shared secret": {asJWK(t, []byte("a secret of thirty-two bytes or more"), nil), "token: "},
		"weak":            {pkcs8(t, weak), "1024 bits, need at least 2048"},
		"P-224":           {pkcs8(t, p224), "token: "},
		"for another":     {asJWK(t, edKey, map[string]any{"alg": "ES256"}), "for ES256, which is none of [EdDSA Ed25519]"},
	} {
		if _, err := token.ParseKey(tt.data); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := token.MintWith(token.Key{}, token.Claims{User: "u", Role: live.RoleHost, Rooms: []live.RoomID{"r"}}); err == nil {
		t.Error("an empty key signs")
	}
}

// FuzzParseKey: whatever a file holds, it is refused or a key that signs.
func FuzzParseKey(f *testing.F) {
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pkcs8(f, edKey))
	f.Add(asJWK(f, edKey, map[string]any{"kid": "k", "alg": "EdDSA"}))
	f.Add([]byte(`{"kty":"oct","k":"AAAA"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := token.ParseKey(data)
		if err != nil {
			return
		}
		if key.ID() == "" || key.Algorithm() == "" {
			t.Fatalf("%q for %q", key.ID(), key.Algorithm())
		}
	})
}
