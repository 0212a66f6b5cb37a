package interceptor

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"regexp"
)

// RequestIDHeader carries a request's id, both ways.
const RequestIDHeader = "X-Request-Id"

// acceptable is what a caller's own request id may be.
var acceptable = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)

// exchange is what is known of a request and its response beside what is in them. A
// request's context carries one for all who need some of it. It is for the request's
// goroutine.
type exchange struct {
	id       string
	writer   http.ResponseWriter
	body     io.Reader // the request's, as it comes
	major    int       // of the protocol's version
	reported bool      // an interceptor has logged it
	unread   error     // why it could not be read
	leave    func()    // gives back what it holds; nil: nothing
}

// over gives back what the request holds.
func (e *exchange) over() {
	if e.leave != nil {
		e.leave()
	}
}

type exchangeKey struct{}

// exchangeOf returns the exchange that a context belongs to.
func exchangeOf(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}
	return new(exchange)
}

// WithRequestID gives every request an id, the caller's own if it is acceptable, and
// returns it in the response's headers.
func WithRequestID(next http.Handler) http.Handler { return identifying{next} }

type identifying struct{ next http.Handler }

// ServeHTTP implements http.Handler.
func (h identifying) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.next.ServeHTTP(w, identified(w, r))
}

// identified returns a request with an id.
func identified(w http.ResponseWriter, r *http.Request) *http.Request {
	id := r.Header.Get(RequestIDHeader)
	if !acceptable.MatchString(id) {
		id = rand.Text()
	}
	w.Header().Set(RequestIDHeader, id)
	e := &exchange{id: id, writer: w, body: r.Body, major: r.ProtoMajor}
	return r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e))
}

// RequestID returns the id of the request that a context belongs to.
func RequestID(ctx context.Context) string { return exchangeOf(ctx).id }

// ResponseWriter returns what the response to the request that a context belongs to is
// written to; nil if it belongs to none.
func ResponseWriter(ctx context.Context) http.ResponseWriter { return exchangeOf(ctx).writer }
