package checkup_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/checkup"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/app"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/token"
)

const secret = "a secret of thirty-two bytes or more"

// minted returns a token of a secret.
func minted(secret string) func() (string, error) {
	return func() (string, error) {
		return token.Mint(secret, token.Claims{User: "doctor", Role: live.RoleBackend, Rooms: []live.RoomID{token.AnyRoom}})
	}
}

// start starts a server.
func start(t *testing.T) *app.App {
	t.Helper()
	c := config.Default()
	c.Listen, c.InternalListen, c.AuthSecret = "127.0.0.1:0", "127.0.0.1:0", secret
	a, err := app.New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- a.Run(running, context.Background()) }()
	t.Cleanup(func() {
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	testkit.Eventually(t, "it is ready", func() bool { // it binds before that
		response, err := http.Get(a.InternalURL() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
	http.DefaultClient.CloseIdleConnections()
	return a
}

func TestServer(t *testing.T) {
	t.Parallel()
	a := start(t)
	found := examine(t, checkup.Server(a.PublicURL()+"/", minted(secret), true), nil)
	found.allBut(t)
	found.want(t, "http2", checkup.OK, "HTTP/2.0")
	found.want(t, "health", checkup.OK, "every service")
	found.want(t, "clock", checkup.OK, "this machine's")
	refused := examine(t, checkup.Server(a.PublicURL(), minted("another secret of thirty-two bytes"), true), nil)
	refused.want(t, "token", checkup.Fail, "a call fails", "--secret")
	refused.want(t, "clock", checkup.Warn, "whom it does not know", "--secret")
	refused.allBut(t, "token", "clock")
	guessed := examine(t, checkup.Server(a.PublicURL(), minted("another secret of thirty-two bytes"), false), nil)
	guessed.want(t, "clock", checkup.Warn, "whom it does not know", "--secret")
	guessed.allBut(t, "clock")
	without := examine(t, checkup.Server(a.PublicURL(), func() (string, error) { return "", errors.New("none there is") }, true), nil)
	without.want(t, "token", checkup.Fail, "none there is", "--token")
}

func TestNode(t *testing.T) {
	t.Parallel()
	a, other := start(t), start(t)
	builds := new(checkup.Builds)
	for _, base := range []string{a.InternalURL(), other.InternalURL()} {
		found := examine(t, checkup.Internal(base, builds), nil)
		found.allBut(t, "files") // those of this machine
		found.want(t, "version", checkup.OK, "ovation ")
		found.want(t, "store", checkup.OK)
	}
	examine(t, checkup.Internal(a.PublicURL(), builds), nil).alone(t, "--internal-listen")
}

// shown is a node that shows of itself what it is told to.
func shown(t *testing.T, metrics string) checkup.Part {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(metrics)) }))
	t.Cleanup(s.Close)
	builds := new(checkup.Builds)
	examine(t, checkup.Internal(start(t).InternalURL(), builds), nil)
	return checkup.Internal(s.URL, builds)
}

func TestNodeInTrouble(t *testing.T) {
	t.Parallel()
	found := examine(t, shown(t, `ovation_build_info{goversion="go1",revision="abc",version="v0.1"} 1
ovation_draining 1
process_open_fds 900
process_max_fds 1024
# TYPE ovation_store_operation_seconds histogram
ovation_store_operation_seconds_bucket{operation="append",outcome="unavailable",le="+Inf"} 3
ovation_store_operation_seconds_sum{operation="append",outcome="unavailable"} 6
ovation_store_operation_seconds_count{operation="append",outcome="unavailable"} 3
ovation_store_operation_seconds_bucket{operation="append",outcome="ok",le="+Inf"} 4
ovation_store_operation_seconds_sum{operation="append",outcome="ok"} 1
ovation_store_operation_seconds_count{operation="append",outcome="ok"} 4
`), nil)
	found.want(t, "version", checkup.Warn, "v0.1 abc", "roll-out")
	found.want(t, "drain", checkup.Warn, "stopped")
	found.want(t, "files", checkup.Warn, "900 of 1024", "LimitNOFILE")
	found.want(t, "store", checkup.Warn, "3 of 7 calls")
}

// answering is a server that answers every path as it is told to.
func answering(t *testing.T, answers map[string]int, edit func(*httptest.Server)) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, ok := answers[r.URL.Path]
		if !ok {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		switch r.URL.Path {
		case "/healthz":
			_, _ = w.Write([]byte("ok\n"))
		case "/readyz":
			_, _ = w.Write([]byte("draining\n"))
		default:
			_, _ = w.Write([]byte(`{"status":"NOT_SERVING"}`))
		}
	}))
	if edit != nil {
		edit(s)
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.URL
}

const health = "/grpc.health.v1.Health/Check"

func TestServerThatDrains(t *testing.T) {
	t.Parallel()
	url := answering(t, map[string]int{"/healthz": 200, "/readyz": 503, health: 200}, nil)
	found := examine(t, checkup.Server(url, minted(secret), true), nil)
	found.want(t, "ready", checkup.Fail, "draining", "other nodes")
	found.want(t, "health", checkup.Fail, "serves nothing")
}

// Behind a proxy that passes only some things on.
func TestServerBehindAPoorProxy(t *testing.T) {
	t.Parallel()
	found := examine(t, checkup.Server(answering(t, map[string]int{"/healthz": 200}, nil), minted(secret), true), nil)
	found.want(t, "http2", checkup.Warn, "HTTP/1.1 alone", "gRPC does not work")
	found.want(t, "ready", checkup.Fail, "404", "pass every path on")
	found.want(t, "health", checkup.Fail, "404")
	found.want(t, "clock", checkup.Fail, "a call fails")
	examine(t, checkup.Server(answering(t, nil, nil), minted(secret), true), nil).alone(t, "404", "name an Ovation server")
}

func TestServerThatCannotBeReached(t *testing.T) {
	t.Parallel()
	examine(t, checkup.Server("http://127.0.0.1:1", minted(secret), true), nil).alone(t, "nothing listens there", "--server")
	url := answering(t, nil, func(s *httptest.Server) { s.StartTLS() })
	examine(t, checkup.Server(url, minted(secret), true), nil).alone(t, "certificate")
	wrong := examine(t, checkup.Server(strings.Replace(url, "https:", "http:", 1), minted(secret), true), nil)
	wrong.want(t, "reach", checkup.Fail)
	hung := httptest.NewUnstartedServer(nil)
	defer hung.Listener.Close()
	part := checkup.Server("http://"+hung.Listener.Addr().String(), minted(secret), true)
	examineWithin(t, 100*time.Millisecond, part, nil).alone(t, "no answer in time")
}
