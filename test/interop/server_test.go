package interop

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

const secret = "a secret of thirty-two bytes or more"

// server is an Ovation server in a process of its own.
type server struct {
	url  string
	auth string // a backend's Authorization
}

// address is where it serves.
func (s server) address() string { return s.url[strings.LastIndex(s.url, "/")+1:] }

var serverBinary = sync.OnceValues(func() (string, error) { return build(root, "server", "./server") })

// serving matches the banner.
var serving = regexp.MustCompile(`serving on (https?://\S+)`)

// start starts a server with a room r.
func start(t *testing.T) server {
	t.Helper()
	s := launch(t)
	s.call(t, "RoomService/CreateRoom", `{"roomId":"r"}`)
	return s
}

// launch starts a server, told more by its environment.
func launch(t *testing.T, env ...string) server {
	t.Helper()
	path, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = append([]string{
		"OVATION_LISTEN=127.0.0.1:0", "OVATION_INTERNAL_LISTEN=127.0.0.1:0", "OVATION_AUTH_SECRET=" + secret,
		"OVATION_DRAIN_TIMEOUT=1s",
	}, env...)
	out := new(testkit.Output)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v:\n%s", err, out)
		}
		if strings.Contains(out.String(), "level=ERROR") {
			t.Errorf("the server logged:\n%s", out)
		}
	})
	signed, err := token.Mint(secret, token.Claims{User: "b", Role: live.RoleBackend, Rooms: []live.RoomID{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	return server{url: out.Match(t, serving), auth: "Bearer " + signed}
}

// call makes a call as plainly as can be, and expects it to succeed.
func (s server) call(t *testing.T, procedure, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/ovation.v1."+procedure, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", s.auth)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", procedure, res.Status)
	}
}

// follow runs a program that follows the room r in the background. When it has written
// its Welcome a message is sent and the room ended, and the program is waited for. All
// that it wrote is returned, which must have the end of the room in it.
func (s server) follow(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out := new(testkit.Output)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	out.Match(t, regexp.MustCompile(`"welcome"`))
	s.call(t, "FeedService/Send", `{"roomId":"r","text":"hello, you"}`)
	out.Match(t, regexp.MustCompile("hello, you"))
	s.call(t, "RoomService/EndRoom", `{"roomId":"r"}`)
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%v:\n%s", err, out)
		}
	case <-time.After(20 * time.Second):
		t.Errorf("the stream did not end:\n%s", out)
	}
	if !strings.Contains(out.String(), `"roomEnded"`) {
		t.Errorf("no end in\n%s", out)
	}
	return out.String()
}

// path returns where a tool is, skipping where it is not.
func path(t *testing.T, tool string, places ...string) string {
	t.Helper()
	for _, place := range places {
		if _, err := os.Stat(place); err == nil {
			return place
		}
	}
	found, err := exec.LookPath(tool)
	if err != nil {
		missing(t, tool, err)
	}
	return found
}
