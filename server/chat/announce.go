package chat

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// Announce puts the message of something that its sender has paid for into a room's log.
// Neither filter nor mute nor slow mode concern it; the room's rate may shed it.
// store.ErrRoomNotFound, store.ErrRoomEnded.
func (s *Service) Announce(ctx context.Context, id live.RoomID, c feed.Content) (feed.Receipt, error) {
	r, err := s.hub.Room(ctx, id)
	if err != nil {
		return feed.Receipt{}, err
	}
	role := live.RoleViewer
	if c.Sender == r.Host {
		role = live.RoleHost
	}
	return s.append(ctx, r, feed.Draft{Content: c, Bucket: r.Settings.Rules.Bucket(c.Kind, role), Exempt: true})
}
