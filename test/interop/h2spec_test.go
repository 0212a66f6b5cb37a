package interop

import (
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// h2specBinary is the tool that go.mod names.
var h2specBinary = sync.OnceValues(func() (string, error) {
	return build(".", "h2spec", "github.com/summerwind/h2spec/cmd/h2spec")
})

// conformance is what h2spec tests of HTTP/2 and HPACK, but for: that a connection which
// does not begin like HTTP/2 is closed (3.5/2), where ours is HTTP/1.1 and answered as
// that; and what is wrong with the rest of a request (8.1/1, 8.1.2.6), which comes before
// the answer or after it, as the machine likes. The server's own tests have handlers that
// wait for it.
var conformance = []string{
	"generic", "hpack", "http2/3.5/1", "http2/4", "http2/5", "http2/6", "http2/7",
	"http2/8.1.2/1", "http2/8.1.2.1", "http2/8.1.2.2", "http2/8.1.2.3", "http2/8.2",
}

// TestConformance has h2spec break every rule of HTTP/2.
func TestConformance(t *testing.T) {
	t.Parallel()
	tool, err := h2specBinary()
	if err != nil {
		missing(t, "h2spec", err)
	}
	s := start(t, "OVATION_HTTP2=lean")
	host, port, err := net.SplitHostPort(s.address())
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--host", host, "--port", port, "--path", "/healthz", "--timeout", "10"}, conformance...)
	out, err := exec.Command(tool, args...).CombinedOutput()
	_, failures, failed := strings.Cut(string(out), "Failures:")
	if err != nil || failed || !strings.Contains(string(out), " 0 failed") {
		t.Errorf("%v\n%s", err, failures)
	}
}
