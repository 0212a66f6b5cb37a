package hostile

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// Viewers whose connections break, all at once and again and again, come back with their
// sessions and cursors, all at once. Each is told of every message that there was.
func TestStormOfReconnects(t *testing.T) {
	viewers, rounds := connections(t, size(200, 1000)), 5
	attack{name: fmt.Sprintf("%d reconnects, %d at once", viewers*rounds, viewers), most: 64 + viewers/4, do: func(t *testing.T, s *server) {
		all := make([]*returner, viewers)
		for i := range all {
			all[i] = &returner{server: s, number: i, authorization: bearer(t, fmt.Sprintf("returner-%d", i))}
		}
		for range rounds + 1 { // the first is not a return
			each(viewers, viewers, func(i int) {
				if err := all[i].visit(t); err != nil {
					t.Errorf("viewer %d: %v", i, err)
				}
			})
		}
	}}.run(t)
}

// returner is a viewer who comes back.
type returner struct {
	server        *server
	number        int
	authorization string
	session       string
	cursor        *ovationv1.Cursor
}

// visit subscribes where the viewer left off, stays until a message has come, and breaks
// the connection.
func (r *returner) visit(t *testing.T) error {
	t.Helper()
	var mu sync.Mutex
	var conns []net.Conn
	rt := transport(t, 2, func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer(r.number).DialContext(ctx, network, address)
		mu.Lock()
		defer mu.Unlock()
		conns = append(conns, conn)
		return conn, err
	})
	defer func() {
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	return r.watch(t, rt)
}

// watch is visit over a transport.
func (r *returner) watch(t *testing.T, rt *http.Transport) error {
	t.Helper()
	feed := ovationv1connect.NewFeedServiceClient(&http.Client{Transport: rt}, r.server.url, connect.WithInterceptors(authorized(r.authorization)))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := feed.Subscribe(ctx, &ovationv1.SubscribeRequest{
		RoomId: steadyRoom, Delivery: ovationv1.Delivery_DELIVERY_INLINE, SessionId: r.session, Cursor: r.cursor,
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Receive() {
		if welcome := stream.Msg().GetWelcome(); welcome != nil {
			if r.session != "" && (welcome.GetResync() || welcome.GetSessionId() != r.session) {
				return fmt.Errorf("session %s came back as %v", r.session, welcome)
			}
			r.session = welcome.GetSessionId()
		}
		batch := stream.Msg().GetBatch().GetBatch()
		if err := r.take(batch); err != nil {
			return err
		}
		if len(batch.GetMessages()) > 0 {
			return nil
		}
	}
	return fmt.Errorf("the stream ended: %w", stream.Err())
}

// take checks that a batch goes on where the one before ended.
func (r *returner) take(batch *ovationv1.Batch) error {
	if d := batch.GetDropped(); batch.GetResync() || d.GetLow() > 0 {
		return fmt.Errorf("lost: resync %v, dropped %v", batch.GetResync(), d)
	}
	for i, m := range batch.GetMessages() {
		first := r.cursor == nil && i == 0
		if !first && m.GetSequence() != r.cursor.GetLowSequence()+1 {
			return fmt.Errorf("message %d came after %d", m.GetSequence(), r.cursor.GetLowSequence())
		}
		r.cursor = &ovationv1.Cursor{LowSequence: m.GetSequence()}
	}
	if len(batch.GetMessages()) > 0 {
		r.cursor = batch.GetCursor()
	}
	return nil
}

// authorized sends an authorization with streams.
type authorized string

// WrapUnary implements connect.Interceptor.
func (authorized) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc { return next }

// WrapStreamingClient implements connect.Interceptor.
func (a authorized) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		conn.RequestHeader().Set("Authorization", string(a))
		return conn
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (authorized) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}
