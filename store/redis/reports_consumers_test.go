package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// Processes that are gone leave no names behind, but for those that had taken something.
func TestNamesOfProcessesThatAreGone(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
	names := func() string {
		var all strings.Builder
		for part := range 16 {
			key := fmt.Sprintf("p:{%%reports%d}:queue", part)
			if fmt.Sprint(r.Do(t, "EXISTS", key)) == "1" {
				fmt.Fprint(&all, r.Do(t, "XINFO", "CONSUMERS", key, "mergers"))
			}
		}
		return all.String()
	}
	take := func(node store.NodeID, lease time.Duration) []store.Reported {
		t.Helper()
		taken, err := s.TakeReports(t.Context(), node, 1000, lease)
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	if err := s.Report(t.Context(), []visit.Event{{Room: "r", User: "ann", Session: "a", Version: 1, At: 1}}); err != nil {
		t.Fatal(err)
	}
	held := take("holds", time.Hour)
	take("idles", time.Hour)
	if got := names(); len(held) != 1 || !strings.Contains(got, "holds") || !strings.Contains(got, "idles") {
		t.Fatalf("%d are taken, by %s", len(held), got)
	}
	n := 0
	eventually(t, "the idle one is forgotten", func() bool {
		n++
		take(store.NodeID(fmt.Sprint("next", n)), time.Millisecond)
		return !strings.Contains(names(), "idles")
	})
	if got := names(); !strings.Contains(got, "holds") {
		t.Errorf("of those that are there: %s", got)
	}
	if err := s.SettleReports(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	if again := take("idles", time.Hour); len(again) != 0 {
		t.Errorf("taken again: %+v", again)
	}
}
