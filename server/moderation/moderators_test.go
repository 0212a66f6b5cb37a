package moderation_test

import (
	"errors"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	rules "github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// admitted returns a caller as a call in a room knows them.
func (h house) admitted(p auth.Principal, id live.RoomID) auth.Principal {
	h.t.Helper()
	ctx, err := h.Admit(auth.With(h.t.Context(), p), p, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return auth.From(ctx)
}

// Who was appointed acts as a moderator in calls in that room, if their token covers it,
// and nowhere else; whose token says more acts as it says.
func TestAppointedActAsModerators(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.apply(order(rules.Appoint, "r", "ann"))
	h.apply(order(rules.Appoint, "", "bob"))
	h.apply(order(rules.Mute, "r", "cy"))
	for name, tt := range map[string]struct {
		p    auth.Principal
		room live.RoomID
		want live.Role
	}{
		"appointed":                   {as("ann", live.RoleViewer), "r", live.RoleModerator},
		"elsewhere":                   {as("ann", live.RoleViewer, auth.AnyRoom), "s", live.RoleViewer},
		"in no room":                  {as("ann", live.RoleViewer, auth.AnyRoom), "", live.RoleViewer},
		"a token for another room":    {as("ann", live.RoleViewer, "s"), "r", live.RoleViewer},
		"appointed, a moderator":      {as("ann", live.RoleModerator), "r", live.RoleModerator},
		"appointed, a host":           {as("ann", live.RoleHost), "r", live.RoleHost},
		"appointed, as a backend":     {as("ann", live.RoleBackend), "r", live.RoleBackend},
		"appointed in every room":     {as("bob", live.RoleViewer, auth.AnyRoom), "s", live.RoleModerator},
		"in every room, in none":      {as("bob", live.RoleViewer, auth.AnyRoom), "", live.RoleViewer},
		"another on whom a mute acts": {as("cy", live.RoleViewer), "r", live.RoleViewer},
		"one on whom nothing acts":    {as("dee", live.RoleViewer), "r", live.RoleViewer},
	} {
		if got := h.admitted(tt.p, tt.room); got.Role != tt.want || got.TokenRole() != tt.p.Role || got.User != tt.p.User {
			t.Errorf("%s: %+v acts as %v", name, got, got.Role)
		}
	}
	h.lift(rules.Appoint, "r", "ann")
	if got := h.admitted(as("ann", live.RoleViewer), "r"); got.Role != live.RoleViewer {
		t.Errorf("no more: %v", got.Role)
	}
}

// A moderator by appointment keeps order as any moderator, appoints nobody, and leaves
// the host and other moderators alone; to the host they are anyone.
func TestWhatTheAppointedMay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	host := as("host", live.RoleHost)
	for _, user := range []live.UserID{"ann", "bob"} {
		if _, err := h.Apply(t.Context(), host, order(rules.Appoint, "r", user)); err != nil {
			t.Fatal(err)
		}
	}
	ann := h.admitted(as("ann", live.RoleViewer), "r")
	for name, tt := range map[string]struct {
		order store.SanctionOrder
		want  error
	}{
		"mutes a viewer":      {order(rules.Mute, "r", "cy"), nil},
		"mutes the room":      {order(rules.RoomMute, "r", ""), nil},
		"bans the host":       {order(rules.Ban, "r", "host"), rules.ErrProtected},
		"bans a moderator":    {order(rules.Ban, "r", "bob"), rules.ErrProtected},
		"bans themselves":     {order(rules.Ban, "r", "ann"), rules.ErrProtected},
		"appoints":            {order(rules.Appoint, "r", "cy"), auth.ErrRoleForbidden},
		"protects themselves": {order(rules.Protect, "r", "ann"), auth.ErrRoleForbidden},
		"bans in every room":  {order(rules.Ban, "", "cy"), auth.ErrRoleForbidden},
	} {
		if _, err := h.Apply(t.Context(), ann, tt.order); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := h.Lift(t.Context(), ann, store.SanctionLift{Kind: rules.Appoint, Room: "r", User: "bob"}); !errors.Is(err, auth.ErrRoleForbidden) {
		t.Errorf("dismisses another: %v", err)
	}
	sent, err := h.say(as("ann", live.RoleViewer), "quiet, please")
	if err != nil || sent.Outcome != feed.Accepted || sent.Bucket != feed.Whitelist {
		t.Errorf("speaks in a muted room: %+v, %v", sent, err)
	}
}

// A ban takes all that the appointed may, for as long as it acts, and keeps a new
// appointment away.
func TestTheAppointedBanned(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ann := as("ann", live.RoleViewer)
	host := as("host", live.RoleHost)
	h.apply(order(rules.Appoint, "r", "ann"))
	if _, err := h.Apply(t.Context(), host, order(rules.Ban, "r", "ann")); err != nil {
		t.Fatal(err)
	}
	var ban *rules.BannedError
	if _, err := h.Admit(t.Context(), ann, "r"); !errors.As(err, &ban) {
		t.Errorf("banned: %v", err)
	}
	if _, err := h.Apply(t.Context(), host, order(rules.Appoint, "r", "ann")); !errors.Is(err, rules.ErrBanned) {
		t.Errorf("appointed again: %v", err)
	}
	h.lift(rules.Ban, "r", "ann")
	if got := h.admitted(ann, "r"); got.Role != live.RoleModerator {
		t.Errorf("after the ban: %v", got.Role)
	}
}
