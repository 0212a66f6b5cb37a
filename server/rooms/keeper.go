package rooms

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

const (
	// keepEvery is how often lapsed sessions are looked for, and online counts told.
	keepEvery = time.Second
	// renewEvery is how often leases are extended: three times within one.
	renewEvery = StreamLease / 3
	// lastWithin is how long it may take to say the last when the node stops.
	lastWithin = 2 * time.Second
	// expireAtOnce is how many lapsed sessions one look ends at most.
	expireAtOnce = 1000
)

// Keeper keeps the leases of the sessions that this node serves, ends those of all
// rooms that have lapsed, tells the store who was in a room until its end, and viewers how
// many are there. Make one with
// NewKeeper; it may be used concurrently.
type Keeper struct {
	service *Service
	logger  *slog.Logger
	metrics *Metrics

	expiry *loop.Outage
	ends   *loop.Outage

	mu       sync.Mutex
	pulled   map[live.RoomID]map[store.Lease]struct{} // without a stream, since the last renewal
	outlived map[live.RoomID][]store.Lease            // there until the room's end, and the store does not know
}

// NewKeeper returns a keeper of the service's sessions. Metrics that are nil count for
// nobody.
func NewKeeper(s *Service, logger *slog.Logger, m *Metrics) *Keeper {
	if m == nil {
		m = NewMetrics(nil)
	}
	return &Keeper{
		service: s, logger: logger, metrics: m, pulled: make(map[live.RoomID]map[store.Lease]struct{}),
		outlived: make(map[live.RoomID][]store.Lease),
		expiry:   loop.NewOutage(logger, "cannot end all lapsed sessions; they end later", "lapsed sessions are ended again"),
		ends: loop.NewOutage(logger, "cannot say who was in rooms until their ends; it is said later",
			"it is said again who was in rooms until their ends"),
	}
}

// Outlived notes that a session was there until its room's end. It costs no call of the store,
// which is told with others', about a second later.
func (k *Keeper) Outlived(id live.RoomID, s room.Session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.outlived[id] = append(k.outlived[id], store.LeaseOf(s))
}

// Pulled notes that a user's session is alive, in whichever incarnation: a pull does not
// say. It costs no call of the store: renewals are made together, and do nothing to a
// session that is not the user's.
func (k *Keeper) Pulled(id live.RoomID, user live.UserID, session live.SessionID) {
	if session == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pulled[id] == nil {
		k.pulled[id] = make(map[store.Lease]struct{})
	}
	k.pulled[id][store.Lease{Session: session, User: user}] = struct{}{}
}

// Unsettled logs that a session whose stream has ended could not be settled; the end
// of its lease will.
func (k *Keeper) Unsettled(ctx context.Context, id live.RoomID, session live.SessionID, err error) {
	k.logger.WarnContext(ctx, "cannot settle a session whose stream has ended",
		"room_id", string(id), "session_id", string(session), "error", err)
}

// Run keeps until ctx is done. Then it says who was in rooms until their ends, if it can soon.
func (k *Keeper) Run(ctx context.Context) {
	keep := time.NewTicker(keepEvery)
	defer keep.Stop()
	renew := time.NewTicker(renewEvery)
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
			k.tellOutlived(last)
			cancel()
			return
		case <-keep.C:
			k.tellOutlived(ctx)
			k.expire(ctx)
			k.tellOnline(ctx)
		case <-renew.C:
			k.renew(ctx)
		}
	}
}

// tellOutlived tells the store who was in rooms until their ends: whoever notes that
// (visit.Service) reports it. In a room that is live there, because it has lost the end, they
// can come back.
func (k *Keeper) tellOutlived(ctx context.Context) {
	leases := k.takeOutlived()
	if len(leases) == 0 {
		return
	}
	_, err := k.service.presence.Renew(ctx, leases, ResumeLease)
	if k.ends.Report(ctx, err); err == nil {
		return
	}
	k.metrics.failures[renewing].Inc()
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, some := range leases {
		k.outlived[id] = append(k.outlived[id], some...)
	}
}

// takeOutlived returns what Outlived has noted since it was last called.
func (k *Keeper) takeOutlived() map[live.RoomID][]store.Lease {
	k.mu.Lock()
	defer k.mu.Unlock()
	taken := k.outlived
	k.outlived = make(map[live.RoomID][]store.Lease)
	return taken
}

// expire ends lapsed sessions.
func (k *Keeper) expire(ctx context.Context) {
	for more := true; more; {
		var err error
		if more, err = k.expireSome(ctx); err != nil {
			k.metrics.failures[expiring].Inc()
			k.expiry.Report(ctx, err)
			return
		}
	}
	k.expiry.Report(ctx, nil)
}

// expireSome ends some lapsed sessions, and says whether there may be more. Whoever notes
// what ends (visit.Service) settles it.
func (k *Keeper) expireSome(ctx context.Context) (more bool, err error) {
	ended, more, err := k.service.presence.Expire(ctx, expireAtOnce)
	for _, e := range ended {
		if !e.Left {
			k.metrics.expired.Inc()
		}
	}
	return more, err
}

// tellOnline tells the viewers of every room that this node serves how many are
// there, as far as the store can say.
func (k *Keeper) tellOnline(ctx context.Context) {
	rooms := k.service.hub.Rooms()
	if len(rooms) == 0 {
		return
	}
	counts, _ := k.service.presence.Online(ctx, rooms)
	for id, online := range counts {
		k.service.hub.SetOnline(id, online)
	}
}

// renew extends the leases of the sessions that this node serves, and of those that
// pulled here, and ends the streams of sessions that are gone or were resumed
// elsewhere.
func (k *Keeper) renew(ctx context.Context) {
	lost, err := k.renewFor(ctx, byStream, k.service.hub.Sessions(), StreamLease)
	k.service.hub.EndSessions(lost)
	if err == nil {
		k.service.hub.Believe()
	}
	k.service.hub.AskDoubted()
	_, _ = k.renewFor(ctx, byPull, k.takePulled(), pollTerm)
}

// renewFor renews leases and returns what is lost of them. An error is logged.
func (k *Keeper) renewFor(
	ctx context.Context, by holder, leases map[live.RoomID][]store.Lease, term time.Duration,
) (map[live.RoomID][]store.Lost, error) {
	if len(leases) == 0 {
		k.metrics.sessions[by].Set(0)
		return map[live.RoomID][]store.Lost{}, nil
	}
	lost, err := k.service.presence.Renew(ctx, leases, term)
	k.metrics.count(by, leases, lost, err)
	if err != nil {
		k.logger.WarnContext(ctx, "cannot renew all sessions", "rooms", len(leases), "error", err)
	}
	return lost, err
}

// takePulled returns the sessions that pulled since it was last called.
func (k *Keeper) takePulled() map[live.RoomID][]store.Lease {
	k.mu.Lock()
	pulled := k.pulled
	k.pulled = make(map[live.RoomID]map[store.Lease]struct{})
	k.mu.Unlock()
	taken := make(map[live.RoomID][]store.Lease, len(pulled))
	for id, leases := range pulled {
		taken[id] = slices.Collect(maps.Keys(leases))
	}
	return taken
}
