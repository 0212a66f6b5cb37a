package rpc

import (
	"context"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/wire"
)

// defaultWords is how many words or lists a page has when the caller does not say.
const defaultWords = 1000

// PutWords implements ModerationService.
func (h *moderationHandler) PutWords(
	ctx context.Context, req *ovationv1.PutWordsRequest,
) (*ovationv1.PutWordsResponse, error) {
	list, err := h.words.Put(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()), wire.WordsChange(req))
	if err != nil {
		return nil, err
	}
	return &ovationv1.PutWordsResponse{List: wire.WordList(list)}, nil
}

// ListWords implements ModerationService.
func (h *moderationHandler) ListWords(
	ctx context.Context, req *ovationv1.ListWordsRequest,
) (*ovationv1.ListWordsResponse, error) {
	size := defaultWords
	if req.GetPageSize() > 0 {
		size = int(req.GetPageSize())
	}
	p, id := auth.From(ctx), live.RoomID(req.GetRoomId())
	if req.GetListId() == "" {
		lists, next, err := h.words.Lists(ctx, p, id, size, req.GetPageToken())
		if err != nil {
			return nil, err
		}
		return &ovationv1.ListWordsResponse{Lists: wire.WordLists(lists), NextPageToken: next}, nil
	}
	found, next, err := h.words.Words(ctx, p, id, req.GetListId(), size, req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &ovationv1.ListWordsResponse{Words: wire.Words(found), NextPageToken: next}, nil
}
