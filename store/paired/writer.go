package paired

import (
	"context"
	"errors"
	"log/slog"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// writeAtOnce is how many messages are archived in one transaction.
const writeAtOnce = 1000

// writer archives rooms that its node has the leases to.
type writer struct {
	hot     Hot
	durable Durable
	node    store.NodeID
	logger  *slog.Logger
	metrics *Metrics
}

// writing is how far a room is archived, as far as is known. The zero value knows nothing.
type writing struct {
	known bool
	at    feed.Cursor // the place in the durable backend
	from  feed.Cursor // where the log goes on that is not archived: another place only in a new life
	wrote bool        // the latest write kept something
}

// writeAttempts is how often in a row is found out how far a room is archived.
const writeAttempts = 5

// errLost says that the place of an archive is not one of the log.
var errLost = errors.New("paired: the archive does not go on where the log is")

// write archives a room from its place to the head of its log.
func (w writer) write(ctx context.Context, id live.RoomID, room *writing) error {
	room.wrote = false
	for range writeAttempts {
		done, err := w.writeOn(ctx, id, room)
		if done || err != nil {
			return gone(err)
		}
	}
	return errLost
}

// writeOn is write until the place turns out to be another.
func (w writer) writeOn(ctx context.Context, id live.RoomID, room *writing) (done bool, err error) {
	if !room.known {
		if *room, err = w.find(ctx, id); err != nil {
			return false, err
		}
	}
	for {
		batch, _, err := w.hot.Read(ctx, id, room.from, writeAtOnce)
		if err != nil {
			return false, err
		}
		if batch.Resync || batch.Cursor.Epoch != room.at.Epoch {
			room.known = false // it has another life
			return false, nil
		}
		if batch.Cursor == room.at {
			return true, nil
		}
		kept, err := w.durable.Archive(ctx, id, room.at, batch.Cursor, batch.Messages)
		if err != nil || !kept {
			room.known = false // it may have been done all the same; or another node came first
			return false, err
		}
		w.count(ctx, id, batch)
		room.at, room.from, room.wrote = batch.Cursor, batch.Cursor, true
		if !batch.More {
			return true, nil
		}
	}
}

// gone passes over a room that the hot backend does not know any more: there is nothing
// left to archive.
func gone(err error) error {
	if errors.Is(err, store.ErrRoomNotFound) {
		return nil
	}
	return err
}

// find finds out how far a room is archived. A log that has begun another life goes on
// from where the life before it is archived to, as far as it has kept that.
func (w writer) find(ctx context.Context, id live.RoomID) (writing, error) {
	head, err := w.hot.Head(ctx, id)
	if err != nil {
		return writing{}, err
	}
	epoch := head.Cursor.Epoch
	at, err := w.archived(ctx, id, epoch)
	if err != nil {
		return writing{}, err
	}
	room := writing{known: true, at: at, from: at}
	if at != (feed.Cursor{Epoch: epoch}) {
		return room, nil
	}
	kept := head.Cursor
	for _, ancestor := range head.Ancestry {
		if ancestor.Epoch == "" {
			break
		}
		kept = earlier(ancestor, kept)
		was, err := w.archived(ctx, id, ancestor.Epoch)
		if err != nil {
			return writing{}, err
		}
		if was.At != (feed.Cursor{}).At {
			room.from = feed.Cursor{Epoch: epoch, At: earlier(was, kept).At}
			break
		}
	}
	return room, nil
}

// archived returns how far a life of a room's log is archived.
func (w writer) archived(ctx context.Context, id live.RoomID, epoch live.Epoch) (feed.Cursor, error) {
	at, err := w.durable.Archived(ctx, id, epoch)
	at.Epoch = epoch
	return at, err
}

// earlier returns the earlier place of two in each bucket.
func earlier(c, d feed.Cursor) feed.Cursor {
	for b := range c.At {
		if d.At[b].Sequence < c.At[b].Sequence {
			c.At[b] = d.At[b]
		}
	}
	return c
}

// count counts what was archived, and says what was lost.
func (w writer) count(ctx context.Context, id live.RoomID, batch feed.Batch) {
	w.metrics.archived.Add(float64(len(batch.Messages)))
	var missed uint64
	for _, dropped := range batch.Dropped {
		missed += dropped
	}
	if missed > 0 {
		w.metrics.missed.Add(float64(missed))
		w.logger.WarnContext(ctx, "the log dropped messages before they were archived", "room_id", id, "missed", missed)
	}
}
