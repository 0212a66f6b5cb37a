package rpc_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// A request that trickles in, or stops, is not waited for; its caller is told so.
func TestRequestsThatDoNotArrive(t *testing.T) {
	t.Parallel()
	_, url := startFeedReading(t, 300*time.Millisecond)
	minted, err := token.Mint("secret", token.Claims{User: "slow", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}})
	if err != nil {
		t.Fatal(err)
	}
	const message = "\x00\x00\x00\x03\xe0" // the envelope of one that is to come
	for procedure, tt := range map[string]struct{ contentType, begins string }{
		"SyncClock": {"application/json", "{"}, "Send": {"application/proto", ""},
		"Pull": {"application/grpc-web+proto", message}, "Subscribe": {"application/connect+json", message},
	} {
		t.Run(procedure, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, err = fmt.Fprintf(conn, "POST /ovation.v1.FeedService/%s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n"+
				"Content-Length: 1000\r\nAuthorization: Bearer %s\r\n\r\n%s", procedure, tt.contentType, minted, tt.begins)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go func() { // a byte now and then: the bound is on all of it
				for ctx.Err() == nil {
					if _, err := io.WriteString(conn, " "); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
			_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
			b, err := io.ReadAll(conn)
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // as net returns it
				t.Fatal("the connection stays open")
			}
			if got := string(b); !strings.Contains(got, "took too long to arrive") && !strings.Contains(got, "took%20too%20long") {
				t.Errorf("told %q", got)
			}
		})
	}
}

// Over HTTP/2 too; and the connection serves on.
func TestRequestsThatDoNotArriveOverHTTP2(t *testing.T) {
	t.Parallel()
	client, url := startFeedReading(t, 300*time.Millisecond)
	minted, err := token.Mint("secret", token.Claims{User: "slow", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}})
	if err != nil {
		t.Fatal(err)
	}
	body, stuck := io.Pipe()
	defer stuck.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/ovation.v1.FeedService/Send", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+minted)
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusGatewayTimeout || !strings.Contains(string(b), "ERROR_REASON_DEADLINE_EXCEEDED") {
		t.Errorf("%d %s, %v", res.StatusCode, b, err)
	}
	feed := ovationv1connect.NewFeedServiceClient(client, url, as(t, "u", live.RoleViewer))
	if _, err := feed.SyncClock(t.Context(), &ovationv1.SyncClockRequest{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// hurrying bounds how long streams may take, as a server's WriteTimeout does.
func hurrying(next http.Handler, within time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == ovationv1connect.FeedServiceSubscribeProcedure {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(within)) // its failure shows
		}
		next.ServeHTTP(w, r)
	})
}

// Once a request has arrived nothing hurries it: a stream outlasts the bound, and that on
// answers too.
func TestCallsOutlastTheirRequest(t *testing.T) {
	t.Parallel()
	const within, answered = 200 * time.Millisecond, 3 * time.Second
	h2, url := startFeedReading(t, within, func(s *http.Server) { s.Handler = hurrying(s.Handler, answered) })
	h1 := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(h1.CloseIdleConnections)
	backend := ovationv1connect.NewRoomServiceClient(h2, url, as(t, "b", live.RoleBackend))
	if _, err := backend.CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: "r"}); err != nil {
		t.Fatal(err)
	}
	for name, client := range map[string]*http.Client{"HTTP/1.1": h1, "h2c": h2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feed := ovationv1connect.NewFeedServiceClient(client, url, as(t, live.UserID(name), live.RoleViewer))
			stream, err := feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: "r", Delivery: ovationv1.Delivery_DELIVERY_INLINE})
			if err != nil || !stream.Receive() {
				t.Fatalf("Subscribe: %v", err)
			}
			defer stream.Close()
			time.Sleep(answered + 5*within) // what must not end it has its chance
			if _, err := feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: name}); err != nil {
				t.Fatal(err)
			}
			for {
				if !stream.Receive() {
					t.Fatalf("the stream ended: %v", stream.Err())
				}
				if len(stream.Msg().GetBatch().GetBatch().GetMessages()) > 0 {
					return
				}
			}
		})
	}
}
