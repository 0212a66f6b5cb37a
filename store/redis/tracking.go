package redis

import "github.com/redis/rueidis"

// ErrNoTracking says that Redis cannot be asked to say when copies are out of date, because
// it does not know how or does not let us: open it with NoCache.
var ErrNoTracking = rueidis.ErrNoCache
