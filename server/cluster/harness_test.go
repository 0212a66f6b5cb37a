package cluster_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/cluster"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// region is nodes that share a store, and the viewers of its rooms.
type region struct {
	t     *testing.T
	store store.Set
	ctx   context.Context //nolint:containedctx // as long as the test
	tasks sync.WaitGroup

	mu    sync.Mutex
	nodes map[string]*node // by endpoint
	hubs  []*hub.Hub       // of all that ever were
	seats map[live.UserID]*seat
}

// scenario runs a test in time that passes when all wait.
func scenario(t *testing.T, test func(t *testing.T, r *region)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(context.Background())
		r := &region{
			t: t, store: memory.New().Set(), ctx: ctx,
			nodes: make(map[string]*node), seats: make(map[live.UserID]*seat),
		}
		r.tasks.Go(r.count)
		test(t, r)
		stop()
		r.tasks.Wait()
		for _, h := range r.hubs {
			h.Close()
		}
	})
}

// create creates rooms.
func (r *region) create(ids ...live.RoomID) {
	r.t.Helper()
	for _, id := range ids {
		if _, err := r.store.Rooms.CreateRoom(r.ctx, room.Room{ID: id, Settings: room.DefaultSettings()}, ""); err != nil {
			r.t.Fatal(err)
		}
	}
}

// count tells every node how many are in each room, once a second, as keepers do.
func (r *region) count() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-r.ctx.Done():
			return
		}
		all := make(map[live.RoomID]int)
		r.mu.Lock()
		for _, n := range r.nodes {
			for id, crowd := range n.hub.Crowds() {
				all[id] += crowd.Here
			}
		}
		for _, n := range r.nodes {
			for id, total := range all {
				n.hub.SetOnline(id, room.Online{Users: total, Sessions: total})
			}
		}
		r.mu.Unlock()
	}
}

// node is one of them.
type node struct {
	*cluster.Cluster
	region  *region
	address string
	hub     *hub.Hub
	logs    *testkit.Output
	metrics *prometheus.Registry
	away    *atomic.Bool // the store, for this node
	stop    context.CancelFunc
	stopped chan struct{}
}

// outage is a store that can be away.
type outage struct {
	inner store.Nodes
	away  *atomic.Bool
}

// Withdraw implements store.Nodes.
func (o outage) Withdraw(ctx context.Context, id store.NodeID) error {
	if o.away.Load() {
		return store.ErrUnavailable
	}
	return o.inner.Withdraw(ctx, id)
}

// Announce implements store.Nodes.
func (o outage) Announce(ctx context.Context, n store.Node, lease time.Duration) error {
	if o.away.Load() {
		return store.ErrUnavailable
	}
	return o.inner.Announce(ctx, n, lease)
}

// Nodes implements store.Nodes.
func (o outage) Nodes(ctx context.Context) ([]store.Node, error) {
	if o.away.Load() {
		return nil, store.ErrUnavailable
	}
	return o.inner.Nodes(ctx)
}

