package keyset_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/ovation-live/ovation/server/keyset"
	"github.com/ovation-live/ovation/token"
)

// ed returns an Ed25519 key.
func ed(tb testing.TB) ed25519.PrivateKey {
	tb.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return private
}

// ec returns an ECDSA key.
func ec(tb testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	tb.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return private
}

// rsaKey returns an RSA key.
func rsaKey(tb testing.TB, bits int) *rsa.PrivateKey {
	tb.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatal(err)
	}
	return private
}

// member returns a key as a JSON Web Key, with more members than it has by itself.
func member(tb testing.TB, key any, more map[string]any) string {
	tb.Helper()
	imported, err := jwk.Import(key)
	if err != nil {
		tb.Fatal(err)
	}
	encoded, err := json.Marshal(imported)
	if err != nil {
		tb.Fatal(err)
	}
	all := make(map[string]any)
	if err := json.Unmarshal(encoded, &all); err != nil {
		tb.Fatal(err)
	}
	maps.Copy(all, more)
	if encoded, err = json.Marshal(all); err != nil {
		tb.Fatal(err)
	}
	return string(encoded)
}

// setOf returns a set of members.
func setOf(members ...string) []byte { return []byte(`{"keys":[` + strings.Join(members, ",") + `]}`) }

// named returns a set of one Ed25519 key of each id.
func named(tb testing.TB, ids ...string) []byte {
	tb.Helper()
	members := make([]string, len(ids))
	for i, id := range ids {
		members[i] = member(tb, ed(tb).Public(), map[string]any{"kid": id})
	}
	return setOf(members...)
}

// publicPEM returns a public key as PEM.
func publicPEM(tb testing.TB, public crypto.PublicKey) string {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// Each kind of key is for its own algorithms, and for no others.
func TestFind(t *testing.T) {
	t.Parallel()
	everything := []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
		"HS256", "HS384", "HS512", "none", "ES256K", "RSA-OAEP", "dir", "",
	}
	for name, tt := range map[string]struct {
		public any
		more   map[string]any
		want   []string
	}{
		"RSA":               {rsaKey(t, 2048).Public(), nil, everything[:6]},
		"RSA for PS384":     {rsaKey(t, 2048).Public(), map[string]any{"alg": "PS384"}, []string{"PS384"}},
		"P-256":             {ec(t, elliptic.P256()).Public(), nil, []string{"ES256"}},
		"P-384":             {ec(t, elliptic.P384()).Public(), nil, []string{"ES384"}},
		"P-521":             {ec(t, elliptic.P521()).Public(), nil, []string{"ES512"}},
		"Ed25519":           {ed(t).Public(), nil, []string{"EdDSA", "Ed25519"}},
		"Ed25519 for EdDSA": {ed(t).Public(), map[string]any{"alg": "EdDSA"}, []string{"EdDSA"}},
		"for signatures":    {ed(t).Public(), map[string]any{"use": "sig", "key_ops": []string{"verify"}}, []string{"EdDSA", "Ed25519"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			more := map[string]any{"kid": "mine"}
			maps.Copy(more, tt.more)
			set, refused, err := keyset.Parse(setOf(member(t, tt.public, more)))
			if err != nil || refused != nil {
				t.Fatal(refused, err)
			}
			for _, algorithm := range everything {
				want := slices.Contains(tt.want, algorithm)
				for id, fits := range map[string]bool{"mine": want, "": want, "other": false} {
					if found := set.Find(algorithm, id); len(found) == 1 != fits {
						t.Errorf("%q for %q: found %d", algorithm, id, len(found))
					}
				}
				if want && !keyset.Accepts(algorithm) {
					t.Errorf("%q is not accepted", algorithm)
				}
			}
		})
	}
	for _, algorithm := range everything[11:] {
		if keyset.Accepts(algorithm) {
			t.Errorf("%q is accepted", algorithm)
		}
	}
}

