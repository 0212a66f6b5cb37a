package app_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/token"
)

// Whoever was appointed passes wherever a moderator passes, and nowhere else: not where a
// host does, and not in another room.
func TestTheAppointedPassWhereModeratorsDo(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.UserSendRate, c.UserReadRate, c.UserConnectRate = 0, 0, 0 })
	for _, id := range []string{"r", "other"} {
		n.create(t, id)
	}
	host := n.as(t, "host", live.RoleHost)
	if _, err := host.moderation.AddModerator(t.Context(), &ovationv1.AddModeratorRequest{RoomId: "r", UserId: "ann"}); err != nil {
		t.Fatal(err)
	}
	signed := "Bearer " + mint(t, token.Claims{User: "ann", Role: live.RoleViewer, Rooms: []live.RoomID{"*"}})
	methods(t, func(m protoreflect.MethodDescriptor, built bool) {
		name := string(m.Parent().Name()) + "." + string(m.Name())
		if !built || m.Input().Fields().ByName("room_id") == nil || name == "FeedService.RecallMessage" {
			return // a recall looks for its message first: see TestTheAppointedOnEveryNode
		}
		for room, role := range map[string]string{"r": "moderator", "other": "viewer"} {
			refused := strings.Contains(n.call(t, m, room, signed), "ERROR_REASON_ROLE_FORBIDDEN")
			if refused == strings.Contains(permissions[name].roles, role) {
				t.Errorf("%s in %s is refused: %v", name, room, refused)
			}
		}
	})
}

// An appointment acts on every node, on calls and in what others see, until it is ended;
// not while its user is banned.
func TestTheAppointedOnEveryNode(t *testing.T) {
	t.Parallel()
	on := shared(t)
	a, b := start(t, on), start(t, on)
	a.create(t, "r")
	host, viewer := a.as(t, "host", live.RoleHost), b.as(t, "ann", live.RoleViewer)
	sent, err := host.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	recall := &ovationv1.RecallMessageRequest{RoomId: "r", Timestamp: sent.GetTimestamp()}
	if _, err := viewer.feed.RecallMessage(t.Context(), recall); reason(err) != ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN {
		t.Errorf("a viewer recalls: %v", err)
	}
	s := subscribe(t, viewer, "r")
	wantRole(t, a, viewer, ovationv1.Role_ROLE_VIEWER)

	add := &ovationv1.AddModeratorRequest{RoomId: "r", UserId: "ann", Reason: "friend", RequestId: "q"}
	added, err := host.moderation.AddModerator(t.Context(), add)
	if err != nil || added.GetSanction().GetKind() != ovationv1.SanctionKind_SANCTION_KIND_APPOINT || added.GetSanction().GetAppliedBy() != "host" {
		t.Fatalf("%v, %v", added, err)
	}
	if again, err := host.moderation.AddModerator(t.Context(), add); err != nil || again.GetSanction().GetSanctionId() != added.GetSanction().GetSanctionId() {
		t.Errorf("again: %v, %v", again, err)
	}
	testkit.Eventually(t, "a moderator recalls", func() bool {
		_, err := viewer.feed.RecallMessage(t.Context(), recall)
		return err == nil
	})
	wantRole(t, a, viewer, ovationv1.Role_ROLE_MODERATOR)
	listed, err := viewer.moderation.ListSanctions(t.Context(), &ovationv1.ListSanctionsRequest{
		RoomId: "r", Kinds: []ovationv1.SanctionKind{ovationv1.SanctionKind_SANCTION_KIND_APPOINT},
	})
	if err != nil || len(listed.GetSanctions()) != 1 || listed.GetSanctions()[0].GetUserId() != "ann" {
		t.Errorf("moderators: %v, %v", listed, err)
	}

	if _, err := host.moderation.Ban(t.Context(), &ovationv1.BanRequest{RoomId: "r", UserId: "ann", Reason: "enough"}); err != nil {
		t.Fatal(err)
	}
	wantKicked(t, s, ovationv1.KickReason_KICK_REASON_BANNED, "enough")
	add.RequestId = "another"
	if _, err := host.moderation.AddModerator(t.Context(), add); reason(err) != ovationv1.ErrorReason_ERROR_REASON_USER_BANNED {
		t.Errorf("appointed while banned: %v", err)
	}
	if _, err := host.moderation.Unban(t.Context(), &ovationv1.UnbanRequest{RoomId: "r", UserId: "ann"}); err != nil {
		t.Fatal(err)
	}
	mute := &ovationv1.MuteRequest{RoomId: "r", UserId: "bob"}
	testkit.Eventually(t, "a moderator again", func() bool {
		_, err := viewer.moderation.Mute(t.Context(), mute)
		return err == nil
	})
	if _, err := host.moderation.RemoveModerator(t.Context(), &ovationv1.RemoveModeratorRequest{RoomId: "r", UserId: "ann"}); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "a viewer again", func() bool {
		_, err := viewer.moderation.Mute(t.Context(), mute)
		return reason(err) == ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN
	})
	wantRole(t, a, viewer, ovationv1.Role_ROLE_VIEWER)
}

// wantRole checks as what ann is told to be in the room, and as what others see her.
func wantRole(t *testing.T, others *node, ann clients, want ovationv1.Role) {
	t.Helper()
	if joined, err := ann.rooms.JoinRoom(t.Context(), &ovationv1.JoinRoomRequest{RoomId: "r"}); err != nil || joined.GetRole() != want {
		t.Errorf("joins as %v, %v; want %v", joined.GetRole(), err, want)
	}
	all, err := others.backend(t).rooms.ListMembers(t.Context(), &ovationv1.ListMembersRequest{RoomId: "r"})
	if err != nil || len(all.GetMembers()) != 1 || all.GetMembers()[0].GetRole() != want {
		t.Errorf("members: %v, %v; want ann as %v", all, err, want)
	}
}
