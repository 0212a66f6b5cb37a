//go:build linux

package process

import (
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script runs a shell script as a server.
func script(t *testing.T, text string) (*Process, error) {
	t.Helper()
	return Start(t.Context(), io.Discard, "/bin/sh", "-c", text)
}

func TestProcess(t *testing.T) {
	t.Parallel()
	p, err := script(t, `echo starting; echo "it is serving on http://127.0.0.1:1234 (internal: http://127.0.0.1:5678)"; exec sleep 60`)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if p.Public.String() != "127.0.0.1:1234" || p.Internal != "http://127.0.0.1:5678" {
		t.Errorf("it serves on %v and %s", p.Public, p.Internal)
	}
	if cpu, err := p.CPU(); err != nil || cpu < 0 {
		t.Errorf("CPU time %v, %v", cpu, err)
	}
	if resident, err := p.Resident(); err != nil || resident <= 0 {
		t.Errorf("%d bytes, %v", resident, err)
	}
	if _, err := p.Collect(t.Context()); err == nil {
		t.Error("nobody listens, and it collects")
	}
}

func TestWhatDoesNotServe(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"exit 1":                    "it ended",
		"echo 'serving on nothing'": "it ended",
		`echo "serving on http://x:1 (internal: http://y:2)"; exec sleep 60`: "x",
	} {
		if _, err := script(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
