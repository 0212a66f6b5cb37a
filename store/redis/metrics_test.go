package redis_test

import (
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// cacheReads returns what was read of the cache of rooms, by result.
func cacheReads(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	reads := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == "room" && m.GetCounter().GetValue() > 0 {
				reads[m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return reads
}

func TestCachesAreCounted(t *testing.T) {
	t.Parallel()
	server, registry := services.NewRedis(t), prometheus.NewRegistry()
	s, err := redis.Open(t.Context(), redis.Config{URL: server.URL(), Metrics: redis.NewMetrics(registry)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Copy(t.Context(), "nowhere"); !errors.Is(err, store.ErrRoomNotFound) {
		t.Fatal(err)
	}
	if got := cacheReads(t, registry); got["miss"] != 1 || len(got) != 1 {
		t.Errorf("of a room that there is not: %v", got)
	}
	if err := s.Begin(t.Context(), room.Room{ID: "r", Revision: 1}); err != nil {
		t.Fatal(err)
	}
	for cacheReads(t, registry)["hit"] < 3 { // each copy is believed for a second
		if _, err := s.Copy(t.Context(), "r"); err != nil {
			t.Fatal(err)
		}
	}
	server.Kill()
	for cacheReads(t, registry)["failed"] == 0 { // until the copy is not believed any more
		if _, err := s.Copy(t.Context(), "r"); err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
	}
}
