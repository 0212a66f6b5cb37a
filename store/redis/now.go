package redis

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
)

// ahead is how far Redis' clock is ahead of this process'. It is safe for concurrent use;
// the zero value is for two clocks that agree.
type ahead struct{ by atomic.Int64 }

// Now implements paired.Hot.
func (s *Store) Now() live.Timestamp {
	if s.config.Clock != nil {
		return s.config.Clock()
	}
	return live.At(time.Now()).Add(time.Duration(s.ahead.by.Load()))
}

// Synchronise implements paired.Hot.
func (s *Store) Synchronise(ctx context.Context) error {
	return s.reach(ctx, func(ctx context.Context) error {
		asked := time.Now()
		parts, err := s.client.Do(ctx, s.client.B().Time().Build()).AsIntSlice()
		if err != nil || len(parts) != 2 {
			return err
		}
		taken := time.Since(asked)
		theirs := time.Unix(parts[0], parts[1]*int64(time.Microsecond))
		s.ahead.by.Store(int64(theirs.Sub(asked.Add(taken / 2))))
		return nil
	})
}
