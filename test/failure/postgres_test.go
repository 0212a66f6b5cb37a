package failure

import (
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
)

func TestPostgresIsPaused(t *testing.T) {
	begin(t)
	postgres := services.NewPostgres(t)
	d := deploy(t, services.SharedRedis(t), postgres.NewDatabase(t))
	s := play(t, d)
	postgres.Pause(t)
	joined := watch(t, d.client(t, "late", live.RoleViewer), s.room, "late", ovationv1.Delivery_DELIVERY_INLINE)
	_, err := s.operator.Rooms().CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: "other"})
	if code := connect.CodeOf(err); code != connect.CodeUnavailable {
		t.Errorf("a room was to be created while Postgres was away: %v", err)
	}
	time.Sleep(outage)
	d.ready(t)
	resumed := s.flows(t)
	postgres.Resume(t)
	joined.room.Close()
	s.undisturbed(t)
	s.judge(t, "Postgres is stopped for 10 s, and goes on", resumed, lossy{})
}

func TestPostgresIsRestarted(t *testing.T) {
	begin(t)
	postgres := services.NewPostgres(t)
	d := deploy(t, services.SharedRedis(t), postgres.NewDatabase(t))
	s := play(t, d)
	postgres.Kill()
	time.Sleep(absence)
	resumed := s.flows(t)
	postgres.Start(t)
	s.flows(t)
	s.undisturbed(t)
	s.judge(t, "Postgres is killed, and started 3 s later", resumed, lossy{})
}

// undisturbed checks that nobody in the room noticed anything.
func (s *stage) undisturbed(t *testing.T) {
	t.Helper()
	if refused := s.refusals(); len(refused) > 0 || s.breaks() > 0 {
		t.Errorf("%d streams broke, and sends were refused: %v", s.breaks(), refused)
	}
}
