package redis_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// What a batch has of one room is answered for that room, whatever becomes of the others.
func TestABatchAnswersEachRoomByItself(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	ids := begin(t, s, 2)
	draft := text(1)
	draft.ClientMessageID = ""
	receipts, errs := s.AppendTogether(t.Context(), []live.RoomID{ids[0], "unknown", ids[1], ids[0]}, draft, roomy)
	for i, want := range []uint64{1, 0, 1, 2} {
		switch {
		case want == 0 && !errors.Is(errs[i], store.ErrRoomNotFound):
			t.Errorf("%d: %v, want that there is no such room", i, errs[i])
		case want > 0 && (errs[i] != nil || receipts[i].Outcome != feed.Accepted || receipts[i].Place.Sequence != want):
			t.Errorf("%d: %+v, %v, want sequence %d", i, receipts[i], errs[i], want)
		}
	}
}

// A Redis that has forgotten its scripts learns them again, within the batch that finds out.
func TestABatchOfAScriptThatIsNotKnown(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL()})
	ids := begin(t, s, 3)
	r.Do(t, "SCRIPT", "FLUSH")
	_, errs := s.AppendTogether(t.Context(), ids, text(1), roomy)
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// While Redis does not answer, no message of a batch is said to be placed.
func TestABatchThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Timeout: time.Second})
	ids := begin(t, s, 2)
	r.Pause(t)
	defer r.Resume(t)
	_, errs := s.AppendTogether(t.Context(), ids, text(1), roomy)
	for i, err := range errs {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("room %d: %v, want that the store is unavailable", i, err)
		}
	}
}
