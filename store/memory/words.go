package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
)

// wordBook is all lists of a room, by id. The zero value is none.
type wordBook struct {
	lists    []wordList
	count    int
	revision store.WordsRevision
}

// wordList is a list; its words are in order of text and never changed in place.
type wordList struct {
	words.Summary
	words []words.Word
}

// everywhere is the lists for every room.
type everywhere struct {
	mu   sync.Mutex
	book wordBook
}

// revisions hands out revisions that no book of the store had before.
type revisions struct{ last atomic.Int64 }

func (r *revisions) next() store.WordsRevision { return store.WordsRevision(r.last.Add(1)) }

// PutWords implements store.Words.
func (s *Store) PutWords(ctx context.Context, id live.RoomID, c words.Change) (words.Summary, error) {
	if id == "" {
		if err := ctx.Err(); err != nil {
			return words.Summary{}, err
		}
		s.everywhere.mu.Lock()
		defer s.everywhere.mu.Unlock()
		return s.everywhere.book.put(id, c, s.now(), &s.revisions)
	}
	r, err := s.open(ctx, id)
	if err != nil {
		return words.Summary{}, err
	}
	defer r.mu.Unlock()
	return r.words.put(id, c, s.now(), &s.revisions)
}

// put changes a list.
func (b *wordBook) put(
	id live.RoomID, c words.Change, now live.Timestamp, revisions *revisions,
) (words.Summary, error) {
	at, found := b.find(c.List)
	list := wordList{Summary: words.Summary{Room: id, ID: c.List}}
	if found {
		list = b.lists[at]
	}
	next := c.Apply(list.words)
	count := b.count + len(next) - len(list.words)
	if count > store.MaxWords && len(next) > len(list.words) {
		return words.Summary{}, &store.WordLimitError{Max: store.MaxWords}
	}
	if slices.Equal(next, list.words) {
		return list.Summary, nil
	}
	list.words, list.Words = next, len(next)
	list.Revision, list.Changed = list.Revision+1, now
	b.place(at, found, list)
	b.count, b.revision = count, revisions.next()
	if count == 0 {
		b.revision = 0
	}
	return list.Summary, nil
}

// find returns where a list is, or would be.
func (b *wordBook) find(id string) (int, bool) {
	return slices.BinarySearchFunc(b.lists, id, func(l wordList, id string) int { return cmp.Compare(l.ID, id) })
}

// place puts a list where it was found, or would be; an empty one goes.
func (b *wordBook) place(at int, found bool, list wordList) {
	switch {
	case len(list.words) == 0:
		b.lists = slices.Delete(b.lists, at, at+1)
	case found:
		b.lists[at] = list
	default:
		b.lists = slices.Insert(b.lists, at, list)
	}
}

// book calls read with the lists of a room, or of every room, under their lock.
func (s *Store) book(ctx context.Context, id live.RoomID, read func(*wordBook)) error {
	if id == "" {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.everywhere.mu.Lock()
		defer s.everywhere.mu.Unlock()
		read(&s.everywhere.book)
		return nil
	}
	r, err := s.locked(ctx, id)
	if err != nil {
		return err
	}
	defer r.mu.Unlock()
	read(&r.words)
	return nil
}

// WordLists implements store.Words.
func (s *Store) WordLists(ctx context.Context, id live.RoomID, after string, limit int) ([]words.Summary, error) {
	var lists []words.Summary
	err := s.book(ctx, id, func(b *wordBook) {
		at, found := b.find(after)
		if found {
			at++
		}
		for ; at < len(b.lists) && len(lists) < limit; at++ {
			lists = append(lists, b.lists[at].Summary)
		}
	})
	return lists, err
}

// WordsOf implements store.Words.
func (s *Store) WordsOf(ctx context.Context, id live.RoomID, list, after string, limit int) ([]words.Word, error) {
	var all []words.Word
	err := s.book(ctx, id, func(b *wordBook) {
		if at, found := b.find(list); found {
			all = b.lists[at].words
		}
	})
	at, found := slices.BinarySearchFunc(all, words.Word{Text: after}, words.ByText)
	if found {
		at++
	}
	return all[at:min(at+limit, len(all))], err
}

// AllWords implements store.Words.
func (s *Store) AllWords(ctx context.Context, id live.RoomID) ([]words.List, store.WordsRevision, error) {
	var lists []words.List
	var revision store.WordsRevision
	err := s.book(ctx, id, func(b *wordBook) {
		revision = b.revision
		for _, l := range b.lists {
			lists = append(lists, words.List{ID: l.ID, Words: l.words})
		}
	})
	return lists, revision, err
}

// WordsRevision implements store.Words.
func (s *Store) WordsRevision(ctx context.Context, id live.RoomID) (own, all store.WordsRevision, err error) {
	if err := s.book(ctx, id, func(b *wordBook) { own = b.revision }); err != nil {
		return 0, 0, err
	}
	err = s.book(ctx, "", func(b *wordBook) { all = b.revision })
	return own, all, err
}
