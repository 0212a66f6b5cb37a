package match

import (
	"sync/atomic"
	"time"
)

// rest is how long a service is passed over that did not answer.
const rest = time.Second

// turns is whose turn it is, of some services.
type turns struct {
	turn  atomic.Uint32
	until []atomic.Int64 // when the rest of each is over, in nanoseconds since 1970
}

func newTurns(services int) *turns { return &turns{until: make([]atomic.Int64, services)} }

// next returns the next that has no rest, or, where all have, the next.
func (t *turns) next(now time.Time) int {
	n := len(t.until)
	first := int(t.turn.Add(1)) % n
	for k := range n {
		if i := (first + k) % n; t.until[i].Load() <= now.UnixNano() {
			return i
		}
	}
	return first
}

// rest has one pass its turns for a while.
func (t *turns) rest(i int, now time.Time) { t.until[i].Store(now.Add(rest).UnixNano()) }
