package app_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/app"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/token"
)

// issuer mints tokens with a private key, and publishes the public half.
type issuer struct {
	key    token.Key
	public string // PEM
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(kind string, der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	key, err := token.ParseKey(encoded("PRIVATE KEY", pkcs8, err))
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	return issuer{key, string(encoded("PUBLIC KEY", spki, err))}
}

// bearer returns the authorization of a caller.
func (i issuer) bearer(t *testing.T, c token.Claims) string {
	t.Helper()
	signed, err := token.MintWith(i.key, c)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + signed
}

// backend is who may do anything.
var backend = token.Claims{User: "b", Role: live.RoleBackend, Rooms: []live.RoomID{token.AnyRoom}}

// published serves key sets at an address.
type published struct {
	url  string
	keys atomic.Pointer[string] // nil: out of order
}

func publish(t *testing.T, of ...issuer) *published {
	t.Helper()
	p := &published{}
	p.set(of...)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		keys := p.keys.Load()
		if keys == nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte(*keys))
	}))
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

func (p *published) set(of ...issuer) {
	var all strings.Builder
	for _, i := range of {
		all.WriteString(i.public)
	}
	keys := all.String()
	p.keys.Store(&keys)
}

// withKeys makes a server know callers by these keys alone.
func withKeys(source string) func(*config.Config) {
	return func(c *config.Config) {
		c.AuthSecret, c.AuthJWKS, c.AuthJWKSRefresh = "", source, time.Second
	}
}

// A server without a secret knows those whose keys are published, and nobody else.
func TestPublicKeys(t *testing.T) {
	t.Parallel()
	first, second := newIssuer(t), newIssuer(t)
	p := publish(t, first)
	n := start(t, withKeys(p.url))
	everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
		c := n.clients(tr.client(t, first.bearer(t, backend)), opts...)
		if _, err := c.rooms.ListRooms(t.Context(), &ovationv1.ListRoomsRequest{}); err != nil {
			t.Error(err)
		}
		for name, authorization := range map[string]string{
			"another secret": bearer(t, live.RoleBackend, "*"), "a key that is not published": second.bearer(t, backend),
		} {
			c := n.clients(tr.client(t, authorization), opts...)
			_, err := c.rooms.ListRooms(t.Context(), &ovationv1.ListRoomsRequest{})
			if reason(err) != ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID || detail(err).GetMetadata()["cause"] == "" {
				t.Errorf("%s: %v, %v", name, err, detail(err))
			}
		}
	})
}

// A server follows the keys as they change, and as they cannot be read, while it runs.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	first, second := newIssuer(t), newIssuer(t)
	p := publish(t, first)
	n := start(t, withKeys(p.url))
	calls := func(i issuer) error {
		c := n.clients(h2c.client(t, i.bearer(t, backend)), connect.WithGRPC())
		_, err := c.rooms.ListRooms(t.Context(), &ovationv1.ListRoomsRequest{})
		return err
	}
	p.keys.Store(nil)
	if err := calls(first); err != nil {
		t.Errorf("keys that cannot be read: %v", err)
	}
	p.set(second)
	testkit.Eventually(t, "the first key is good no more", func() bool { return calls(first) != nil })
	if err := calls(second); err != nil {
		t.Errorf("the second key: %v", err)
	}
}

// Streams outlive the key that their token was signed with, but not the token.
func TestStreamsOfKeys(t *testing.T) {
	t.Parallel()
	first, second := newIssuer(t), newIssuer(t)
	p := publish(t, first)
	n := start(t, withKeys(p.url))
	rooms := n.clients(h2c.client(t, first.bearer(t, backend))).rooms
	if _, err := rooms.CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: "r"}); err != nil {
		t.Fatal(err)
	}
	expires := time.Now().Add(6 * time.Second).Truncate(time.Second)
	authorization := first.bearer(t, token.Claims{User: "u", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}, Expires: expires})
	c := n.clients(h2c.client(t, authorization))
	stream, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: "r"})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	p.set(second)
	testkit.Eventually(t, "the first key is good no more", func() bool {
		_, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"})
		return err != nil
	})
	frame, err := last(stream)
	kicked := frame.GetKicked()
	if err != nil || kicked.GetReason() != ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED || !kicked.GetMayReconnect() {
		t.Errorf("last frame %v, %v", frame, err)
	}
	if early := time.Until(expires); early > 0 {
		t.Errorf("%v too early", early)
	}
}

// Whose clock is wrong is told the server's.
func TestClocksAreTold(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	n := start(t, withKeys(publish(t, i).url))
	expired := time.Now().Add(-24 * time.Hour).Truncate(time.Second)
	c := n.clients(h2c.client(t, i.bearer(t, token.Claims{User: "u", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}, Expires: expired})))
	_, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
	facts := detail(err).GetMetadata()
	if reason(err) != ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED || facts["expired_at"] == "" || facts["server_time"] <= facts["expired_at"] {
		t.Errorf("%v: %v", err, facts)
	}
}

// A server that cannot read the keys does not start, and says so.
func TestNoKeysNoServer(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.Listen, c.InternalListen = "127.0.0.1:0", "127.0.0.1:0"
	for _, source := range []string{filepath.Join(t.TempDir(), "keys.json"), "http://127.0.0.1:1/"} {
		c.AuthJWKS = source
		_, err := app.New(t.Context(), c, slog.New(slog.NewTextHandler(new(testkit.Output), nil)))
		if err == nil || !strings.Contains(err.Error(), source) || !strings.Contains(err.Error(), "--auth-jwks") {
			t.Errorf("%s: %v", source, err)
		}
	}
}
