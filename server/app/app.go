// Package app puts a server together, runs it, and takes it down in order. It is the
// one place that names a concrete store.
package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"connectrpc.com/grpchealth"

	"github.com/ovation-live/ovation/server/attributes"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/certificate"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/cluster"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/keyset"
	"github.com/ovation-live/ovation/server/limit"
	"github.com/ovation-live/ovation/server/moderation"
	"github.com/ovation-live/ovation/server/pushing"
	"github.com/ovation-live/ovation/server/quizshow"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/server/rpc"
	"github.com/ovation-live/ovation/server/tracing"
	"github.com/ovation-live/ovation/server/wallet"
	"github.com/ovation-live/ovation/server/words"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/observed"
)

// App is a server, put together and not yet serving. Make one with New.
type App struct {
	config   config.Config
	node     store.NodeID // by which all parts know the process
	logger   *slog.Logger
	store    backing
	hub      *hub.Hub
	show     *quizshow.Follower
	cluster  *cluster.Cluster
	keeper   *rooms.Keeper
	order    *moderation.Keeper
	services rpc.Services
	keys     *keyset.Keys // nil: tokens are signed with the secret alone
	verifier *auth.Verifier
	limits   interceptor.Limits
	metrics  metrics
	traces   *tracing.Provider
	pusher   *pushing.Pusher // of metrics; nil: they are scraped alone
	ready    readiness
	health   *grpchealth.StaticChecker
	pair     *certificate.Pair // nil: the public address is cleartext

	public, internal *server
	publicAddr       net.Listener
	internalAddr     net.Listener
}

// New puts a server together and binds its addresses. The configuration must be
// valid.
func New(ctx context.Context, c config.Config, logger *slog.Logger) (*App, error) {
	m := newMetrics()
	kept, err := openBacking(ctx, c, logger, m.registry)
	if err != nil {
		return nil, err
	}
	a, err := newOn(ctx, c, logger, m, kept)
	if err != nil {
		kept.close()
	}
	return a, err
}

// newOn is New over a store.
func newOn(ctx context.Context, c config.Config, logger *slog.Logger, m metrics, kept backing) (*App, error) {
	a := &App{
		config:  c,
		node:    cmp.Or(store.NodeID(c.NodeID), cluster.NewID()),
		logger:  interceptor.WithContext(logger),
		store:   kept,
		metrics: m,
	}
	a.store.Set = observed.Wrap(kept.Set, observed.NewMetrics(m.registry))
	a.limits = newLimits(c.Limits, limit.NewMetrics(a.metrics.registry))
	var err error
	if err = a.observe(ctx); err == nil {
		err = a.buildVerifier(ctx)
	}
	if err == nil {
		a.buildServices(ctx)
		err = a.prepare(ctx)
	}
	if err != nil {
		a.close()
		a.stopObserving(ctx)
		return nil, err
	}
	return a, nil
}

// observe begins to send spans and metrics, if the environment asks for them.
func (a *App) observe(ctx context.Context) (err error) {
	if a.traces, err = tracing.FromEnvironment(ctx, a.logger); err != nil {
		return err
	}
	a.pusher, err = pushing.FromEnvironment(ctx, a.metrics.registry, a.logger)
	return err
}

// stopObserving sends what is left of both, side by side: each may take its time.
func (a *App) stopObserving(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { a.traces.Close(ctx) })
	group.Go(func() { a.pusher.Close(ctx) })
	group.Wait()
}

// close ends what runs beside the servers.
func (a *App) close() {
	if a.hub != nil {
		a.services.Gifts.Close() // while rooms can be asked for
		a.hub.Close()
		a.show.Close()
		a.services.Quizzes.Close()
	}
	if a.keys != nil {
		a.keys.Close()
	}
}

// prepare makes ready what is put together: rooms, servers, addresses.
func (a *App) prepare(ctx context.Context) error {
	if a.config.Development() {
		if err := a.createDemoRoom(ctx); err != nil {
			return err
		}
	}
	if err := a.loadPair(ctx); err != nil {
		return err
	}
	handler, health := a.publicHandler()
	a.health = health
	public := a.newServer(handler)
	public.ConnContext = limit.WithConn
	var err error
	if a.public, err = a.serve(public, a.pair); err != nil { //nolint:contextcheck // requests have contexts of their own
		return err
	}
	internal := a.newServer(a.internalHandler())
	internal.WriteTimeout = 0                                 // profiles take as long as they are asked to
	if a.internal, err = a.serve(internal, nil); err != nil { //nolint:contextcheck // requests have contexts of their own
		return err
	}
	if err = a.bind(ctx); err == nil {
		a.buildCluster()
	}
	return err
}

// loadPair reads the certificate of the public address, if the configuration has one.
func (a *App) loadPair(ctx context.Context) (err error) {
	if !a.config.Encrypted() {
		if a.config.Exposed() {
			a.logger.InfoContext(ctx, "the public address is cleartext: keep it behind a proxy that speaks TLS, or set --tls-cert and --tls-key",
				"listen", a.config.Listen)
		}
		return nil
	}
	files := certificate.Files{Cert: a.config.TLSCert, Key: a.config.TLSKey}
	if a.pair, err = certificate.Load(ctx, files, a.logger, certificate.NewMetrics(a.metrics.registry)); err != nil {
		return fmt.Errorf("cannot serve TLS: %w", err)
	}
	return nil
}

// Reload reads again what may change while the server runs: the certificate.
func (a *App) Reload(ctx context.Context) {
	if a.pair == nil {
		a.logger.InfoContext(ctx, "there is nothing to reload: the configuration is read at the start only")
		return
	}
	a.pair.Reload(ctx)
}

