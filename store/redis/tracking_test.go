package redis_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// A user who may not ask for client tracking is told so in Redis' words, and is served
// without copies.
func TestUserWithoutTracking(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t)
	admin, err := rueidis.NewClient(rueidis.MustParseURL(server.URL()))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	allow := admin.B().Arbitrary("ACL", "SETUSER", "ann", "on", ">pw", "~*", "&*", "+@all", "-client|tracking").Build()
	if err := admin.Do(t.Context(), allow).Error(); err != nil {
		t.Fatal(err)
	}
	c := redis.Config{URL: strings.Replace(server.URL(), "redis://", "redis://ann:pw@", 1)}
	_, err = redis.Open(t.Context(), c)
	if !errors.Is(err, redis.ErrNoTracking) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Open = %v", err)
	}
	if said := err.Error(); !strings.Contains(said, "NOPERM") || strings.Contains(said, "DisableCache") {
		t.Errorf("Open says %q", said)
	}
	c.NoCache = true
	connect(t, c)
}
