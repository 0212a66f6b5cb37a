package memory

import (
	"bytes"
	"context"
	"reflect"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// request names a batch that may be made again.
type request struct {
	actor live.UserID
	id    string
}

// remembered is a batch that was applied, and what was answered.
type remembered struct {
	updates  []attribute.Update
	position store.AttributePosition
}

// frozen returns a copy of updates that shares nothing with the caller's.
func frozen(updates []attribute.Update) []attribute.Update {
	updates = slices.Clone(updates)
	for i, u := range updates {
		updates[i].Value = bytes.Clone(u.Value)
		if u.IfTimestamp != nil {
			at := *u.IfTimestamp
			updates[i].IfTimestamp = &at
		}
	}
	return updates
}

// sameUpdate says whether two updates ask for the same.
func sameUpdate(a, b attribute.Update) bool {
	if !bytes.Equal(a.Value, b.Value) {
		return false
	}
	a.Value, b.Value = nil, nil
	return reflect.DeepEqual(a, b)
}

// UpdateAttributes implements store.Attributes.
func (s *Store) UpdateAttributes(
	ctx context.Context, id live.RoomID, u store.AttributeUpdate,
) (store.AttributePosition, error) {
	r, err := s.open(ctx, id)
	if err != nil {
		return store.AttributePosition{}, err
	}
	defer r.mu.Unlock()
	now := s.now()
	key := request{u.Actor.User, u.RequestID}
	if first, ok := r.updates.Get(key, now); ok && u.RequestID != "" {
		if !slices.EqualFunc(first.updates, u.Updates, sameUpdate) {
			return store.AttributePosition{}, store.ErrRequestReused
		}
		return first.position, nil
	}
	plan, err := r.attributes.Plan(u.Actor, u.Limits, u.Updates)
	if err != nil {
		return store.AttributePosition{}, err
	}
	r.commit(plan, now, u.Limits)
	position := store.AttributePosition{Epoch: r.epoch, Timestamp: r.attributes.Timestamp()}
	if u.RequestID != "" {
		r.updates.Put(key, remembered{frozen(u.Updates), position}, now, now.Add(rememberRequests))
	}
	return position, nil
}

// ReleaseAttributes implements store.Attributes.
func (s *Store) ReleaseAttributes(ctx context.Context, id live.RoomID, owner live.UserID) error {
	r, err := s.locked(ctx, id)
	if err != nil {
		return err
	}
	defer r.mu.Unlock()
	if r.room.State != room.Ended {
		r.commit(r.attributes.Leave(owner), s.now(), r.room.Settings.Attributes)
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
	if epoch == "" || epoch == r.epoch {
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