// doubtFor is how long viewers who do not pull here may pull from another node.
func (a *App) doubtFor() time.Duration {
	if a.config.Shared() {
		return rooms.DoubtFor
	}
	return 0
}

// buildServices wires the use cases.
func (a *App) buildServices(ctx context.Context) {
	visits := a.buildVisits() // first: it notes what the others do
	quizzes, gifts := a.buildQuizzes(ctx), a.buildGifts()
	a.hub = hub.New(
		hub.Source{Rooms: a.store.Rooms, Log: a.store.Log, Bus: a.store.Bus},
		hub.Config{
			Heartbeat: a.config.Heartbeat, DoubtFor: a.doubtFor(), Quizzes: a.show, Gifts: gifts,
			Logger: a.logger, Metrics: hub.NewMetrics(a.metrics.registry),
		})
	newID := func() string { return strings.ToLower(rand.Text()) }
	roomService := rooms.New(a.store.Set, a.hub, newID, rooms.WithPlaces(a.place), rooms.WithEnding(quizzes.RoomEnded), rooms.WithGifts(gifts))
	a.keeper = rooms.NewKeeper(roomService, a.logger, rooms.NewMetrics(a.metrics.registry))
	a.services = rpc.Services{
		Rooms: roomService,
		Chat: chat.New(a.store.Set, a.hub, roomService, a.keeper, chat.Config{
			Filter: words.NewFilter(a.store.Set, a.logger), Logger: a.logger, Metrics: chat.NewMetrics(a.metrics.registry),
		}),
		Attributes: attributes.New(a.store.Set, a.hub, attributes.NewMetrics(a.metrics.registry)),
		Moderation: moderation.New(a.store.Set, a.hub, a.logger),
		Words:      words.New(a.store.Set),
		Quizzes:    quizzes,
		Visits:     visits,
		Gifts:      gifts,
		Wallets:    wallet.New(a.store.Set),
		Events:     a.buildEvents(),
	}
	a.order = moderation.NewKeeper(a.services.Moderation)
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
	stopStore := a.runStore(context.WithoutCancel(ctx))
	group.Go(func() { a.keeper.Run(keeping) })
	group.Go(func() { a.order.Run(keeping) })
	group.Go(func() { a.show.Run(keeping, a.hub) })
	group.Go(func() { a.services.Quizzes.Run(keeping) })
	group.Go(func() { a.services.Visits.Run(keeping) })
	group.Go(func() { a.services.Gifts.Run(keeping) })
	group.Go(func() { a.services.Events.Run(keeping) })
	group.Go(func() { a.cluster.Run(keeping) })
	if a.pair != nil {
		group.Go(func() { a.pair.Run(keeping) })
	}
	failed := make(chan error, 2)
	serve := func(s *server, l net.Listener) {
		if err := s.listen(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serving %s: %w", l.Addr(), err)
		}
	}
	group.Go(func() { serve(a.public, a.limits.Addresses.Listen(a.publicAddr)) })
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
	a.close()
	group.Wait()
	stopStore() // last: what the others have done is written
	a.stopObserving(force)
	return err
}

// runStore lets the store do what it does by itself, until what it returns is called,
// which waits for it and closes it.
func (a *App) runStore(ctx context.Context) (stop func()) {
	running, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		a.store.run(running)
	}()
	return func() {
		cancel()
		<-over
		a.store.close()
	}
}

// drain ends what is open: streams one after the other, while calls are still taken
// from those whose turn has not come; then everything else. What has not ended by the
// drain timeout is cut.
func (a *App) drain(ctx, force context.Context) error {
	a.logger.InfoContext(ctx, "draining", "timeout", a.config.DrainTimeout)
	a.ready.set(false)
	a.metrics.draining.Set(1)
	for _, service := range rpc.ServiceNames() {
		a.health.SetStatus(service, grpchealth.StatusNotServing)
	}
	a.health.SetStatus("", grpchealth.StatusNotServing)
	bounded, cancel := context.WithTimeout(force, a.config.DrainTimeout)
	defer cancel()
	a.cluster.Drain(bounded)
	a.services.Events.Drain()
	a.hub.Drain(bounded, hub.Farewell{
		After:    a.config.ReconnectAfter,
		Jitter:   a.config.ReconnectJitter,
		Within:   a.config.DrainTimeout / 2, // the other half is for calls under way, and slow readers
		Endpoint: a.place,
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
func (a *App) PublicURL() string {
	if a.pair != nil {
		return urlOf("https", a.config.Listen, a.publicAddr)
	}
	return urlOf("http", a.config.Listen, a.publicAddr)
}

// InternalURL is where operators do.
func (a *App) InternalURL() string { return urlOf("http", a.config.InternalListen, a.internalAddr) }

// urlOf returns the address as it was asked for, with the port that it got.
func urlOf(scheme, asked string, l net.Listener) string {
	host, _, _ := net.SplitHostPort(asked)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// chain is what surrounds RPCs.
func (a *App) chain() rpc.Chain {
	o := interceptor.Observer{Logger: a.logger, Metrics: interceptor.NewMetrics(a.metrics.registry)}
	if a.traces != nil {
		o.Traces = a.traces
	}
	return rpc.Chain{
		Built:   interceptor.Chain(o, a.verifier, a.limits, rpc.Translate, interceptor.Admit(a.services.Moderation, a.services)),
		Unbuilt: interceptor.Plain(o, rpc.Translate),
		Request: interceptor.Requests(o),
	}
}
