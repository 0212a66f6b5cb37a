package failure

import (
	"fmt"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
)

const (
	// outage is how long a store is stopped.
	outage = 10 * time.Second
	// absence is how long one that was killed is away.
	absence = 3 * time.Second
)

func TestRedisIsPaused(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]time.Duration{
		"Redis is stopped for 10 s, and goes on":                  outage,
		"Redis is stopped for 40 s, past all leases, and goes on": 40 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			begin(t)
			redis := services.NewRedis(t)
			d := deploy(t, redis.URL(), services.NewDatabase(t))
			s := play(t, d)
			redis.Pause(t)
			time.Sleep(away)
			d.ready(t)
			s.pulls(t)
			if n := s.breaks(); n > 0 {
				t.Errorf("%d streams broke while Redis was away", n)
			}
			redis.Resume(t)
			resumed := s.flows(t)
			s.present(t)
			s.judge(t, name, resumed, lossy{})
		})
	}
}

func TestRedisIsRestartedWithItsData(t *testing.T) {
	begin(t)
	redis := services.NewRedis(t, "--appendonly", "yes", "--appendfsync", "everysec")
	d := deploy(t, redis.URL(), services.NewDatabase(t))
	s := play(t, d)
	redis.Kill()
	time.Sleep(absence)
	redis.Start(t)
	resumed := s.flows(t)
	s.present(t)
	s.judge(t, "Redis is killed, and started 3 s later with its data (`appendonly yes`)", resumed, lossy{})
}

func TestRedisIsRestartedEmpty(t *testing.T) {
	begin(t)
	redis := services.NewRedis(t)
	database := services.NewDatabase(t)
	d := deploy(t, redis.URL(), database)
	s := play(t, d)
	archived := s.archived(t, database)
	redis.Kill()
	time.Sleep(absence)
	redis.RestartEmpty(t)
	taken := lossy{archived, time.Now()}
	resumed := s.flows(t)
	s.present(t)
	f := s.judge(t, "Redis is killed, and started 3 s later without any data", resumed, taken)
	if f.resyncs < viewers {
		t.Errorf("the log was lost, and %d of %d viewers were told to resynchronise", f.resyncs, viewers)
	}
}

// pulls checks that what is in memory is served.
func (s *stage) pulls(t *testing.T) {
	t.Helper()
	got, err := s.operator.Feed().Pull(t.Context(), &ovationv1.PullRequest{RoomId: s.room})
	if err != nil || len(got.GetBatch().GetMessages()) == 0 {
		t.Errorf("a pull got %v, %v", got, err)
	}
}

// archived waits until the database has all that was acknowledged until now, and returns now.
func (s *stage) archived(t *testing.T, database string) time.Time {
	t.Helper()
	now, latest := time.Now(), int64(0)
	for _, r := range s.receipts() {
		if r.at.Before(now) {
			latest = max(latest, r.timestamp)
		}
	}
	reached := fmt.Sprintf("SELECT count(*) > 0 FROM messages WHERE room = '%s' AND timestamp >= %d", s.room, latest)
	eventually(t, "the database has what was sent", func() bool { return services.Query(t, database, reached) == "t" })
	return now
}
