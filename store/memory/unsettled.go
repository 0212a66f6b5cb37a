package memory

import (
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// againAfter is when a session that has lapsed or was left is handed out again, if nobody
// has settled it.
const againAfter = time.Minute

// unsettled is the sessions that have ended and were handed out, until whoever got them
// says that they are dealt with. The zero value is none.
type unsettled struct {
	mu    sync.Mutex
	ended map[stay]store.Ended
	queue []again
}

// stay names a session that has ended.
type stay struct {
	room        live.RoomID
	session     live.SessionID
	incarnation room.Incarnation
}

func stayOf(e store.Ended) stay { return stay{e.Room, e.ID, e.Incarnation} }

// again says when to hand a session out again.
type again struct {
	at   live.Timestamp
	stay stay
}

// add keeps a session that is handed out now.
func (u *unsettled) add(e store.Ended, now live.Timestamp) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended == nil {
		u.ended = make(map[stay]store.Ended)
	}
	u.ended[stayOf(e)] = e
	u.queue = append(u.queue, again{now.Add(againAfter), stayOf(e)})
}

// due returns at most limit sessions that are to be handed out again now.
func (u *unsettled) due(now live.Timestamp, limit int) (ended []store.Ended) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(ended) < limit && len(u.queue) > 0 && u.queue[0].at <= now {
		next := u.queue[0].stay
		u.queue = u.queue[1:]
		if e, ok := u.ended[next]; ok {
			ended = append(ended, e)
			u.queue = append(u.queue, again{now.Add(againAfter), next})
		}
	}
	return ended
}

// settle forgets sessions.
func (u *unsettled) settle(ended []store.Ended) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, e := range ended {
		delete(u.ended, stayOf(e))
	}
}
