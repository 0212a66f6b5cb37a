package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
)

// wantStanding checks how a user stands.
func (s *rig) wantStanding(id live.RoomID, user live.UserID, want moderation.Standing) {
	s.t.Helper()
	if got := s.stands(id, user); got != want {
		s.t.Errorf("%s stands in %q as %+v, want %+v", user, id, got, want)
	}
}

func standingIsOfBothPlaces(_ *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	s.wantStanding("r", "ann", moderation.Standing{})
	here := s.sanction(within(time.Minute, order("r", moderation.Mute, "ann")))
	everywhere := s.sanction(within(time.Hour, order("", moderation.Mute, "ann")))
	s.sanction(order("r", moderation.Ban, "ann"))
	s.sanction(order("r", moderation.RoomMute, ""))
	later := moderation.Term{Until: everywhere.Until, Why: everywhere.Reason}
	s.wantStanding("r", "ann", moderation.Standing{Banned: forGood("ann"), Muted: later, RoomMuted: forGood("")})
	s.wantStanding("other", "ann", moderation.Standing{Muted: later})
	s.wantStanding("r", "bob", moderation.Standing{RoomMuted: forGood("")})
	s.lift("", moderation.Mute, "ann")
	s.wantStanding("r", "ann", moderation.Standing{
		Banned: forGood("ann"), Muted: moderation.Term{Until: here.Until, Why: here.Reason}, RoomMuted: forGood(""),
	})
}

func standingWhereNoRoomIs(_ *testing.T, s *rig) {
	s.create("r")
	s.sanction(order("r", moderation.Ban, "ann"))
	s.sanction(order("", moderation.Mute, "ann"))
	s.sanction(order("r", moderation.RoomMute, ""))
	for _, id := range []live.RoomID{"", "absent"} {
		s.wantStanding(id, "ann", moderation.Standing{Muted: forGood("ann")})
		s.wantStanding(id, "bob", moderation.Standing{})
	}
}

func standingFollows(t *testing.T, s *rig) {
	s.create("r")
	follows := func(user live.UserID, want moderation.Standing) {
		t.Helper()
		s.eventually(fmt.Sprintf("%s stands as %+v", user, want), func() bool {
			got, err := s.Sanctions.Standing(t.Context(), "r", user)
			return must(s, "Standing", got, err) == want
		})
	}
	follows("ann", moderation.Standing{})
	s.sanction(order("r", moderation.Ban, "ann"))
	follows("ann", moderation.Standing{Banned: forGood("ann")})
	s.sanction(order("", moderation.Mute, "ann"))
	follows("ann", moderation.Standing{Banned: forGood("ann"), Muted: forGood("ann")})
	s.lift("r", moderation.Ban, "ann")
	s.lift("", moderation.Mute, "ann")
	follows("ann", moderation.Standing{})
	s.sanction(within(moment, order("r", moderation.Ban, "ann")))
	s.lapse()
	if got, err := s.Sanctions.Standing(t.Context(), "r", "ann"); must(s, "Standing", got, err) != (moderation.Standing{}) {
		t.Errorf("%+v, though it has expired", got)
	}
}

func standingsAreInOrder(t *testing.T, s *rig) {
	s.create("r")
	s.sanction(order("r", moderation.Ban, "ann"))
	s.sanction(order("", moderation.Mute, "bob"))
	ann, bob := moderation.Standing{Banned: forGood("ann")}, moderation.Standing{Muted: forGood("bob")}
	for _, tt := range []struct {
		users []live.UserID
		want  []moderation.Standing
	}{
		{nil, nil},
		{[]live.UserID{"bob", "cy", "ann", "bob"}, []moderation.Standing{bob, {}, ann, bob}},
	} {
		got, err := s.Sanctions.Standings(t.Context(), "r", tt.users)
		if must(s, "Standings", got, err); !slices.Equal(got, tt.want) {
			t.Errorf("Standings(%q) = %+v, want %+v", tt.users, got, tt.want)
		}
	}
}

func everyRoomIsEveryRoom(t *testing.T, s *rig) {
	s.sanction(order("", moderation.Ban, "ann")) // before there is any
	s.create("r")
	s.wantStanding("r", "ann", moderation.Standing{Banned: forGood("ann")})
	s.end("r")
	if all := s.sanctions("", moderation.Query{}); len(all) != 1 {
		t.Errorf("%+v, want the ban", all)
	}
	s.lift("", moderation.Ban, "ann")
	s.wantStanding("r", "ann", moderation.Standing{})
}

func revisionDiffersWithEveryChange(t *testing.T, s *rig) {
	if got := s.revision("absent"); got != (store.SanctionRevision{}) {
		t.Errorf("where nothing ever acted: %+v", got)
	}
	s.create("r")
	s.create("other")
	seen := map[store.SanctionRevision]bool{s.revision("r"): true}
	for i, change := range []func(){
		func() { s.sanction(order("r", moderation.Ban, "ann")) },
		func() { s.sanction(order("r", moderation.Ban, "ann")) },
		func() { s.sanction(order("", moderation.Mute, "ann")) },
		func() { s.sanction(order("r", moderation.RoomMute, "")) },
		func() { s.sanction(order("r", moderation.Protect, "ann")) },
		func() { s.lift("", moderation.Mute, "ann") },
		func() { s.lift("r", moderation.Protect, "ann") },
	} {
		change()
		if got := s.revision("r"); seen[got] {
			t.Errorf("change %d: %+v again", i, got)
		}
		seen[s.revision("r")] = true
	}
	all, err := s.Sanctions.SanctionRevisions(t.Context(), []live.RoomID{"r", "other"})
	if must(s, "SanctionRevisions", all, err); len(all) != 2 || all["r"] == all["other"] || all["r"].Everywhere != all["other"].Everywhere {
		t.Errorf("SanctionRevisions = %+v", all)
	}
}

func revisionStaysWithoutOne(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	s.sanction(order("r", moderation.Protect, "ann"))
	o := requested("request", order("r", moderation.Ban, "bob"))
	s.sanction(o)
	revision := s.revision("r")
	s.sanction(o)
	s.lift("r", moderation.Mute, "ann")
	s.sanction(order("other", moderation.Ban, "ann"))
	if _, err := s.Sanctions.ApplySanction(t.Context(), order("r", moderation.Ban, "ann")); err == nil {
		t.Error("one who is protected was banned")
	}
	if now := s.revision("r"); now != revision {
		t.Errorf("revision %+v, want %+v", now, revision)
	}
}
