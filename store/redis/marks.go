package redis

import (
	"context"
	"sync"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// Marks implements store.Log.
func (s *Store) Marks(ctx context.Context, ids []live.RoomID) (map[live.RoomID]store.Mark, error) {
	marks := make(map[live.RoomID]store.Mark, len(ids))
	var mu sync.Mutex
	err := s.eachFresh(ctx, ids, keys.state, func(key string) rueidis.Completed {
		return s.client.B().Hmget().Key(key).Field("epoch", "seq", "rev").Build()
	}, func(i int, result rueidis.RedisResult) error {
		fields, err := result.ToArray()
		if err != nil || len(fields) != 3 || fields[0].IsNil() {
			return err
		}
		f := fieldsOf(fields)
		m := store.Mark{Epoch: live.Epoch(f.text())}
		m.Sequence = uint64(f.number()) //nolint:gosec // sequences are not negative
		m.Revision = f.number()
		if f.err == nil {
			mu.Lock()
			defer mu.Unlock()
			marks[ids[i]] = m
		}
		return f.err
	})
	return marks, err
}
