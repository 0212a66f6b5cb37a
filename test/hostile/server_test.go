package hostile

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

const secret = "a secret of thirty-two bytes or more"

// honest is the address of those who do no harm; it is exempt from limits of addresses, and
// attackers' are not.
const honest = "127.0.0.1"

// attackers is how many addresses attackers have.
const attackers = 20

// server is a server in a process of its own.
type server struct {
	url, internal string
	address       string // host and port of url
	pid           int
	operator      caller
	logs          *testkit.Output
}

// What matches the addresses that the banner names.
var (
	public   = regexp.MustCompile(`serving on http://(\S+)`)
	internal = regexp.MustCompile(`internal: (http://[^)\s]+)`)
)

// launch runs a server until the test ends. It must then stop when it is told to, having
// logged nothing that it is to blame for.
func launch(t *testing.T, env ...string) *server {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = append([]string{
		"OVATION_LISTEN=" + honest + ":0", "OVATION_INTERNAL_LISTEN=" + honest + ":0", "OVATION_AUTH_SECRET=" + secret,
		"OVATION_LIMIT_EXEMPT=" + honest, "OVATION_DRAIN_TIMEOUT=5s", "OVATION_RECONNECT_JITTER=1s",
	}, env...)
	s := &server{logs: new(testkit.Output)}
	out := new(testkit.Output)
	cmd.Stdout, cmd.Stderr = out, s.logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t, cmd) })
	s.pid = cmd.Process.Pid
	s.address, s.internal = out.Match(t, public), out.Match(t, internal)
	s.url = "http://" + s.address
	s.operator = caller{client: &http.Client{Transport: transport(t, 1, (&net.Dialer{Timeout: patience}).DialContext)}}
	return s
}

// patience is how long is waited for what must come.
const patience = time.Minute

// stop stops the server as an operator does.
func (s *server) stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	killed := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer killed.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v:\n%s", err, s.logs)
	}
	for _, fault := range []string{"level=ERROR", "panic", "fatal error"} {
		if strings.Contains(s.logs.String(), fault) {
			t.Errorf("the server logged %q:\n%s", fault, s.logs)
			return
		}
	}
}

// bearer returns the authorization of a viewer of the rooms, of all without any.
func bearer(t *testing.T, user string, rooms ...live.RoomID) string {
	t.Helper()
	if rooms == nil {
		rooms = []live.RoomID{token.AnyRoom}
	}
	return "Bearer " + mint(t, token.Claims{User: live.UserID(user), Role: live.RoleViewer, Rooms: rooms})
}

// mint mints a token.
func mint(t *testing.T, c token.Claims) string {
	t.Helper()
	signed, err := token.Mint(secret, c)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// dialer returns what connects from the n-th attacker's address.
func dialer(n int) *net.Dialer {
	ip := net.IPv4(127, 0, 0, byte(2+n%attackers))
	return &net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: ip}}
}

// connect connects from the n-th attacker's address, until the test ends.
func (s *server) connect(t *testing.T, n int) net.Conn {
	t.Helper()
	conn, err := dialer(n).DialContext(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// transport returns HTTP/2 in cleartext, or HTTP/1.1, over connections that dial makes.
func transport(t *testing.T, major int, dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	t.Helper()
	rt := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true, DialContext: dial}
	rt.Protocols.SetHTTP1(major == 1)
	rt.Protocols.SetUnencryptedHTTP2(major == 2)
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// metric returns a metric without labels.
func (s *server) metric(t *testing.T, name string) float64 {
	t.Helper()
	_, after, ok := strings.Cut("\n"+s.operate(t, "/metrics"), "\n"+name+" ")
	var value float64
	if _, err := fmt.Sscan(after, &value); !ok || err != nil {
		t.Fatalf("there is no metric %s: %v", name, err)
	}
	return value
}

// operate reads one of the pages for operators.
func (s *server) operate(t *testing.T, path string) string {
	t.Helper()
	got := s.operator.do(t, http.MethodGet, s.internal+path, "", nil)
	if got.status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, got.status, got.body)
	}
	return got.body
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("still not: %s", what)
		}
	}
}

// proc reads a file that the kernel keeps of the server.
func (s *server) proc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.pid, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
