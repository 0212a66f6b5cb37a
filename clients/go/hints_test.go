package ovation

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/retryafter"
)

// fuzzedAt is the time in fuzz targets.
var fuzzedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// FuzzRetryAfter: whatever a server or a proxy says of when to come again, the wait is not
// negative, and no longer than is believed.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "17", "-1", "99999999999", "1.5", "Fri, 02 Jan 2026 03:05:05 GMT", "Friday, 02-Jan-26 03:05:05 GMT", "soon"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		wait, ok := retryAfterIn(http.Header{retryafter.Header: {value}}, fuzzedAt)
		if wait < 0 || wait > retryAfterMost || !ok && wait != 0 {
			t.Errorf("%q: %v, %v", value, wait, ok)
		}
	})
}

// FuzzRenewal: whatever a token holds, it is renewed ahead of its end, neither at once nor in
// an age, or not ahead at all.
func FuzzRenewal(f *testing.F) {
	for _, seed := range []string{`{"exp":1767323105}`, `{"exp":1e12}`, `{"exp":-1}`, `{"exp":1767323045.5}`, `{"exp":"x"}`, `{}`, "\xff", `{"exp":1099511627776}`} {
		f.Add([]byte(seed), true)
	}
	f.Add([]byte("a.b.c"), false)
	f.Fuzz(func(t *testing.T, payload []byte, encoded bool) {
		token := string(payload)
		if encoded {
			token = "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2ln"
		}
		at := renewalOf(token, fuzzedAt)
		if at.IsZero() {
			return
		}
		if ahead := at.Sub(fuzzedAt); ahead < renewalPause || ahead > renewalFarthest || !at.Before(endOf(token)) {
			t.Errorf("%q ends at %v, and is renewed at %v", token, endOf(token), at)
		}
	})
}
