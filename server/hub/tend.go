package hub

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

const (
	// retryMend is how long to leave a store that could not be read, the first time;
	// each time twice as long, up to retryMendAtMost, give or take a fifth.
	retryMend       = 250 * time.Millisecond
	retryMendAtMost = 5 * time.Second
	// mendWithin is how long a store may take to answer before it counts as away.
	mendWithin = 10 * time.Second
	// settleWithin is how long a reader waits for a replica that seems to be behind.
	settleWithin = time.Second
)

// tend keeps the replica whole until the room is dropped: it mends what was lost, and
// checks for those who ask.
func (f *followed) tend() {
	rest := time.NewTimer(0)
	defer rest.Stop()
	gap := f.gap
	var wait time.Duration
	for {
		select {
		case <-f.ctx.Done():
			return
		case <-gap:
			if wait = f.try(wait); wait > 0 {
				rest.Reset(jittered(wait))
				gap = nil
				signal(f.gap)
			}
		case <-rest.C:
			gap = f.gap
		case ask := <-f.asks:
			f.answer(ask)
		}
	}
}

// try mends, and returns how long to wait before trying again if it cannot. Of an
// outage the first failure and the end are logged.
func (f *followed) try(waited time.Duration) (wait time.Duration) {
	err := f.mend()
	logger := f.hub.config.Logger.With("room_id", string(f.id))
	switch {
	case err == nil && waited > 0:
		logger.Info("a followed room is whole again")
		return 0
	case err == nil, f.ctx.Err() != nil:
		return 0
	case waited == 0:
		logger.Warn("cannot read a followed room; serving it from memory", "error", err)
		return retryMend
	default:
		return min(2*waited, retryMendAtMost)
	}
}

// behind asks the log whether the replica lacks something, even the last publication.
// A store that is away is seen by those who need it.
func (f *followed) behind() bool {
	ctx, cancel := context.WithTimeout(f.ctx, mendWithin)
	defer cancel()
	head, err := f.hub.source.Log.Head(ctx, f.id)
	if err != nil {
		return false
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return head.Cursor.Epoch != f.epoch() || head.Sequence > f.sequence ||
		head.Attributes > f.attributes || head.Revision > f.room.Revision
}

// roomIsBehind says whether the replica's room is older than the log's head.
func (f *followed) roomIsBehind(head store.Head) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return head.Cursor.Epoch == f.epoch() && head.Revision > f.room.Revision
}

// settle lets a replica that cannot continue a cursor make sure that it is not behind
// the cursor: its reader may come from a node that has heard more. Where the store
// does not answer, the replica is taken as it is.
func (f *followed) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	ask := make(chan struct{})
	select {
	case f.asks <- ask:
	case <-ctx.Done():
		return
	case <-f.ctx.Done():
		return
	}
	select {
	case <-ask:
	case <-ctx.Done():
	case <-f.ctx.Done():
	}
}

// continues says whether the replica can go on from a cursor.
func (f *followed) continues(c feed.Cursor) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return continues(f.rings, c)
}

// continues says whether a reader at c, who may have read nothing yet, gets what comes
// next.
func continues(rings *feed.Rings, c feed.Cursor) bool {
	return c == (feed.Cursor{}) || rings.Continues(c)
}

// answer checks, and mends if need be, for one who asks and all who wait to ask.
func (f *followed) answer(ask chan struct{}) {
	asked := []chan struct{}{ask}
	for more := true; more; {
		select {
		case ask := <-f.asks:
			asked = append(asked, ask)
		default:
			more = false
		}
	}
	if f.behind() && f.mend() != nil {
		signal(f.gap)
	}
	for _, ask := range asked {
		close(ask)
	}
}
