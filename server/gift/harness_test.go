package gift_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	rules "github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/gift"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

var backend = auth.Principal{User: "backend", Role: live.RoleBackend, Rooms: []live.RoomID{auth.AnyRoom}}

// viewer returns a caller.
func viewer(user string) auth.Principal {
	return auth.Principal{User: live.UserID(user), Name: "N", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}}
}

// tb is what tests, benchmarks and property tests have in common.
type tb interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}

// kept is store.Gifts under another name.
type kept = store.Gifts

// hall is a store with a live room "r" whose host is "host", a rose for 10 coins with
// combos and a star for 3 without, and what happens to its payments and messages.
type hall struct {
	tb
	kept // the store's own

	set    store.Set
	before func(ctx context.Context) error // calls of SendGifts; nil: nothing happens
	after  func() error                    // the same
	calls  []int                           // what each carried

	mu     sync.Mutex
	said   []said
	told   map[live.RoomID]rules.Counters
	refuse error // of messages
}

// said is a message that came into the room.
type said struct {
	feed.Content

	at time.Time
}

// newHall returns a hall.
func newHall(t tb) *hall {
	t.Helper()
	h := &hall{tb: t, set: memory.New().Set(), told: make(map[live.RoomID]rules.Counters)}
	h.kept, h.set.Gifts = h.set.Gifts, h
	ctx := context.Background()
	_, err := h.set.Rooms.CreateRoom(ctx, room.Room{ID: "r", Host: "host", Settings: room.DefaultSettings()}, "")
	h.must(err)
	for _, g := range []rules.Gift{
		{ID: "rose", Name: "A rose", Price: 10, Points: 1, ComboWindow: 10 * time.Second},
		{ID: "star", Name: "A star", Price: 3},
	} {
		_, err := h.PutGift(ctx, g, 10)
		h.must(err)
	}
	return h
}

// must fails on an error.
func (h *hall) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// SendGifts implements store.Gifts, with what happens before and after.
func (h *hall) SendGifts(ctx context.Context, sends []rules.Send) ([]store.GiftResult, error) {
	h.mu.Lock()
	h.calls = append(h.calls, len(sends))
	before, after := h.before, h.after
	h.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return nil, err
		}
	}
	results, err := h.kept.SendGifts(ctx, sends)
	if after != nil && err == nil {
		err = after()
	}
	return results, err
}

// happens sets what happens to payments from now on.
func (h *hall) happens(before func(context.Context) error, after func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before, h.after = before, after
}

// Announce implements gift.Messages.
func (h *hall) Announce(_ context.Context, _ live.RoomID, c feed.Content) (feed.Receipt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse != nil {
		return feed.Receipt{}, h.refuse
	}
	h.said = append(h.said, said{c, time.Now()})
	return feed.Receipt{Outcome: feed.Accepted}, nil
}

// heard returns the messages that have come into the room.
func (h *hall) heard() []said {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.said)
}

// GiftRevisions implements gift.Viewers: somebody is always in the room.
func (h *hall) GiftRevisions() map[live.RoomID]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return map[live.RoomID]int64{"r": h.told["r"].Revision}
}

// SetGifts implements gift.Viewers.
func (h *hall) SetGifts(id live.RoomID, c rules.Counters) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told[id] = c
}

// node returns the use cases over the hall's store. The caller closes them.
func (h *hall) node(edits ...func(*gift.Config)) *gift.Service {
	c := gift.Config{Messages: h, Viewers: h, Logger: slog.New(slog.DiscardHandler)}
	for _, edit := range edits {
		edit(&c)
	}
	return gift.New(h.set, h.set.Rooms, c)
}

// runs runs a node until what it returns is called.
func runs(s *gift.Service) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.Run(ctx)
	}()
	return func() {
		cancel()
		<-over
		s.Close()
	}
}

// deposit gives users coins.
func (h *hall) deposit(coins int64, users ...string) {
	h.Helper()
	for _, user := range users {
		h.must(h.set.Ledger.Post(context.Background(), []ledger.Transaction{{
			ID: "deposit/" + user, Kind: ledger.Deposit, RequestID: user,
			Postings: []ledger.Posting{
				{Account: ledger.Account{Kind: ledger.User, Owner: user}, Amount: coins},
				{Account: ledger.Account{Kind: ledger.External}, Amount: -coins},
			},
		}}))
	}
}

// has returns what a user has.
func (h *hall) has(user string) int64 {
	h.Helper()
	found, err := h.set.Ledger.Balances(context.Background(), []ledger.Account{{Kind: ledger.User, Owner: user}})
	h.must(err)
	return found.Amounts[0]
}

// order is a rose from somebody.
func order(id string) gift.Order { return gift.Order{Room: "r", Gift: "rose", RequestID: id} }

// users names users.
func users(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint("user-", i)
	}
	return all
}
