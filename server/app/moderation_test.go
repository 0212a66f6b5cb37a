package app_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/token"
)

// as returns the services as a user calls them, in rooms of theirs.
func (n *node) as(t *testing.T, user live.UserID, role live.Role, opts ...connect.ClientOption) clients {
	t.Helper()
	signed := mint(t, token.Claims{User: user, Role: role, Rooms: []live.RoomID{"*"}})
	return n.clients(h2c.client(t, "Bearer "+signed), opts...)
}

type stream = *connect.ServerStreamForClient[ovationv1.SubscribeResponse]

// subscribe opens a stream and reads its first frame.
func subscribe(t *testing.T, c clients, room string) stream {
	t.Helper()
	s, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: room})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if !s.Receive() || s.Msg().GetWelcome() == nil {
		t.Fatalf("%v, %v", s.Msg(), s.Err())
	}
	return s
}

// wantKicked checks how a stream ends, and that it does.
func wantKicked(t *testing.T, s stream, why ovationv1.KickReason, message string) {
	t.Helper()
	frame, err := last(s)
	if k := frame.GetKicked(); err != nil || k.GetReason() != why || k.GetMessage() != message || k.GetMayReconnect() {
		t.Errorf("the last frame is %v, %v; want %v, %q", frame, err, why, message)
	}
}

// Every call that names a room, unary or streaming, is refused to one who is banned
// there: those of moderators too, and in whatever protocol.
func TestBannedFromEveryCall(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.UserSendRate, c.UserReadRate, c.UserConnectRate = 0, 0, 0 })
	for _, place := range []string{"r", ""} {
		room := "in-" + place
		n.create(t, room)
		banned := room
		if place == "" {
			banned = ""
		}
		user := live.UserID("user of " + room)
		until := time.Now().Add(time.Hour)
		_, err := n.backend(t).moderation.Ban(t.Context(), &ovationv1.BanRequest{
			RoomId: banned, UserId: string(user), Duration: durationpb.New(time.Hour), Reason: "spam",
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range []live.Role{live.RoleViewer, live.RoleModerator, live.RoleHost} {
			signed := "Bearer " + mint(t, token.Claims{User: user, Role: role, Rooms: []live.RoomID{live.RoomID(room)}})
			elsewhere := "Bearer " + mint(t, token.Claims{User: user, Role: role, Rooms: []live.RoomID{"elsewhere"}})
			methods(t, func(m protoreflect.MethodDescriptor, built bool) {
				if !built || m.Input().Fields().ByName("room_id") == nil {
					return
				}
				got := n.call(t, m, room, signed)
				if !strings.Contains(got, "ERROR_REASON_BANNED") || !strings.Contains(got, `"why":"spam"`) {
					t.Errorf("%s as %v: %s", m.FullName(), role, got)
				}
				if got := n.call(t, m, room, elsewhere); !strings.Contains(got, "ERROR_REASON_ROOM_FORBIDDEN") {
					t.Errorf("%s as %v, with a token for another room: %s", m.FullName(), role, got)
				}
			})
		}
		for _, opts := range [][]connect.ClientOption{nil, {connect.WithGRPC()}, {connect.WithGRPCWeb()}} {
			_, err = n.as(t, user, live.RoleViewer, opts...).rooms.JoinRoom(t.Context(), &ovationv1.JoinRoomRequest{RoomId: room})
			end, e := strconv.ParseInt(detail(err).GetMetadata()["until"], 10, 64)
			if reason(err) != ovationv1.ErrorReason_ERROR_REASON_BANNED || e != nil || time.UnixMicro(end).Sub(until).Abs() > time.Minute {
				t.Errorf("JoinRoom: %v, %v", err, detail(err))
			}
		}
		if _, err := n.as(t, user, live.RoleBackend).rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: room}); err != nil {
			t.Errorf("a backend: %v", err)
		}
		if _, err := n.as(t, "another", live.RoleViewer).rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: room}); err != nil {
			t.Errorf("another: %v", err)
		}
	}
}

// call makes a call as the table of permissions says.
func (n *node) call(t *testing.T, m protoreflect.MethodDescriptor, room, authorization string) string {
	t.Helper()
	p := permissions[string(m.Parent().Name())+"."+string(m.Name())]
	body := strings.NewReplacer("ROOM", room, "NEW", room, "TIMESTAMP", "1").Replace(p.body)
	url := n.url + "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
	if !m.IsStreamingServer() {
		return do(t, http1.client(t, ""), "POST", url, body, "Content-Type", "application/json", "Authorization", authorization).body
	}
	_, frame := open(t, http1.client(t, ""), url, body,
		"Content-Type", "application/connect+json", "Authorization", authorization).next(t)
	return frame
}

