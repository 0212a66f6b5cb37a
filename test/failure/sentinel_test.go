package failure

import (
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
)

func TestSentinelsReplaceThePrimary(t *testing.T) {
	begin(t)
	r := services.NewSentinel(t)
	d := deploy(t, r.URL(), services.NewDatabase(t))
	s := play(t, d)
	killed := time.Now()
	old := r.Kill(t)
	resumed := s.flows(t)
	// What the replica had not heard of when its primary died is lost: moments' worth.
	taken := lossy{killed.Add(-time.Second), time.Now()}
	d.ready(t)
	r.Members[old].Start(t)
	r.Await(t)
	s.flows(t)
	s.present(t)
	s.judge(t, "the primary under Sentinels is killed; it comes back as a replica", resumed, taken)
}

// A primary that hangs goes on as one when it wakes up, until the Sentinels tell it: what it
// is told meanwhile is nowhere, so nobody may tell it anything.
func TestSentinelsReplaceAPrimaryThatHangs(t *testing.T) {
	begin(t)
	r := services.NewSentinel(t)
	d := deploy(t, r.URL(), services.NewDatabase(t))
	s := play(t, d)
	hung := time.Now()
	old := r.Members[r.Primary(t)]
	old.Pause(t)
	resumed := s.flows(t)
	taken := lossy{hung.Add(-time.Second), time.Now()}
	old.Resume(t)
	r.Await(t)
	s.flows(t)
	s.present(t)
	s.judge(t, "the primary under Sentinels stops, is replaced, and goes on as a replica", resumed, taken)
}
