package paired_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
)

// away says that a backend cannot be reached, when a test says so.
type away struct{ is atomic.Bool }

// err is what calls of the backend come to.
func (a *away) err() error {
	if a.is.Load() {
		return fmt.Errorf("%w: the test has taken it away", store.ErrUnavailable)
	}
	return nil
}

// hot is a hot backend that can be taken away, as far as the tests go.
type hot struct {
	paired.Hot
	away away
}

func (h *hot) Begin(ctx context.Context, r room.Room) error {
	if err := h.away.err(); err != nil {
		return err
	}
	return h.Hot.Begin(ctx, r)
}

func (h *hot) Copy(ctx context.Context, id live.RoomID) (room.Room, error) {
	if err := h.away.err(); err != nil {
		return room.Room{}, err
	}
	return h.Hot.Copy(ctx, id)
}

func (h *hot) TakeActing(ctx context.Context, a paired.Acting) error {
	if err := h.away.err(); err != nil {
		return err
	}
	return h.Hot.TakeActing(ctx, a)
}

func (h *hot) TakeTerms(ctx context.Context, a paired.Acting, from int64) (bool, error) {
	if err := h.away.err(); err != nil {
		return false, err
	}
	return h.Hot.TakeTerms(ctx, a, from)
}

func (h *hot) SanctionMarks(ctx context.Context, places []live.RoomID) ([]paired.Mark, error) {
	if err := h.away.err(); err != nil {
		return nil, err
	}
	return h.Hot.SanctionMarks(ctx, places)
}

func (h *hot) FreshSanctionMarks(ctx context.Context, places []live.RoomID) (map[live.RoomID]paired.Mark, error) {
	if err := h.away.err(); err != nil {
		return nil, err
	}
	return h.Hot.FreshSanctionMarks(ctx, places)
}

func (h *hot) Copied(ctx context.Context, places []live.RoomID, users []live.UserID) ([]paired.Copied, error) {
	if err := h.away.err(); err != nil {
		return nil, err
	}
	return h.Hot.Copied(ctx, places, users)
}

func (h *hot) FreshWordsCopy(ctx context.Context, place live.RoomID) (paired.WordsCopy, error) {
	if err := h.away.err(); err != nil {
		return paired.WordsCopy{}, err
	}
	return h.Hot.FreshWordsCopy(ctx, place)
}

func (h *hot) TellQuiz(ctx context.Context, id live.RoomID, mark store.QuizMark) error {
	if err := h.away.err(); err != nil {
		return err
	}
	return h.Hot.TellQuiz(ctx, id, mark)
}

// durable is a durable backend that can be taken away, as far as the tests go.
type durable struct {
	paired.Durable
	away  away
	reads atomic.Int64 // of rooms
	whole atomic.Int64 // of all that acts in a place
}

func (d *durable) Room(ctx context.Context, id live.RoomID) (room.Room, error) {
	d.reads.Add(1)
	if err := d.away.err(); err != nil {
		return room.Room{}, err
	}
	return d.Durable.Room(ctx, id)
}

func (d *durable) Acting(ctx context.Context, place live.RoomID) (paired.Acting, error) {
	d.whole.Add(1)
	if err := d.away.err(); err != nil {
		return paired.Acting{}, err
	}
	return d.Durable.Acting(ctx, place)
}

func (d *durable) Terms(ctx context.Context, place live.RoomID, user live.UserID) (paired.Acting, error) {
	if err := d.away.err(); err != nil {
		return paired.Acting{}, err
	}
	return d.Durable.Terms(ctx, place, user)
}

func (d *durable) SanctionRevisions(ctx context.Context, places []live.RoomID) (map[live.RoomID]int64, error) {
	if err := d.away.err(); err != nil {
		return nil, err
	}
	return d.Durable.SanctionRevisions(ctx, places)
}

func (d *durable) WordsRevision(ctx context.Context, place live.RoomID) (store.WordsRevision, error) {
	if err := d.away.err(); err != nil {
		return 0, err
	}
	return d.Durable.WordsRevision(ctx, place)
}

func (d *durable) ApplySanction(
	ctx context.Context, o store.SanctionOrder,
) (moderation.Sanction, paired.Change, error) {
	if err := d.away.err(); err != nil {
		return moderation.Sanction{}, paired.Change{}, err
	}
	return d.Durable.ApplySanction(ctx, o)
}

func (d *durable) Archive(
	ctx context.Context, id live.RoomID, from, to feed.Cursor, messages []*feed.Message,
) (bool, error) {
	if err := d.away.err(); err != nil {
		return false, err
	}
	return d.Durable.Archive(ctx, id, from, to, messages)
}
