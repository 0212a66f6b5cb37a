package hub

import (
	"sync"

	"github.com/ovation-live/ovation/live/feed"
)

const (
	// keptBytes is how much is kept of answers to pulls at one state of a room, about.
	keptBytes = 4 << 20
	// answerBytes is what an answer costs apart from its messages, about.
	answerBytes = 1 << 10
)

// answers holds what readers were answered at the room's present state: viewers who
// are notified together stand at the same cursor, and get the same bytes. The zero
// value is empty and ready to use; it may be used concurrently.
type answers struct {
	mu    sync.Mutex
	heads feed.Heads
	kept  map[reader]Pulled
	bytes int  // of what is kept, about
	used  bool // since the last call of tire
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
	a.used = true
	if a.heads != heads {
		a.forget()
		a.heads = heads
	}
	if answer, ok := a.kept[r]; ok {
		return answer
	}
	answer := look()
	size := sizeOf(answer.Batch)
	if a.bytes+size > keptBytes {
		a.forget()
	}
	if a.kept == nil {
		a.kept = make(map[reader]Pulled)
	}
	a.kept[r] = answer
	a.bytes += size
	return answer
}

// leave drops what is kept of a state that is not the room's any more.
func (a *answers) leave(heads feed.Heads) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.heads != heads {
		a.forget()
	}
}

// tire drops what nobody has asked for since it was last called.
func (a *answers) tire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.used {
		a.forget()
	}
	a.used = false
}

// forget drops everything. The caller holds a.mu.
func (a *answers) forget() { a.kept, a.bytes = nil, 0 }

// sizeOf returns about how many bytes an answer takes once it is encoded.
func sizeOf(b feed.Batch) int {
	n := answerBytes
	for _, m := range b.Messages {
		n += m.Size()
	}
	return n
}
