// Package attributes keeps the key/value state of rooms.
package attributes

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

// Service is the use cases of attributes. It may be used concurrently.
type Service struct {
	attributes store.Attributes
	hub        *hub.Hub
	metrics    *Metrics
}

// New returns the use cases over a store and a hub. Metrics that are nil count for
// nobody.
func New(set store.Set, h *hub.Hub, m *Metrics) *Service {
	if m == nil {
		m = NewMetrics(nil)
	}
	return &Service{attributes: set.Attributes, hub: h, metrics: m}
}

// Update applies a batch, all of it or nothing. Errors of auth and of
// store.Attributes' UpdateAttributes.
func (s *Service) Update(
	ctx context.Context, p auth.Principal, id live.RoomID, updates []attribute.Update, requestID string,
) (store.AttributePosition, error) {
	if err := p.In(id); err != nil {
		return store.AttributePosition{}, err
	}
	r, err := s.hub.Room(ctx, id)
	if err != nil {
		return store.AttributePosition{}, err
	}
	at, err := s.attributes.UpdateAttributes(ctx, id, store.AttributeUpdate{
		Actor:     attribute.Actor{User: p.User, Privileged: p.Role.Staff()},
		Limits:    r.Settings.Attributes,
		Revision:  r.Revision,
		Updates:   updates,
		RequestID: requestID,
	})
	s.metrics.updated(err)
	return at, err
}

// Get returns the whole map, or the keys named.
func (s *Service) Get(
	ctx context.Context, p auth.Principal, id live.RoomID, keys []string,
) (store.AttributeDelta, error) {
	if err := p.In(id); err != nil {
		return store.AttributeDelta{}, err
	}
	return s.attributes.AttributeSnapshot(ctx, id, keys)
}

// Pull returns what brings a reader's map from a timestamp of an epoch ("": the
// present one) to the present.
func (s *Service) Pull(
	ctx context.Context, p auth.Principal, id live.RoomID, epoch live.Epoch, after live.Timestamp,
) (store.AttributeDelta, error) {
	if err := p.In(id); err != nil {
		return store.AttributeDelta{}, err
	}
	return s.attributes.AttributesSince(ctx, id, epoch, after)
}
