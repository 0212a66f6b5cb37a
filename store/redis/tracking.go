package redis

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"
)

// ErrNoTracking says that Redis cannot be asked to say when copies are out of date, because
// it does not know how or does not let us: open it with NoCache.
var ErrNoTracking = errors.New("redis: the server has no client tracking for us")

// opening says why a connection could not be opened.
func opening(err error) error {
	if !errors.Is(err, rueidis.ErrNoCache) {
		return unavailable(err)
	}
	said, _, _ := strings.Cut(err.Error(), "\n") // what the server said; then comes advice for callers of rueidis
	if said == rueidis.ErrNoCache.Error() {
		return ErrNoTracking
	}
	return fmt.Errorf("%w: %s", ErrNoTracking, said)
}
