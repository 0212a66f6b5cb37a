package devtoken_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/clients/go/devtoken"
)

func parse(t *testing.T, token string) jwt.Token {
	t.Helper()
	parsed, err := jwt.Parse([]byte(token), jwt.WithKey(jwa.HS256(), []byte(devtoken.Secret)))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func claim[T any](t *testing.T, token jwt.Token, name string) (value T) {
	t.Helper()
	if err := token.Get(name, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestMint(t *testing.T) {
	t.Parallel()
	expires := time.Now().Add(time.Hour).Truncate(time.Second)
	raw, err := devtoken.Mint(devtoken.Secret, devtoken.Claims{
		Subject: "alice", Name: "Alice <3", Role: devtoken.RoleHost, Rooms: []string{"demo", "other"}, Expires: expires,
	})
	if err != nil {
		t.Fatal(err)
	}
	token := parse(t, raw)
	if subject, _ := token.Subject(); subject != "alice" {
		t.Errorf("subject %q", subject)
	}
	if at, _ := token.Expiration(); !at.Equal(expires) {
		t.Errorf("expires %v, want %v", at, expires)
	}
	if name := claim[string](t, token, devtoken.ClaimName); name != "Alice <3" {
		t.Errorf("name %q", name)
	}
	if role := claim[string](t, token, devtoken.ClaimRole); role != devtoken.RoleHost {
		t.Errorf("role %q", role)
	}
	if rooms := claim[[]any](t, token, devtoken.ClaimRooms); !reflect.DeepEqual(rooms, []any{"demo", "other"}) {
		t.Errorf("rooms %v", rooms)
	}
}

func TestMintDefaults(t *testing.T) {
	t.Parallel()
	raw, err := devtoken.Mint(devtoken.Secret, devtoken.Claims{Subject: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	token := parse(t, raw)
	if role := claim[string](t, token, devtoken.ClaimRole); role != devtoken.RoleViewer {
		t.Errorf("role %q", role)
	}
	if rooms := claim[[]any](t, token, devtoken.ClaimRooms); !reflect.DeepEqual(rooms, []any{devtoken.AnyRoom}) {
		t.Errorf("rooms %v", rooms)
	}
	issued, _ := token.IssuedAt()
	expires, _ := token.Expiration()
	if life := expires.Sub(issued); life != devtoken.DefaultLifetime {
		t.Errorf("lives %v", life)
	}
}

func TestMintRefuses(t *testing.T) {
	t.Parallel()
	for name, mint := range map[string]func() (string, error){
		"no secret":    func() (string, error) { return devtoken.Mint("", devtoken.Claims{Subject: "a"}) },
		"no subject":   func() (string, error) { return devtoken.Mint("s", devtoken.Claims{}) },
		"unknown role": func() (string, error) { return devtoken.Mint("s", devtoken.Claims{Subject: "a", Role: "king"}) },
	} {
		if token, err := mint(); err == nil || token != "" {
			t.Errorf("%s: %q, %v", name, token, err)
		}
	}
}
