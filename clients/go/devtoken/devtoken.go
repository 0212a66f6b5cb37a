// Package devtoken mints the tokens that an Ovation server in development accepts:
// JSON Web Tokens signed with a shared secret (HS256). In production tokens come
// from whoever knows the users, with a secret of its own; the claims are the same.
package devtoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Secret is what a server in development signs and verifies with. It is public:
// whoever can reach a server that runs with it can be anyone.
const Secret = "ovation-development-secret-do-not-use-in-production"

// DefaultLifetime is how long a token lives whose claims do not say.
const DefaultLifetime = 24 * time.Hour

// The roles that a token can give.
const (
	RoleViewer    = "viewer"
	RoleModerator = "moderator"
	RoleHost      = "host"
	RoleBackend   = "backend"
)

// AnyRoom among a token's rooms covers every room.
const AnyRoom = "*"

// The names of the claims in a token.
const (
	ClaimSubject = "sub"
	ClaimName    = "name"
	ClaimRole    = "role"
	ClaimRooms   = "rooms"
	ClaimIssued  = "iat"
	ClaimExpires = "exp"
)

// Claims is what a token says of its bearer.
type Claims struct {
	// Subject is the user's id; it must not be empty.
	Subject string
	// Name is the name to show; may be empty.
	Name string
	// Role is what the bearer may do; empty is RoleViewer.
	Role string
	// Rooms are those that the token covers; none is AnyRoom.
	Rooms []string
	// Expires is when the token ends, in whole seconds; zero is DefaultLifetime from
	// now.
	Expires time.Time
}

// payload is the claims as the token carries them.
type payload struct {
	Subject string   `json:"sub"`
	Name    string   `json:"name,omitempty"`
	Role    string   `json:"role"`
	Rooms   []string `json:"rooms"`
	Issued  int64    `json:"iat"`
	Expires int64    `json:"exp"`
}

// header is the same for every token: {"alg":"HS256","typ":"JWT"}.
const header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

// Mint returns a token that carries the claims, signed with the secret.
func Mint(secret string, claims Claims) (string, error) { return mint(secret, claims, time.Now()) }

func mint(secret string, claims Claims, now time.Time) (string, error) {
	p, err := claims.payload(now)
	if err != nil {
		return "", err
	}
	if secret == "" {
		return "", errors.New("devtoken: the secret is empty")
	}
	body, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("devtoken: encode claims: %w", err)
	}
	signed := header + "." + base64.RawURLEncoding.EncodeToString(body)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// payload fills in what the claims leave to the defaults.
func (c Claims) payload(now time.Time) (payload, error) {
	p := payload{Subject: c.Subject, Name: c.Name, Role: c.Role, Rooms: c.Rooms, Issued: now.Unix()}
	if p.Subject == "" {
		return p, errors.New("devtoken: the subject is empty")
	}
	if p.Role == "" {
		p.Role = RoleViewer
	}
	if !slices.Contains([]string{RoleViewer, RoleModerator, RoleHost, RoleBackend}, p.Role) {
		return p, fmt.Errorf("devtoken: no role is called %q", p.Role)
	}
	if len(p.Rooms) == 0 {
		p.Rooms = []string{AnyRoom}
	}
	expires := c.Expires
	if expires.IsZero() {
		expires = now.Add(DefaultLifetime)
	}
	p.Expires = expires.Unix()
	return p, nil
}
