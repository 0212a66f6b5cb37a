// Package words keeps the lists of forbidden words, and judges texts by them.
package words

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// DefaultList is the list that is meant where none is named.
const DefaultList = "default"

// Service is the use cases of forbidden words. It may be used concurrently.
type Service struct{ words store.Words }

// New returns the use cases over a store.
func New(set store.Set) *Service { return &Service{words: set.Words} }

// Put changes a list of a room, or of every room. Errors of auth,
// *words.UnusableError, *store.WordLimitError, store.ErrRoomNotFound,
// store.ErrRoomEnded.
func (s *Service) Put(
	ctx context.Context, p auth.Principal, id live.RoomID, c words.Change,
) (words.Summary, error) {
	if err := may(p, id, live.RoleHost, live.RoleBackend); err != nil {
		return words.Summary{}, err
	}
	if err := words.Check(c.Words); err != nil {
		return words.Summary{}, err
	}
	if c.List == "" {
		c.List = DefaultList
	}
	return s.words.PutWords(ctx, id, c)
}

// Lists returns a page of the lists of a room, or of every room, by id, and the token
// of the next. page.ErrToken.
func (s *Service) Lists(
	ctx context.Context, p auth.Principal, id live.RoomID, size int, token string,
) ([]words.Summary, string, error) {
	list := page.List("word lists " + id)
	after, err := begin(p, id, list, token)
	if err != nil {
		return nil, "", err
	}
	lists, err := s.words.WordLists(ctx, id, after, size+1)
	lists, next := page.Cut(list, lists, size, func(l words.Summary) string { return l.ID })
	return lists, next, err
}

// Words returns a page of the words of a list, by text, and the token of the next.
// page.ErrToken.
func (s *Service) Words(
	ctx context.Context, p auth.Principal, id live.RoomID, listID string, size int, token string,
) ([]words.Word, string, error) {
	list := page.List("words " + string(id) + " " + listID)
	after, err := begin(p, id, list, token)
	if err != nil {
		return nil, "", err
	}
	found, err := s.words.WordsOf(ctx, id, listID, after, size+1)
	found, next := page.Cut(list, found, size, func(w words.Word) string { return w.Text })
	return found, next, err
}

// begin says where a page begins that a caller may see.
func begin(p auth.Principal, id live.RoomID, list page.List, token string) (string, error) {
	if err := may(p, id, live.RoleModerator, live.RoleHost, live.RoleBackend); err != nil {
		return "", err
	}
	return list.After(token)
}

// may returns nil if the caller has one of the roles in a room; what is for every room
// is a backend's alone, whichever rooms its token covers.
func may(p auth.Principal, id live.RoomID, roles ...live.Role) error {
	if id != "" {
		return p.As(id, roles...)
	}
	if p.Role != live.RoleBackend {
		return auth.ErrRoleForbidden
	}
	return p.In(auth.AnyRoom)
}
