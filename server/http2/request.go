package http2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// newStream makes a stream of a request, with the handler that answers it. Its error says
// what is malformed.
func (c *conn) newStream(f *http2.MetaHeadersFrame) (*stream, error) {
	st := &stream{
		conn:       c,
		id:         f.StreamID,
		handler:    c.handler,
		recvWindow: int64(c.server.config.StreamWindow),
		ended:      f.StreamEnded(),
	}
	st.cond.L = &c.mu
	st.body = body{st: st, declared: -1, asked: true}
	if f.Truncated {
		st.handler = http.HandlerFunc(refuseLarge)
	}
	r, err := st.newRequest(f)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(c.ctx)
	st.cancel = cancel
	st.request = r.WithContext(ctx)
	st.response = response{stream: st, header: make(http.Header, 8), declared: -1, head: r.Method == http.MethodHead}
	return st, nil
}

// refuseLarge answers a request with too many header fields.
func refuseLarge(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "the request's header fields are too large: send fewer, or shorter ones", http.StatusRequestHeaderFieldsTooLarge)
}

// refuseConnect answers a request for a tunnel.
func refuseConnect(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "CONNECT is not served here", http.StatusNotImplemented)
}

// target is what a request is for.
type target struct{ method, scheme, authority, path string }

func targetOf(fields []hpack.HeaderField) (t target, err error) {
	for _, f := range fields {
		switch f.Name {
		case ":method":
			t.method = f.Value
		case ":scheme":
			t.scheme = f.Value
		case ":authority":
			t.authority = f.Value
		case ":path":
			t.path = f.Value
		default:
			return t, fmt.Errorf("%s has no place in a request", f.Name)
		}
	}
	return t, t.validate()
}

func (t target) validate() error {
	switch {
	case t.method == "":
		return errors.New("a request without :method")
	case strings.Contains(t.authority, "@"):
		return errors.New(":authority must not name a user")
	case t.method == http.MethodConnect:
		if t.authority == "" || t.path != "" || t.scheme != "" {
			return errors.New("CONNECT takes :authority, and neither :path nor :scheme")
		}
	case t.scheme != "http" && t.scheme != "https":
		return errors.New(":scheme must be http or https")
	case t.path == "":
		return errors.New("a request without :path")
	}
	return nil
}

// newRequest makes a request of its header fields.
func (st *stream) newRequest(f *http2.MetaHeadersFrame) (*http.Request, error) {
	t, err := targetOf(f.PseudoFields())
	if err != nil {
		return nil, err
	}
	header, err := headerOf(f.RegularFields())
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method:     t.method,
		Proto:      "HTTP/2.0",
		ProtoMajor: 2,
		Header:     header,
		Host:       t.authority,
		RequestURI: t.path,
		RemoteAddr: st.conn.remote,
		TLS:        st.conn.tls,
		Body:       http.NoBody,
	}
	if r.Host == "" {
		r.Host = header.Get("Host")
	}
	delete(header, "Host")
	if t.method == http.MethodConnect {
		st.handler = http.HandlerFunc(refuseConnect)
		r.URL, r.RequestURI = &url.URL{Host: t.authority}, t.authority
	} else if r.URL, err = url.ParseRequestURI(t.path); err != nil {
		return nil, err
	}
	r.Trailer = announced(header)
	return r, st.expectBody(r)
}

// expectBody says how long the request's body is, and where it comes from.
func (st *stream) expectBody(r *http.Request) error {
	declared, err := contentLength(r.Header["Content-Length"])
	if err != nil {
		return err
	}
	if st.ended {
		if declared > 0 {
			return errLength
		}
		return nil
	}
	st.body.declared = declared
	r.ContentLength = declared
	r.Body = &st.body
	if expect := r.Header["Expect"]; len(expect) > 0 && strings.EqualFold(expect[0], "100-continue") {
		st.body.asked = false
		delete(r.Header, "Expect")
	}
	return nil
}

// contentLength returns the length that a request declares, or -1.
func contentLength(values []string) (int64, error) {
	if len(values) == 0 {
		return -1, nil
	}
	for _, v := range values[1:] {
		if v != values[0] {
			return 0, errors.New("a request with more than one length")
		}
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	return int64(n), err // of 63 bits
}

// headerOf makes a header of fields. Names and values were checked when they were read.
func headerOf(fields []hpack.HeaderField) (http.Header, error) {
	header := make(http.Header, len(fields))
	values := make([]string, len(fields)) // one for each, in one piece
	for i, f := range fields {
		if err := permitted(f); err != nil {
			return nil, err
		}
		name := canonicalName(f.Name)
		if had, ok := header[name]; ok {
			header[name] = append(had, f.Value)
			continue
		}
		values[i] = f.Value
		header[name] = values[i : i+1 : i+1]
	}
	if cookies := header["Cookie"]; len(cookies) > 1 {
		header["Cookie"] = []string{strings.Join(cookies, "; ")}
	}
	return header, nil
}

// permitted finds fault with fields that are about a connection of HTTP/1.1.
func permitted(f hpack.HeaderField) error {
	switch f.Name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		return fmt.Errorf("%s has no place in HTTP/2", f.Name)
	case "te":
		if f.Value != "trailers" && f.Value != "" {
			return errors.New("te must be trailers")
		}
	}
	return nil
}

// announced returns the trailers that a request says will follow, without values.
func announced(header http.Header) http.Header {
	var trailer http.Header
	for _, v := range header["Trailer"] {
		for name := range strings.SplitSeq(v, ",") {
			name = http.CanonicalHeaderKey(textproto.TrimString(name))
			switch name {
			case "", "Transfer-Encoding", "Trailer", "Content-Length":
				continue
			}
			if trailer == nil {
				trailer = make(http.Header)
			}
			trailer[name] = nil
		}
	}
	delete(header, "Trailer")
	return trailer
}

// giveTrailers gives the handler those trailers that were announced. It is called by the
// one who reads the body.
func (st *stream) giveTrailers() {
	for name, values := range st.trailer {
		if _, ok := st.request.Trailer[name]; ok {
			st.request.Trailer[name] = values
		}
	}
	st.trailer = nil
}
