package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/app"
	"github.com/ovation-live/ovation/token"
)

// bearer returns a backend's authorization for a server in development.
func bearer(t *testing.T) string {
	t.Helper()
	signed, err := token.Mint(token.DevelopmentSecret, token.Claims{
		User: "b", Role: live.RoleBackend, Rooms: []live.RoomID{token.AnyRoom},
	})
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + signed
}

// feed returns a client over a connection of its own.
func (p *process) feed(t *testing.T, cleartextHTTP2 bool) ovationv1connect.FeedServiceClient {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(!cleartextHTTP2)
	transport.Protocols.SetUnencryptedHTTP2(cleartextHTTP2)
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: authorized{transport, bearer(t)}}
	return ovationv1connect.NewFeedServiceClient(client, p.urls()["RPC"])
}

// authorized adds an authorization to requests.
type authorized struct {
	next   http.RoundTripper
	bearer string
}

// RoundTrip implements http.RoundTripper.
func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", a.bearer)
	return a.next.RoundTrip(r)
}

func TestDrainWithFiftyStreams(t *testing.T) {
	t.Parallel()
	p := serve(t, "--reconnect-after=3s", "--reconnect-jitter=40s", "--drain-timeout=20s")
	deliveries := []ovationv1.Delivery{ovationv1.Delivery_DELIVERY_NOTIFY, ovationv1.Delivery_DELIVERY_INLINE}
	var streams []*connect.ServerStreamForClient[ovationv1.SubscribeResponse]
	for i := range 50 {
		stream, err := p.feed(t, i%4 < 2).Subscribe(t.Context(), &ovationv1.SubscribeRequest{
			RoomId: string(app.DemoRoom), Delivery: deliveries[i%2],
		})
		if err != nil || !stream.Receive() || stream.Msg().GetWelcome() == nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		t.Cleanup(func() { _ = stream.Close() })
		streams = append(streams, stream)
	}
	begun := time.Now()
	p.signal(t, syscall.SIGTERM)
	for i, stream := range streams {
		var last *ovationv1.SubscribeResponse
		for stream.Receive() {
			last = stream.Msg()
		}
		told := last.GetReconnect()
		if stream.Err() != nil || told.GetAfter().AsDuration() != 3*time.Second || told.GetJitter().AsDuration() != time.Second {
			t.Errorf("stream %d ended with %v, %v", i, last, stream.Err())
		}
	}
	if code := p.code(t, 10*time.Second); code != exitOK {
		t.Errorf("exit code %d after %v:\n%s", code, time.Since(begun), p.logs)
	}
	if strings.Contains(p.logs.String(), "did not end in time") {
		t.Errorf("after %v:\n%s", time.Since(begun), p.logs)
	}
}

// request writes the head of a call and its body, and never reads what is answered.
func (p *process) request(t *testing.T, procedure, contentType, body string, length int) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.urls()["RPC"], "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	_, err = fmt.Fprintf(conn, "POST /ovation.v1.%s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n"+
		"Authorization: %s\r\n\r\n%s", procedure, contentType, length, bearer(t), body)
	if err != nil {
		t.Fatal(err)
	}
}

// A viewer who never reads does not hold the end up beyond the drain timeout.
func TestAReaderWhoNeverReads(t *testing.T) {
	t.Parallel()
	const bound = 2 * time.Second
	p := serve(t, "--drain-timeout="+bound.String())
	message := "\x0a\x04demo\x10\x02" // INLINE
	body := "\x00\x00\x00\x00" + string(rune(len(message))) + message
	p.request(t, "FeedService/Subscribe", "application/connect+proto", body, len(body))
	feed := p.feed(t, true)
	payload := make([]byte, 4096)
	for range 3000 {
		_, err := feed.Send(t.Context(), &ovationv1.SendRequest{
			RoomId: "demo", Kind: ovationv1.MessageKind_MESSAGE_KIND_SYSTEM, Payload: payload,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	p.signal(t, syscall.SIGTERM)
	code := p.code(t, bound+10*time.Second)
	if took := time.Since(begun); code != exitOK || took < bound || took > bound+5*time.Second {
		t.Errorf("exit code %d after %v:\n%s", code, took, p.logs)
	}
	if !strings.Contains(p.logs.String(), "did not end in time") {
		t.Errorf("nothing said of what was cut:\n%s", p.logs)
	}
}

func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	p := serve(t, "--drain-timeout=1h")
	// A call whose body never comes to its end is waited for.
	p.request(t, "FeedService/SyncClock", "application/json", "{", 100)
	time.Sleep(200 * time.Millisecond) // until it has begun
	p.signal(t, syscall.SIGTERM)
	p.logs.Wait(t, "draining")
	select {
	case <-p.over:
		t.Fatalf("it did not wait:\n%s", p.logs)
	case <-time.After(300 * time.Millisecond):
	}
	p.signal(t, syscall.SIGTERM)
	if code := p.code(t, 3*time.Second); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(p.logs.String(), "ovation: stopped by a second signal before the drain was over") {
		t.Errorf("said %q", p.logs)
	}
}
