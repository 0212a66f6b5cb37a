package app_test

import "testing"

func TestProfilesWithoutTheCommandLine(t *testing.T) {
	t.Parallel()
	n := start(t, development)
	c := http1.client(t, "")
	for path, status := range map[string]int{
		"/debug/pprof/":          200,
		"/debug/pprof/goroutine": 200,
		"/debug/pprof/cmdline":   404, // a secret may be among the flags
	} {
		if got := do(t, c, "GET", n.internal+path, ""); got.status != status {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