// What must not, or cannot, verify tokens is left out and told of; the rest is used.
func TestRefused(t *testing.T) {
	t.Parallel()
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := member(t, ed(t).Public(), map[string]any{"kid": "good"})
	modulus := base64.RawURLEncoding.EncodeToString(rsaKey(t, 1024).N.Bytes())
	weak := `{"kty":"RSA","kid":"k","e":"AQAB","n":"` + modulus + `"}`
	for name, tt := range map[string]struct{ member, says string }{
		"weak":              {weak, "got 1024 bits, need at least 2048"},
		"private":           {member(t, ed(t), map[string]any{"kid": "k"}), "private key"},
		"private RSA":       {member(t, rsaKey(t, 2048), map[string]any{"kid": "k"}), "private key"},
		"shared secret":     {member(t, []byte("a secret of thirty-two bytes or more"), map[string]any{"kid": "k"}), "shared secret"},
		"for encryption":    {member(t, ed(t).Public(), map[string]any{"kid": "k", "use": "enc"}), `its use is "enc"`},
		"to sign":           {member(t, ed(t).Public(), map[string]any{"kid": "k", "key_ops": []string{"sign"}}), "key_ops"},
		"another curve":     {member(t, ec(t, elliptic.P256()).Public(), map[string]any{"kid": "k", "alg": "ES384"}), "ES384, which is none of [ES256]"},
		"a secret's":        {member(t, rsaKey(t, 2048).Public(), map[string]any{"kid": "k", "alg": "HS256"}), "HS256"},
		"none":              {member(t, ed(t).Public(), map[string]any{"kid": "k", "alg": "none"}), "none"},
		"X25519":            {member(t, x25519.PublicKey(), map[string]any{"kid": "k"}), ""},
		"an unknown kind":   {`{"kty":"DILITHIUM","kid":"k"}`, ""},
		"without a modulus": {`{"kty":"RSA","kid":"k","e":"AQAB"}`, ""},
		"not on its curve":  {`{"kty":"EC","crv":"P-256","kid":"k","x":"AAAA","y":"AAAA"}`, ""},
		"a number":          {`7`, ""},
		"null":              {`null`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, refused, err := keyset.Parse(setOf(tt.member, good))
			if err != nil || len(refused) != 1 || !strings.Contains(refused[0].Error(), tt.says) {
				t.Fatal(refused, err)
			}
			if !slices.Equal(set.IDs(), []string{"good"}) {
				t.Errorf("it has %v", set.IDs())
			}
			if set, _, err := keyset.Parse(setOf(tt.member)); err == nil || set != nil {
				t.Errorf("alone: %v", err)
			}
		})
	}
}

func TestNoSets(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"nothing":      "",
		"words":        "let me in",
		"no keys":      `{"keys":[]}`,
		"null keys":    `{"keys":null}`,
		"no such name": `{"key":[]}`,
		"a list":       `[]`,
		"an error":     `<html>502</html>`,
		"half":         string(named(t, "a", "b"))[:100],
		"half of PEM":  publicPEM(t, ed(t).Public())[:60],
		"a crowd":      string(named(t, strings.Split(strings.Repeat("k", 65), "")...)),
	} {
		if set, _, err := keyset.Parse([]byte(data)); err == nil || set != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Keys as PEM, and those without an id, are known by their thumbprint.
func TestThumbprints(t *testing.T) {
	t.Parallel()
	first, second := ed(t).Public(), rsaKey(t, 2048).Public()
	var want []string
	for _, public := range []any{first, second} {
		id, err := token.KeyID(public)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
	}
	for name, data := range map[string][]byte{
		"PEM":            []byte("\n" + publicPEM(t, first) + "\n# another\n" + publicPEM(t, second)),
		"JSON":           setOf(member(t, first, nil), member(t, second, nil)),
		"with empty ids": setOf(member(t, first, map[string]any{"kid": ""}), member(t, second, map[string]any{"kid": ""})),
	} {
		set, refused, err := keyset.Parse(data)
		if err != nil || refused != nil || !slices.Equal(set.IDs(), want) {
			t.Errorf("%s: %v, %v, %v", name, set, refused, err)
		}
	}
	set, _, err := keyset.Parse([]byte(member(t, first, nil)))
	if err != nil || !slices.Equal(set.IDs(), want[:1]) {
		t.Errorf("a single key: %v", err)
	}
}

// A token that names no key is tried with a few, however many there are.
func TestFewAreTried(t *testing.T) {
	t.Parallel()
	set, _, err := keyset.Parse(named(t, "a", "b", "c", "d", "e", "f", "g", "g"))
	if err != nil {
		t.Fatal(err)
	}
	if found := set.Find("EdDSA", ""); len(found) != 4 {
		t.Errorf("%d are tried", len(found))
	}
	if found := set.Find("EdDSA", "g"); len(found) != 2 {
		t.Errorf("%d share an id", len(found))
	}
}

// FuzzParse: whatever a set is, it is refused or has only keys that verify what they
// should.
func FuzzParse(f *testing.F) {
	f.Add(named(f, "a", "b"))
	f.Add(setOf(member(f, ec(f, elliptic.P256()).Public(), map[string]any{"alg": "ES256"})))
	f.Add(setOf(member(f, ed(f), nil), member(f, []byte("secret"), nil)))
	f.Add([]byte(publicPEM(f, ed(f).Public())))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},null,7]}`))
	f.Add([]byte(`{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, refused, err := keyset.Parse(data)
		if (set == nil) != (err != nil) {
			t.Fatal(set, err)
		}
		if err != nil {
			return
		}
		if n := len(set.IDs()); n == 0 || n+len(refused) > 64 {
			t.Fatalf("%d keys, %d refused", n, len(refused))
		}
		for _, id := range set.IDs() {
			if id == "" {
				t.Fatal("a key without an id")
			}
		}
		for _, algorithm := range []string{"HS256", "none", ""} {
			if set.Find(algorithm, "") != nil {
				t.Fatalf("a key for %q", algorithm)
			}
		}
		for _, key := range set.Find("RS256", "") {
			if public, ok := key.Public.(*rsa.PublicKey); !ok || public.N.BitLen() < 2048 {
				t.Fatalf("%T for RS256", key.Public)
			}
		}
	})
}
