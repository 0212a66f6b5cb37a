package rooms_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/store"
)

func TestJoinReturnsAllThatIsShownFirst(t *testing.T) {
	t.Parallel()
	h := setup(t)
	settings := room.DefaultSettings()
	for range 60 {
		d := feed.Draft{Content: feed.Content{Kind: feed.KindText, Sender: "v", Text: "hello"}, Bucket: feed.Low}
		if _, err := h.store.Log.Append(t.Context(), "r", d, store.Limits{Limits: settings.Feed, Revision: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Join(t.Context(), as("v", live.RoleViewer), "r", ""); err != nil {
		t.Fatal(err)
	}
	h.seat(t, "r", "v")
	j, err := h.Join(t.Context(), as("u", live.RoleViewer), "r", "")
	if err != nil {
		t.Fatal(err)
	}
	if j.Room.ID != "r" || j.Session == "" ||
		j.Online != (room.Online{Users: 2, Sessions: 2}) || len(j.Latest.Messages) != 50 ||
		len(j.Attributes.Snapshot.Attributes) != 1 {
		t.Errorf("%+v", j)
	}
}

// Members are shown in the role that acts now, whatever it was when they came.
func TestMembersInTheRolesThatAct(t *testing.T) {
	t.Parallel()
	h := setup(t)
	appointment := moderation.Order{Kind: moderation.Appoint, Room: "r", User: "ann", By: "host"}
	appoint := func() {
		if _, err := h.store.Sanctions.ApplySanction(t.Context(), store.SanctionOrder{Order: appointment}); err != nil {
			t.Fatal(err)
		}
	}
	roles := map[live.UserID]live.Role{"ann": live.RoleViewer, "bob": live.RoleViewer, "host": live.RoleHost}
	shown := func(p auth.Principal) {
		t.Helper()
		j, err := h.Join(t.Context(), p, "r", "")
		if err != nil || j.Role != roles[p.User] {
			t.Errorf("%s joins as %v, %v", p.User, j.Role, err)
		}
		members, _, _, err := h.Members(t.Context(), backend, "r", 10, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range members {
			if m.Role != roles[m.User] {
				t.Errorf("%s is shown as %v, want %v", m.User, m.Role, roles[m.User])
			}
		}
	}
	ann := as("ann", live.RoleViewer)
	shown(as("host", live.RoleHost))
	shown(as("bob", live.RoleViewer))
	shown(ann)
	appoint()
	roles["ann"] = live.RoleModerator
	shown(ann.Acting(live.RoleModerator)) // as a call of theirs has it
	lift := store.SanctionLift{Kind: moderation.Appoint, Room: "r", User: "ann", By: "host"}
	if err := h.store.Sanctions.LiftSanction(t.Context(), lift); err != nil {
		t.Fatal(err)
	}
	roles["ann"] = live.RoleViewer
	shown(ann)
}

func TestResume(t *testing.T) {
	t.Parallel()
	h := setup(t)
	u, v := as("u", live.RoleViewer), as("v", live.RoleViewer)
	first, err := h.Join(t.Context(), u, "r", "")
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Join(t.Context(), u, "r", first.Session)
	if err != nil || again.Session != first.Session {
		t.Errorf("resumed: %+v, %v", again.Session, err)
	}
	second, err := h.Join(t.Context(), u, "r", "")
	if err != nil || second.Session == first.Session || second.Online.Sessions != 2 {
		t.Errorf("another device: %+v, %v", second.Session, err)
	}
	stolen, err := h.Join(t.Context(), v, "r", first.Session)
	if err != nil || stolen.Session == first.Session {
		t.Errorf("somebody else's: %+v, %v", stolen.Session, err)
	}
	if users, sessions := h.online(t, "r"); users != 2 || sessions != 3 {
		t.Errorf("%d users, %d sessions", users, sessions)
	}
}

func TestLeaveReleasesWithTheLastSession(t *testing.T) {
	t.Parallel()
	h := setup(t)
	u, v := as("u", live.RoleViewer), as("v", live.RoleViewer)
	first, _ := h.Join(t.Context(), u, "r", "")
	second, err := h.Join(t.Context(), u, "r", "")
	if err != nil {
		t.Fatal(err)
	}
	h.seat(t, "r", "u")
	steps := []struct {
		name  string
		leave func() error
		seats int
	}{
		{"somebody else", func() error { return h.Leave(t.Context(), v, "r", "") }, 1},
		{"somebody else, naming the session", func() error { return h.Leave(t.Context(), v, "r", first.Session) }, 1},
		{"a session that is not there", func() error { return h.Leave(t.Context(), u, "r", "x") }, 1},
		{"one of two", func() error { return h.Leave(t.Context(), u, "r", first.Session) }, 1},
		{"the same again", func() error { return h.Leave(t.Context(), u, "r", first.Session) }, 1},
		{"the last", func() error { return h.Leave(t.Context(), u, "r", second.Session) }, 0},
		{"again, all of none", func() error { return h.Leave(t.Context(), u, "r", "") }, 0},
	}
	for _, step := range steps {
		if err := step.leave(); err != nil || h.seats(t, "r") != step.seats {
			t.Errorf("%s: %d seats, %v", step.name, h.seats(t, "r"), err)
		}
	}
	if err := h.Leave(t.Context(), backend, "nowhere", ""); !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("a room that is not there: %v", err)
	}
}

func TestLeaveAllAtOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	u := as("u", live.RoleViewer)
	for range 3 {
		if _, err := h.Join(t.Context(), u, "r", ""); err != nil {
			t.Fatal(err)
		}
	}
	h.seat(t, "r", "u")
	if err := h.Leave(t.Context(), u, "r", ""); err != nil || h.seats(t, "r") != 0 {
		t.Errorf("%d seats, %v", h.seats(t, "r"), err)
	}
	if users, sessions := h.online(t, "r"); users != 0 || sessions != 0 {
		t.Errorf("%d users, %d sessions", users, sessions)
	}
}

// keep has the keeper at work until the test is over.
func (h house) keep(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.keeper.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-done })
}