// start starts a node, at an endpoint that nobody has unless a test says so.
func (r *region) start(endpoint string, edits ...func(*cluster.Config)) *node {
	r.t.Helper()
	n := &node{region: r, address: endpoint, logs: new(testkit.Output), metrics: prometheus.NewRegistry(), away: new(atomic.Bool), stopped: make(chan struct{})}
	logger := slog.New(slog.NewTextHandler(n.logs, nil))
	n.hub = hub.New(hub.Source{Rooms: r.store.Rooms, Log: r.store.Log, Bus: r.store.Bus}, hub.Config{Logger: logger})
	config := cluster.Config{Endpoint: endpoint, ViewersPerNode: 100, Logger: logger, Metrics: cluster.NewMetrics(n.metrics)}
	for _, edit := range edits {
		edit(&config)
	}
	n.Cluster = cluster.New(outage{r.store.Nodes, n.away}, n.hub, config)
	var ctx context.Context
	ctx, n.stop = context.WithCancel(r.ctx)
	r.tasks.Go(func() {
		defer close(n.stopped)
		n.Run(ctx)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes[endpoint], r.hubs = n, append(r.hubs, n.hub)
	return n
}

// value returns what a series of the node's has come to.
func (n *node) value(name string) float64 {
	n.region.t.Helper()
	all, err := series.Of(n.metrics)
	if err != nil {
		n.region.t.Fatal(err)
	}
	return all["ovation_cluster_"+name]
}

// leave drains the node, as the server does, and stops it.
func (n *node) leave() {
	n.Drain(n.region.ctx)
	n.hub.Drain(n.region.ctx, hub.Farewell{Jitter: time.Minute, Within: time.Minute, Endpoint: n.Endpoint})
	n.stop()
	<-n.stopped
}

// isPlace says whether the node takes itself for the place of a room's user.
func (n *node) isPlace(id live.RoomID, sessions int, user live.UserID) bool {
	return n.Endpoint(id, sessions, user) == n.address
}

// serves says how many viewers of a room the node serves.
func (n *node) serves(id live.RoomID) int { return n.hub.Crowds()[id].Here }

// seat is a viewer who goes where they are sent.
type seat struct {
	region *region
	room   live.RoomID
	user   live.UserID
	stays  atomic.Bool // or comes back to where they were
	moves  atomic.Int64
}

// sit seats a viewer of a room at a node.
func (r *region) sit(id live.RoomID, user live.UserID, at *node) *seat {
	s := &seat{region: r, room: id, user: user}
	r.mu.Lock()
	r.seats[user] = s
	r.mu.Unlock()
	r.tasks.Go(func() { s.watch(at) })
	return s
}

// crowd seats so many viewers of a room at a node.
func (r *region) crowd(id live.RoomID, from, to int, at *node) {
	for i := from; i < to; i++ {
		r.sit(id, userNumber(id, i), at)
	}
	r.pass(0)
}

func userNumber(id live.RoomID, i int) live.UserID { return live.UserID(fmt.Sprint(id, "-", i)) }

// watch watches the room, at one node after the other.
func (s *seat) watch(at *node) {
	for at != nil && s.region.ctx.Err() == nil {
		told := s.watchAt(at)
		if told == nil {
			return
		}
		s.moves.Add(1)
		wait := told.GetAfter().AsDuration() + time.Duration(rand.Float64()*float64(told.GetJitter().AsDuration()))
		time.Sleep(wait)
		if s.stays.Load() {
			continue
		}
		if to := told.GetEndpoint(); to != "" {
			s.region.mu.Lock()
			at = s.region.nodes[to]
			s.region.mu.Unlock()
		}
	}
}

// watchAt watches at a node until it is sent away, or the test ends: nil.
func (s *seat) watchAt(at *node) *ovationv1.Reconnect {
	bell := hub.NewBell()
	sub, _, err := at.hub.Subscribe(s.region.ctx, hub.Subscription{
		Room: s.room, Session: room.Session{ID: live.SessionID(s.user), User: s.user}, Delivery: hub.Inline,
	}, bell)
	if err != nil {
		if s.region.ctx.Err() == nil {
			s.region.t.Errorf("%s cannot subscribe: %v", s.user, err)
		}
		return nil
	}
	defer at.hub.Unsubscribe(sub)
	for {
		select {
		case <-bell:
		case <-s.region.ctx.Done():
			return nil
		}
		for more := true; more; {
			frames, done := sub.Next(nil)
			if done {
				return decoded(s.region.t, frames[len(frames)-1]).GetReconnect()
			}
			more = len(frames) > 0
		}
	}
}

// decoded decodes a frame.
func decoded(t *testing.T, f *wire.Frame) *ovationv1.SubscribeResponse {
	t.Helper()
	b, err := f.AppendProto(nil)
	m := new(ovationv1.SubscribeResponse)
	if err == nil {
		err = proto.Unmarshal(b, m)
	}
	if err != nil {
		t.Errorf("frame: %v", err)
	}
	return m
}

// moved returns how often viewers were sent away in all, and how often one at most.
func (r *region) moved() (all, most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.seats {
		n := int(s.moves.Load())
		all, most = all+n, max(most, n)
	}
	return all, most
}

// pass lets time pass.
func (*region) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
