package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/token"
)

const secret = "a secret of thirty-two bytes or more"

// claims are what a token is made of here: good ones, and what a case changes.
type claims map[string]any

// without removes a claim.
var without = new(struct{})

// signed returns a token of good claims but for the changes, signed by a key.
func signed(tb testing.TB, changes claims, key jwt.SignOption) string {
	tb.Helper()
	all := claims{
		"sub": "u", "name": "U", "role": "viewer", "rooms": []string{"r", "s"}, "exp": time.Now().Add(time.Hour).Unix(),
	}
	made := jwt.New()
	maps.Copy(all, changes)
	for name, value := range all {
		if value == without {
			continue
		}
		if err := made.Set(name, value); err != nil {
			tb.Fatal(err)
		}
	}
	raw, err := jwt.Sign(made, key)
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

// ours is the key that the verifier knows.
func ours() jwt.SignOption { return jwt.WithKey(jwa.HS256(), []byte(secret)) }

// payload returns a token whose payload is exactly this JSON.
func payload(tb testing.TB, json string) string {
	tb.Helper()
	raw, err := jws.Sign([]byte(json), jws.WithKey(jwa.HS256(), []byte(secret)))
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

func TestGoodTokens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		changes claims
		want    auth.Principal
	}{
		"as it should be": {nil, auth.Principal{User: "u", Name: "U", Role: live.RoleViewer, Rooms: []live.RoomID{"r", "s"}}},
		"without a name":  {claims{"name": without}, auth.Principal{User: "u", Role: live.RoleViewer, Rooms: []live.RoomID{"r", "s"}}},
		"one room as a string": {
			claims{"rooms": "r"}, auth.Principal{User: "u", Name: "U", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}},
		},
		"any room as a string": {
			claims{"rooms": "*"}, auth.Principal{User: "u", Name: "U", Role: live.RoleViewer, Rooms: []live.RoomID{"*"}},
		},
		"no rooms": {
			claims{"rooms": []string{}}, auth.Principal{User: "u", Name: "U", Role: live.RoleViewer, Rooms: []live.RoomID{}},
		},
		"a backend": {
			claims{"role": "backend"}, auth.Principal{User: "u", Name: "U", Role: live.RoleBackend, Rooms: []live.RoomID{"r", "s"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := auth.NewVerifier(secret).Verify(t.Context(), signed(t, tt.changes, ours()))
			if err != nil {
				t.Fatal(err)
			}
			if got.Expires.IsZero() {
				t.Error("it never expires")
			}
			if got.User != tt.want.User || got.Name != tt.want.Name || got.Role != tt.want.Role ||
				!slices.Equal(got.Rooms, tt.want.Rooms) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestBadTokens(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Minute).Unix()
	good := strings.Split(signed(t, nil, ours()), ".")
	boast := base64.RawURLEncoding.EncodeToString([]byte(
		`{"sub":"u","role":"backend","rooms":"*","exp":` + "9999999999" + `}`))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for name, tt := range map[string]struct {
		raw  string
		want error
	}{
		"expired":                 {signed(t, claims{"exp": past}, ours()), auth.ErrTokenExpired},
		"expired and not ours":    {signed(t, claims{"exp": past}, jwt.WithKey(jwa.HS256(), []byte(secret+"!"))), auth.ErrTokenInvalid},
		"another secret":          {signed(t, nil, jwt.WithKey(jwa.HS256(), []byte(secret+"!"))), auth.ErrTokenInvalid},
		"no algorithm":            {none + "." + boast + ".", auth.ErrTokenInvalid},
		"no algorithm, signed":    {none + "." + good[1] + "." + good[2], auth.ErrTokenInvalid},
		"RS256":                   {signed(t, nil, jwt.WithKey(jwa.RS256(), rsaKey)), auth.ErrTokenInvalid},
		"HS512":                   {signed(t, nil, jwt.WithKey(jwa.HS512(), []byte(secret))), auth.ErrTokenInvalid},
		"another payload":         {good[0] + "." + boast + "." + good[2], auth.ErrTokenInvalid},
		"no signature":            {good[0] + "." + good[1] + ".", auth.ErrTokenInvalid},
		"two parts":               {good[0] + "." + good[1], auth.ErrTokenInvalid},
		"four parts":              {strings.Join(good, ".") + ".x", auth.ErrTokenInvalid},
		"not yet good":            {signed(t, claims{"nbf": time.Now().Add(time.Hour).Unix()}, ours()), auth.ErrTokenInvalid},
		"made in the future":      {signed(t, claims{"iat": time.Now().Add(time.Hour).Unix()}, ours()), auth.ErrTokenInvalid},
		"for ever":                {signed(t, claims{"exp": without}, ours()), auth.ErrTokenInvalid},
		"nobody's":                {signed(t, claims{"sub": without}, ours()), auth.ErrTokenInvalid},
		"nobody's, empty":         {signed(t, claims{"sub": ""}, ours()), auth.ErrTokenInvalid},
		"a long subject":          {signed(t, claims{"sub": strings.Repeat("u", 129)}, ours()), auth.ErrTokenInvalid},
		"a long name":             {signed(t, claims{"name": strings.Repeat("u", 129)}, ours()), auth.ErrTokenInvalid},
		"a name that is a number": {signed(t, claims{"name": 7}, ours()), auth.ErrTokenInvalid},
		"without a role":          {signed(t, claims{"role": without}, ours()), auth.ErrTokenInvalid},
		"an unknown role":         {signed(t, claims{"role": "king"}, ours()), auth.ErrTokenInvalid},
		"the role of nobody":      {signed(t, claims{"role": "none"}, ours()), auth.ErrTokenInvalid},
		"a role in capitals":      {signed(t, claims{"role": "Viewer"}, ours()), auth.ErrTokenInvalid},
		"a role that is a number": {signed(t, claims{"role": 4}, ours()), auth.ErrTokenInvalid},
		"without rooms":           {signed(t, claims{"rooms": without}, ours()), auth.ErrTokenInvalid},
		"rooms that are null":     {payload(t, `{"sub":"u","role":"viewer","rooms":null,"exp":9999999999}`), auth.ErrTokenInvalid},
		"rooms that are numbers":  {signed(t, claims{"rooms": []any{"r", 1}}, ours()), auth.ErrTokenInvalid},
		"rooms that are a map":    {signed(t, claims{"rooms": map[string]any{"r": true}}, ours()), auth.ErrTokenInvalid},
		"exp that is no number":   {payload(t, `{"sub":"u","role":"viewer","rooms":"r","exp":"soon"}`), auth.ErrTokenInvalid},
		"not an object":           {payload(t, `[]`), auth.ErrTokenInvalid},
		"not JSON":                {payload(t, `}{`), auth.ErrTokenInvalid},
		"words":                   {"let me in", auth.ErrTokenInvalid},
		"as JSON":                 {asJSON(t), auth.ErrTokenInvalid},
		"huge":                    {strings.Repeat("A", 1<<20), auth.ErrTokenInvalid},
		"hugely nested":           {payload(t, strings.Repeat("[", 1<<16)), auth.ErrTokenInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := auth.NewVerifier(secret).Verify(t.Context(), tt.raw)
			if !errors.Is(err, tt.want) || got.Role != live.RoleNone || got.User != "" || got.Rooms != nil {
				t.Errorf("got %+v, %v", got, err)
			}
			for _, other := range []error{auth.ErrTokenExpired, auth.ErrTokenInvalid, auth.ErrTokenMissing} {
				if !errors.Is(tt.want, other) && errors.Is(err, other) {
					t.Errorf("it is %v too", other)
				}
			}
		})
	}
}

// asJSON returns a good token in the form that is JSON. It is not what a header
// carries.
func asJSON(tb testing.TB) string {
	tb.Helper()
	compact := signed(tb, nil, ours())
	parts := strings.Split(compact, ".")
	return `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`
}

func TestHeader(t *testing.T) {
	t.Parallel()
	good := signed(t, nil, ours())
	for value, want := range map[string]error{
		"":                            auth.ErrTokenMissing,
		"Bearer":                      auth.ErrTokenMissing,
		"Bearer ":                     auth.ErrTokenMissing,
		"Bearer    ":                  auth.ErrTokenMissing,
		"Basic dTpw":                  auth.ErrTokenMissing,
		good:                          auth.ErrTokenMissing,
		"Bearer nonsense":             auth.ErrTokenInvalid,
		"Bearer " + good + " " + good: auth.ErrTokenInvalid,
		"Bearer " + good:              nil,
		"bearer " + good:              nil,
		"BEARER  " + good + " ":       nil,
	} {
		if _, err := auth.NewVerifier(secret).Header(t.Context(), value); !errors.Is(err, want) {
			t.Errorf("%.20q...: %v, want %v", value, err, want)
		}
	}
}

func TestMintedTokensAreGood(t *testing.T) {
	t.Parallel()
	expires := time.Now().Add(time.Minute).Truncate(time.Second)
	for role := live.RoleViewer; role <= live.RoleBackend; role++ {
		want := token.Claims{User: "ü", Name: "Ü ☺", Role: role, Rooms: []live.RoomID{"r", token.AnyRoom}, Expires: expires}
		raw, err := token.Mint(secret, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := auth.NewVerifier(secret).Verify(t.Context(), raw)
		if err != nil || got.User != want.User || got.Name != want.Name || got.Role != role ||
			!slices.Equal(got.Rooms, want.Rooms) || !got.Expires.Equal(expires.Add(5*time.Second)) { // clocks may differ
			t.Errorf("%v: got %+v, %v", role, got, err)
		}
	}
}
