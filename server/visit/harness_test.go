package visit_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	rules "github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/visit"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

var errSpoilt = errors.New("spoilt")

// backing is an embedded store of which parts can be away.
type backing struct {
	store.Set
	queueAway, truthAway atomic.Bool
	spoilt               atomic.Pointer[live.UserID] // whose events cannot be merged
	slow                 atomic.Int64                // so many events at once take for ever; 0: none do
	steps                atomic.Int64
	mu                   sync.Mutex
	settled              []store.Ended
}

type brokenReports struct {
	store.Reports
	b *backing
}

func (r brokenReports) Report(ctx context.Context, events []rules.Event) error {
	if r.b.queueAway.Load() {
		return store.ErrUnavailable
	}
	return r.Reports.Report(ctx, events)
}

// merger is store.Visits under a name that none of its methods has.
type merger = store.Visits

type brokenVisits struct {
	merger
	b *backing
}

func (v brokenVisits) MergeVisits(
	ctx context.Context, events []rules.Event, record store.VisitRecorder,
) ([]store.AsideVisit, error) {
	v.b.steps.Add(1)
	if v.b.truthAway.Load() {
		return nil, store.ErrUnavailable
	}
	if bad := v.b.spoilt.Load(); bad != nil {
		if slices.ContainsFunc(events, func(e rules.Event) bool { return e.User == *bad }) {
			return nil, errSpoilt
		}
	}
	if slow := v.b.slow.Load(); slow > 0 && len(events) >= int(slow) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return v.merger.MergeVisits(ctx, events, record)
}

type watchedPresence struct {
	store.Presence
	b *backing
}

func (p watchedPresence) Settle(ctx context.Context, ended []store.Ended) error {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	p.b.settled = append(p.b.settled, ended...)
	return p.Presence.Settle(ctx, ended)
}

// node is one of the nodes over a store.
type node struct {
	*visit.Service
	presence store.Presence
	metrics  *prometheus.Registry
	stop     func()
}

// value returns what a series has come to.
func (n *node) value(t *testing.T, name string) float64 {
	t.Helper()
	all, err := series.Of(n.metrics)
	if err != nil {
		t.Fatal(err)
	}
	return all["ovation_visit_"+name]
}

func newBacking(t *testing.T) *backing {
	t.Helper()
	b := &backing{Set: memory.New().Set()}
	b.Reports, b.Visits, b.Presence = brokenReports{b.Reports, b}, brokenVisits{b.Visits, b}, watchedPresence{b.Presence, b}
	b.create(t, "r")
	return b
}

func (b *backing) create(t *testing.T, id live.RoomID) {
	t.Helper()
	if _, err := b.Rooms.CreateRoom(t.Context(), room.Room{ID: id, Settings: room.DefaultSettings()}, ""); err != nil {
		t.Fatal(err)
	}
}

// node starts a node.
func (b *backing) node(t *testing.T, edits ...func(*visit.Config)) *node {
	t.Helper()
	n := &node{metrics: prometheus.NewRegistry()}
	c := visit.Config{Logger: slog.New(slog.DiscardHandler), Metrics: visit.NewMetrics(n.metrics)}
	for _, edit := range edits {
		edit(&c)
	}
	n.Service = visit.New(b.Set, c)
	n.presence = n.Presence(b.Presence)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		n.Run(ctx)
	}()
	n.stop = func() {
		cancel()
		<-over
	}
	t.Cleanup(n.stop)
	return n
}

func (n *node) join(t *testing.T, user live.UserID, session live.SessionID, lease time.Duration) room.Session {
	t.Helper()
	s, _, err := n.presence.Join(t.Context(), "r", room.Session{ID: session, User: user}, lease)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (n *node) leave(t *testing.T, user live.UserID) {
	t.Helper()
	if _, err := n.presence.Leave(t.Context(), store.Departure{Room: "r", User: user}); err != nil {
		t.Fatal(err)
	}
}

// backend is a caller who may do everything.
var backend = auth.Principal{User: "b", Role: live.RoleBackend, Rooms: []live.RoomID{auth.AnyRoom}}

// visits returns all visits to the room.
func (n *node) visits(t *testing.T) []rules.Visit {
	t.Helper()
	var all []rules.Visit
	for token := ""; ; {
		some, next, err := n.List(t.Context(), backend, visit.Query{Room: "r", Size: 2, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
		if token = next; token == "" {
			return all
		}
	}
}

// pass lets time pass, in a bubble.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// inBubble runs a test on a clock of its own.
func inBubble(t *testing.T, test func(t *testing.T, b *backing)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newBacking(t)) })
}
