package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/server/web"
)

func TestHandler(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, path string
		status       int
		has          string
	}{
		{"GET", "/", http.StatusOK, "<html"},
		{"HEAD", "/", http.StatusOK, ""},
		{"GET", "/assets/app.js", http.StatusOK, ""},
		{"GET", "/assets/", http.StatusNotFound, ""},
		{"GET", "/nowhere", http.StatusNotFound, ""},
		{"GET", "/../web.go", http.StatusNotFound, ""},
		{"POST", "/", http.StatusNotFound, ""},
		{"DELETE", "/assets/app.js", http.StatusNotFound, ""},
	} {
		w := httptest.NewRecorder()
		web.Handler(nil).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, nil))
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.has) {
			t.Errorf("%s %s: %d, %.80q", tt.method, tt.path, w.Code, w.Body)
		}
		if tt.status == http.StatusOK && w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s: no policy", tt.method, tt.path)
		}
	}
}

// The page may go on at other nodes, and nowhere else.
func TestPolicyNamesNodes(t *testing.T) {
	t.Parallel()
	const always = "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'"
	for _, tt := range []struct {
		nodes []string
		want  string
	}{
		{nil, always},
		{[]string{"https://a.test", "http://[::1]:8080/live"}, always + "; connect-src 'self' https://a.test http://[::1]:8080"},
		{[]string{"https://a.test; script-src *", "javascript:x", "", "https://"}, always},
	} {
		w := httptest.NewRecorder()
		handler := web.Handler(func() []string { return tt.nodes })
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
		if got := w.Header().Get("Content-Security-Policy"); got != tt.want {
			t.Errorf("%q: %s", tt.nodes, got)
		}
	}
}
