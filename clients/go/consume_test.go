package ovation

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// eventServer has a few events, and breaks off each stream after some.
type eventServer struct {
	ovationv1connect.UnimplementedEventServiceHandler
	mu      sync.Mutex
	streams int
	acked   int
}

// StreamEvents sends two of six events, or says why it does not.
func (s *eventServer) StreamEvents(
	_ context.Context, request *ovationv1.StreamEventsRequest, stream *connect.ServerStream[ovationv1.StreamEventsResponse],
) error {
	s.mu.Lock()
	s.streams++
	from := s.acked
	s.mu.Unlock()
	if request.GetAfterCursor() != "" {
		from, _ = strconv.Atoi(request.GetAfterCursor())
	}
	if from >= 6 {
		failure := connect.NewError(connect.CodeAborted, errors.New("replaced"))
		detail, err := connect.NewErrorDetail(&ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_CONSUMER_REPLACED})
		if err != nil {
			return err
		}
		failure.AddDetail(detail)
		return failure
	}
	var events []*ovationv1.Event
	for n := from + 1; n <= from+2; n++ {
		events = append(events, &ovationv1.Event{EventId: strconv.Itoa(n), Cursor: strconv.Itoa(n)})
	}
	if err := stream.Send(&ovationv1.StreamEventsResponse{Events: events}); err != nil {
		return err
	}
	return connect.NewError(connect.CodeUnavailable, errors.New("draining"))
}

// AckEvents implements EventService.
func (s *eventServer) AckEvents(_ context.Context, request *ovationv1.AckEventsRequest) (*ovationv1.AckEventsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := strconv.Atoi(request.GetCursor())
	s.acked = max(s.acked, at)
	return &ovationv1.AckEventsResponse{}, err
}

// consuming returns a client of an event server.
func consuming(t *testing.T) (*Client, *eventServer) {
	t.Helper()
	s := &eventServer{}
	mux := http.NewServeMux()
	mux.Handle(ovationv1connect.NewEventServiceHandler(s))
	server := httptest.NewUnstartedServer(mux)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	c, err := New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, s
}

func TestConsumeGoesOn(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]string{"where the consumer is": "", "after a cursor": "2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, s := consuming(t)
			var got []string
			request := &ovationv1.StreamEventsRequest{Consumer: "c", AfterCursor: after}
			err := c.Consume(t.Context(), request, func(_ context.Context, e *ovationv1.Event) error {
				got = append(got, e.GetEventId())
				return nil
			})
			want := []string{"1", "2", "3", "4", "5", "6"}
			if after != "" {
				want = want[2:]
			}
			if Reason(err) != ovationv1.ErrorReason_ERROR_REASON_CONSUMER_REPLACED || !slices.Equal(got, want) || s.acked != 6 ||
				request.GetAfterCursor() != after {
				t.Errorf("%v: %q, acknowledged %d", err, got, s.acked)
			}
		})
	}
}

func TestConsumeAcknowledgesWhatWasTaken(t *testing.T) {
	t.Parallel()
	c, s := consuming(t)
	broken := errors.New("broken")
	err := c.Consume(t.Context(), &ovationv1.StreamEventsRequest{Consumer: "c"}, func(_ context.Context, e *ovationv1.Event) error {
		if e.GetEventId() == "4" {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || s.acked != 3 {
		t.Errorf("%v, acknowledged %d", err, s.acked)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	if err := c.Consume(ctx, &ovationv1.StreamEventsRequest{Consumer: "c"}, nil); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}

func TestVerifyWebhook(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	body := []byte(`{"eventId":"e"}`)
	header.Set("Ovation-Timestamp", "1893553445")
	header.Set("Ovation-Signature", "v1=7f2b9d0f0cf5ae5ae6b4ab0d5e0e3a3b")
	const ever = 200 * 365 * 24 * time.Hour
	if err := VerifyWebhook("0123456789abcdef", header, body, ever); !errors.Is(err, ErrSignature) {
		t.Errorf("another signature: %v", err)
	}
	header.Set("Ovation-Signature", signatureOfExample)
	for name, tt := range map[string]struct {
		secret, timestamp, body string
		tolerance               time.Duration
		valid                   bool
	}{
		"as it was sent":      {"0123456789abcdef", "1893553445", string(body), ever, true},
		"another secret":      {"0123456789abcdeF", "1893553445", string(body), ever, false},
		"another time":        {"0123456789abcdef", "1893553446", string(body), ever, false},
		"another body":        {"0123456789abcdef", "1893553445", string(body) + " ", ever, false},
		"no time":             {"0123456789abcdef", "", string(body), ever, false},
		"a time too far away": {"0123456789abcdef", "1893553445", string(body), time.Minute, false},
	} {
		header.Set("Ovation-Timestamp", tt.timestamp)
		err := VerifyWebhook(tt.secret, header, []byte(tt.body), tt.tolerance)
		if (err == nil) != tt.valid || err != nil && !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// signatureOfExample was computed by openssl.
const signatureOfExample = "v1=ce654354a18ab1a133ef776c5c0d63e52a9e164c95938f43bb828e8b681eed15"
