package http2_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// exchange is one request, and what answers it.
type exchange struct {
	name    string
	method  string // GET
	path    string // /
	header  http.Header
	body    func() io.Reader
	handler http.HandlerFunc
}

var exchanges = []exchange{
	{name: "nothing", handler: func(http.ResponseWriter, *http.Request) {}},
	{name: "text", handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }},
	{name: "HTML", handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html><p>") }},
	{name: "no type", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		_, _ = io.WriteString(w, "hello")
	}},
	{name: "encoded", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = io.WriteString(w, "hello")
	}},
	{name: "no date", handler: func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil }},
	{name: "large", handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 300_000)) }},
	{name: "many writes", handler: func(w http.ResponseWriter, _ *http.Request) {
		for i := range 5000 {
			_, _ = fmt.Fprintf(w, "%d ", i)
		}
	}},
	{name: "HEAD", method: http.MethodHead, handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }},
	{name: "HEAD, nothing", method: http.MethodHead, handler: func(http.ResponseWriter, *http.Request) {}},
	{name: "HEAD, large", method: http.MethodHead, handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 300_000)) }},
	{name: "HEAD, length", method: http.MethodHead, handler: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "77") }},
	{name: "204", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		_, err := w.Write([]byte("x"))
		w.Header().Set("Too-Late", fmt.Sprint(err))
	}},
	{name: "304", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", `"1"`)
		w.WriteHeader(http.StatusNotModified)
	}},
	{name: "404", handler: http.NotFound},
	{name: "redirect", handler: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/there", http.StatusFound) }},
	{name: "written after the status", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("A", "1")
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("A", "2")
		w.Header().Set("B", "2")
		w.WriteHeader(http.StatusOK)
	}},
	{name: "several values", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("Connection-Like", "x")
	}},
	{name: "fields of HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Transfer-Encoding", "chunked")
		w.Header().Set("Connection", "keep-alive")
		_, _ = io.WriteString(w, "x")
	}},
	{name: "declared length", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "hello")
	}},
	{name: "flushed", handler: func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "hello")
	}},
	{name: "announced trailers", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "A, B")
		_, _ = io.WriteString(w, "hello")
		w.Header().Set("A", "1")
		w.Header().Set("C", "3")
	}},
	{name: "unannounced trailers", handler: func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello")
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", "fine")
	}},
	{name: "trailers alone", handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	}},
	{name: "echo", method: http.MethodPost, body: text("hello"), handler: echo},
	{name: "echo of unknown length", method: http.MethodPost, body: func() io.Reader { return io.MultiReader(strings.NewReader("hel"), strings.NewReader("lo")) }, handler: echo},
	{name: "large echo", method: http.MethodPost, body: text(strings.Repeat("x", 3_000_000)), handler: echo},
	{name: "unread body", method: http.MethodPost, body: text(strings.Repeat("x", 3_000_000)), handler: func(http.ResponseWriter, *http.Request) {}},
	{name: "closed body", method: http.MethodPost, body: text(strings.Repeat("x", 3_000_000)), handler: func(w http.ResponseWriter, r *http.Request) {
		_ = r.Body.Close()
		_, err := r.Body.Read(make([]byte, 1))
		_, _ = fmt.Fprint(w, err == nil)
	}},
	{name: "expect", method: http.MethodPost, header: http.Header{"Expect": {"100-continue"}}, body: text("hello"), handler: echo},
	{
		name: "request", method: http.MethodPut, path: "/a/b%2Fc?d=e&f=%20#g", body: text("hello"),
		header: http.Header{
			"Cookie": {"a=1", "b=2"}, "X-Own": {"1", "2"}, "Te": {"trailers"}, "Authorization": {"Bearer x"},
			"Connect-Protocol-Version": {"1"}, "User-Agent": {"test"},
		},
		handler: describe,
	},
	{name: "OPTIONS", method: http.MethodOptions, handler: describe},
	{name: "many fields", header: many(100, 50), handler: describe},
}

func text(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }

// echo answers with the request's body.
func echo(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(w, r.Body); err != nil {
		panic(err)
	}
}

// describe answers with what the request says.
func describe(w http.ResponseWriter, r *http.Request) {
	said := fmt.Sprintln(r.Method, r.URL, r.RequestURI, r.Proto, r.ProtoMajor, r.ProtoMinor, r.ContentLength, r.TransferEncoding, r.Close,
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.Trailer, r.TLS == nil, r.Host != "", r.RemoteAddr != "",
		r.Context().Value(http.ServerContextKey) != nil, r.Context().Value(http.LocalAddrContextKey) != nil)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		said += fmt.Sprintln(name, r.Header[name])
	}
	_, _ = io.WriteString(w, said) //nolint:gosec // to a test
}

// many returns a header of n fields.
func many(n, size int) http.Header {
	h := make(http.Header)
	for i := range n {
		h.Set(fmt.Sprintf("Field-%d", i), strings.Repeat("v", size))
	}
	return h
}

// answer is what a client got.
func (e exchange) answer(t *testing.T, w way) string {
	t.Helper()
	n := start(t, w, e.handler)
	var body io.Reader
	if e.body != nil {
		body = e.body()
	}
	r, err := http.NewRequestWithContext(t.Context(), cmp.Or(e.method, http.MethodGet), n.url(cmp.Or(e.path, "/")), body)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, e.header)
	res, err := n.client(t).Do(r)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	var b strings.Builder
	for _, h := range []http.Header{res.Header, res.Trailer} {
		if date := h["Date"]; len(date) == 1 && len(date[0]) == len(http.TimeFormat) {
			h.Set("Date", "now")
		}
		_ = h.Write(&b)
		b.WriteString("\n")
	}
	return fmt.Sprint(res.Status, res.Proto, res.ContentLength, err, "\n", b.String(), len(got), string(got[:min(len(got), 2000)]))
}

// TestAsNetHTTP has the same requests answered by the same handlers, once by net/http and
// once by this package. Clients must not be able to tell.
func TestAsNetHTTP(t *testing.T) {
	t.Parallel()
	for _, e := range exchanges {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			want := e.answer(t, standard)
			for _, w := range []way{cleartext, detached} {
				if got := e.answer(t, w); got != want {
					t.Errorf("%s: got\n%s\nwant\n%s", w.name, got, want)
				}
			}
		})
	}
}
