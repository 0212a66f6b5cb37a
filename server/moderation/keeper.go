package moderation

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

const (
	// keepEvery is how often a node looks for sanctions that were applied elsewhere, or
	// in every room: within a second, with time to act on them.
	keepEvery = 500 * time.Millisecond
	// usersAtOnce is how many users' standings are read in one go.
	usersAtOnce = 1000
)

// Keeper makes the streams that this node serves follow the sanctions: those of the
// banned end, whether the ban is of one room or of all, and wherever it came from;
// those of protected users and moderators are not taken for offline, and who was appointed is
// shown what moderators are. Whoever opens a stream looks for
// themselves at first. Make one with NewKeeper; it is for one goroutine.
type Keeper struct {
	service *Service
	seen    map[live.RoomID]store.SanctionRevision // what the streams of a room follow
	failing bool
}

// NewKeeper returns a keeper of the node's streams.
func NewKeeper(s *Service) *Keeper { return &Keeper{service: s} }

// Run keeps until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-k.service.changed:
		}
		k.report(ctx, k.keep(ctx))
	}
}

// report logs the first failure of an outage, and its end.
func (k *Keeper) report(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !k.failing:
		k.service.logger.WarnContext(ctx, "cannot read all sanctions; streams go on as they are", "error", err)
	case err == nil && k.failing:
		k.service.logger.InfoContext(ctx, "all sanctions can be read again")
	}
	k.failing = err != nil
}

// keep looks at every room whose sanctions have changed since it last did. What it
// cannot do it does the next time.
func (k *Keeper) keep(ctx context.Context) error {
	rooms := k.service.hub.Rooms()
	seen := make(map[live.RoomID]store.SanctionRevision, len(rooms))
	if len(rooms) == 0 {
		k.seen = seen
		return nil
	}
	now, err := k.service.sanctions.SanctionRevisions(ctx, rooms)
	errs := []error{err}
	for _, id := range rooms {
		before := k.seen[id]
		revision, known := now[id]
		if seen[id] = before; !known || revision == before {
			continue
		}
		if err := k.apply(ctx, id); err != nil {
			errs = append(errs, err)
			continue
		}
		seen[id] = revision
	}
	k.seen = seen
	return errors.Join(errs...)
}

// apply makes the streams of one room follow its sanctions.
func (k *Keeper) apply(ctx context.Context, id live.RoomID) error {
	sessions := make(map[live.UserID][]room.Session)
	for _, session := range k.service.hub.SessionsIn(id) {
		if session.Role != live.RoleBackend { // nothing acts on these
			sessions[session.User] = append(sessions[session.User], session)
		}
	}
	var errs []error
	stands := make(map[live.UserID]hub.Stand)
	for users := range slices.Chunk(slices.Collect(maps.Keys(sessions)), usersAtOnce) {
		standings, err := k.service.sanctions.Standings(ctx, id, users)
		if err != nil {
			return err
		}
		for i, standing := range standings {
			user := users[i]
			stands[user] = hub.Stand{Guarded: standing.Attended(), Moderates: standing.Appointed.Until}
			if standing.Banned.Acts() {
				errs = append(errs, k.end(ctx, banned(id, user, standing.Banned), sessions[user]))
			}
		}
	}
	k.service.hub.Stand(id, stands)
	return errors.Join(errs...)
}

// end ends the streams of a user here, and their sessions; what they have joined since
// stays.
func (k *Keeper) end(ctx context.Context, d store.Departure, sessions []room.Session) error {
	var errs []error
	for _, session := range sessions {
		d.Session, d.Incarnation = session.ID, session.Incarnation
		k.service.hub.Depart(d) // of a session that is over already the store tells nobody
		_, err := k.service.presence.Leave(ctx, d)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
