package redis_test

import (
	"errors"
	"testing"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// What cannot be read of one room, Redis has answered: calls for others go on.
func TestAnUnreadableCopyIsOneRoomsAlone(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
	ids := begin(t, s, 2)
	r.Do(t, "HSET", "p:{"+string(ids[0])+"}:standing", "", "from a later build")
	r.Do(t, "SET", "p:{"+string(ids[0])+"}:words", "from a later build")
	place := []live.RoomID{ids[0]}
	for what, call := range map[string]func() error{
		"SanctionMarks":  func() error { _, err := s.SanctionMarks(t.Context(), place); return err },
		"Copied":         func() error { _, err := s.Copied(t.Context(), place, []live.UserID{"ann"}); return err },
		"WordsCopies":    func() error { _, err := s.WordsCopies(t.Context(), place); return err },
		"FreshWordsCopy": func() error { _, err := s.FreshWordsCopy(t.Context(), ids[0]); return err },
	} {
		if err := call(); err == nil || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want that it cannot be read", what, err)
		}
		if _, err := s.Head(t.Context(), ids[1]); err != nil {
			t.Errorf("Head of another room after %s: %v", what, err)
		}
	}
}