// A ban, in a room or in all, ends streams and sessions, and with it goes what goes with
// them; once it is lifted everything is as before.
func TestBanEndsStreams(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	backend := n.backend(t)
	for _, place := range []string{"r", ""} {
		user := n.as(t, "ann", live.RoleViewer)
		streams := []stream{subscribe(t, user, "r"), subscribe(t, user, "r")}
		stays := subscribe(t, n.as(t, "bob", live.RoleViewer), "r")
		_, err := user.attributes.UpdateAttributes(t.Context(), &ovationv1.UpdateAttributesRequest{
			RoomId: "r", Updates: []*ovationv1.AttributeUpdate{{Key: "seat", DeleteOnLeave: true}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := backend.moderation.Ban(t.Context(), &ovationv1.BanRequest{RoomId: place, UserId: "ann", Reason: "spam"}); err != nil {
			t.Fatal(err)
		}
		for _, s := range streams {
			wantKicked(t, s, ovationv1.KickReason_KICK_REASON_BANNED, "spam")
		}
		if got, err := backend.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"}); err != nil || got.GetOnline().GetSessions() != 1 {
			t.Errorf("in %q: %v, %v; want bob alone", place, got.GetOnline(), err)
		}
		got, err := backend.attributes.GetAttributes(t.Context(), &ovationv1.GetAttributesRequest{RoomId: "r"})
		if err != nil || len(got.GetSnapshot().GetAttributes()) != 0 {
			t.Errorf("left behind: %v, %v", got, err)
		}
		if _, err := backend.moderation.Unban(t.Context(), &ovationv1.UnbanRequest{RoomId: place, UserId: "ann"}); err != nil {
			t.Fatal(err)
		}
		_ = subscribe(t, user, "r").Close()
		_ = stays.Close()
		testkit.Eventually(t, "all streams are closed", func() bool {
			_, err := backend.moderation.Kick(t.Context(), &ovationv1.KickRequest{RoomId: "r", UserId: "ann"})
			_, other := backend.moderation.Kick(t.Context(), &ovationv1.KickRequest{RoomId: "r", UserId: "bob"})
			got, e := backend.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
			return err == nil && other == nil && e == nil && got.GetOnline().GetSessions() == 0
		})
	}
}

// One who polls has no stream to end: their next poll is refused, the one under way too,
// and their session is over.
func TestBanOfOneWhoPolls(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	backend := n.backend(t)
	for _, place := range []string{"r", ""} {
		user := n.as(t, live.UserID("ann in "+place), live.RoleViewer)
		joined, err := user.rooms.JoinRoom(t.Context(), &ovationv1.JoinRoomRequest{RoomId: "r"})
		if err != nil {
			t.Fatal(err)
		}
		poll := &ovationv1.PullRequest{
			RoomId: "r", SessionId: joined.GetSessionId(), Cursor: joined.GetLatest().GetCursor(),
			Wait: durationpb.New(time.Minute),
		}
		polled := make(chan error, 1)
		go func() {
			_, err := user.feed.Pull(t.Context(), poll)
			polled <- err
		}()
		if _, err := backend.moderation.Ban(t.Context(), &ovationv1.BanRequest{RoomId: place, UserId: "ann in " + place}); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "the poll that waits is refused", func() bool {
			// It may begin before or after this, and before or after the ban.
			_, err := backend.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "something new"})
			if err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-polled:
				if reason(err) != ovationv1.ErrorReason_ERROR_REASON_BANNED {
					t.Fatalf("in %q: %v", place, err)
				}
				return true
			default:
				return false
			}
		})
		got, err := backend.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
		if err != nil || got.GetOnline().GetSessions() != 0 {
			t.Errorf("in %q: %v, %v", place, got.GetOnline(), err)
		}
	}
}

func TestKick(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	user, mod := n.as(t, "ann", live.RoleViewer), n.as(t, "mod", live.RoleModerator)
	one, other := subscribe(t, user, "r"), subscribe(t, user, "r")
	joined, err := user.rooms.JoinRoom(t.Context(), &ovationv1.JoinRoomRequest{RoomId: "r"})
	if err != nil {
		t.Fatal(err)
	}
	kick := func(session string) uint32 {
		res, err := mod.moderation.Kick(t.Context(), &ovationv1.KickRequest{
			RoomId: "r", UserId: "ann", SessionId: session, Reason: "calm down",
		})
		if err != nil {
			t.Fatal(err)
		}
		return res.GetSessions()
	}
	if n := kick(joined.GetSessionId()); n != 1 {
		t.Errorf("of one: %d", n)
	}
	if n := kick(""); n != 2 {
		t.Errorf("of the others: %d", n)
	}
	if n := kick(""); n != 0 {
		t.Errorf("of nobody: %d", n)
	}
	for _, s := range []stream{one, other} {
		wantKicked(t, s, ovationv1.KickReason_KICK_REASON_MODERATED, "calm down")
	}
	subscribe(t, user, "r") // they may come back
}

