package visit

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// Presence returns p as everything on this node is to use it: who comes and goes is noted,
// and reported soon after. What has ended is settled when it is reported, by nobody else.
// None of its calls waits for that, or fails for it.
func (s *Service) Presence(p store.Presence) store.Presence { return noted{p, s} }

// noted is presence that is noted.
type noted struct {
	store.Presence
	service *Service
}

// Join implements store.Presence.
func (n noted) Join(
	ctx context.Context, id live.RoomID, session room.Session, lease time.Duration,
) (room.Session, room.Online, error) {
	joined, online, err := n.Presence.Join(ctx, id, session, lease)
	if err == nil {
		n.service.notes.join(id, joined, time.Now())
	}
	return joined, online, err
}

// Renew implements store.Presence.
func (n noted) Renew(
	ctx context.Context, leases map[live.RoomID][]store.Lease, term time.Duration,
) (map[live.RoomID][]store.Lost, error) {
	begun := time.Now()
	lost, err := n.Presence.Renew(ctx, leases, term)
	n.service.notes.renew(leases, lost, begun, err == nil)
	for _, some := range lost {
		n.service.notes.end(endedOf(some))
	}
	return lost, err
}

// endedOf returns the sessions that were there until the ends of their rooms.
func endedOf(lost []store.Lost) (ended []store.Ended) {
	for _, l := range lost {
		if l.Ended != nil {
			ended = append(ended, *l.Ended)
		}
	}
	return ended
}

// Leave implements store.Presence.
func (n noted) Leave(ctx context.Context, d store.Departure) ([]store.Ended, error) {
	ended, err := n.Presence.Leave(ctx, d)
	n.service.notes.end(ended)
	return ended, err
}

// Expire implements store.Presence.
func (n noted) Expire(ctx context.Context, limit int) ([]store.Ended, bool, error) {
	ended, more, err := n.Presence.Expire(ctx, limit)
	n.service.notes.end(ended)
	return ended, more, err
}
