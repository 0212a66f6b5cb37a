package memory

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
)

// request names a batch that may be made again.
type request struct {
	actor live.UserID
	id    string
}

// remembered is what is kept of a batch that was applied: what tells it from others,
// and what was answered.
type remembered struct {
	digest   store.Digest
	position store.AttributePosition
}

// UpdateAttributes implements store.Attributes.
func (s *Store) UpdateAttributes(
	ctx context.Context, id live.RoomID, u store.AttributeUpdate,
) (store.AttributePosition, error) {
	var digest store.Digest
	if u.RequestID != "" {
		digest = u.Digest() // not under the room's lock
	}
	r, err := s.open(ctx, id)
	if err != nil {
		return store.AttributePosition{}, err
	}
	defer r.mu.Unlock()
	now := s.now()
	key := request{u.Actor.User, u.RequestID}
	if first, ok := r.updates.Get(key, now); ok && u.RequestID != "" {
		if first.digest != digest {
			return store.AttributePosition{}, store.ErrRequestReused
		}
		return first.position, nil
	}
	if u.Revision < r.room.Revision {
		u.Limits = r.room.Settings.Attributes
	}
	plan, err := r.attributes.Plan(u.Actor, u.Limits, u.Updates)
	if err != nil {
		return store.AttributePosition{}, err
	}
	if err := r.checkPresent(plan.Leaving()); err != nil {
		return store.AttributePosition{}, err
	}
	r.commit(plan, now, u.Limits)
	position := store.AttributePosition{Epoch: r.epoch, Timestamp: r.attributes.Timestamp()}
	if u.RequestID != "" {
		r.updates.Put(key, remembered{digest, position}, now, now.Add(rememberRequests))
	}
	return position, nil
}

// checkPresent returns ErrAbsent if one of the users is not in the room. The caller holds
// r.mu.
func (r *roomState) checkPresent(users []live.UserID) error {
	for _, user := range users {
		if len(r.presence.users[user]) == 0 {
			return &store.RoomError{Room: r.room.ID, Err: store.ErrAbsent}
		}
	}
	return nil
}

// commit applies a plan and publishes it, if there is anything in it. The caller
// holds r.mu.
func (r *roomState) commit(plan attribute.Plan, now live.Timestamp, limits attribute.Limits) {
	if plan.Empty() {
		return
	}
	changes := r.attributes.Commit(plan, r.clock.Next(now), limits)
	r.publish(store.Publication{Attributes: &changes})
}

// AttributesSince implements store.Attributes.
func (s *Store) AttributesSince(
	ctx context.Context, id live.RoomID, epoch live.Epoch, after live.Timestamp,
) (store.AttributeDelta, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return store.AttributeDelta{}, err
	}
	defer r.mu.Unlock()
	if epoch == r.epoch || epoch == "" && after > 0 {
		if changes, ok := r.attributes.Since(after); ok {
			return store.AttributeDelta{Epoch: r.epoch, Changes: &changes}, nil
		}
	}
	snapshot := r.attributes.Snapshot()
	return store.AttributeDelta{Epoch: r.epoch, Snapshot: &snapshot}, nil
}

// AttributeSnapshot implements store.Attributes.
func (s *Store) AttributeSnapshot(ctx context.Context, id live.RoomID, keys []string) (store.AttributeDelta, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return store.AttributeDelta{}, err
	}
	defer r.mu.Unlock()
	snapshot := r.attributes.Get(keys)
	return store.AttributeDelta{Epoch: r.epoch, Snapshot: &snapshot}, nil
}
