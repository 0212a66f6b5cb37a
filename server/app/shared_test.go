package app_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

// shared returns what makes servers nodes on one Redis and Postgres of the test's own.
func shared(t *testing.T) func(*config.Config) {
	t.Helper()
	redis, postgres, prefix := services.SharedRedis(t), services.NewDatabase(t), rand.Text()+":"
	return func(c *config.Config) {
		c.RedisURL, c.PostgresURL, c.RedisPrefix = config.Secret(redis), config.Secret(postgres), prefix
		c.PostgresMaxConns = 4
	}
}

// inline opens a stream that carries the messages.
func inline(t *testing.T, c clients, room string) stream {
	t.Helper()
	s, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: room, Delivery: ovationv1.Delivery_DELIVERY_INLINE})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if !s.Receive() || s.Msg().GetWelcome() == nil {
		t.Fatalf("%v, %v", s.Msg(), s.Err())
	}
	return s
}

// texts reads a stream until it has had n messages, and returns their texts.
func texts(t *testing.T, s stream, n int) (all []string) {
	t.Helper()
	for len(all) < n && s.Receive() {
		for _, m := range s.Msg().GetBatch().GetBatch().GetMessages() {
			all = append(all, m.GetText())
		}
	}
	if len(all) < n {
		t.Fatalf("of %d messages came %q: %v", n, all, s.Err())
	}
	return all
}

func TestNodesShareRooms(t *testing.T) {
	t.Parallel()
	on := shared(t)
	a, b := start(t, on), start(t, on)
	a.create(t, "r")
	viewer := b.as(t, "ann", live.RoleViewer)
	s := inline(t, viewer, "r")

	var want []string
	var first int64
	for i := range 20 {
		want = append(want, fmt.Sprint("message ", i))
		sent, err := a.backend(t).feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: want[i]})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = sent.GetTimestamp()
		}
	}
	if got := texts(t, s, len(want)); strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("heard %q", got)
	}

	if _, err := b.backend(t).feed.RecallMessage(t.Context(), &ovationv1.RecallMessageRequest{RoomId: "r", Timestamp: first}); err != nil {
		t.Fatal(err)
	}
	history, err := a.backend(t).feed.ListHistory(t.Context(), &ovationv1.ListHistoryRequest{RoomId: "r"})
	if err != nil || len(history.GetMessages()) != len(want)+1 || !history.GetMessages()[0].GetRecalled() {
		t.Errorf("the history is %v, %v; want %d messages, the first of them recalled, and the recall", history, err, len(want))
	}

	_, err = viewer.attributes.UpdateAttributes(t.Context(), &ovationv1.UpdateAttributesRequest{
		RoomId: "r", Updates: []*ovationv1.AttributeUpdate{{Key: "seat", Value: []byte("ann"), DeleteOnLeave: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the seat is seen at the other node", func() bool {
		got, err := a.backend(t).attributes.GetAttributes(t.Context(), &ovationv1.GetAttributesRequest{RoomId: "r"})
		return err == nil && len(got.GetSnapshot().GetAttributes()) == 1
	})

	if _, err := a.backend(t).moderation.Kick(t.Context(), &ovationv1.KickRequest{RoomId: "r", UserId: "ann", Reason: "calm down"}); err != nil {
		t.Fatal(err)
	}
	wantKicked(t, s, ovationv1.KickReason_KICK_REASON_MODERATED, "calm down")
	testkit.Eventually(t, "the seat is free at the other node", func() bool {
		got, err := a.backend(t).attributes.GetAttributes(t.Context(), &ovationv1.GetAttributesRequest{RoomId: "r"})
		return err == nil && len(got.GetSnapshot().GetAttributes()) == 0
	})

	s = inline(t, viewer, "r")
	if _, err := a.backend(t).rooms.EndRoom(t.Context(), &ovationv1.EndRoomRequest{RoomId: "r"}); err != nil {
		t.Fatal(err)
	}
	if frame, err := last(s); err != nil || frame.GetRoomEnded() == nil {
		t.Errorf("the last frame is %v, %v", frame, err)
	}
}

// A ban acts on every node: on streams, on calls, in one room and in all.
func TestBanActsOnEveryNode(t *testing.T) {
	t.Parallel()
	on := shared(t)
	a, b := start(t, on), start(t, on)
	a.create(t, "r")
	for _, place := range []string{"r", ""} {
		user := live.UserID("ann of " + place)
		viewer := b.as(t, user, live.RoleViewer)
		s := subscribe(t, viewer, "r")
		_, err := a.backend(t).moderation.Ban(t.Context(), &ovationv1.BanRequest{RoomId: place, UserId: string(user), Reason: "spam"})
		if err != nil {
			t.Fatal(err)
		}
		wantKicked(t, s, ovationv1.KickReason_KICK_REASON_BANNED, "spam")
		testkit.Eventually(t, "sending is refused", func() bool {
			_, err := viewer.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "hello"})
			return reason(err) == ovationv1.ErrorReason_ERROR_REASON_BANNED
		})
		if _, err := a.backend(t).moderation.Unban(t.Context(), &ovationv1.UnbanRequest{RoomId: place, UserId: string(user)}); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "they may come back", func() bool {
			_, err := viewer.rooms.JoinRoom(t.Context(), &ovationv1.JoinRoomRequest{RoomId: "r"})
			return err == nil
		})
	}
}

// What was said is still there when all nodes have gone and another comes.
func TestRoomsOutliveNodes(t *testing.T) {
	t.Parallel()
	on := shared(t)
	a := start(t, on)
	a.create(t, "r")
	if _, err := a.backend(t).feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "hello"}); err != nil {
		t.Fatal(err)
	}
	a.drain()
	if err := <-a.stopped; err != nil {
		t.Errorf("stopped: %v", err)
	}
	b := start(t, on)
	pulled, err := b.backend(t).feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"})
	if err != nil || len(pulled.GetBatch().GetMessages()) != 1 {
		t.Errorf("%v, %v; want the message", pulled, err)
	}
	if strings.Contains(a.logs.String()+b.logs.String(), "level=ERROR") {
		t.Errorf("logged:\n%s\n%s", a.logs, b.logs)
	}
}

// In development the demo room is there once, however many nodes there are.
func TestNodesShareTheDemoRoom(t *testing.T) {
	t.Parallel()
	on := shared(t)
	for range 2 {
		n := start(t, on, development)
		testkit.Eventually(t, "the node is ready", func() bool {
			return do(t, http1.client(t, ""), "GET", n.url+"/readyz", "").status == 200
		})
	}
}
