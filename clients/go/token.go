package ovation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
)

// TokenSource returns a token that is valid now. An error is not final: the call
// that needed the token fails, and a Room tries again later.
type TokenSource func(ctx context.Context) (string, error)

// tokens keeps the token of a client. It is safe for concurrent use.
type tokens struct {
	source  TokenSource          // nil: current is all there is
	lock    chan struct{}        // holds one value while the source is asked
	current atomic.Pointer[held] // nil: the source is to be asked
}

// held is a token, and when to ask for the next.
type held struct {
	token   string
	renewAt time.Time // zero: when it is refused
}

func fixedToken(token string) *tokens {
	t := &tokens{}
	t.current.Store(&held{token: token})
	return t
}

func renewedToken(source TokenSource) *tokens {
	return &tokens{lock: make(chan struct{}, 1), source: source}
}

// renewable says whether there is another token to be had when one is refused.
func (t *tokens) renewable() bool { return t.source != nil }

// get returns the current token, asking the source where there is none.
func (t *tokens) get(ctx context.Context) (string, error) {
	if h := t.current.Load(); h != nil {
		return h.token, nil
	}
	h, err := t.renew(ctx, nil)
	if err != nil {
		return "", err
	}
	return h.token, nil
}

// renew asks the source for the next token after one, unless it was renewed already.
// Until the source answers, and if it fails, the one before stays current.
func (t *tokens) renew(ctx context.Context, before *held) (*held, error) {
	select {
	case t.lock <- struct{}{}:
		defer func() { <-t.lock }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if h := t.current.Load(); h != nil && h != before {
		return h, nil
	}
	token, err := t.source(ctx)
	if err != nil {
		return nil, fmt.Errorf("ovation: token source: %w", err)
	}
	h := &held{token, renewalOf(token, time.Now())}
	t.current.Store(h)
	return h, nil
}

// forget drops a token that was refused, unless it was renewed already. An empty
// one stands for whichever is current.
func (t *tokens) forget(token string) {
	h := t.current.Load()
	if t.source != nil && h != nil && (token == "" || token == h.token) {
		t.current.CompareAndSwap(h, nil)
	}
}

// authorization puts the token on every call. A unary call whose token is refused is
// repeated once with a new one, if there can be one.
type authorization struct{ tokens *tokens }

// WrapUnary implements connect.Interceptor.
func (a authorization) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		token, err := a.attach(ctx, request.Header())
		if err != nil {
			return nil, err
		}
		response, err := next(ctx, request)
		if connect.CodeOf(err) != connect.CodeUnauthenticated || !a.tokens.renewable() {
			return response, err
		}
		a.tokens.forget(token)
		if _, renewal := a.attach(ctx, request.Header()); renewal != nil {
			return nil, errors.Join(err, renewal)
		}
		return next(ctx, request)
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (a authorization) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		if _, err := a.attach(ctx, conn.RequestHeader()); err != nil {
			return failedConn{conn, err}
		}
		return conn
	}
}

// WrapStreamingHandler implements connect.Interceptor; a client has no handlers.
func (a authorization) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// attach sets the header and returns the token in it.
func (a authorization) attach(ctx context.Context, header http.Header) (string, error) {
	token, err := a.tokens.get(ctx)
	if err == nil && token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return token, err
}

// failedConn is a stream that could not be given a token.
type failedConn struct {
	connect.StreamingClientConn
	err error
}

// Send fails before anything goes out.
func (c failedConn) Send(any) error { return c.err }
