package moderation_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// Every room is for backends whose token covers every room.
func TestWhoSanctionsEveryRoom(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for name, tt := range map[string]struct {
		p    auth.Principal
		want error
	}{
		"a backend":             {backend, nil},
		"a backend of one room": {as("b", live.RoleBackend), auth.ErrRoomForbidden},
		"a host of all":         {as("h", live.RoleHost, auth.AnyRoom), auth.ErrRoleForbidden},
		"a moderator of all":    {as("m", live.RoleModerator, auth.AnyRoom), auth.ErrRoleForbidden},
		"a viewer":              {as("v", live.RoleViewer), auth.ErrRoleForbidden},
		"nobody":                {auth.Principal{}, auth.ErrRoleForbidden},
	} {
		for _, kind := range []rules.Kind{rules.Ban, rules.Mute, rules.Protect, rules.Appoint} {
			if _, err := h.Apply(t.Context(), tt.p, order(kind, "", "ann")); !errors.Is(err, tt.want) {
				t.Errorf("%s applies %v: %v", name, kind, err)
			}
			if err := h.Lift(t.Context(), tt.p, store.SanctionLift{Kind: kind, User: "ann"}); !errors.Is(err, tt.want) {
				t.Errorf("%s lifts %v: %v", name, kind, err)
			}
		}
		_, _, err := h.List(t.Context(), tt.p, store.SanctionQuery{Query: rules.Query{Limit: 10}}, "")
		if !errors.Is(err, tt.want) {
			t.Errorf("%s lists: %v", name, err)
		}
	}
}

func TestWhomNobodySanctions(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.apply(order(rules.Protect, "r", "ann"))
	h.apply(order(rules.Protect, "", "bob"))
	h.apply(order(rules.Appoint, "r", "dee"))
	h.apply(order(rules.Appoint, "", "eve"))
	mod, host := as("mod", live.RoleModerator), as("host", live.RoleHost)
	for name, tt := range map[string]struct {
		p    auth.Principal
		user live.UserID
		want error
	}{
		"a viewer":                        {mod, "cy", nil},
		"oneself":                         {mod, "mod", rules.ErrProtected},
		"a backend, oneself":              {backend, "backend", rules.ErrProtected},
		"the host":                        {mod, "host", rules.ErrProtected},
		"the host, themselves":            {host, "host", rules.ErrProtected},
		"the host, by a backend":          {backend, "host", nil},
		"whom the room protects":          {host, "ann", rules.ErrProtected},
		"whom every room protects":        {host, "bob", rules.ErrProtected},
		"whom a room protects, a backend": {backend, "ann", rules.ErrProtected},
		"one appointed":                   {mod, "dee", rules.ErrProtected},
		"one appointed for all rooms":     {mod, "eve", rules.ErrProtected},
		"one appointed, by the host":      {host, "dee", nil},
		"one appointed, by a backend":     {backend, "eve", nil},
	} {
		for _, kind := range []rules.Kind{rules.Mute, rules.Ban} {
			if _, err := h.Apply(t.Context(), tt.p, order(kind, "r", tt.user)); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v: %v", name, kind, err)
			}
		}
		d := store.Departure{Room: "r", User: tt.user}
		if _, err := h.Kick(t.Context(), tt.p, d); !errors.Is(err, tt.want) {
			t.Errorf("%s, kicked: %v", name, err)
		}
	}
	if _, err := h.Apply(t.Context(), host, order(rules.Protect, "r", "host")); err != nil {
		t.Errorf("protecting oneself: %v", err)
	}
}

// Who was muted does not let themselves speak again.
func TestNobodyLiftsTheirOwn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	mod := as("mod", live.RoleModerator)
	h.apply(order(rules.Mute, "r", "mod"))
	h.apply(order(rules.RoomMute, "r", ""))
	if err := h.Lift(t.Context(), mod, store.SanctionLift{Kind: rules.Mute, Room: "r", User: "mod"}); !errors.Is(err, auth.ErrRoleForbidden) {
		t.Errorf("their own: %v", err)
	}
	if err := h.Lift(t.Context(), mod, store.SanctionLift{Kind: rules.RoomMute, Room: "r"}); err != nil {
		t.Errorf("the room's: %v", err)
	}
	muted := new(*rules.MutedError)
	if _, err := h.say(mod, "hello"); !errors.As(err, muted) {
		t.Errorf("a muted moderator speaks: %v", err)
	}
}

