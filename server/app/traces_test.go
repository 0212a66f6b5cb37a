package app_test

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/app"
	"github.com/ovation-live/ovation/server/config"
)

// receiver is where spans are sent.
type receiver struct {
	*httptest.Server

	mu    sync.Mutex
	spans []*tracepb.Span
}

// receive starts a receiver and has servers send their spans there.
func receive(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		m := new(collector.ExportTraceServiceRequest)
		if err := proto.Unmarshal(body, m); err != nil || req.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", req.URL.Path, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, from := range m.GetResourceSpans() {
			for _, scope := range from.GetScopeSpans() {
				r.spans = append(r.spans, scope.GetSpans()...)
			}
		}
	}))
	t.Cleanup(r.Close)
	t.Setenv("OTEL_TRACES_EXPORTER", "")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	return r
}

// of returns the spans of a procedure.
func (r *receiver) of(procedure string) []*tracepb.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []*tracepb.Span
	for _, span := range r.spans {
		if span.GetName() == procedure {
			found = append(found, span)
		}
	}
	return found
}

const (
	theirTrace  = "0af7651916cd43dd8448eb211c80319c"
	traceparent = "00-" + theirTrace + "-b7ad6b7169203331-01"
)

// Where the environment says so, every RPC is a span at its receiver, those of streams
// too, and records name their traces. What is left when the server stops is sent then.
//
//nolint:paralleltest // the environment is the process's
func TestSpansReachTheirReceiver(t *testing.T) {
	r := receive(t)
	n := start(t)
	n.create(t, "r")
	n.watch(t)
	for _, role := range []live.Role{live.RoleBackend, live.RoleViewer} {
		got := do(t, http1.client(t, bearer(t, role, "r")), "POST", n.url+"/ovation.v1.RoomService/GetRoom", `{"roomId":"r"}`,
			"Content-Type", "application/json", "Traceparent", traceparent)
		if got.status != 200 {
			t.Errorf("%v: %d %s", role, got.status, got.body)
		}
	}
	n.drain()
	if err := <-n.stopped; err != nil {
		t.Fatal(err)
	}
	streams := r.of("ovation.v1.FeedService/Subscribe")
	if len(streams) != 1 || len(streams[0].GetEvents()) > 0 {
		t.Fatalf("spans of one stream: %v", streams)
	}
	if id := hex.EncodeToString(streams[0].GetTraceId()); !strings.Contains(n.logs.String(), "trace_id="+id) {
		t.Error("the log does not know the stream's trace")
	}
	if len(r.of("ovation.v1.RoomService/CreateRoom")) != 1 {
		t.Error("no span of the room's creation")
	}
	joined, linked := 0, 0
	for _, span := range r.of("ovation.v1.RoomService/GetRoom") {
		if hex.EncodeToString(span.GetTraceId()) == theirTrace {
			joined++
		}
		for _, link := range span.GetLinks() {
			if hex.EncodeToString(link.GetTraceId()) == theirTrace {
				linked++
			}
		}
	}
	if joined != 1 || linked != 1 {
		t.Errorf("of a backend's and a viewer's trace %d went on, %d were linked to", joined, linked)
	}
}

// A server that is told nothing of traces has none, whatever callers name.
//
//nolint:paralleltest // the environment is the process's
func TestNoTracesUnasked(t *testing.T) {
	r := receive(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	n := start(t)
	n.create(t, "r")
	n.drain()
	<-n.stopped
	if len(r.spans) > 0 || strings.Contains(n.logs.String(), "trace_id") {
		t.Errorf("%d spans; log:\n%s", len(r.spans), n.logs)
	}
}

//nolint:paralleltest // the environment is the process's
func TestTracesThatCannotBeSent(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
	c := config.Default()
	c.Listen, c.InternalListen = "127.0.0.1:0", "127.0.0.1:0"
	_, err := app.New(context.Background(), c, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), `OTEL_TRACES_EXPORTER is "carrier-pigeon"`) {
		t.Errorf("got %v", err)
	}
}
