package interceptor_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// A stream's request that breaks the protocol is answered, and is no error of ours.
func TestBrokenStreamRequest(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing at all":         "",
		"half a prefix":          "\x00\x00",
		"less than announced":    "\x00\x00\x00\x00\x09{}",
		"compressed, no one how": "\x01\x00\x00\x00\x02{}",
		"flags unheard of":       "\x40\x00\x00\x00\x02{}",
		"not JSON":               "\x00\x00\x00\x00\x02}{",
		"two requests":           strings.Repeat("\x00\x00\x00\x00\x0e{\"roomId\":\"r\"}", 2),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, nothing)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
				s.url+"/ovation.v1.FeedService/Subscribe", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/connect+json")
			req.Header.Set("Authorization", bearer(t))
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			answer, err := io.ReadAll(res.Body)
			if err != nil || !bytes.Contains(answer, []byte(`"code":`)) {
				t.Errorf("answered %q, %v", answer, err)
			}
			for _, code := range []string{`"internal"`, `"unknown"`} {
				if bytes.Contains(answer, []byte(code)) {
					t.Errorf("the server takes the blame: %s", answer)
				}
			}
			s.records(t, slog.LevelDebug, 1)
			s.records(t, slog.LevelError, 0)
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		})
	}
}
