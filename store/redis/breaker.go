package redis

import (
	"errors"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// rest is how long Redis is not asked after it has not answered.
const rest = 250 * time.Millisecond

// errAway says that Redis has not answered lately and was not asked again.
var errAway = errors.New("it has not answered lately, and is asked again in a moment")

// breaker keeps callers from waiting for one who does not answer: after a failure all are
// turned away for a rest, then one is let through to see, and the others when that one
// was answered. The zero value lets everyone through.
type breaker struct {
	mu      sync.Mutex
	away    bool
	probing bool
	until   time.Time // while away: nobody is let through before
}

// allow says whether to call now. Whoever is allowed to has to note what became of it.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.away {
		return true
	}
	if b.probing || now.Before(b.until) {
		return false
	}
	b.probing = true
	return true
}

// open says whether a call would be turned away now.
func (b *breaker) open(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.away && now.Before(b.until)
}

// note notes what became of a call: it was answered, or given up, by its caller or by another
// whom it waited for, before anyone could tell, or neither.
func (b *breaker) note(now time.Time, answered, given bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case answered:
		b.away, b.probing = false, false
	case given:
		b.probing = false
	default:
		b.away, b.probing, b.until = true, false, now.Add(rest)
	}
}

// breakers is one for each share.
type breakers [shares]breaker

// breaker returns the one for a key.
func (s *Store) breaker(key string) *breaker { return &s.breakers[s.share(key)] }

// shares is of how many parts what a cluster serves is looked at as, each a run of slots, so that
// a primary that is away does not stand for the others. What a standalone Redis serves is one.
const shares = 16

// share returns the one that a key is of.
func (s *Store) share(key string) int {
	if s.client.Mode() != rueidis.ClientModeCluster {
		return 0
	}
	command := s.client.B().Get().Key(key).Build()
	return int(command.Slot()) * shares / slots
}

// slots is how many a cluster has.
const slots = 1 << 14
