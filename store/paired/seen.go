package paired

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/ovation-live/ovation/live"
)

// maxSeen is of how many rooms a node remembers what it has seen.
const maxSeen = 1 << 16

// seen is what a node knows of the copies in the hot backend. A room whose log has
// another epoch than it had, or that this node has not seen yet, may have copies that are
// behind though nothing is owed: the hot backend may have lost what was handed over last.
type seen struct {
	rooms *lru.Cache[live.RoomID, sight]

	mu      sync.Mutex
	behind  map[live.RoomID]struct{} // whose copies are to be handed over again
	waiting chan struct{}            // holds one when there are any
}

// sight is what is known of one room.
type sight struct {
	epoch    live.Epoch
	revision int64 // that the copy has, at least
}

func newSeen() *seen {
	return &seen{
		rooms:   remembering[live.RoomID, sight](maxSeen),
		behind:  make(map[live.RoomID]struct{}),
		waiting: make(chan struct{}, 1),
	}
}

// log notes the epoch that a room's log has, and the revision that its copy has, at least.
func (s *seen) log(id live.RoomID, epoch live.Epoch, revision int64) {
	was, known := s.rooms.Get(id)
	if known && was.epoch == epoch && revision <= was.revision {
		return
	}
	s.rooms.Add(id, sight{epoch, max(revision, was.revision)})
	switch {
	case was.epoch == "":
		s.suspect(id)
	case was.epoch != epoch:
		s.suspect(id, "") // and so may be what acts in every room
	}
}

// handed notes the revision that was handed over.
func (s *seen) handed(id live.RoomID, revision int64) {
	was, _ := s.rooms.Get(id)
	if revision > was.revision {
		s.rooms.Add(id, sight{was.epoch, revision})
	}
}

// revision returns which revision the copy has, at least.
func (s *seen) revision(id live.RoomID) int64 {
	was, _ := s.rooms.Get(id)
	return was.revision
}

// suspect notes that the copies of places may be behind. It never blocks. Where too many
// are, the debts and the next look at each room must do.
func (s *seen) suspect(places ...live.RoomID) {
	s.mu.Lock()
	for _, place := range places {
		if len(s.behind) < maxSeen {
			s.behind[place] = struct{}{}
		}
	}
	s.mu.Unlock()
	select {
	case s.waiting <- struct{}{}:
	default:
	}
}

// take takes out at most n places that may be behind, and says whether there are more.
func (s *seen) take(n int) (places []live.RoomID, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for place := range s.behind {
		if len(places) == n {
			return places, true
		}
		places = append(places, place)
		delete(s.behind, place)
	}
	return places, false
}
