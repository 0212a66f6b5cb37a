package moderation

import (
	"context"
	"strconv"
	"strings"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// sanctionsOf lists the sanctions of a room.
func sanctionsOf(id live.RoomID) page.List { return page.List("sanctions " + id) }

// List returns a page of sanctions, the newest first, and the token of the next. Errors
// of auth, page.ErrToken, store.ErrRoomNotFound.
func (s *Service) List(
	ctx context.Context, p auth.Principal, q store.SanctionQuery, token string,
) ([]moderation.Sanction, string, error) {
	if err := may(p, q.Room, moderation.Ban); err != nil {
		return nil, "", err
	}
	list, size := sanctionsOf(q.Room), q.Limit
	last, err := list.After(token)
	if err != nil {
		return nil, "", err
	}
	if q.After, err = markFrom(last); err != nil {
		return nil, "", err
	}
	q.Limit++
	found, err := s.sanctions.Sanctions(ctx, q)
	if err != nil {
		return nil, "", err
	}
	found, next := page.Cut(list, found, size, func(s moderation.Sanction) string { return markTo(s.Mark()) })
	return found, next, nil
}

// markTo writes a place in the list.
func markTo(m moderation.Mark) string { return strconv.FormatInt(int64(m.At), 36) + " " + m.ID }

// markFrom reads what markTo wrote; nothing is the list's beginning. page.ErrToken.
func markFrom(last string) (moderation.Mark, error) {
	if last == "" {
		return moderation.Mark{}, nil
	}
	at, id, ok := strings.Cut(last, " ")
	t, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil || t < 0 {
		return moderation.Mark{}, page.ErrToken
	}
	return moderation.Mark{At: live.Timestamp(t), ID: id}, nil
}
