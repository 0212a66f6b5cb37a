package auth_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
)

// FuzzHeader: whatever the header is, it is refused for one of three reasons or names
// a whole principal; and only who knows the secret gets one.
func FuzzHeader(f *testing.F) {
	good := signed(f, nil, ours())
	for _, seed := range []string{"", "Bearer", "Bearer x.y.z", "Basic dTpw", "Bearer " + good, "bearer\t" + good, good} {
		f.Add(seed)
	}
	strangers := auth.NewVerifier(secret + "!")
	f.Fuzz(func(t *testing.T, value string) {
		p, err := auth.NewVerifier(secret).Header(t.Context(), value)
		checkPrincipal(t, p, err)
		if _, err := strangers.Header(t.Context(), value); err == nil {
			t.Fatalf("good for another secret: %q", value)
		}
	})
}

// FuzzClaims: whatever a signed token says, it is refused or names a whole principal.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		`{"sub":"u","role":"viewer","rooms":["r"],"exp":9999999999}`,
		`{"sub":"u","role":"host","rooms":"*","exp":1e300,"iat":-1,"nbf":0}`,
		`{"sub":"\u0000\ud800","name":null,"role":"backend","rooms":[],"exp":9999999999.5}`,
		`{"sub":["u"],"role":{},"rooms":[[]],"exp":"9999999999","aud":7}`,
		`[]`, `{}`, `null`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, claims string) {
		raw, err := jws.Sign([]byte(claims), jws.WithKey(jwa.HS256(), []byte(secret)))
		if err != nil {
			t.Skip(err)
		}
		p, err := auth.NewVerifier(secret).Header(t.Context(), "Bearer "+string(raw))
		checkPrincipal(t, p, err)
	})
}

// checkPrincipal checks that a principal is whole, or refused.
func checkPrincipal(t *testing.T, p auth.Principal, err error) {
	t.Helper()
	if err != nil {
		known := errors.Is(err, auth.ErrTokenMissing) || errors.Is(err, auth.ErrTokenInvalid) ||
			errors.Is(err, auth.ErrTokenExpired)
		if !known || p.User != "" || p.Role != live.RoleNone || p.Rooms != nil {
			t.Fatalf("%+v, %v", p, err)
		}
		return
	}
	var all strings.Builder
	all.WriteString(string(p.User) + p.Name)
	for _, id := range p.Rooms {
		all.WriteString(string(id))
	}
	if p.User == "" || len(p.User) > 128 || len(p.Name) > 128 || p.Expires.IsZero() ||
		p.Role < live.RoleViewer || p.Role > live.RoleBackend || !utf8.ValidString(all.String()) {
		t.Fatalf("%+v", p)
	}
}
