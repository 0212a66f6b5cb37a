package interceptor_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/rpc"
	"github.com/ovation-live/ovation/token"
)

const secret = "a secret of thirty-two bytes or more"

// service does in its unary and its streaming RPC what a test says.
type service struct {
	ovationv1connect.UnimplementedFeedServiceHandler
	do func(context.Context) error
}

func (s *service) Pull(ctx context.Context, _ *ovationv1.PullRequest) (*ovationv1.PullResponse, error) {
	return &ovationv1.PullResponse{}, s.do(ctx)
}

func (s *service) Subscribe(
	ctx context.Context, _ *ovationv1.SubscribeRequest, stream *connect.ServerStream[ovationv1.SubscribeResponse],
) error {
	if err := stream.Send(&ovationv1.SubscribeResponse{}); err != nil {
		return err
	}
	return s.do(ctx)
}

// journal keeps what is logged, as JSON lines.
type journal struct{ testkit.Output }

// records returns the log records of a level, waiting until there are at least n.
func (j *journal) records(t *testing.T, level slog.Level, n int) (found []map[string]any) {
	t.Helper()
	for range 200 {
		found = nil
		for line := range strings.Lines(j.String()) {
			record := make(map[string]any)
			if json.Unmarshal([]byte(line), &record) == nil && record["level"] == level.String() {
				found = append(found, record)
			}
		}
		if len(found) >= n {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(found) != n {
		t.Fatalf("%d records of level %v, want %d: %v", len(found), level, n, found)
	}
	return found
}

// server is a server of one service, and a client of it.
type server struct {
	*journal
	metrics *prometheus.Registry
	spans   *tracetest.InMemoryExporter
	url     string
	client  ovationv1connect.FeedServiceClient
}

// start serves do behind the chain.
func start(t *testing.T, do func(context.Context) error) server {
	t.Helper()
	return startWith(t, auth.NewVerifier(secret), do)
}

func startWith(t *testing.T, v *auth.Verifier, do func(context.Context) error) server {
	t.Helper()
	return startBehind(t, v, interceptor.Limits{}, do)
}

// startBehind serves do behind a chain with limits and more inside.
func startBehind(
	t *testing.T, v *auth.Verifier, limits interceptor.Limits, do func(context.Context) error,
	inner ...connect.Interceptor,
) server {
	t.Helper()
	j := new(journal)
	logger := interceptor.WithContext(slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug})))
	registry, spans := prometheus.NewRegistry(), tracetest.NewInMemoryExporter()
	observer := interceptor.Observer{
		Logger:  logger,
		Metrics: interceptor.NewMetrics(registry),
		Traces:  sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)),
	}
	chain := interceptor.Chain(observer, v, limits, rpc.Translate, inner...)
	mux := http.NewServeMux()
	mux.Handle(ovationv1connect.NewFeedServiceHandler(&service{do: do}, chain))
	s := httptest.NewServer(interceptor.WithRequestID(interceptor.Requests(observer)(mux)))
	t.Cleanup(s.Close)
	return server{j, registry, spans, s.URL, ovationv1connect.NewFeedServiceClient(s.Client(), s.URL)}
}

// result is what a call came to.
type result struct {
	err    error
	header http.Header // of the response
}

// detail returns the error's detail.
func (r result) detail(t *testing.T) *ovationv1.ErrorDetail {
	t.Helper()
	ce := new(connect.Error)
	if !errors.As(r.err, &ce) {
		t.Fatalf("not an error of connect: %v", r.err)
	}
	for _, d := range ce.Details() {
		if m, err := d.Value(); err == nil {
			if detail, ok := m.(*ovationv1.ErrorDetail); ok {
				return detail
			}
		}
	}
	t.Fatalf("no detail: %v", r.err)
	return nil
}

// call is one way to call the server: with an authorization, for a room, under a
// request id.
type call struct {
	authorization string
	room          string
	id            string
	trace         string // the caller's, as it is named to others
}

// both calls the unary and the streaming RPC, each on a server of its own.
func both(t *testing.T, setup func(t *testing.T) server, c call, check func(t *testing.T, s server, r result)) {
	t.Helper()
	for name, do := range map[string]func(context.Context, server, call) result{"unary": unary, "stream": stream} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			check(t, s, do(t.Context(), s, c))
		})
	}
}

func (c call) set(h http.Header) {
	if c.authorization != "" {
		h.Set("Authorization", c.authorization)
	}
	if c.id != "" {
		h.Set(interceptor.RequestIDHeader, c.id)
	}
	if c.trace != "" {
		h.Set("Traceparent", c.trace)
	}
}

func unary(ctx context.Context, s server, c call) result {
	ctx, info := connect.NewClientContext(ctx)
	c.set(info.RequestHeader())
	_, err := s.client.Pull(ctx, &ovationv1.PullRequest{RoomId: c.room})
	return result{err, headerOf(err, info.ResponseHeader())}
}

func stream(ctx context.Context, s server, c call) result {
	ctx, info := connect.NewClientContext(ctx)
	c.set(info.RequestHeader())
	stream, err := s.client.Subscribe(ctx, &ovationv1.SubscribeRequest{RoomId: c.room})
	if err != nil {
		return result{err, nil}
	}
	defer stream.Close()
	for stream.Receive() {
	}
	return result{stream.Err(), headerOf(stream.Err(), stream.ResponseHeader())}
}

// headerOf returns the response's headers, which connect keeps with a unary error.
func headerOf(err error, h http.Header) http.Header {
	if ce := new(connect.Error); errors.As(err, &ce) && ce.Meta().Get(interceptor.RequestIDHeader) != "" {
		return ce.Meta()
	}
	return h
}

// bearer returns a viewer's authorization.
func bearer(t *testing.T) string {
	t.Helper()
	return bearerAs(t, live.RoleViewer)
}

func bearerAs(t *testing.T, role live.Role) string {
	t.Helper()
	signed, err := token.Mint(secret, token.Claims{User: "u", Role: role, Rooms: []live.RoomID{"r"}})
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + signed
}
