package config

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ovation-live/ovation/server/keyset"
	"github.com/ovation-live/ovation/token"
)

// Auth is by what tokens are known.
type Auth struct {
	AuthSecret Secret `placeholder:"SECRET" help:"Secret that tokens are signed with (HS256), at least 32 bytes. Without it and --auth-jwks the server runs in development mode: a well-known secret, a demo room, loopback addresses only."`

	AuthSecretFile string `placeholder:"FILE" help:"File that holds the secret, in place of --auth-secret. It is read at the start; space around the secret is dropped."`

	AuthJWKS        string        `name:"auth-jwks" placeholder:"FILE|URL" help:"Public keys that tokens are signed with: a JSON Web Key Set, as a file or an https address, or a file of PEM. Read again when it changes."`
	AuthJWKSRefresh time.Duration `name:"auth-jwks-refresh" default:"5m" placeholder:"DURATION" help:"How often an address of --auth-jwks is read, 1s to 24h (default ${default}); sooner if it says so, or if a token names a key that is not known."`
	AuthIssuer      string        `placeholder:"ISSUER" help:"What every token must name as its issuer (iss)."`
	AuthAudience    string        `placeholder:"AUDIENCE" help:"What every token must name in its audience (aud)."`
}

// Development says whether the server runs with the well-known secret.
func (a Auth) Development() bool {
	return a.AuthSecret == "" && a.AuthJWKS == "" || a.AuthSecret == token.DevelopmentSecret
}

// Secret returns the secret that tokens are signed with; empty: with keys alone.
func (a Auth) Secret() string {
	if a.Development() {
		return token.DevelopmentSecret
	}
	return string(a.AuthSecret)
}

func (a Auth) validate() error {
	return errors.Join(a.validateSecret(), a.validateKeys(), a.validateParties())
}

func (a Auth) validateSecret() error {
	if n := len(a.AuthSecret); n > 0 && n < token.MinSecretBytes {
		return fmt.Errorf("--auth-secret has %d bytes, it needs at least %d: try `openssl rand -hex 32`", n, token.MinSecretBytes)
	}
	return nil
}

func (a Auth) validateKeys() error {
	if _, err := keyset.ParseSource(a.AuthJWKS); err != nil {
		return fmt.Errorf("--auth-jwks: %w", err)
	}
	return between("--auth-jwks-refresh", a.AuthJWKSRefresh, time.Second, 24*time.Hour)
}

// checkKeys checks that there are keys in the file that is named, if one is. What is no
// source is for validateKeys to say.
func (a Auth) checkKeys() error {
	if a.AuthJWKS == "" {
		return nil
	}
	source, err := keyset.ParseSource(a.AuthJWKS)
	if err != nil {
		return nil //nolint:nilerr // it is said once
	}
	if err := source.Check(); err != nil {
		return fmt.Errorf("--auth-jwks %s cannot be used: %w", source, err)
	}
	return nil
}

// validateParties: what signs with the well-known secret names neither.
func (a Auth) validateParties() error {
	if a.Development() && (a.AuthIssuer != "" || a.AuthAudience != "") {
		return errors.New("--auth-issuer and --auth-audience need tokens of your own: set --auth-jwks or --auth-secret too")
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
