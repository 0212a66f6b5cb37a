// Package app puts a server together, runs it, and takes it down in order. It is the
// one place that names a concrete store.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"connectrpc.com/grpchealth"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ovation-live/ovation/server/attributes"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/server/rpc"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// App is a server, put together and not yet serving. Make one with New.
type App struct {
	config   config.Config
	logger   *slog.Logger
	store    store.Set
	hub      *hub.Hub
	keeper   *rooms.Keeper
	services rpc.Services
	verifier *auth.Verifier
	metrics  *prometheus.Registry
	ready    readiness
	health   *grpchealth.StaticChecker

	public, internal *edge
	publicAddr       net.Listener
	internalAddr     net.Listener
}

// New puts a server together and binds its addresses. The configuration must be
// valid.
func New(ctx context.Context, c config.Config, logger *slog.Logger) (*App, error) {
	a := &App{
		config:   c,
		logger:   logger,
		store:    memory.New().Set(),
		verifier: auth.NewVerifier(c.Secret()),
		metrics:  prometheus.NewRegistry(),
	}
	a.metrics.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.buildServices()
	if err := a.prepare(ctx); err != nil {
		a.hub.Close()
		return nil, err
	}
	return a, nil
}

// prepare makes ready what is put together: rooms, servers, addresses.
func (a *App) prepare(ctx context.Context) error {
	if a.config.Development() {
		if err := a.createDemoRoom(ctx); err != nil {
			return err
		}
	}
	public, health := a.publicHandler()
	a.health = health
	var err error
	if a.public, err = a.newServer(public); err != nil { //nolint:contextcheck // requests have contexts of their own
		return err
	}
	if a.internal, err = a.newServer(a.internalHandler()); err != nil { //nolint:contextcheck // requests have contexts of their own
		return err
	}
	return a.bind(ctx)
}

// buildServices wires the use cases.
func (a *App) buildServices() {
	a.hub = hub.New(
		hub.Source{Rooms: a.store.Rooms, Log: a.store.Log, Bus: a.store.Bus},
		hub.Config{Heartbeat: a.config.Heartbeat, Logger: a.logger, Metrics: hub.NewMetrics(a.metrics)})
	newID := func() string { return strings.ToLower(rand.Text()) }
	roomService := rooms.New(a.store, a.hub, newID)
	a.keeper = rooms.NewKeeper(roomService, a.logger)
	a.services = rpc.Services{
		Rooms:      roomService,
		Chat:       chat.New(a.store, a.hub, roomService, a.keeper),
		Attributes: attributes.New(a.store, a.hub),
	}
}

// bind binds both addresses, or neither.
func (a *App) bind(ctx context.Context) (err error) {
	lc := net.ListenConfig{Control: giveUpUnread(writeWithin)}
	if a.publicAddr, err = lc.Listen(ctx, "tcp", a.config.Listen); err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", a.config.Listen, err)
	}
	if a.internalAddr, err = lc.Listen(ctx, "tcp", a.config.InternalListen); err != nil {
		_ = a.publicAddr.Close() // the other error is what matters
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --internal-listen",
			a.config.InternalListen, err)
	}
	return nil
}

// Run serves until ctx is done, then drains: it stops being ready, tells stream after
// stream to reconnect, waits for them and for calls under way, at most the drain
// timeout, and returns nil. An error of serving ends it too. If force is done first it stops at
// once, with force's cause.
func (a *App) Run(ctx, force context.Context) error {
	keeping, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	group.Go(func() { a.keeper.Run(keeping) })
	failed := make(chan error, 2)
	serve := func(s *edge, l net.Listener) {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serving %s: %w", l.Addr(), err)
		}
	}
	group.Go(func() { serve(a.public, a.publicAddr) })
	group.Go(func() { serve(a.internal, a.internalAddr) })
	a.ready.set(true)

	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	if err == nil {
		err = a.drain(context.WithoutCancel(ctx), force)
	}
	stopKeeping()
	err = errors.Join(err, ignoreClosed(a.public.Close()), ignoreClosed(a.internal.Close()))
	a.hub.Close()
	group.Wait()
	return err
}

// drain ends what is open: streams one after the other, while calls are still taken
// from those whose turn has not come; then everything else. What has not ended by the
// drain timeout is cut.
func (a *App) drain(ctx, force context.Context) error {
	a.logger.InfoContext(ctx, "draining", "timeout", a.config.DrainTimeout)
	a.ready.set(false)
	for _, service := range rpc.ServiceNames() {
		a.health.SetStatus(service, grpchealth.StatusNotServing)
	}
	a.health.SetStatus("", grpchealth.StatusNotServing)
	bounded, cancel := context.WithTimeout(force, a.config.DrainTimeout)
	defer cancel()
	a.hub.Drain(bounded, hub.Farewell{
		After:  a.config.ReconnectAfter,
		Jitter: a.config.ReconnectJitter,
		Within: a.config.DrainTimeout / 2, // the other half is for calls under way, and slow readers
	})
	switch err := a.public.Shutdown(bounded); {
	case force.Err() != nil:
		return context.Cause(force)
	case errors.Is(err, context.DeadlineExceeded):
		a.logger.WarnContext(ctx, "some connections did not end in time and were cut", "timeout", a.config.DrainTimeout)
		return nil
	default:
		return err
	}
}

// ignoreClosed drops what closing a closed server answers.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// PublicURL is where clients reach the server.
func (a *App) PublicURL() string { return urlOf(a.config.Listen, a.publicAddr) }

// InternalURL is where operators do.
func (a *App) InternalURL() string { return urlOf(a.config.InternalListen, a.internalAddr) }

// urlOf returns the address as it was asked for, with the port that it got.
func urlOf(asked string, l net.Listener) string {
	host, _, _ := net.SplitHostPort(asked)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// chain is what surrounds RPCs.
func (a *App) chain() rpc.Chain {
	return rpc.Chain{
		Built:   interceptor.Chain(a.logger, a.verifier, rpc.Translate),
		Unbuilt: interceptor.Plain(a.logger, rpc.Translate),
		Request: interceptor.Requests(a.logger),
	}
}
