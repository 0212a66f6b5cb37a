package redis

import (
	"context"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store/record"
)

var takeRoom = load("room")

// Begin is Take for a room that need not be known: one that is not begins anew, with an
// empty log, no attributes and nobody present.
func (s *Store) Begin(ctx context.Context, r room.Room) error {
	_, err := s.hand(ctx, r, true)
	return err
}

// Take puts a room in place of the copy, if its revision is greater, and does what goes
// with that: it publishes the room, keeps as much of the log as the room says, and ends
// every session of an ended one. ErrRoomNotFound if the room is not known.
func (s *Store) Take(ctx context.Context, r room.Room) error {
	known, err := s.hand(ctx, r, false)
	if err == nil && !known {
		return notFound(r.ID)
	}
	return err
}

// hand hands a room over and says whether it is known then.
func (s *Store) hand(ctx context.Context, r room.Room, begin bool) (known bool, err error) {
	encoded, err := record.MarshalRoom(r)
	if err != nil {
		return false, err
	}
	limits, attributes := r.Settings.Feed, r.Settings.Attributes
	code, _, err := s.run(ctx, takeRoom, r.ID,
		truth(begin), decimal(r.Revision), truth(r.State == room.Ended), string(encoded),
		decimal(s.config.Retention.Milliseconds()),
		"created", decimal(r.Created), "over", decimal(r.Ended), "rate", decimal(limits.Rate), "wrate", decimal(limits.WhitelistRate),
		"slow", decimal(limits.SlowMode.Microseconds()), "cap", decimal(limits.Capacity),
		"akeys", decimal(attributes.Keys), "akey", decimal(attributes.KeyBytes),
		"avalue", decimal(attributes.ValueBytes), "alog", decimal(attributes.Log),
		"avw", truth(attributes.ViewersWrite))
	return code == statusOK, err
}

// Copy returns the room as it was handed over last, maybe from a cache; ErrRoomNotFound
// if it is not known.
func (s *Store) Copy(ctx context.Context, id live.RoomID) (room.Room, error) {
	var encoded string
	key := s.keysOf(id).copy()
	err := s.reachKey(ctx, key, func(ctx context.Context) (err error) {
		command := s.client.B().Get().Key(key).Cache()
		answer := s.client.DoCache(ctx, command, copyTTL)
		encoded, err = s.config.Metrics.read(cachedRoom, answer).ToString()
		return err
	})
	switch {
	case rueidis.IsRedisNil(err):
		return room.Room{}, notFound(id)
	case err != nil:
		return room.Room{}, err
	}
	return record.UnmarshalRoom([]byte(encoded))
}
