package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/token"
)

// keyFile writes a private key as PEM.
func keyFile(t *testing.T) (path string, public ed25519.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "private.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, public
}

// kidOf returns the id of the key that a token names.
func kidOf(t *testing.T, raw string) string {
	t.Helper()
	message, err := jws.ParseString(raw)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := message.Signatures()[0].ProtectedHeaders().KeyID()
	return id
}

func TestTokenWithKey(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	path, public := keyFile(t)
	thumbprint, err := token.KeyID(public)
	if err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{thumbprint: nil, "mine": {"--kid", "mine"}} {
		stdout, _ := f.do(t, exitOK, append([]string{"token", "--key", path, "--issuer", "i", "--audience", "a"}, args...)...)
		raw := strings.TrimSpace(stdout)
		parsed, err := jwt.ParseString(raw, jwt.WithKey(jwa.EdDSA(), public), jwt.WithIssuer("i"), jwt.WithAudience("a"))
		if err != nil {
			t.Fatal(err)
		}
		if user, _ := parsed.Subject(); user != "ann" || kidOf(t, raw) != want {
			t.Errorf("%s's token names key %q, want %q", user, kidOf(t, raw), want)
		}
	}
}

func TestTokenWithoutKey(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	broken := filepath.Join(t.TempDir(), "broken.pem")
	if err := os.WriteFile(broken, []byte("let me in"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"--kid names a --key":          {"--kid", "mine"},
		"neither a private key as PEM": {"--key", broken},
		"no such file":                 {"--key", broken + "-not"},
		"exists but is a directory":    {"--key", t.TempDir()},
	} {
		_, stderr := f.do(t, exitUsage, append([]string{"token"}, args...)...)
		has(t, stderr, want, "Try --help")
	}
}
