package store

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// History is what was said in every room, for longer than its log reaches back.
type History interface {
	// History returns at most limit messages with after < timestamp < until (0: no
	// bound), all buckets together in order of timestamp: those that the log holds
	// still and those that it no longer does, as far back as they are kept. Of a
	// recalled message only its place is left. ErrRoomNotFound.
	History(ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int) ([]*feed.Message, error)
}
