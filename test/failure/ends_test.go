package failure

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/rooms"
)

// audience is viewers of a room whose sessions end in one way.
type audience struct {
	name  string
	mu    sync.Mutex
	all   []sitting
	close []context.CancelFunc
}

// enter opens a stream on a node, which lasts until it breaks or is closed, and says whether it
// has begun.
func (a *audience) enter(t *testing.T, n *node, i int) bool {
	t.Helper()
	user := fmt.Sprint(a.name, "-", i)
	client := n.client(t, user, live.RoleViewer)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s := sitting{user: user, session: user + ".0", asked: time.Now().UnixMicro()}
	stream, err := client.Feed().Subscribe(ctx, &ovationv1.SubscribeRequest{RoomId: visitRoom, SessionId: s.session})
	if err != nil || !stream.Receive() || stream.Msg().GetWelcome() == nil {
		return false
	}
	s.welcomed = time.Now().UnixMicro()
	var reading sync.WaitGroup
	reading.Go(func() {
		for stream.Receive() { // what comes does not matter
		}
		_ = stream.Close()
	})
	t.Cleanup(reading.Wait)
	t.Cleanup(cancel) // before that
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all, a.close = append(a.all, s), append(a.close, cancel)
	return true
}

// enterAll is enter for so many.
func (a *audience) enterAll(t *testing.T, n *node, size int) {
	t.Helper()
	for i := range size {
		if !a.enter(t, n, i) {
			t.Fatalf("%s-%d cannot enter", a.name, i)
		}
	}
}

// leave has the latest to enter leave, through a node, and says whether that was acknowledged.
func (a *audience) leave(t *testing.T, n *node) bool {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := &a.all[len(a.all)-1]
	s.leaving = time.Now().UnixMicro()
	_, err := n.client(t, s.user, live.RoleViewer).Rooms().LeaveRoom(t.Context(),
		&ovationv1.LeaveRoomRequest{RoomId: visitRoom, SessionId: s.session})
	if err == nil {
		s.left = time.Now().UnixMicro()
	}
	return err == nil
}

// judge returns what is wrong with visits, by how they should have ended; "": nothing.
func (a *audience) judge(found map[string]*ovationv1.Visit, ended func(s sitting, v *ovationv1.Visit) bool) string {
	for _, s := range a.all {
		switch v := found[s.session]; {
		case v == nil:
			return fmt.Sprintf("%+v is lost", s)
		case v.GetAnomaly() != ovationv1.VisitAnomaly_VISIT_ANOMALY_UNSPECIFIED || !between(v.GetEnteredAt(), s.asked, s.welcomed):
			return fmt.Sprintf("they entered at another time:\n%+v\n%v", s, v)
		case !ended(s, v):
			return fmt.Sprintf("they were there until another time:\n%+v\n%v", s, v)
		}
	}
	return ""
}

// A node is killed while viewers come to it and leave it, and its room ends before anybody can
// know that they are gone. Who was on it was there until the node last knew, even those whom it
// had no time to tell of; whose stream broke until then; all others until the end.
func TestRoomEndsAfterANodeIsKilled(t *testing.T) {
	begin(t)
	d := deploy(t, services.SharedRedis(t), services.NewDatabase(t))
	doomed, healthy := d.nodes[0], d.nodes[1]
	operator := healthy.client(t, "operator", live.RoleBackend)
	if _, err := operator.Rooms().CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: visitRoom}); err != nil {
		t.Fatal(err)
	}
	stay, cut, lost := &audience{name: "stays"}, &audience{name: "cut"}, &audience{name: "lost"}
	late, left := &audience{name: "late"}, &audience{name: "left"}
	stay.enterAll(t, healthy, 10)
	cut.enterAll(t, healthy, 5)
	lost.enterAll(t, doomed, 10)
	var coming sync.WaitGroup
	coming.Go(func() {
		for there := true; there; {
			there = late.enter(t, doomed, len(late.all))
		}
	})
	coming.Go(func() {
		for there := true; there; {
			there = left.enter(t, doomed, len(left.all)) && left.leave(t, doomed)
		}
	})
	eventually(t, "some have come, and some have left", func() bool {
		late.mu.Lock()
		defer late.mu.Unlock()
		left.mu.Lock()
		defer left.mu.Unlock()
		return len(late.all) > 10 && len(left.all) > 10
	})
	doomed.kill(t)
	killed := time.Now().UnixMicro()
	coming.Wait()
	if last := left.all[len(left.all)-1]; last.left == 0 { // nobody knows whether they have
		left.all = left.all[:len(left.all)-1]
	}
	broken := time.Now().UnixMicro()
	for _, closeStream := range cut.close {
		closeStream()
	}
	time.Sleep(3 * time.Second) // so that the end is told from what was before
	answer, err := operator.Rooms().EndRoom(t.Context(), &ovationv1.EndRoomRequest{RoomId: visitRoom})
	if err != nil {
		t.Fatal(err)
	}
	end := answer.GetRoom().GetEndedAt()

	var all []*ovationv1.Visit
	fault := "nothing is known"
	judge := func() bool {
		all = listAll(t, operator.Audience())
		found := make(map[string]*ovationv1.Visit, len(all))
		for _, v := range all {
			found[v.GetSessionId()] = v
		}
		untilKilled := func(_ sitting, v *ovationv1.Visit) bool {
			seen := max(v.GetEnteredAt(), killed-rooms.StreamLease.Microseconds())
			return v.GetInferred() && between(v.GetExitedAt(), seen, killed)
		}
		for a, ended := range map[*audience]func(s sitting, v *ovationv1.Visit) bool{
			stay: func(_ sitting, v *ovationv1.Visit) bool { return v.GetExitedAt() == end },
			cut: func(_ sitting, v *ovationv1.Visit) bool {
				return v.GetInferred() && between(v.GetExitedAt(), broken, end-time.Second.Microseconds())
			},
			lost: untilKilled, late: untilKilled,
			left: func(s sitting, v *ovationv1.Visit) bool {
				return !v.GetInferred() && between(v.GetExitedAt(), s.leaving, s.left)
			},
		} {
			if fault = a.judge(found, ended); fault != "" {
				return false
			}
		}
		return true
	}
	defer func() {
		if fault != "" {
			t.Errorf("of %d visits: %s", len(all), fault)
		}
	}()
	eventually(t, "all visits are as their viewers saw them", judge)

	want := countOf(all)
	got, err := operator.Audience().GetWatchTime(t.Context(), &ovationv1.GetWatchTimeRequest{RoomId: visitRoom})
	if w := got.GetWatchTime(); err != nil || w.GetVisits() != int64(len(all)) || w.GetOpen() != 0 || w.GetTotal().AsDuration() != want.total {
		t.Errorf("%v, %v; want %d visits, %+v", w, err, len(all), want)
	}
	t.Logf("| a node of three is killed (`kill -9`) while viewers come to it and leave it, and the room ends 3 s later | %d visits, all until they were last known to be there, or the end; known after %.0f s |",
		len(all), time.Since(time.UnixMicro(end)).Seconds())
}
