package hub

import (
	"sync"

	"github.com/ovation-live/ovation/live/feed"
)

// keptAnswers is how many different answers to pulls are kept at one state of a room.
const keptAnswers = 256

// answers holds what readers were answered at the room's present state: viewers who
// are notified together stand at the same cursor, and get the same bytes. The zero
// value is empty and ready to use; it may be used concurrently.
type answers struct {
	mu    sync.Mutex
	heads feed.Heads
	kept  map[reader]Pulled
}

// reader is what an answer depends on.
type reader struct {
	cursor feed.Cursor
	limit  int
}

// get returns what a reader gets at heads: what another got before, or what look
// makes.
func (a *answers) get(heads feed.Heads, r reader, look func() Pulled) Pulled {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.heads != heads || len(a.kept) >= keptAnswers {
		a.heads, a.kept = heads, make(map[reader]Pulled)
	}
	answer, ok := a.kept[r]
	if !ok {
		answer = look()
		a.kept[r] = answer
	}
	return answer
}
