package observed

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// measuredRooms measures store.Rooms.
type measuredRooms struct {
	next  store.Rooms
	calls *Metrics
}

func (m measuredRooms) CreateRoom(ctx context.Context, r room.Room, requestID string) (_ room.Room, err error) {
	defer m.calls.begin(createRoom).end(&err)
	return m.next.CreateRoom(ctx, r, requestID)
}

func (m measuredRooms) Room(ctx context.Context, id live.RoomID) (_ room.Room, err error) {
	defer m.calls.begin(getRoom).end(&err)
	return m.next.Room(ctx, id)
}

func (m measuredRooms) Rooms(ctx context.Context, q store.RoomQuery) (_ []room.Room, err error) {
	defer m.calls.begin(listRooms).end(&err)
	return m.next.Rooms(ctx, q)
}

func (m measuredRooms) UpdateRoom(ctx context.Context, id live.RoomID, c room.Change) (_ room.Room, err error) {
	defer m.calls.begin(updateRoom).end(&err)
	return m.next.UpdateRoom(ctx, id, c)
}

func (m measuredRooms) EndRoom(ctx context.Context, id live.RoomID) (_ room.Room, err error) {
	defer m.calls.begin(endRoom).end(&err)
	return m.next.EndRoom(ctx, id)
}

// measuredPresence measures store.Presence.
type measuredPresence struct {
	next  store.Presence
	calls *Metrics
}

func (m measuredPresence) Join(ctx context.Context, id live.RoomID, s room.Session, lease time.Duration) (_ room.Session, _ room.Online, err error) {
	defer m.calls.begin(join).end(&err)
	return m.next.Join(ctx, id, s, lease)
}

func (m measuredPresence) Renew(ctx context.Context, leases map[live.RoomID][]store.Lease, term time.Duration) (_ map[live.RoomID][]store.Lost, err error) {
	defer m.calls.begin(renew).end(&err)
	return m.next.Renew(ctx, leases, term)
}

func (m measuredPresence) Leave(ctx context.Context, d store.Departure) (_ []store.Ended, err error) {
	defer m.calls.begin(leave).end(&err)
	return m.next.Leave(ctx, d)
}

func (m measuredPresence) Expire(ctx context.Context, limit int) (_ []store.Ended, _ bool, err error) {
	defer m.calls.begin(expire).end(&err)
	return m.next.Expire(ctx, limit)
}

func (m measuredPresence) Settle(ctx context.Context, ended []store.Ended) (err error) {
	defer m.calls.begin(settle).end(&err)
	return m.next.Settle(ctx, ended)
}

func (m measuredPresence) Members(ctx context.Context, id live.RoomID, after live.UserID, limit int) (_ []room.Member, err error) {
	defer m.calls.begin(members).end(&err)
	return m.next.Members(ctx, id, after, limit)
}

func (m measuredPresence) Online(ctx context.Context, ids []live.RoomID) (_ map[live.RoomID]room.Online, err error) {
	defer m.calls.begin(online).end(&err)
	return m.next.Online(ctx, ids)
}

// measuredAttributes measures store.Attributes.
type measuredAttributes struct {
	next  store.Attributes
	calls *Metrics
}

func (m measuredAttributes) UpdateAttributes(ctx context.Context, id live.RoomID, u store.AttributeUpdate) (_ store.AttributePosition, err error) {
	defer m.calls.begin(updateAttributes).end(&err)
	return m.next.UpdateAttributes(ctx, id, u)
}

func (m measuredAttributes) AttributesSince(ctx context.Context, id live.RoomID, epoch live.Epoch, after live.Timestamp) (_ store.AttributeDelta, err error) {
	defer m.calls.begin(attributesSince).end(&err)
	return m.next.AttributesSince(ctx, id, epoch, after)
}

func (m measuredAttributes) AttributeSnapshot(ctx context.Context, id live.RoomID, keys []string) (_ store.AttributeDelta, err error) {
	defer m.calls.begin(attributeSnapshot).end(&err)
	return m.next.AttributeSnapshot(ctx, id, keys)
}
