package words

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
)

// RefusedError says that a word of a list refuses a text.
type RefusedError struct{ List string }

// Error implements error.
func (e *RefusedError) Error() string {
	return "words: a word of list " + strconv.Quote(e.List) + " refuses the text"
}

const (
	// grace is how long words go on acting as they were while changed ones are made
	// ready. With what a store's revision may be behind it makes the second in which
	// a change acts everywhere.
	grace = 500 * time.Millisecond
	// loadWithin bounds how long words are read.
	loadWithin = 10 * time.Second
	// maxRooms and maxCompiled bound the filters of rooms that are kept: how many, and
	// how many words they have together. One is always kept.
	maxRooms    = 10_000
	maxCompiled = 500_000
)

// Filter judges texts by a store's words. It keeps those of the rooms that were spoken
// in lately ready to be found; a change is made ready beside what goes on. Words of
// every room are kept once. Make one with NewFilter; it may be used concurrently.
type Filter struct {
	words   store.Words
	logger  *slog.Logger
	loads   singleflight.Group
	readers sync.Pool

	mu         sync.Mutex
	everywhere *compiled
	rooms      *simplelru.LRU[live.RoomID, *compiled]
	size       int // words of rooms
	maxWords   int // of rooms
}

// compiled is the words of a room, or of every room, ready to be found.
type compiled struct {
	filter   *words.Filter
	revision store.WordsRevision
	behind   time.Time // since when another revision acts; zero: none does
}

// NewFilter returns a filter over a store.
func NewFilter(set store.Set, logger *slog.Logger) *Filter {
	f := &Filter{words: set.Words, logger: logger, maxWords: maxCompiled}
	f.readers.New = func() any { return new(words.Reader) }
	f.rooms, _ = simplelru.NewLRU(maxRooms, func(_ live.RoomID, c *compiled) { f.size -= c.filter.Len() }) // the size is right
	return f
}

// Judge returns a text as it may be seen in a room, or *RefusedError. What the words
// of a room are is known within a second, or an error of the store says that it is
// not: then what was known goes on acting, if anything was.
func (f *Filter) Judge(ctx context.Context, id live.RoomID, text string) (string, error) {
	if text == "" {
		return text, nil
	}
	own, everywhere, err := f.words.WordsRevision(ctx, id)
	if err != nil || own == 0 && everywhere == 0 {
		return text, err
	}
	all, err := f.get(ctx, "", everywhere)
	if err != nil {
		return "", err
	}
	rooms, err := f.get(ctx, id, own)
	if err != nil {
		return "", err
	}
	reader := f.readers.Get().(*words.Reader)
	defer f.readers.Put(reader)
	v := reader.Judge(text, all, rooms)
	if v.Refused {
		return "", &RefusedError{v.List}
	}
	return v.Text, nil
}

// get returns the words of a room, or of every room, at a revision; nil for none.
func (f *Filter) get(ctx context.Context, id live.RoomID, revision store.WordsRevision) (*words.Filter, error) {
	if revision == 0 {
		return nil, nil //nolint:nilnil // no filter is one that finds nothing
	}
	known := f.known(id, revision, time.Now())
	if known.filter != nil && known.revision == revision {
		return known.filter, nil
	}
	// One load for all who wait. It is nobody's own, and goes on when they give up.
	load := f.loads.DoChan(string(id), func() (any, error) { return f.load(context.WithoutCancel(ctx), id) })
	if known.filter == nil {
		return wait(ctx, load)
	}
	if time.Since(known.behind) < grace {
		return known.filter, nil
	}
	filter, err := wait(ctx, load)
	if err != nil && !errors.Is(err, context.Cause(ctx)) {
		return known.filter, nil // load has logged why: what was known goes on acting
	}
	return filter, err
}

// wait waits for a load.
func wait(ctx context.Context, load <-chan singleflight.Result) (*words.Filter, error) {
	select {
	case r := <-load:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*words.Filter), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// known returns what is ready for a room, and notes that it is behind a revision.
func (f *Filter) known(id live.RoomID, revision store.WordsRevision, now time.Time) compiled {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.everywhere
	if id != "" {
		c, _ = f.rooms.Get(id)
	}
	if c == nil {
		return compiled{}
	}
	if c.revision != revision && c.behind.IsZero() {
		c.behind = now
	}
	return *c
}

// load reads the words of a room, or of every room, and keeps them ready.
func (f *Filter) load(ctx context.Context, id live.RoomID) (*words.Filter, error) {
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	lists, revision, err := f.words.AllWords(ctx, id)
	if err != nil {
		f.logger.WarnContext(ctx, "cannot read forbidden words", "room_id", string(id), "error", err)
		return nil, err
	}
	c := &compiled{filter: words.Compile(lists), revision: revision}
	f.mu.Lock()
	defer f.mu.Unlock()
	if id == "" {
		f.everywhere = c
	} else {
		f.keep(id, c)
	}
	return c.filter, nil
}

// keep keeps a room's words, and drops those not asked for the longest. The caller
// holds f.mu.
func (f *Filter) keep(id live.RoomID, c *compiled) {
	if old, ok := f.rooms.Peek(id); ok {
		f.size -= old.filter.Len()
	}
	f.rooms.Add(id, c)
	f.size += c.filter.Len()
	for f.size > f.maxWords && f.rooms.Len() > 1 {
		f.rooms.RemoveOldest()
	}
}
