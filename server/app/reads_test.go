package app_test

import (
	"net/url"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

// Safe reads can be made with GET, everything else cannot.
func TestGet(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	c := http1.client(t, bearer(t, live.RoleModerator, "r"))
	for procedure, status := range map[string]int{
		"RoomService/GetRoom": 200, "RoomService/ListRooms": 200, "RoomService/ListMembers": 200,
		"FeedService/ListHistory": 200, "AttributeService/GetAttributes": 200, "AttributeService/PullAttributes": 200,
		"ModerationService/ListSanctions": 200, "ModerationService/Unban": 405, "ModerationService/Kick": 405,
		"RoomService/JoinRoom": 405, "RoomService/EndRoom": 405, "FeedService/Send": 405, "FeedService/Pull": 405,
	} {
		message := `{"roomId":"r"}`
		if procedure == "RoomService/ListRooms" {
			message = `{}`
		}
		got := do(t, c, "GET", n.url+"/ovation.v1."+procedure+
			"?connect=v1&encoding=json&message="+url.QueryEscape(message), "")
		if got.status != status {
			t.Errorf("%s: %d %s", procedure, got.status, got.body)
		}
	}
	get := n.clients(c, connect.WithHTTPGet())
	if res, err := get.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"}); err != nil || res.GetRoom() == nil {
		t.Errorf("%v, %v", res, err)
	}
}

func TestLongPoll(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	c := n.clients(http1.client(t, bearer(t, live.RoleViewer, "r")))
	first, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"})
	if err != nil {
		t.Fatal(err)
	}
	ask := &ovationv1.PullRequest{RoomId: "r", Cursor: first.GetBatch().GetCursor(), Wait: durationpb.New(30 * time.Second)}
	type outcome struct {
		res *ovationv1.PullResponse
		err error
	}
	polled := make(chan outcome, 1)
	go func() {
		res, err := c.feed.Pull(t.Context(), ask)
		polled <- outcome{res, err}
	}()
	select {
	case got := <-polled:
		t.Fatalf("at once: %v, %v", got.res, got.err)
	case <-time.After(200 * time.Millisecond):
	}
	if _, err := c.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if got := <-polled; got.err != nil || len(got.res.GetBatch().GetMessages()) != 1 {
		t.Errorf("%v, %v", got.res, got.err)
	}
	ask.Cursor, ask.Wait = first.GetHeads().GetCursor(), durationpb.New(time.Minute+1)
	if _, err := c.feed.Pull(t.Context(), ask); reason(err) != ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD {
		t.Errorf("too long: %v", err)
	}
}

// A long poll with nothing new answers when its time is up, or the node drains.
func TestLongPollOfNothing(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	c := n.clients(http1.client(t, bearer(t, live.RoleViewer, "r")))
	first, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(wait time.Duration) time.Duration {
		begun := time.Now()
		res, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{
			RoomId: "r", Cursor: first.GetBatch().GetCursor(), Wait: durationpb.New(wait),
		})
		if err != nil || len(res.GetBatch().GetMessages()) != 0 {
			t.Errorf("%v, %v", res, err)
		}
		return time.Since(begun)
	}
	if took := ask(300 * time.Millisecond); took < 300*time.Millisecond {
		t.Errorf("after %v", took)
	}
	time.AfterFunc(200*time.Millisecond, n.drain)
	if took := ask(time.Minute); took > 20*time.Second {
		t.Errorf("drained, after %v", took)
	}
}