func TestSanctionsWhereOneMayNot(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if _, err := h.store.Rooms.EndRoom(t.Context(), "r"); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[live.RoomID]error{"nowhere": store.ErrRoomNotFound, "r": store.ErrRoomEnded} {
		for _, kind := range []rules.Kind{rules.Ban, rules.Mute, rules.RoomMute, rules.Protect, rules.Appoint} {
			if _, err := h.Apply(t.Context(), backend, order(kind, id, "ann")); !errors.Is(err, want) {
				t.Errorf("%v in %s: %v", kind, id, err)
			}
		}
		if _, err := h.Kick(t.Context(), backend, store.Departure{Room: id, User: "ann"}); !errors.Is(err, want) {
			t.Errorf("kicked in %s: %v", id, err)
		}
	}
	lift := store.SanctionLift{Kind: rules.Ban, Room: "nowhere", User: "ann"}
	if err := h.Lift(t.Context(), backend, lift); !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("lifting nowhere: %v", err)
	}
	lift.Room = "r"
	if err := h.Lift(t.Context(), backend, lift); err != nil {
		t.Errorf("lifting in an ended room: %v", err)
	}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.apply(order(rules.Ban, "r", "ann"))
	h.apply(order(rules.Ban, "", "bob"))
	h.apply(order(rules.Mute, "", "cy"))
	for name, tt := range map[string]struct {
		p      auth.Principal
		room   live.RoomID
		banned bool
		muted  bool
	}{
		"banned":                     {as("ann", live.RoleViewer), "r", true, false},
		"banned, a host":             {as("ann", live.RoleHost), "r", true, false},
		"banned, for another room":   {as("ann", live.RoleViewer, "s"), "r", false, false},
		"banned, in another room":    {as("ann", live.RoleViewer, "s"), "s", false, false},
		"banned, as a backend":       {as("ann", live.RoleBackend), "r", false, false},
		"banned everywhere":          {as("bob", live.RoleViewer, "s"), "s", true, false},
		"banned everywhere, no room": {as("bob", live.RoleViewer), "", false, false},
		"muted":                      {as("cy", live.RoleViewer), "r", false, true},
		"muted, in another room":     {as("cy", live.RoleViewer, "s"), "s", false, true},
		"muted, as a backend":        {as("cy", live.RoleBackend), "r", false, false},
		"one on whom nothing acts":   {as("dee", live.RoleViewer), "r", false, false},
		"nobody":                     {auth.Principal{}, "r", false, false},
	} {
		ctx, err := h.Admit(t.Context(), tt.p, tt.room)
		var ban *rules.BannedError
		if errors.As(err, &ban) != tt.banned || !tt.banned && err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if tt.banned && ban.Term != (rules.Term{Until: rules.Forever, Why: "why"}) {
			t.Errorf("%s: %+v", name, ban)
		}
		if err == nil && standingOf(ctx).Muted.Acts() != tt.muted {
			t.Errorf("%s: stands as %+v", name, standingOf(ctx))
		}
	}
}

// A session without a stream, which a ban in every room does not reach, ends with the
// next call.
func TestAdmitEndsWhatTheBanDidNot(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ann := as("ann", live.RoleViewer)
	if _, err := h.rooms.Join(t.Context(), ann, "r", ""); err != nil {
		t.Fatal(err)
	}
	h.apply(order(rules.Ban, "", "ann"))
	if _, err := h.Admit(t.Context(), ann, "r"); err == nil || h.sessions() != 0 {
		t.Errorf("%v, %d sessions", err, h.sessions())
	}
	if _, err := h.Admit(t.Context(), as("ann", live.RoleViewer, "nowhere"), "nowhere"); err == nil {
		t.Error("admitted to a room that is not there")
	}
	if logged := h.logs.String(); logged != "" {
		t.Errorf("logged %s", logged)
	}
}

// Whoever is banned while they come in has no session afterwards.
func TestJoinOfOneWhoIsBannedMeanwhile(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.apply(order(rules.Ban, "r", "ann")) // after the door, as it were
	var ban *rules.BannedError
	if _, err := h.rooms.Join(t.Context(), as("ann", live.RoleViewer), "r", ""); !errors.As(err, &ban) || h.sessions() != 0 {
		t.Errorf("%v, %d sessions", err, h.sessions())
	}
	if _, err := h.rooms.Join(t.Context(), as("ann", live.RoleBackend), "r", ""); err != nil || h.sessions() != 1 {
		t.Errorf("a backend: %v, %d sessions", err, h.sessions())
	}
}

func TestListIsInPages(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for range 3 {
		h.apply(order(rules.Mute, "r", "ann"))
		h.apply(order(rules.Mute, "", "bob"))
	}
	for id, want := range map[live.RoomID]int{"r": 6, "": 6} {
		q := store.SanctionQuery{Room: id, Query: rules.Query{Past: true, Limit: 4}}
		first, next, err := h.List(t.Context(), backend, q, "")
		if err != nil || len(first) != 4 || next == "" {
			t.Fatalf("%+v, %q, %v", first, next, err)
		}
		rest, last, err := h.List(t.Context(), backend, q, next)
		if err != nil || len(first)+len(rest) != want || last != "" {
			t.Errorf("%+v, %q, %v", rest, last, err)
		}
		q.Room = "s"
		if _, _, err := h.List(t.Context(), backend, q, next); err == nil {
			t.Error("a token of another list was taken")
		}
	}
}

// A ban that was lifted before its request came again ends nobody's sessions.
func TestABanThatIsRepeatedLate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ban := order(rules.Ban, "r", "ann")
	ban.RequestID, ban.For = "q", time.Hour
	h.apply(ban)
	h.lift(rules.Ban, "r", "ann")
	if _, err := h.rooms.Join(t.Context(), as("ann", live.RoleViewer), "r", ""); err != nil {
		t.Fatal(err)
	}
	h.apply(ban)
	if h.sessions() != 1 {
		t.Error("the session is over")
	}
}
