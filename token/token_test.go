package token_test

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

const secret = "a secret of thirty-two bytes or more"

// claimsOf returns what a token says, whoever signed it.
func claimsOf(t *testing.T, raw string) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts: %s", len(parts), raw)
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := make(map[string]any)
	if err := json.Unmarshal(body, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestMint(t *testing.T) {
	t.Parallel()
	expires := time.Unix(1_900_000_000, 0)
	raw, err := token.Mint(secret, token.Claims{
		User: "u", Name: "U", Role: live.RoleModerator, Rooms: []live.RoomID{"r", token.AnyRoom}, Expires: expires,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := claimsOf(t, raw)
	issued, _ := got["iat"].(float64)
	if age := time.Since(time.Unix(int64(issued), 0)); age < -time.Second || age > time.Minute {
		t.Errorf("issued %v ago", age)
	}
	delete(got, "iat")
	want := map[string]any{
		"sub": "u", "name": "U", "role": "moderator", "rooms": []any{"r", "*"}, "exp": float64(expires.Unix()),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestMintDefaultLifetime(t *testing.T) {
	t.Parallel()
	raw, err := token.Mint(secret, token.Claims{User: "u", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}})
	if err != nil {
		t.Fatal(err)
	}
	exp, _ := claimsOf(t, raw)["exp"].(float64)
	if left := time.Until(time.Unix(int64(exp), 0)); left < token.DefaultLifetime-time.Minute || left > token.DefaultLifetime {
		t.Errorf("lives %v", left)
	}
}

func TestMintRefuses(t *testing.T) {
	t.Parallel()
	good := token.Claims{User: "u", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}}
	for name, tt := range map[string]struct {
		secret string
		change func(*token.Claims)
	}{
		"no secret":       {"", func(*token.Claims) {}},
		"no user":         {secret, func(c *token.Claims) { c.User = "" }},
		"a long user":     {secret, func(c *token.Claims) { c.User = live.UserID(strings.Repeat("u", token.MaxUserBytes+1)) }},
		"a long name":     {secret, func(c *token.Claims) { c.Name = strings.Repeat("n", token.MaxUserBytes+1) }},
		"no role":         {secret, func(c *token.Claims) { c.Role = live.RoleNone }},
		"an unknown role": {secret, func(c *token.Claims) { c.Role = 99 }},
		"no rooms":        {secret, func(c *token.Claims) { c.Rooms = nil }},
	} {
		c := good
		tt.change(&c)
		if raw, err := token.Mint(tt.secret, c); err == nil || raw != "" {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
	}
}