// A call that is repeated mutes once, and the mute's end does not move; the list says
// what acts, what did, and pages through it.
func TestSanctionsOverTheWire(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	mod, user := n.as(t, "mod", live.RoleModerator), n.as(t, "ann", live.RoleViewer)
	mute := &ovationv1.MuteRequest{
		RoomId: "r", UserId: "ann", Duration: durationpb.New(time.Hour), Reason: "caps", RequestId: "q",
	}
	first, err := mod.moderation.Mute(t.Context(), mute)
	if err != nil {
		t.Fatal(err)
	}
	again, err := mod.moderation.Mute(t.Context(), mute)
	s := first.GetSanction()
	if err != nil || again.GetSanction().GetSanctionId() != s.GetSanctionId() || again.GetSanction().GetUntilAt() != s.GetUntilAt() {
		t.Errorf("again: %v, %v", again, err)
	}
	if s.GetKind() != ovationv1.SanctionKind_SANCTION_KIND_MUTE || s.GetRoomId() != "r" || s.GetUserId() != "ann" ||
		s.GetReason() != "caps" || s.GetAppliedBy() != "mod" || s.GetState() != ovationv1.SanctionState_SANCTION_STATE_ACTIVE ||
		s.GetUntilAt()-s.GetAppliedAt() != time.Hour.Microseconds() || s.GetLiftedAt() != 0 || s.GetSanctionId() == "" {
		t.Errorf("%v", s)
	}
	mute.Reason = "another"
	if _, err := mod.moderation.Mute(t.Context(), mute); reason(err) != ovationv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED {
		t.Errorf("with another reason: %v", err)
	}
	_, err = user.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "hello"})
	if d := detail(err); d.GetReason() != ovationv1.ErrorReason_ERROR_REASON_MUTED || d.GetMetadata()["why"] != "caps" ||
		d.GetMetadata()["until"] != strconv.FormatInt(s.GetUntilAt(), 10) {
		t.Errorf("Send: %v, %v", err, d)
	}
	if _, err := user.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"}); err != nil {
		t.Errorf("a muted user may not read: %v", err)
	}
	if _, err := mod.moderation.MuteRoom(t.Context(), &ovationv1.MuteRoomRequest{RoomId: "r"}); err != nil {
		t.Fatal(err)
	}
	if _, err := mod.moderation.Unmute(t.Context(), &ovationv1.UnmuteRequest{RoomId: "r", UserId: "ann"}); err != nil {
		t.Fatal(err)
	}
	_, err = user.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "hello"})
	if d := detail(err); d.GetReason() != ovationv1.ErrorReason_ERROR_REASON_MUTED || len(d.GetMetadata()) != 0 {
		t.Errorf("Send, the room muted: %v, %v", err, d)
	}
	if _, err := mod.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "hello"}); err != nil {
		t.Errorf("Send by a moderator: %v", err)
	}
	if _, err := mod.moderation.UnmuteRoom(t.Context(), &ovationv1.UnmuteRoomRequest{RoomId: "r"}); err != nil {
		t.Fatal(err)
	}
	if _, err := user.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "hello"}); err != nil {
		t.Errorf("Send, all lifted: %v", err)
	}
	checkListed(t, mod)
}

// checkListed checks that ann's mute and the room's are listed as lifted, in pages.
func checkListed(t *testing.T, mod clients) {
	t.Helper()
	now, err := mod.moderation.ListSanctions(t.Context(), &ovationv1.ListSanctionsRequest{RoomId: "r"})
	if err != nil || len(now.GetSanctions()) != 0 {
		t.Errorf("%v, %v", now, err)
	}
	var listed []string
	ask := &ovationv1.ListSanctionsRequest{RoomId: "r", WithPast: true, PageSize: 1}
	for more := true; more; more = ask.PageToken != "" {
		page, err := mod.moderation.ListSanctions(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.GetSanctions() {
			if s.GetState() != ovationv1.SanctionState_SANCTION_STATE_LIFTED || s.GetLiftedBy() != "mod" || s.GetLiftedAt() < s.GetAppliedAt() {
				t.Errorf("%v", s)
			}
			listed = append(listed, s.GetKind().String())
		}
		ask.PageToken = page.GetNextPageToken()
	}
	if got := strings.Join(listed, " "); got != "SANCTION_KIND_ROOM_MUTE SANCTION_KIND_MUTE" {
		t.Errorf("listed %s", got)
	}
	for _, pageToken := range []string{"nonsense", "MQ"} {
		ask := &ovationv1.ListSanctionsRequest{RoomId: "r", PageToken: pageToken}
		if _, err := mod.moderation.ListSanctions(t.Context(), ask); reason(err) != ovationv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID {
			t.Errorf("%q: %v", pageToken, err)
		}
	}
}
