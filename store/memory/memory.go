// Package memory is the embedded store: every role of package store in one process,
// over the pure rules of package live. What it holds is gone with the process; a new
// process begins new epochs.
//
// Lock order: Store.mu, then roomState.mu, then one of expiry.mu, unsettled.mu and
// endings.mu, overs.mu, or sanctions.mu, that of every room before a room's own, or giftBook.mu, then
// one of books.mu, taskQueue.mu, answers.mu, visits.mu and events.mu, the last after visits.mu;
// everywhere.mu, nodes.mu, reports.mu and shard.mu alone.
// quizState.changing comes before all but Store.mu. Publications are heard under
// roomState.mu, so that they come in order.
package memory

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/recent"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// rememberRequests is how long a request id is remembered.
const rememberRequests = 5 * time.Minute

// Store is an embedded store. Make one with New.
type Store struct {
	now           func() live.Timestamp
	retain        time.Duration
	retainQuizzes time.Duration
	payloads      store.Payloads // nil: events are recorded by others alone

	mu       sync.RWMutex
	rooms    map[live.RoomID]*roomState
	ids      []live.RoomID // sorted
	requests recent.Memory[string, room.Room]

	expiry    expiry
	unsettled unsettled
	endings   endings[*roomState]
	overs     endings[overQuiz]
	sanctions *sanctions // of every room

	everywhere everywhere
	revisions  revisions
	nodes      nodes
	events     events
	books      books
	gifts      *giftBook
	tasks      taskQueue
	answers    answers
	visits     visits
	reports    reports
}

// Option changes how a store is made.
type Option func(*Store)

// WithClock gives the store another clock than the machine's.
func WithClock(now func() live.Timestamp) Option {
	return func(s *Store) { s.now = now }
}

// WithPayloads has the store record events of what it does itself.
func WithPayloads(p store.Payloads) Option {
	return func(s *Store) { s.payloads = p }
}

// Retention is how long an ended room is kept by default.
const Retention = time.Hour

// WithRetention keeps ended rooms for another time than Retention: then all that is
// known of them is dropped, by the next Expire.
func WithRetention(d time.Duration) Option {
	return func(s *Store) { s.retain = d }
}

// QuizRetention is how long a quiz that is over is kept by default.
const QuizRetention = 24 * time.Hour

// WithQuizRetention keeps quizzes that are over for another time than QuizRetention, while
// their room is there: then all that is known of them but the ledger's is dropped, by the
// next Expire.
func WithQuizRetention(d time.Duration) Option {
	return func(s *Store) { s.retainQuizzes = d }
}

// New returns an empty store.
func New(opts ...Option) *Store {
	s := &Store{
		now:    machineClock(),
		retain: Retention,

		retainQuizzes: QuizRetention,

		rooms:     make(map[live.RoomID]*roomState),
		sanctions: newSanctions(),
		gifts:     newGiftBook(),
	}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// machineClock returns the machine's clock as it was set when the store was made: from
// there on it counts the time that passes, and corrections of the clock do not show.
func machineClock() func() live.Timestamp {
	begun := time.Now()
	return func() live.Timestamp { return live.At(begun.Add(time.Since(begun))) }
}

// newEpoch returns an epoch that no room had before.
func newEpoch() live.Epoch { return live.Epoch(rand.Text()[:13]) }

// Set returns the store as every role.
func (s *Store) Set() store.Set {
	return store.Set{
		Rooms: s, Log: s, Attributes: s, Presence: s, Sanctions: s, Words: s, Bus: s, History: s, Nodes: s,
		Events: s, Consumers: s, Webhooks: s, Quizzes: s, Answers: s, Ledger: s, Gifts: s, Visits: s, Reports: s, Clock: s,
	}
}

// Now implements store.Clock.
func (s *Store) Now() live.Timestamp { return s.now() }

// find returns a room's state, or ErrRoomNotFound, or the error of a context that is
// over.
func (s *Store) find(ctx context.Context, id live.RoomID) (*roomState, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r := s.get(id); r != nil {
		return r, nil
	}
	return nil, &store.RoomError{Room: id, Err: store.ErrRoomNotFound}
}

// get returns a room's state, nil if there is none.
func (s *Store) get(id live.RoomID) *roomState {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rooms[id]
}

// locked returns a room's state under its lock, which the caller gives back.
func (s *Store) locked(ctx context.Context, id live.RoomID) (*roomState, error) {
	r, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	return r, nil
}

// open is locked for a room that must not have ended.
func (s *Store) open(ctx context.Context, id live.RoomID) (*roomState, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.room.State == room.Ended {
		r.mu.Unlock()
		return nil, &store.RoomError{Room: id, Err: store.ErrRoomEnded}
	}
	return r, nil
}

// add registers a new room. The caller holds s.mu.
func (s *Store) add(r room.Room) {
	s.rooms[r.ID] = newRoomState(r, newEpoch())
	at, _ := slices.BinarySearch(s.ids, r.ID)
	s.ids = slices.Insert(s.ids, at, r.ID)
}
