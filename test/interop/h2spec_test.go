package interop

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/server/http2"
)

// h2specBinary is the tool that go.mod names.
var h2specBinary = sync.OnceValues(func() (string, error) {
	return build(".", "h2spec", "github.com/summerwind/h2spec/cmd/h2spec")
})

// conformance is what h2spec tests of HTTP/2 and HPACK, but for 3.5/2: that a connection
// which does not begin like HTTP/2 is closed, where ours is HTTP/1.1 and answered as that.
var conformance = []string{
	"generic", "hpack", "http2/3.5/1", "http2/4", "http2/5", "http2/6", "http2/7", "http2/8",
}

// TestConformance has h2spec break every rule of HTTP/2.
func TestConformance(t *testing.T) {
	t.Parallel()
	tool, err := h2specBinary()
	if err != nil {
		missing(t, "h2spec", err)
	}
	host, port, err := net.SplitHostPort(reader(t))
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--host", host, "--port", port, "--timeout", "10"}, conformance...)
	out, err := exec.Command(tool, args...).CombinedOutput()
	_, failures, failed := strings.Cut(string(out), "Failures:")
	if err != nil || failed || !strings.Contains(string(out), " 0 failed") {
		t.Errorf("%v\n%s", err, failures)
	}
}

// reader serves HTTP/2 as the server does, by a handler that answers when it has read the
// whole request: what is wrong with the rest of one is then never too late. It returns
// the address.
func reader(t *testing.T) string {
	t.Helper()
	served := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				_, _ = io.WriteString(w, "the whole request was read")
			}
		}),
		Protocols:         new(http.Protocols),
		ReadHeaderTimeout: time.Minute,
	}
	served.Protocols.SetHTTP1(true)
	served.Protocols.SetUnencryptedHTTP2(true)
	lean, err := http2.Configure(served, http2.Config{Detached: true})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = served.Serve(listener) })
	t.Cleanup(func() {
		_ = served.Close()
		lean.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}
