package app_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/app"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/token"
)

// assembled is a whole server that serves nobody, and what it logs.
func assembled(f *testing.F) (http.Handler, *testkit.Output) {
	f.Helper()
	c := config.Default() // in development: there is a room
	c.Listen, c.InternalListen = "127.0.0.1:0", "127.0.0.1:0"
	c.UserConnectRate, c.UserSendRate, c.UserReadRate = 0, 0, 0
	logs := new(testkit.Output)
	a, err := app.New(f.Context(), c, slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { app.Discard(a) })
	return app.Handler(a), logs
}

// developer returns the authorization of a role in development.
func developer(f *testing.F, role live.Role) string {
	f.Helper()
	signed, err := token.Mint(token.DevelopmentSecret, token.Claims{User: "fuzzer", Role: role, Rooms: []live.RoomID{token.AnyRoom}})
	if err != nil {
		f.Fatal(err)
	}
	return "Bearer " + signed
}

// blameless fails if the server has anything to reproach itself with.
func blameless(t *testing.T, logs *testkit.Output) {
	t.Helper()
	if all := logs.String(); all != "" {
		t.Fatal(all)
	}
}

// fuzzed is procedures that decode requests of all kinds, and end by themselves.
var fuzzed = []string{
	ovationv1connect.FeedServicePullProcedure,
	ovationv1connect.FeedServiceSendProcedure,
	ovationv1connect.FeedServiceListHistoryProcedure,
	ovationv1connect.FeedServiceSyncClockProcedure,
	ovationv1connect.RoomServiceGetRoomProcedure,
	ovationv1connect.RoomServiceUpdateRoomProcedure,
	ovationv1connect.AttributeServiceUpdateAttributesProcedure,
	ovationv1connect.AttributeServicePullAttributesProcedure,
	ovationv1connect.ModerationServicePutWordsProcedure,
	ovationv1connect.ModerationServiceListSanctionsProcedure,
	ovationv1connect.FeedServiceSubscribeProcedure,
}

// contentTypes is what a request may be.
var contentTypes = []string{
	"application/json", "application/proto", "application/grpc-web+proto", "application/grpc-web+json",
	"application/connect+json", "application/connect+proto", "application/grpc",
}

// FuzzRequests: whatever a request holds, in whatever form it says that it is, it is answered,
// and never as if the server were at fault.
func FuzzRequests(f *testing.F) {
	h, logs := assembled(f)
	authorization := developer(f, live.RoleBackend)
	for which := range fuzzed {
		f.Add(uint8(which), uint8(0), false, []byte(`{"roomId":"demo","text":"x","cursor":{"epoch":"e","low":"1"},"changes":[{"key":"k"}],"pageToken":"MQ"}`))
		f.Add(uint8(which), uint8(1), true, []byte("\x0a\x04demo\x1a\x01x"))
		f.Add(uint8(which), uint8(2+which%5), false, []byte("\x00\x00\x00\x00\x06\x0a\x04demo"))
	}
	f.Fuzz(func(t *testing.T, which, form uint8, compressed bool, body []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // for those who wait
		defer cancel()
		contentType := contentTypes[int(form)%len(contentTypes)]
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, fuzzed[int(which)%len(fuzzed)], bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", authorization)
		if compressed {
			compress(t, r, body)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		told := w.Body.String() + w.Header().Get("Grpc-Message") + w.Header().Get("Grpc-Status")
		if w.Code == http.StatusInternalServerError || strings.Contains(told, `"internal"`) || strings.Contains(told, `"unknown"`) {
			t.Fatalf("%s in %s: %d %s", r.URL.Path, contentType, w.Code, told)
		}
		blameless(t, logs)
	})
}

// compress makes a request's body what was compressed.
func compress(t *testing.T, r *http.Request, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r.Body, r.ContentLength = io.NopCloser(&b), int64(b.Len())
	r.Header.Set("Content-Encoding", "gzip")
}

// FuzzQueries: whatever follows the ? of a GET, it is answered, and never as if the server
// were at fault.
func FuzzQueries(f *testing.F) {
	h, logs := assembled(f)
	authorization := developer(f, live.RoleViewer)
	for _, query := range []string{
		"connect=v1&encoding=json&message=%7B%22roomId%22%3A%22demo%22%7D", "connect=v1&encoding=proto&base64=1&message=CgRkZW1v",
		"connect=v1&encoding=json&base64=1&compression=gzip&message=AAAA", "message", "encoding=json&message=%zz", "connect=v9&encoding=x&message=",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, ovationv1connect.RoomServiceGetRoomProcedure, http.NoBody)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError && w.Code != http.StatusNotImplemented {
			t.Fatalf("%q: %d %s", query, w.Code, w.Body)
		}
		blameless(t, logs)
	})
}

// FuzzConnections: whatever comes over a connection, in HTTP/1.1, in HTTP/2 or in neither, it
// brings nothing down, and the connection ends when its client has gone.
func FuzzConnections(f *testing.F) {
	h, logs := assembled(f)
	l := &single{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := app.ServeOn(l, h, nil)
	f.Cleanup(func() { _ = server.Close() })
	authorization := developer(f, live.RoleViewer)
	f.Add([]byte("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n"))
	f.Add([]byte("POST " + ovationv1connect.FeedServicePullProcedure + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: " +
		authorization + "\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n{\"roomId\":\"demo\"}\r\n0\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"))
	f.Add(framesOf(f, authorization, ovationv1connect.FeedServicePullProcedure, "application/json", `{"roomId":"demo"}`))
	f.Add(framesOf(f, authorization, ovationv1connect.FeedServiceSubscribeProcedure, "application/connect+json", envelope(`{"roomId":"demo"}`)))
	f.Add([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"))
	var open sync.WaitGroup
	f.Cleanup(func() {
		open.Wait() // for ever, if a connection stays
		if all := logs.String(); all != "" {
			f.Error(all)
		}
	})
	f.Fuzz(func(t *testing.T, sent []byte) {
		ours, theirs := net.Pipe()
		served := &noted{Conn: theirs, closed: make(chan struct{})}
		open.Go(func() { <-served.closed }) // later: net/http waits half a second where it refuses
		l.conns <- served
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, ours)
		}()
		_ = ours.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)) // for one that is read no further
		_, _ = ours.Write(sent)
		select {
		case <-read:
		case <-time.After(2 * time.Millisecond): // most are answered by then; it matters to nobody
		}
		_ = ours.Close()
		<-read
		blameless(t, logs)
	})
}

// framesOf is a call over HTTP/2, and what a client may send besides.
func framesOf(f *testing.F, authorization, procedure, contentType, body string) []byte {
	f.Helper()
	var out, block bytes.Buffer
	out.WriteString(http2.ClientPreface)
	framer, fields := http2.NewFramer(&out, nil), hpack.NewEncoder(&block)
	for _, field := range [][2]string{
		{":method", "POST"},
		{":scheme", "http"},
		{":authority", "x"},
		{":path", procedure},
		{"content-type", contentType},
		{"authorization", authorization},
	} {
		_ = fields.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}) // a buffer takes it
	}
	for _, err := range []error{
		framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}),
		framer.WriteSettingsAck(),
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes()[:9]}),
		framer.WriteContinuation(1, true, block.Bytes()[9:]),
		framer.WriteData(1, true, []byte(body)),
		framer.WriteWindowUpdate(1, 1<<10),
		framer.WritePing(false, [8]byte{1}),
		framer.WriteRSTStream(1, http2.ErrCodeCancel),
	} {
		if err != nil {
			f.Fatal(err)
		}
	}
	return out.Bytes()
}
