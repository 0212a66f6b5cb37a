package memory

import (
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/recent"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// roomState is all that the store holds of one room.
type roomState struct {
	id        live.RoomID
	epoch     live.Epoch
	sanctions *sanctions // the room's own

	mu         sync.Mutex
	room       room.Room
	clock      live.Clock
	log        *feed.Log
	attributes *attribute.Map
	updates    recent.Memory[request, remembered]
	presence   presence
	outlived   map[live.SessionID]*lease // of a room that has ended: sessions of which nothing is known since
	joins      live.Clock                // hands out incarnations
	sequence   uint64
	followers  []*follower
	words      wordBook
	quizzes    quizBook
	forgotten  bool // it is in the store no more
}

func newRoomState(r room.Room, epoch live.Epoch) *roomState {
	return &roomState{
		id:         r.ID,
		epoch:      epoch,
		sanctions:  newSanctions(),
		room:       r,
		log:        feed.NewLog(epoch, r.Settings.Feed.Capacity),
		attributes: attribute.NewMap(),
		presence:   newPresence(),
	}
}

// publish tells every follower. The caller holds r.mu.
func (r *roomState) publish(p store.Publication) {
	r.sequence++
	p.Epoch, p.Sequence = r.epoch, r.sequence
	for _, f := range r.followers {
		f.hear(p)
	}
}