// keeping runs a test in a bubble of time, with the keeper at work.
func keeping(t *testing.T, test func(t *testing.T, h house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.keep(t)
		time.Sleep(300 * time.Millisecond) // between two looks of the keeper
		test(t, h)
	})
}

func TestASessionWithoutPullsLapses(t *testing.T) {
	t.Parallel()
	keeping(t, func(t *testing.T, h house) {
		if _, err := h.Join(t.Context(), as("u", live.RoleViewer), "r", ""); err != nil {
			t.Fatal(err)
		}
		h.seat(t, "r", "u")
		time.Sleep(rooms.PollLease)
		if users, _ := h.online(t, "r"); users != 1 || h.seats(t, "r") != 1 {
			t.Errorf("gone within its lease")
		}
		time.Sleep(30 * time.Second)
		if users, _ := h.online(t, "r"); users != 0 || h.seats(t, "r") != 0 {
			t.Errorf("still there: %d users, %d seats", users, h.seats(t, "r"))
		}
	})
}

// A client that pulls a little more often than it was told keeps its session, however
// its pulls fall between the keeper's renewals; so does one that long-polls.
func TestASessionThatPullsLasts(t *testing.T) {
	t.Parallel()
	for offset := time.Duration(0); offset < 10*time.Second; offset += 1700 * time.Millisecond {
		keeping(t, func(t *testing.T, h house) {
			time.Sleep(offset)
			j, err := h.Join(t.Context(), as("u", live.RoleViewer), "r", "")
			if err != nil {
				t.Fatal(err)
			}
			h.seat(t, "r", "u")
			for range 20 {
				time.Sleep(rooms.PollLease)
				h.keeper.Pulled("r", "u", j.Session)
				if h.seats(t, "r") != 1 {
					t.Fatalf("lapsed at an offset of %v", offset)
				}
			}
		})
	}
}

