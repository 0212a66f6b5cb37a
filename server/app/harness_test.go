package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/app"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/token"
)

const secret = "a secret of thirty-two bytes or more"

// node is a whole server, serving on ports of its own.
type node struct {
	url, internal string
	drain         context.CancelFunc // as SIGTERM does
	stopped       chan error
	reload        func(context.Context) // as SIGHUP does
	logs          *testkit.Output
}

// start starts a server, by default one with a secret of its own.
func start(t *testing.T, edits ...func(*config.Config)) *node {
	t.Helper()
	return startBy(t, app.New, edits...)
}

// startOn starts a server over a store that others may share.
func startOn(t *testing.T, set store.Set, edits ...func(*config.Config)) *node {
	t.Helper()
	return startBy(t, func(ctx context.Context, c config.Config, logger *slog.Logger) (*app.App, error) {
		return app.NewOn(ctx, c, logger, set)
	}, edits...)
}

// startBy starts a server that something puts together.
func startBy(
	t *testing.T, build func(context.Context, config.Config, *slog.Logger) (*app.App, error), edits ...func(*config.Config),
) *node {
	t.Helper()
	c := config.Default()
	c.Listen, c.InternalListen, c.AuthSecret = "127.0.0.1:0", "127.0.0.1:0", secret
	c.Heartbeat, c.DrainTimeout = 5*time.Second, 5*time.Second
	for _, edit := range edits {
		edit(&c)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	n := &node{stopped: make(chan error, 1), logs: new(testkit.Output)}
	logger := slog.New(slog.NewTextHandler(n.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a, err := build(t.Context(), c, logger)
	if err != nil {
		t.Fatal(err)
	}
	n.reload = a.Reload
	n.url, n.internal = a.PublicURL(), a.InternalURL()
	var running context.Context
	running, n.drain = context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		n.stopped <- a.Run(running, context.Background())
	}()
	t.Cleanup(func() {
		n.drain()
		<-over
	})
	return n
}

// development makes it a server in development.
func development(c *config.Config) { c.AuthSecret = "" }

// bearer returns the authorization of a caller.
func bearer(t *testing.T, role live.Role, rooms ...live.RoomID) string {
	t.Helper()
	return "Bearer " + mint(t, token.Claims{User: live.UserID(role.String() + "-1"), Name: "N", Role: role, Rooms: rooms})
}

func mint(t *testing.T, c token.Claims) string {
	t.Helper()
	signed, err := token.Mint(secret, c)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// transport is a way over the network.
type transport struct {
	name  string
	setup func(*http.Protocols)
}

var (
	http1 = transport{"HTTP1", func(p *http.Protocols) { p.SetHTTP1(true) }}
	h2c   = transport{"h2c", func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }}
)

// client returns an HTTP client over the transport, which sends an authorization.
func (tr transport) client(t *testing.T, authorization string) *http.Client {
	t.Helper()
	rt := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	tr.setup(rt.Protocols)
	t.Cleanup(rt.CloseIdleConnections)
	return &http.Client{Transport: authorized{rt, authorization}}
}

// authorized adds an authorization to requests.
type authorized struct {
	next          http.RoundTripper
	authorization string
}

// RoundTrip implements http.RoundTripper.
func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.authorization != "" && r.Header.Get("Authorization") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", a.authorization)
	}
	return a.next.RoundTrip(r)
}

// clients are the services as one caller calls them.
type clients struct {
	rooms      ovationv1connect.RoomServiceClient
	feed       ovationv1connect.FeedServiceClient
	attributes ovationv1connect.AttributeServiceClient
	moderation ovationv1connect.ModerationServiceClient
	quizzes    ovationv1connect.QuizServiceClient
	audience   ovationv1connect.AudienceServiceClient
	gifts      ovationv1connect.GiftServiceClient
	wallets    ovationv1connect.WalletServiceClient
	events     ovationv1connect.EventServiceClient
}

func (n *node) clients(h *http.Client, opts ...connect.ClientOption) clients {
	return clients{
		ovationv1connect.NewRoomServiceClient(h, n.url, opts...),
		ovationv1connect.NewFeedServiceClient(h, n.url, opts...),
		ovationv1connect.NewAttributeServiceClient(h, n.url, opts...),
		ovationv1connect.NewModerationServiceClient(h, n.url, opts...),
		ovationv1connect.NewQuizServiceClient(h, n.url, opts...),
		ovationv1connect.NewAudienceServiceClient(h, n.url, opts...),
		ovationv1connect.NewGiftServiceClient(h, n.url, opts...),
		ovationv1connect.NewWalletServiceClient(h, n.url, opts...),
		ovationv1connect.NewEventServiceClient(h, n.url, opts...),
	}
}

// backend returns the services as a backend calls them.
func (n *node) backend(t *testing.T) clients {
	t.Helper()
	return n.clients(h2c.client(t, bearer(t, live.RoleBackend, "*")))
}

// create creates a room.
func (n *node) create(t *testing.T, id string) {
	t.Helper()
	if _, err := n.backend(t).rooms.CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: id}); err != nil {
		t.Fatal(err)
	}
}

// reason returns the reason that an error carries; UNSPECIFIED if none.
func reason(err error) ovationv1.ErrorReason { return detail(err).GetReason() }

func detail(err error) *ovationv1.ErrorDetail {
	ce, _ := err.(*connect.Error) //nolint:errorlint // clients return it as it is
	if ce == nil {
		return nil
	}
	for _, d := range ce.Details() {
		if m, e := d.Value(); e == nil {
			if found, ok := m.(*ovationv1.ErrorDetail); ok {
				return found
			}
		}
	}
	return nil
}
