package redis

import "context"

// ErrAway is what a call is turned away with that Redis was not asked for.
var ErrAway = errAway

// DueIn counts the rooms that a shard of the index says are to be looked at.
func (s *Store) DueIn(ctx context.Context, shard, limit int) (int, error) {
	terms, err := s.dueIn(ctx, shard, limit)
	return len(terms), err
}