func TestPullsOfTheDeadDoNotWakeThem(t *testing.T) {
	t.Parallel()
	keeping(t, func(t *testing.T, h house) {
		j, err := h.Join(t.Context(), as("u", live.RoleViewer), "r", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Leave(t.Context(), as("u", live.RoleViewer), "r", ""); err != nil {
			t.Fatal(err)
		}
		h.keeper.Pulled("r", "u", j.Session)
		h.keeper.Pulled("nowhere", "u", "x")
		h.keeper.Pulled("r", "u", "")
		time.Sleep(time.Minute)
		if users, _ := h.online(t, "r"); users != 0 {
			t.Errorf("%d users", users)
		}
	})
}

func TestPullsOfOthersKeepNobodyAlive(t *testing.T) {
	t.Parallel()
	keeping(t, func(t *testing.T, h house) {
		j, err := h.Join(t.Context(), as("u", live.RoleViewer), "r", "")
		if err != nil {
			t.Fatal(err)
		}
		for range 12 {
			time.Sleep(10 * time.Second)
			h.keeper.Pulled("r", "v", j.Session)
		}
		if users, _ := h.online(t, "r"); users != 0 {
			t.Errorf("%d users", users)
		}
	})
}

// A stream that notices its own end late harms nobody who has resumed its session.
func TestAStaleStreamSettlesNothing(t *testing.T) {
	t.Parallel()
	keeping(t, func(t *testing.T, h house) {
		u := as("u", live.RoleViewer)
		stale, _, err := h.Enter(t.Context(), u, "r", "", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		resumed, _, err := h.Enter(t.Context(), u, "r", stale.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		h.seat(t, "r", "u")
		if err := errors.Join(h.Over(t.Context(), "r", stale), h.Disconnected(t.Context(), "r", stale)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if users, _ := h.online(t, "r"); users != 1 || h.seats(t, "r") != 1 {
			t.Errorf("%d users, %d seats", users, h.seats(t, "r"))
		}
		if err := h.Over(t.Context(), "r", resumed); err != nil {
			t.Fatal(err)
		}
		if users, _ := h.online(t, "r"); users != 0 || h.seats(t, "r") != 0 {
			t.Errorf("after the end: %d users, %d seats", users, h.seats(t, "r"))
		}
	})
}

// LeaveRoom does not say how often the session was resumed.
func TestLeaveEndsWhateverIncarnation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	u := as("u", live.RoleViewer)
	first, _, err := h.Enter(t.Context(), u, "r", "", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Enter(t.Context(), u, "r", first.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := h.Leave(t.Context(), u, "r", first.ID); err != nil {
		t.Fatal(err)
	}
	if users, _ := h.online(t, "r"); users != 0 {
		t.Errorf("%d users", users)
	}
}

func TestADisconnectedSessionWaitsToBeResumed(t *testing.T) {
	t.Parallel()
	keeping(t, func(t *testing.T, h house) {
		u := as("u", live.RoleViewer)
		session, _, err := h.Enter(t.Context(), u, "r", "", rooms.StreamLease)
		if err != nil {
			t.Fatal(err)
		}
		h.seat(t, "r", "u")
		if err := h.Disconnected(t.Context(), "r", session); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rooms.ResumeLease - time.Second)
		resumed, _, err := h.Enter(t.Context(), u, "r", session.ID, rooms.StreamLease)
		if err != nil || resumed.Joined != session.Joined || h.seats(t, "r") != 1 {
			t.Errorf("resumed %+v, %v", resumed, err)
		}
		if err := h.Disconnected(t.Context(), "r", resumed); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rooms.ResumeLease + 2*time.Second)
		if users, _ := h.online(t, "r"); users != 0 || h.seats(t, "r") != 0 {
			t.Errorf("still there: %d users, %d seats", users, h.seats(t, "r"))
		}
	})
}

// More sessions lapse at once than one look ends.
func TestManyLapseAtOnce(t *testing.T) {
	t.Parallel()
	keeping(t, func(t *testing.T, h house) {
		for range 2500 {
			if _, _, err := h.Enter(t.Context(), as("u", live.RoleViewer), "r", "", time.Second); err != nil {
				t.Fatal(err)
			}
		}
		h.seat(t, "r", "u")
		time.Sleep(6 * time.Second)
		if users, sessions := h.online(t, "r"); users != 0 || sessions != 0 || h.seats(t, "r") != 0 {
			t.Errorf("still there: %d sessions", sessions)
		}
	})
}

// JoinRoom of a session that is there opens no stream, and ends none.
func TestJoinLeavesTheSessionsStream(t *testing.T) {
	t.Parallel()
	keeping(t, func(t *testing.T, h house) {
		u := as("u", live.RoleViewer)
		streaming, _, err := h.Enter(t.Context(), u, "r", "", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		joined, err := h.Join(t.Context(), u, "r", streaming.ID)
		if err != nil || joined.Session != streaming.ID || joined.Online.Sessions != 1 {
			t.Fatalf("%+v, %v", joined, err)
		}
		if err := h.Over(t.Context(), "r", streaming); err != nil {
			t.Fatal(err)
		}
		if users, _ := h.online(t, "r"); users != 0 {
			t.Errorf("the stream's own incarnation was not the session's: %d users", users)
		}
		again, err := h.Join(t.Context(), u, "r", streaming.ID)
		if err != nil || again.Online.Sessions != 1 {
			t.Errorf("joining what is over: %+v, %v", again, err)
		}
	})
}
