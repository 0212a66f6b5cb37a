package auth_test

import (
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/token"
)

// BenchmarkVerify is what a call pays for knowing its caller: the first time, and
// every other.
func BenchmarkVerify(b *testing.B) {
	raw, err := token.Mint(token.DevelopmentSecret, token.Claims{
		User: "u", Name: "U", Role: live.RoleViewer, Rooms: []live.RoomID{"demo"},
	})
	if err != nil {
		b.Fatal(err)
	}
	verify := func(b *testing.B, v *auth.Verifier) {
		b.Helper()
		if _, err := v.Verify(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("first", func(b *testing.B) {
		v := auth.NewVerifier(token.DevelopmentSecret)
		for b.Loop() {
			v.Forget()
			verify(b, v)
		}
	})
	b.Run("again", func(b *testing.B) {
		v := auth.NewVerifier(token.DevelopmentSecret)
		for b.Loop() {
			verify(b, v)
		}
	})
}
