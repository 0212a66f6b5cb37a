package postgres

import (
	"sync/atomic"
	"time"
)

// seldom says when something is said that could be said again and again: at most once a minute.
// The zero value has said nothing.
type seldom struct{ said atomic.Int64 } // when, in nanoseconds since 1970

// now says whether it is to be said now.
func (s *seldom) now() bool {
	now, said := time.Now().UnixNano(), s.said.Load()
	return now-said >= int64(time.Minute) && s.said.CompareAndSwap(said, now)
}
