package config

import (
	"fmt"
	"log/slog"

	"github.com/ovation-live/ovation/token"
)

// Auth is by what tokens are known.
type Auth struct {
	AuthSecret Secret `placeholder:"SECRET" help:"Secret that tokens are signed with (HS256), at least 32 bytes. Without it the server runs in development mode: a well-known secret, a demo room, loopback addresses only."`

	AuthSecretFile string `placeholder:"FILE" help:"File that holds the secret, in place of --auth-secret. It is read at the start; space around the secret is dropped."`
}

// Development says whether the server runs with the well-known secret.
func (a Auth) Development() bool {
	return a.AuthSecret == "" || a.AuthSecret == token.DevelopmentSecret
}

// Secret returns the secret that tokens are signed with.
func (a Auth) Secret() string {
	if a.Development() {
		return token.DevelopmentSecret
	}
	return string(a.AuthSecret)
}

func (a Auth) validate() error {
	if n := len(a.AuthSecret); n > 0 && n < token.MinSecretBytes {
		return fmt.Errorf("--auth-secret has %d bytes, it needs at least %d: try `openssl rand -hex 32`", n, token.MinSecretBytes)
	}
	return nil
}

// Secret is a string that is not to be seen.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
