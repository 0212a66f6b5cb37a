package paired

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
)

// PutWords implements store.Words.
func (s *Store) PutWords(ctx context.Context, id live.RoomID, c words.Change) (words.Summary, error) {
	list, err := s.durable.PutWords(ctx, id, c)
	if err != nil {
		return words.Summary{}, err
	}
	_, err = s.handWords(ctx, id)
	return list, err
}

// handWords hands over the revision of a place's words, and returns it. Whoever is overtaken
// reads again: what the other has read may be older.
func (s *Store) handWords(ctx context.Context, place live.RoomID) (store.WordsRevision, error) {
	for {
		seen, err := s.hot.FreshWordsCopy(ctx, place)
		if err != nil {
			return 0, s.handed(err)
		}
		revision, err := s.durable.WordsRevision(ctx, place)
		if err != nil {
			return 0, err
		}
		if seen.Seen != "" && seen.Revision == revision {
			return revision, nil
		}
		if taken, err := s.hot.TakeWords(ctx, place, seen, revision); err != nil || taken {
			return revision, s.handed(err)
		}
	}
}

// WordLists implements store.Words.
func (s *Store) WordLists(ctx context.Context, id live.RoomID, after string, limit int) ([]words.Summary, error) {
	return s.durable.WordLists(ctx, id, after, limit)
}

// WordsOf implements store.Words.
func (s *Store) WordsOf(ctx context.Context, id live.RoomID, list, after string, limit int) ([]words.Word, error) {
	return s.durable.WordsOf(ctx, id, list, after, limit)
}

// AllWords implements store.Words.
func (s *Store) AllWords(ctx context.Context, id live.RoomID) ([]words.List, store.WordsRevision, error) {
	return s.durable.AllWords(ctx, id)
}

// WordsRevision implements store.Words.
func (s *Store) WordsRevision(ctx context.Context, id live.RoomID) (own, everywhere store.WordsRevision, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	places := placesOf(id)
	copies, err := s.hot.WordsCopies(ctx, places)
	if err != nil {
		return 0, 0, err
	}
	var revisions [2]store.WordsRevision
	for i, place := range places {
		revisions[i] = copies[i].Revision
		if copies[i].Seen == "" {
			if revisions[i], err = s.loadWords(ctx, place); err != nil {
				return 0, 0, err
			}
		}
	}
	if id == "" {
		return revisions[0], revisions[0], nil
	}
	return revisions[1], revisions[0], nil
}

// loadWords is handWords for a place that has no copy, once for all who ask meanwhile.
func (s *Store) loadWords(ctx context.Context, place live.RoomID) (store.WordsRevision, error) {
	return fly(ctx, s.wordings, place, func(ctx context.Context) (store.WordsRevision, error) {
		return s.handWords(ctx, place)
	})
}
