package interceptor_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/store"
)

// post sends a request that is none of connect's client's, and returns the status of
// its answer.
func (s server) post(t *testing.T, path, contentType, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", bearer(t))
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// span returns the one span that there is.
func (s server) span(t *testing.T) tracetest.SpanStub {
	t.Helper()
	spans := s.spans.GetSpans()
	if len(spans) != 1 {
		t.Fatalf("%d spans: %v", len(spans), spans)
	}
	return spans[0]
}

// A span surrounds the report: the record of a call says which trace it belongs to, and
// the span ends with what the caller was told.
func TestSpanSurroundsTheReport(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		level  slog.Level
		status codes.Code
	}{
		"success":   {nil, slog.LevelDebug, codes.Unset},
		"not there": {store.ErrRoomNotFound, slog.LevelDebug, codes.Unset},
		"our fault": {errors.New("the cause"), slog.LevelError, codes.Error},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do := func(context.Context) error { return tt.err }
			both(t, serving(do), call{authorization: bearer(t), room: "r"}, func(t *testing.T, s server, _ result) {
				record := s.records(t, tt.level, 1)[0]
				span := s.span(t)
				if record["trace_id"] != span.SpanContext.TraceID().String() {
					t.Errorf("the span is of %v, the record %v", span.SpanContext.TraceID(), record)
				}
				if span.Status.Code != tt.status || strings.Contains(span.Status.Description, "cause") {
					t.Errorf("status %+v", span.Status)
				}
				if len(span.Events) > 0 {
					t.Errorf("events: %v", span.Events)
				}
			})
		})
	}
}

// Recovery is inside of the span too.
func TestSpanOfAPanic(t *testing.T) {
	t.Parallel()
	explode := func(context.Context) error { panic("the cause") }
	both(t, serving(explode), call{authorization: bearer(t), room: "r"}, func(t *testing.T, s server, _ result) {
		for _, record := range s.records(t, slog.LevelError, 2) {
			if record["trace_id"] != s.span(t).SpanContext.TraceID().String() {
				t.Errorf("record %v", record)
			}
		}
	})
}

func TestNoSpanOfWhoIsTurnedAway(t *testing.T) {
	t.Parallel()
	both(t, serving(nothing), call{room: "r"}, func(t *testing.T, s server, _ result) {
		if spans := s.spans.GetSpans(); len(spans) > 0 {
			t.Errorf("%d spans", len(spans))
		}
	})
}

// The trace that a backend names goes on; that of anybody else is only linked to.
func TestCallersTraces(t *testing.T) {
	t.Parallel()
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	for name, tt := range map[string]struct {
		role live.Role
		goes bool
	}{"backend": {live.RoleBackend, true}, "host": {live.RoleHost, false}, "viewer": {live.RoleViewer, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := call{authorization: bearerAs(t, tt.role), room: "r", trace: "00-" + theirs + "-b7ad6b7169203331-01"}
			both(t, serving(nothing), c, func(t *testing.T, s server, _ result) {
				span := s.span(t)
				if goes := span.SpanContext.TraceID().String() == theirs; goes != tt.goes {
					t.Errorf("trace %v", span.SpanContext.TraceID())
				}
				if linked := len(span.Links) == 1 && span.Links[0].SpanContext.TraceID().String() == theirs; linked == tt.goes {
					t.Errorf("links %v", span.Links)
				}
			})
		})
	}
}

// A record says who called, and of which room where the request says it before the
// handler reads it.
func TestRecordSaysWhoAndWhere(t *testing.T) {
	t.Parallel()
	both(t, serving(nothing), call{authorization: bearer(t), room: "r", id: "my-id"}, func(t *testing.T, s server, _ result) {
		record := s.records(t, slog.LevelDebug, 1)[0]
		if record["user_id"] != "u" || record["request_id"] != "my-id" {
			t.Errorf("record %v", record)
		}
		streaming := strings.HasSuffix(t.Name(), "stream")
		if room, there := record["room_id"]; there == streaming || there && room != "r" {
			t.Errorf("record %v", record)
		}
	})
}

// A name that no room can have is as long as the caller likes: it is not logged.
func TestRecordOfARoomThatCannotBe(t *testing.T) {
	t.Parallel()
	s := start(t, nothing)
	unary(t.Context(), s, call{authorization: bearer(t), room: strings.Repeat("x", 1000)})
	if record := s.records(t, slog.LevelDebug, 1)[0]; record["room_id"] != nil {
		t.Errorf("record %v", record)
	}
}

// Groups and attributes of a logger are kept, and a context that knows nothing adds
// nothing.
func TestWithContext(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	plain := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	interceptor.WithContext(plain).With("a", 1).WithGroup("g").InfoContext(t.Context(), "said", "b", 2)
	if got, want := b.String(), "level=INFO msg=said a=1 g.b=2\n"; got != want {
		t.Errorf("logged %q, want %q", got, want)
	}
}
