package audience

import (
	"net/http"
	"testing"
)

// What the environment says of proxies is asked where it can be followed.
func TestProxies(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]bool{"https://live.example.com": true, "http://localhost:8080": false} {
		transport := newConnections().client(server).Transport.(*http.Transport)
		if got := transport.Proxy != nil; got != want {
			t.Errorf("%s: asked for a proxy: %v, want %v", server, got, want)
		}
	}
}
