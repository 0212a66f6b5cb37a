package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

// altered sends other requests than the client makes.
type altered struct {
	next http.RoundTripper
	do   func(*http.Request)
}

// RoundTrip implements http.RoundTripper.
func (a altered) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(strings.NewReader(string(sent))), int64(len(sent)), nil
	a.do(r)
	return a.next.RoundTrip(r)
}

// body makes it another body.
func body(b string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(b)), int64(len(b))
		if b == "" {
			r.Body = http.NoBody
		}
	}
}

// subscribeErr is what a stream ends with.
func subscribeErr(t *testing.T, c clients) error {
	t.Helper()
	stream, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: "r"})
	if err != nil {
		return err
	}
	defer stream.Close()
	if stream.Receive() {
		t.Error("it was served")
		return nil
	}
	return stream.Err()
}

// A request is one message in one envelope. Whoever sends something else is told what is
// wrong, on streams and off, and it is no fault of the server's.
func TestBrokenEnvelopes(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.UserConnectRate = 0 })
	n.create(t, "r")
	good := envelope("\x0a\x01r")
	for name, tt := range map[string]struct{ body, says string }{
		"nothing":             {"", "carries no message"},
		"half a prefix":       {"\x00\x00", "ends within"},
		"a prefix alone":      {good[:5], "ends within"},
		"half a message":      {good[:6], "ends within"},
		"two":                 {good + good, "more than one message"},
		"two, one empty":      {good + envelope(""), "more than one message"},
		"one and a half":      {good + good[:3], "more than one message"},
		"flags":               {"\x40" + good[1:], "flags"},
		"the end of a stream": {"\x02" + good[1:], "flags"},
		"trailers":            {"\x80" + good[1:], "flags"},
		"compressed, no how":  {"\x01" + good[1:], "compressed"},
		"not protobuf":        {envelope("\xff"), "cannot parse"},
	} {
		for _, tr := range []transport{http1, h2c} {
			for protocol, opts := range map[string][]connect.ClientOption{
				"Connect": nil, "gRPC": {connect.WithGRPC()}, "gRPC-Web": {connect.WithGRPCWeb()},
			} {
				t.Run(name+", "+protocol+" over "+tr.name, func(t *testing.T) {
					t.Parallel()
					h := tr.client(t, bearer(t, live.RoleViewer, "r"))
					h.Transport = altered{h.Transport, body(tt.body)}
					c := n.clients(h, opts...)
					checkMalformed(t, subscribeErr(t, c), tt.says)
					if protocol != "Connect" { // whose calls have no envelopes
						_, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
						checkMalformed(t, err, tt.says)
					}
				})
			}
		}
	}
	t.Cleanup(func() {
		for _, level := range []string{"level=ERROR", "level=WARN"} {
			if contains(n.logs.String(), level) {
				t.Errorf("logged\n%s", n.logs)
			}
		}
	})
}

// checkMalformed checks that a request was refused as no message of its call.
func checkMalformed(t *testing.T, err error, says string) {
	t.Helper()
	if connect.CodeOf(err) != connect.CodeInvalidArgument || reason(err) != ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD ||
		!contains(detail(err).GetMetadata()["cause"], says) || detail(err).GetRequestId() == "" {
		t.Errorf("%v, %v", err, detail(err))
	}
}

// Envelopes come in any pieces.
func TestEnvelopesInPieces(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	h := h2c.client(t, bearer(t, live.RoleViewer, "r"))
	h.Transport = altered{h.Transport, func(r *http.Request) {
		sent, out := io.Pipe()
		whole := envelope("\x0a\x01r")
		go func() {
			for i := range len(whole) {
				_, _ = out.Write([]byte(whole[i : i+1]))
			}
			_ = out.Close()
		}()
		r.Body, r.ContentLength = sent, -1
	}}
	if _, err := n.clients(h, connect.WithGRPC()).rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{}); err != nil {
		t.Error(err)
	}
}

// Whoever calls what is not in the contract is told so, in their protocol.
func TestUnknownRPCs(t *testing.T) {
	t.Parallel()
	n := start(t)
	everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
		for _, path := range []string{"/ovation.v1.FeedService/Shout", "/ovation.v1.FeedService/", "/ovation.v2.FeedService/Send", "/x"} {
			h := tr.client(t, bearer(t, live.RoleViewer, "r"))
			h.Transport = altered{h.Transport, func(r *http.Request) { r.URL.Path = path }}
			c := n.clients(h, opts...)
			_, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
			for what, err := range map[string]error{"call": err, "stream": subscribeErr(t, c)} {
				if connect.CodeOf(err) != connect.CodeUnimplemented || reason(err) != ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED {
					t.Errorf("%s of %s: %v", what, path, err)
				}
			}
		}
	})
}

// The message of a GET that cannot be decoded is its caller's fault too.
func TestUnreadableQueries(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	c := http1.client(t, bearer(t, live.RoleViewer, "r"))
	url := n.url + "/ovation.v1.RoomService/GetRoom?connect=v1&"
	for query, says := range map[string]string{
		"encoding=json&message=}{":                             "unexpected token",
		"encoding=json&message=":                               "unexpected token",
		"encoding=json&base64=1&message=***":                   "base64url",
		"encoding=proto&base64=1&message=A":                    "base64url",
		"encoding=proto&base64=1&message=_w":                   "cannot parse",
		"encoding=json&base64=1&compression=gzip&message=AAAA": "gzip",
	} {
		got := do(t, c, http.MethodGet, url+query, "")
		if got.status != http.StatusBadRequest || !contains(got.body, "ERROR_REASON_INVALID_FIELD") || !contains(got.body, says) {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
	for _, query := range []string{"encoding=proto&base64=1&message=CgFy", "encoding=json&base64=1&message=eyJyb29tSWQiOiJyIn0", "encoding=json&base64=1&message=eyJyb29tSWQiOiJyIn0="} {
		if got := do(t, c, http.MethodGet, url+query, ""); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}

// What breaks the rules of its protocol is answered by those rules, and no worse.
func TestWhatIsNoCall(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := http1.client(t, bearer(t, live.RoleViewer, "r"))
	url := n.url + "/ovation.v1.FeedService/Send"
	for name, tt := range map[string]struct {
		method, url string
		header      []string
		status      int
	}{
		"a method":      {http.MethodPut, url, []string{"Content-Type", "application/json"}, 405},
		"a GET":         {http.MethodGet, url, nil, 405},
		"content":       {http.MethodPost, url, []string{"Content-Type", "text/plain"}, 415},
		"a form":        {http.MethodPost, url, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		"compression":   {http.MethodPost, url, []string{"Content-Type", "application/json", "Content-Encoding", "br"}, 501},
		"a version":     {http.MethodPost, url, []string{"Content-Type", "application/json", "Connect-Protocol-Version", "9"}, 400},
		"a timeout":     {http.MethodPost, url, []string{"Content-Type", "application/json", "Connect-Timeout-Ms", "soon"}, 400},
		"a bare GET":    {http.MethodGet, n.url + "/ovation.v1.RoomService/GetRoom", nil, 415},
		"a path to GET": {http.MethodGet, n.url + "/ovation.v1.RoomService/Nope", nil, 404},
	} {
		got := do(t, c, tt.method, tt.url, "{}", tt.header...)
		if got.status != tt.status || contains(got.body, "internal") || got.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %v %s", name, got.status, got.header, got.body)
		}
	}
	if contains(n.logs.String(), "level=ERROR") || contains(n.logs.String(), "level=WARN") {
		t.Errorf("logged\n%s", n.logs)
	}
}
