package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"

	"github.com/ovation-live/ovation/server/certificate"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/store"
)

// NewOn puts a server together over a store that others may share.
func NewOn(ctx context.Context, c config.Config, logger *slog.Logger, set store.Set) (*App, error) {
	return newOn(ctx, c, logger, newMetrics(), inProcess(set))
}

// ServeOn serves as an App does, on a listener of the test's; over TLS with a pair.
func ServeOn(l net.Listener, h http.Handler, pair *certificate.Pair) *http.Server {
	a := &App{logger: slog.New(slog.DiscardHandler)}
	s, err := a.serve(a.newServer(h), pair)
	if err != nil {
		panic(err)
	}
	go func() { _ = s.listen(l) }()
	return s.Server
}

// NewServer returns a server as apps serve with, for tests that shorten its times.
func NewServer(h http.Handler, logger *slog.Logger) *http.Server {
	return (&App{logger: logger}).newServer(h)
}

// Handler returns all that clients see of an app that does not run.
func Handler(a *App) http.Handler { return a.public.Handler }

// Discard ends what an app has that does not run.
func Discard(a *App) {
	a.close()
	_, _ = a.publicAddr.Close(), a.internalAddr.Close()
	a.stopObserving(context.Background())
}
