// Package token is what an Ovation token says of its bearer, and how one is minted
// with a shared secret (HS256) or a private key. Tokens are JSON Web Tokens (RFC 7519); in production
// they come from whoever knows the users.
package token

import (
	"errors"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/live"
)

// DevelopmentSecret is what a server in development signs and verifies with. It is
// public: whoever can reach a server that runs with it can be anyone.
const DevelopmentSecret = "ovation-development-secret-do-not-use-in-production"

// MinSecretBytes is the shortest secret that a server takes: the length of a key that
// HS256 asks for (RFC 7518, section 3.2).
const MinSecretBytes = 32

// DefaultLifetime is how long a token lives whose claims do not say.
const DefaultLifetime = 24 * time.Hour

// MaxUserBytes is how long a user's id may be, and their name: a server takes no token
// with a longer one.
const MaxUserBytes = 128

// AnyRoom among a token's rooms covers every room.
const AnyRoom live.RoomID = "*"

// The names of the claims that are Ovation's own; sub, iat and exp are the standard's.
const (
	ClaimName  = "name"
	ClaimRole  = "role"
	ClaimRooms = "rooms"
)

// Claims is what a token says of its bearer.
type Claims struct {
	User    live.UserID   // 1 to MaxUserBytes
	Name    string        // to show, at most MaxUserBytes; may be empty
	Role    live.Role     // must not be RoleNone
	Rooms   []live.RoomID // that the token covers; AnyRoom covers all
	Expires time.Time     // in whole seconds; zero: DefaultLifetime from now

	Issuer   string // who mints the token; may be empty
	Audience string // whom it is for; may be empty
}

// Mint returns a token that carries the claims, signed with the secret.
func Mint(secret string, c Claims) (string, error) {
	if secret == "" {
		return "", errors.New("token: the secret is empty")
	}
	return mint(c, jwt.WithKey(jwa.HS256(), []byte(secret)))
}

// MintWith returns a token that carries the claims, signed with the private key, whose
// id it names.
func MintWith(key Key, c Claims) (string, error) {
	if key.private == nil {
		return "", errors.New("token: the key is empty")
	}
	headers := jws.NewHeaders()
	if key.id != "" {
		if err := headers.Set(jws.KeyIDKey, key.id); err != nil {
			return "", fmt.Errorf("token: %w", err)
		}
	}
	return mint(c, jwt.WithKey(key.algorithm, key.private, jws.WithProtectedHeaders(headers)))
}

// check checks that a server would take the claims.
func (c Claims) check() error {
	switch {
	case c.User == "":
		return errors.New("token: the user is empty")
	case len(c.User) > MaxUserBytes:
		return fmt.Errorf("token: the user's id has %d bytes, it may have at most %d", len(c.User), MaxUserBytes)
	case len(c.Name) > MaxUserBytes:
		return fmt.Errorf("token: the name has %d bytes, it may have at most %d", len(c.Name), MaxUserBytes)
	case c.Role < live.RoleViewer || c.Role > live.RoleBackend:
		return errors.New("token: there is no role")
	case len(c.Rooms) == 0:
		return errors.New("token: no rooms are covered")
	default:
		return nil
	}
}

// mint is Mint and MintWith.
func mint(c Claims, key jwt.SignOption) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	now := time.Now()
	if c.Expires.IsZero() {
		c.Expires = now.Add(DefaultLifetime)
	}
	b := jwt.NewBuilder().
		Subject(string(c.User)).IssuedAt(now).Expiration(c.Expires).
		Claim(ClaimName, c.Name).Claim(ClaimRole, c.Role.String()).Claim(ClaimRooms, c.Rooms)
	if c.Issuer != "" {
		b = b.Issuer(c.Issuer)
	}
	if c.Audience != "" {
		b = b.Audience([]string{c.Audience})
	}
	t, err := b.Build()
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	signed, err := jwt.Sign(t, key)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return string(signed), nil
}
