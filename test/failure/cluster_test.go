package failure

import (
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
)

func TestClusterMovesARoom(t *testing.T) {
	begin(t)
	c := services.NewCluster(t)
	d := deploy(t, c.URL(), services.NewDatabase(t))
	s := play(t, d)
	slot := c.Slot(t, "{"+s.room+"}")
	c.MigrateSlot(t, slot)
	migrated := s.flows(t)
	c.Failover(t, slot)
	resumed := s.flows(t)
	s.present(t)
	s.judge(t, "a room's slot moves to another primary, which then fails over in good order", max(migrated, resumed), lossy{})
}

func TestClusterLosesAPrimary(t *testing.T) {
	begin(t)
	c := services.NewCluster(t)
	d := deploy(t, c.URL(), services.NewDatabase(t))
	s := play(t, d)
	slot := c.Slot(t, "{"+s.room+"}")
	killed := time.Now()
	old := c.Kill(t, slot)
	resumed := s.flows(t)
	// What a replica had not heard of when its primary died is lost: moments' worth.
	taken := lossy{killed.Add(-time.Second), time.Now()}
	c.Members[old].Start(t)
	c.Await(t)
	s.flows(t)
	s.present(t)
	s.judge(t, "a primary of a Redis Cluster is killed; it comes back as a replica", resumed, taken)
}
