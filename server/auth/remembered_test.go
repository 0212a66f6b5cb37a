package auth_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/server/auth"
)

func TestRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := auth.NewVerifier(secret)
		header := "Bearer " + signed(t, nil, ours())
		for _, step := range []struct {
			name   string
			header string
			do     func()
			known  bool
			err    error
		}{
			{"nothing", "", func() {}, true, auth.ErrTokenMissing},
			{"not seen", header, func() {}, false, nil},
			{"verified", header, func() { _, _ = v.Header(t.Context(), header) }, true, nil},
			{"another", header + "x", func() {}, false, nil},
			{"near its end", header, func() { time.Sleep(time.Hour - time.Second) }, true, nil},
			{"within the clocks' difference", header, func() { time.Sleep(5 * time.Second) }, true, nil},
			{"verified anew within it", header, func() { v.Forget(); _, _ = v.Header(t.Context(), header) }, true, nil},
			{"expired", header, func() { time.Sleep(time.Second) }, true, auth.ErrTokenExpired},
			{"forgotten", header, v.Forget, false, nil},
		} {
			step.do()
			p, known, err := v.Remembered(step.header)
			if known != step.known || !errors.Is(err, step.err) || (p.User != "") != (known && err == nil) {
				t.Errorf("%s: %v, %v, %v", step.name, p.User, known, err)
			}
		}
	})
}
