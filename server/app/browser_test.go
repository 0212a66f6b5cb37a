package app_test

import (
	"strings"
	"testing"

	"github.com/ovation-live/ovation/server/config"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func TestPreflight(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.CORSOrigins = []string{"https://a.test"} })
	c := http1.client(t, "")
	ask := func(origin, method string) answered {
		return do(t, c, "OPTIONS", n.url+"/ovation.v1.FeedService/Subscribe", "", "Origin", origin,
			"Access-Control-Request-Method", method,
			"Access-Control-Request-Headers", "authorization,connect-protocol-version,content-type,x-request-id")
	}
	got := ask("https://a.test", "POST")
	if got.status != 204 || got.header.Get("Access-Control-Allow-Origin") != "https://a.test" ||
		got.header.Get("Access-Control-Allow-Methods") != "POST" || got.header.Get("Access-Control-Max-Age") != "7200" {
		t.Errorf("%d %v", got.status, got.header)
	}
	for _, name := range []string{"authorization", "connect-protocol-version", "content-type", "x-request-id"} {
		if !contains(got.header.Get("Access-Control-Allow-Headers"), name) {
			t.Errorf("%s is not allowed: %v", name, got.header)
		}
	}
	for _, got := range []answered{ask("https://b.test", "POST"), ask("https://a.test", "DELETE")} {
		if got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("allowed: %v", got.header)
		}
	}
	if got := ask("https://a.test", "GET"); got.header.Get("Access-Control-Allow-Methods") != "GET" {
		t.Errorf("GET: %v", got.header)
	}
}

// A page reads the request's id, and the errors of gRPC-Web, from the answer.
func TestCrossOriginCall(t *testing.T) {
	t.Parallel()
	n := start(t)
	got := do(t, http1.client(t, ""), "POST", n.url+"/ovation.v1.FeedService/SyncClock", "{}",
		"Origin", "https://a.test", "Content-Type", "application/json")
	if got.status != 401 || got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d %v", got.status, got.header)
	}
	for _, name := range []string{"X-Request-Id", "Grpc-Status", "Grpc-Message"} {
		if !contains(got.header.Get("Access-Control-Expose-Headers"), name) {
			t.Errorf("%s is not exposed: %v", name, got.header)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := http1.client(t, "")
	if got := do(t, c, "GET", n.url+"/", ""); got.status != 200 || !contains(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("the page: %d %v", got.status, got.header)
	}
	for _, path := range []string{
		"/nowhere", "/index.htm", "/../go.mod", "/ovation.v1.FeedService", "/ovation.v1.NoService/Call",
		"/ovation.v1.FeedService/NoCall", "/dev/token", "/metrics", "/debug/pprof/",
	} {
		for _, method := range []string{"GET", "POST"} {
			got := do(t, c, method, n.url+path, "")
			if got.status != 404 || contains(got.header.Get("Content-Type"), "html") {
				t.Errorf("%s %s: %d %v", method, path, got.status, got.header)
			}
			if got.header.Get("X-Request-Id") == "" {
				t.Errorf("%s %s has no request id", method, path)
			}
		}
	}
}

func TestDevelopmentToken(t *testing.T) {
	t.Parallel()
	n := start(t, development)
	c := http1.client(t, "")
	got := do(t, c, "GET", n.url+"/dev/token", "")
	if got.status != 200 || got.header.Get("Cache-Control") != "no-store" || !contains(got.body, `"token":"ey`) {
		t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	_, rest, _ := strings.Cut(got.body, `"token":"`)
	signed, _, _ := strings.Cut(rest, `"`)
	for room, status := range map[string]int{"demo": 200, "other": 403} {
		got := do(t, c, "POST", n.url+"/ovation.v1.RoomService/GetRoom", `{"roomId":"`+room+`"}`,
			"Content-Type", "application/json", "Authorization", "Bearer "+signed)
		if got.status != status {
			t.Errorf("%s: %d %s", room, got.status, got.body)
		}
	}
}
