package rooms

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

const (
	// keepEvery is how often lapsed sessions are looked for, and online counts told.
	keepEvery = time.Second
	// renewEvery is how often leases are extended: three times within one.
	renewEvery = StreamLease / 3
	// expireAtOnce is how many lapsed sessions one look ends at most.
	expireAtOnce = 1000
)

// Keeper keeps the leases of the sessions that this node serves, ends those of all
// rooms that have lapsed, and tells viewers how many are there. Make one with
// NewKeeper; it may be used concurrently.
type Keeper struct {
	service *Service
	logger  *slog.Logger

	mu     sync.Mutex
	pulled map[live.RoomID]map[live.SessionID]struct{} // without a stream, since the last renewal
}

// NewKeeper returns a keeper of the service's sessions.
func NewKeeper(s *Service, logger *slog.Logger) *Keeper {
	return &Keeper{service: s, logger: logger, pulled: make(map[live.RoomID]map[live.SessionID]struct{})}
}

// Pulled notes that a session is alive. It costs no call of the store: renewals are
// made together.
func (k *Keeper) Pulled(id live.RoomID, session live.SessionID) {
	if session == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pulled[id] == nil {
		k.pulled[id] = make(map[live.SessionID]struct{})
	}
	k.pulled[id][session] = struct{}{}
}

// Unsettled logs that a session whose stream has ended could not be settled; the end
// of its lease will.
func (k *Keeper) Unsettled(ctx context.Context, id live.RoomID, session live.SessionID, err error) {
	k.logger.WarnContext(ctx, "cannot settle a session whose stream has ended",
		"room_id", string(id), "session_id", string(session), "error", err)
}

// Run keeps until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	keep := time.NewTicker(keepEvery)
	defer keep.Stop()
	renew := time.NewTicker(renewEvery)
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-keep.C:
			k.expire(ctx)
			k.tellOnline(ctx)
		case <-renew.C:
			k.renew(ctx)
		}
	}
}

// expire ends lapsed sessions and deletes what goes with their users.
func (k *Keeper) expire(ctx context.Context) {
	for {
		departures, err := k.service.presence.Expire(ctx, expireAtOnce)
		if err != nil {
			k.logger.WarnContext(ctx, "cannot look for lapsed sessions", "error", err)
			return
		}
		for _, d := range departures {
			k.release(ctx, d)
		}
		if len(departures) == 0 {
			return
		}
	}
}

// release deletes what goes when its owner leaves.
func (k *Keeper) release(ctx context.Context, d store.Departure) {
	if err := k.service.attributes.ReleaseAttributes(ctx, d.Room, d.User); err != nil {
		k.logger.WarnContext(ctx, "cannot release the attributes of a user who has left",
			"room_id", string(d.Room), "user_id", string(d.User), "error", err)
	}
}

// tellOnline tells the viewers of every room that this node serves how many are
// there.
func (k *Keeper) tellOnline(ctx context.Context) {
	for _, id := range k.service.hub.Rooms() {
		if online, err := k.service.presence.Online(ctx, id); err == nil {
			k.service.hub.SetOnline(id, online)
		}
	}
}

// renew extends the leases of the sessions that this node serves, and of those that
// pulled here, and ends the streams of sessions that are gone.
func (k *Keeper) renew(ctx context.Context) {
	for id, sessions := range k.service.hub.Sessions() {
		gone, err := k.service.presence.Renew(ctx, id, sessions, StreamLease)
		if err != nil {
			k.logger.WarnContext(ctx, "cannot renew sessions", "room_id", string(id), "error", err)
			continue
		}
		k.service.hub.EndSessions(id, gone)
	}
	for id, sessions := range k.takePulled() {
		if _, err := k.service.presence.Renew(ctx, id, sessions, pollTerm); err != nil {
			k.logger.WarnContext(ctx, "cannot renew sessions", "room_id", string(id), "error", err)
		}
	}
}

// takePulled returns the sessions that pulled since it was last called.
func (k *Keeper) takePulled() map[live.RoomID][]live.SessionID {
	k.mu.Lock()
	pulled := k.pulled
	k.pulled = make(map[live.RoomID]map[live.SessionID]struct{})
	k.mu.Unlock()
	taken := make(map[live.RoomID][]live.SessionID, len(pulled))
	for id, sessions := range pulled {
		for session := range sessions {
			taken[id] = append(taken[id], session)
		}
	}
	return taken
}
