package rpc

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/server/interceptor"
)

// What bounds requests is here and not left to connect, which would answer before any
// interceptor is called: errors of what it reads it hands on as they are.

// tooLargeError says that a request is larger than the server reads.
type tooLargeError struct{ max int }

// Error implements error.
func (e *tooLargeError) Error() string {
	return fmt.Sprintf("rpc: a request of more than %d bytes", e.max)
}

// errBrokenOff says that a request's body did not come to its end.
var errBrokenOff = errors.New("rpc: the request broke off")

// errTooSlow says that a request did not arrive in time.
var errTooSlow = errors.New("rpc: the request took too long to arrive")

// errNotGzip says that what is said to be compressed is not.
var errNotGzip = errors.New("rpc: not compressed with gzip")

// envelopeBytes is what a protocol adds to a message.
const envelopeBytes = 5

// bounding lets a handler read one message of at most so many bytes, if it arrives within
// a time that begins when the handler reads; 0 is no bound. It turns away what cannot be
// read at all. (It is one handler and not three: each would be on the stack of every
// stream.)
type bounding struct {
	next   http.Handler
	most   int
	within time.Duration
}

// ServeHTTP implements http.Handler.
func (h *bounding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !procedures()[r.URL.Path] {
		nowhere.ServeHTTP(w, r)
		return
	}
	if unreadable(w, r) {
		return
	}
	defer h.bound(w, r).patience.end()
	h.next.ServeHTTP(w, r)
}

// bound bounds what is read of a request.
func (h *bounding) bound(w http.ResponseWriter, r *http.Request) *boundedBody {
	left := int64(h.most) + envelopeBytes
	if r.ContentLength > left {
		left = -1 // nothing of it is read
	}
	body := &boundedBody{ReadCloser: r.Body, ctx: r.Context(), most: h.most, left: left}
	body.patience.within, body.patience.with = h.within, w
	switch {
	case enveloped(r.Header):
		r.Body = &singleEnvelope{boundedBody: body, compressed: compressed(r.Header)}
	case r.Body != http.NoBody:
		r.Body = body
	}
	return body
}

// boundedBody is a request's body whose errors are told as they are to be answered.
type boundedBody struct {
	io.ReadCloser
	ctx  context.Context //nolint:containedctx // the request's, whose body it is
	most int
	left int64 // below 0: too much was sent

	patience patience // with its sender, from the first read to the last
	begun    bool
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.fail(&tooLargeError{b.most})
	}
	if !b.begun {
		b.begun = true
		b.patience.begin()
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	switch {
	case b.left < 0:
		return 0, b.fail(&tooLargeError{b.most})
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		b.patience.end()
		return n, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, b.fail(errTooSlow)
	default:
		return n, b.fail(fmt.Errorf("%w: %w", errBrokenOff, err))
	}
}

// fail returns what the caller is told.
func (b *boundedBody) fail(err error) error {
	b.patience.end()
	interceptor.Unread(b.ctx, err)
	return Translate(b.ctx, err)
}

// boundedGzip decompresses messages to at most so many bytes.
func boundedGzip(most int) connect.HandlerOption {
	return connect.WithCompression("gzip",
		func() connect.Decompressor { return &gunzip{most: most} },
		func() connect.Compressor { return gzip.NewWriter(io.Discard) })
}

// gunzip is a gzip.Reader with a bound, whose errors are told as they are to be
// answered. (It does not know the request: they lack its id.)
type gunzip struct {
	reader gzip.Reader
	most   int
	left   int
	empty  error // why there is nothing to read; nil: there is
}

// Reset implements connect.Decompressor.
func (g *gunzip) Reset(from io.Reader) error {
	g.left = g.most
	g.empty = g.reader.Reset(from)
	return nil // Read says so
}

// Read implements io.Reader.
func (g *gunzip) Read(p []byte) (int, error) {
	if g.empty != nil {
		return 0, told(fmt.Errorf("%w: %w", errNotGzip, g.empty))
	}
	n, err := g.reader.Read(p)
	g.left -= n
	switch {
	case g.left < 0:
		return 0, told(&tooLargeError{g.most})
	case err == nil, errors.Is(err, io.EOF):
		return n, err
	default:
		return n, told(fmt.Errorf("%w: %w", errNotGzip, err))
	}
}

// Close implements connect.Decompressor.
func (g *gunzip) Close() error {
	if g.empty == nil {
		return g.reader.Close()
	}
	return nil // there is nothing to close
}

// told returns what a caller is told of an error, whoever they are.
func told(err error) error { return Translate(context.Background(), err) }
