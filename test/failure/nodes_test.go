package failure

import (
	"syscall"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
)

// pause is how long a node is stopped: longer than its lease, and than those of its sessions.
const pause = 35 * time.Second

func TestNodeIsKilled(t *testing.T) {
	begin(t)
	d := deploy(t, services.SharedRedis(t), services.NewDatabase(t))
	s := play(t, d)
	d.nodes[0].kill(t)
	resumed := s.flows(t)
	d.nodes[1].kill(t)
	resumed = max(resumed, s.flows(t))
	s.present(t)
	s.judge(t, "a node of three is killed (`kill -9`), then another", resumed, lossy{})
}

func TestNodeIsPausedPastItsLease(t *testing.T) {
	begin(t)
	d := deploy(t, services.SharedRedis(t), services.NewDatabase(t))
	s := play(t, d)
	d.nodes[0].signal(t, syscall.SIGSTOP)
	time.Sleep(pause)
	resumed := s.flows(t)
	d.nodes[0].signal(t, syscall.SIGCONT)
	s.flows(t)
	s.present(t)
	s.judge(t, "a node is stopped for 35 s, past all its leases, and goes on", resumed, lossy{})
}

func TestNodeDrains(t *testing.T) {
	begin(t)
	d := deploy(t, services.SharedRedis(t), services.NewDatabase(t))
	s := play(t, d)
	if code := d.nodes[0].stop(t); code != 0 {
		t.Errorf("the node ended with code %d:\n%s", code, d.nodes[0].logs)
	}
	resumed := s.flows(t)
	s.present(t)
	s.judge(t, "a node drains (SIGTERM)", resumed, lossy{})
}

func TestPlacedNodesComeAndGo(t *testing.T) {
	begin(t)
	d := deployPlaced(t, services.SharedRedis(t), services.NewDatabase(t))
	s := play(t, d)
	d.nodes[0].kill(t)
	resumed := s.flows(t)
	d.grow(t)
	resumed = max(resumed, s.flows(t))
	if code := d.nodes[1].stop(t); code != 0 {
		t.Errorf("the node ended with code %d:\n%s", code, d.nodes[1].logs)
	}
	resumed = max(resumed, s.flows(t))
	s.present(t)
	s.judge(t, "nodes that viewers are sent to: one is killed, one is added, one drains", resumed, lossy{})
}

// present waits until the room says that those are there who are: what a node held that is
// gone has been taken over, or has ended.
func (s *stage) present(t *testing.T) {
	t.Helper()
	var (
		begun = time.Now()
		got   *ovationv1.GetRoomResponse
		err   error
	)
	defer func() {
		t.Logf("after %.1f s the room counts %v, %v", time.Since(begun).Seconds(), got.GetOnline(), err)
	}()
	eventually(t, "the room counts those who are there", func() bool {
		got, err = s.operator.Rooms().GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: s.room})
		return err == nil && got.GetOnline().GetUsers() == viewers && got.GetOnline().GetSessions() == viewers
	})
}
