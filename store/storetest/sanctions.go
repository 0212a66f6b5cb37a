package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
)

var sanctionsTests = []test{
	{"ApplyReturnsTheSanction", applyReturnsTheSanction},
	{"SanctionReplacesItsKind", sanctionReplacesItsKind},
	{"SanctionExpiresAtItsInstant", sanctionExpiresAtItsInstant},
	{"ShortestTermActs", shortestTermActs},
	{"ProtectionLiftsBanAndMute", protectionLiftsBanAndMute},
	{"ProtectionKeepsSanctionsAway", protectionKeepsSanctionsAway},
	{"ProtectionThatIsOverKeepsNothingAway", protectionThatIsOverKeepsNothingAway},
	{"AppointmentActsBesideTheRest", appointmentActsBesideTheRest},
	{"BanKeepsAppointmentsAway", banKeepsAppointmentsAway},
	{"SanctionRequestAppliesOnce", sanctionRequestAppliesOnce},
	{"SanctionRequestIsItsActorsAndKinds", sanctionRequestIsItsActorsAndKinds},
	{"SanctionRequestReusedIsRefused", sanctionRequestReusedIsRefused},
	{"SanctionRequestThatWasRefusedIsNotRemembered", sanctionRequestThatWasRefusedIsNotRemembered},
	{"SanctionRequestIsRememberedForFiveMinutes", sanctionRequestIsRememberedForFiveMinutes},
	{"LiftLiftsItsKindAndPlace", liftLiftsItsKindAndPlace},
	{"LiftOfNothingIsNothing", liftOfNothingIsNothing},
	{"LiftWorksInAnEndedRoom", liftWorksInAnEndedRoom},
	{"StandingIsOfBothPlaces", standingIsOfBothPlaces},
	{"StandingWhereNoRoomIs", standingWhereNoRoomIs},
	{"StandingFollows", standingFollows},
	{"StandingsAreInOrder", standingsAreInOrder},
	{"EveryRoomIsEveryRoom", everyRoomIsEveryRoom},
	{"SanctionsAreNewestFirst", sanctionsAreNewestFirst},
	{"SanctionsAreSelected", sanctionsAreSelected},
	{"SanctionsArePaged", sanctionsArePaged},
	{"SanctionsOfThePastAreKept", sanctionsOfThePastAreKept},
	{"RevisionDiffersWithEveryChange", revisionDiffersWithEveryChange},
	{"RevisionStaysWithoutOne", revisionStaysWithoutOne},
	{"SanctionsAreAModel", sanctionsAreAModel},
}

// forGood is what acts until it is lifted, as order makes it.
func forGood(user live.UserID) moderation.Term {
	return moderation.Term{Until: moderation.Forever, Why: "why of " + string(user)}
}

func applyReturnsTheSanction(t *testing.T, s *rig) {
	created := s.create("r").Created
	for i, o := range []store.SanctionOrder{
		order("r", moderation.Ban, "ann \x00Ä"),
		within(time.Minute, order("r", moderation.Mute, "ann")),
		order("r", moderation.RoomMute, ""),
		order("", moderation.Protect, "bob"),
		within(time.Hour, order("r", moderation.Appoint, "bob")),
	} {
		got := s.sanction(o)
		want := moderation.Sanction{
			ID: got.ID, Kind: o.Kind, Room: o.Room, User: o.User, Reason: o.Reason, By: o.By, At: got.At,
			State: moderation.Active,
		}
		if o.For > 0 {
			want.Until = got.At.Add(o.For)
		}
		if got != want || got.ID == "" || got.At < created {
			t.Errorf("ApplySanction = %+v, want %+v", got, want)
		}
		if all := s.sanctions("r", moderation.Query{}); len(all) != i+1 || !slices.Contains(all, want) {
			t.Errorf("Sanctions = %+v, want %+v in it", all, want)
		}
	}
}

func sanctionReplacesItsKind(t *testing.T, s *rig) {
	s.create("r")
	first := s.sanction(order("r", moderation.Ban, "ann"))
	other := order("r", moderation.Ban, "ann")
	other.By, other.Reason = "mod", "another"
	second := s.sanction(other)
	s.sanction(order("r", moderation.Mute, "ann"))
	s.sanction(order("", moderation.Ban, "ann"))
	all := s.sanctions("r", moderation.Query{Kinds: []moderation.Kind{moderation.Ban}, Past: true})
	if len(all) != 3 {
		t.Fatalf("Sanctions = %+v, want three bans", all)
	}
	i := slices.IndexFunc(all, func(b moderation.Sanction) bool { return b.ID == first.ID })
	first.State, first.LiftedBy, first.LiftedAt = moderation.Lifted, "mod", all[i].LiftedAt
	if all[i] != first || first.LiftedAt < first.At || first.LiftedAt > second.At {
		t.Errorf("the first became %+v, want it replaced by %+v", all[i], second)
	}
	if active := s.sanctions("r", moderation.Query{}); len(active) != 3 || !slices.Contains(active, second) {
		t.Errorf("Sanctions = %+v, want the others to act", active)
	}
}

func sanctionExpiresAtItsInstant(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	ban := s.sanction(within(time.Minute, order("r", moderation.Ban, "ann")))
	revision := s.revision("r")
	clock.Advance(ban.Until.Sub(clock.Now()) - time.Microsecond)
	s.wantStanding("r", "ann", moderation.Standing{Banned: moderation.Term{Until: ban.Until, Why: ban.Reason}})
	clock.Advance(time.Microsecond)
	s.wantStanding("r", "ann", moderation.Standing{})
	if active := s.sanctions("r", moderation.Query{}); len(active) != 0 {
		t.Errorf("%+v act", active)
	}
	if past := s.sanctions("r", moderation.Query{Past: true}); len(past) != 1 || past[0].State != moderation.Expired {
		t.Errorf("Sanctions = %+v, want it expired", past)
	}
	s.lift("r", moderation.Ban, "ann")
	if past := s.sanctions("r", moderation.Query{Past: true}); past[0].State != moderation.Expired || s.revision("r") != revision {
		t.Errorf("lifting what has expired changed it: %+v", past)
	}
}

func shortestTermActs(t *testing.T, s *rig) {
	s.create("r")
	if got := s.sanction(within(1, order("r", moderation.Ban, "ann"))); got.Until <= got.At {
		t.Errorf("a ban of a nanosecond: %+v, want that it ends, and not before it begins", got)
	}
}

func protectionLiftsBanAndMute(t *testing.T, s *rig) {
	s.create("r")
	s.sanction(order("r", moderation.Ban, "ann"))
	s.sanction(order("r", moderation.Mute, "ann"))
	s.sanction(order("r", moderation.Mute, "bob"))
	s.sanction(order("r", moderation.RoomMute, ""))
	s.sanction(order("r", moderation.Protect, "ann"))
	s.wantStanding("r", "ann", moderation.Standing{
		Protected: forGood("ann"), RoomMuted: forGood(""),
	})
	s.wantStanding("r", "bob", moderation.Standing{Muted: forGood("bob"), RoomMuted: forGood("")})
	lifted := s.sanctions("r", moderation.Query{User: "ann", Past: true})
	if len(lifted) != 3 || lifted[1].State != moderation.Lifted || lifted[1].LiftedBy != "host" || lifted[2].State != moderation.Lifted {
		t.Errorf("Sanctions = %+v, want ban and mute lifted", lifted)
	}
}

func protectionKeepsSanctionsAway(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	s.sanction(order("r", moderation.Protect, "ann"))
	s.sanction(order("", moderation.Protect, "bob"))
	for _, kind := range []moderation.Kind{moderation.Ban, moderation.Mute} {
		for _, tt := range []struct {
			room    live.RoomID
			user    live.UserID
			refused bool
		}{
			{"r", "ann", true},
			{"other", "ann", false},
			{"", "ann", false},
			{"r", "bob", true},
			{"other", "bob", true},
			{"", "bob", true},
			{"r", "cy", false},
		} {
			_, err := s.Sanctions.ApplySanction(t.Context(), order(tt.room, kind, tt.user))
			if tt.refused != errors.Is(err, moderation.ErrProtected) || !tt.refused && err != nil {
				t.Errorf("%v of %s in %q: %v", kind, tt.user, tt.room, err)
			}
		}
	}
	if all := s.sanctions("", moderation.Query{Past: true}); len(all) != 8 {
		t.Errorf("%d sanctions, want none of those refused", len(all))
	}
}

func protectionThatIsOverKeepsNothingAway(_ *testing.T, s *rig) {
	s.create("r")
	s.sanction(within(moment, order("", moderation.Protect, "ann")))
	s.sanction(order("r", moderation.Protect, "bob"))
	s.lapse()
	s.lift("r", moderation.Protect, "bob")
	s.sanction(order("r", moderation.Ban, "ann"))
	s.sanction(order("r", moderation.Ban, "bob"))
	s.wantStanding("r", "ann", moderation.Standing{Banned: forGood("ann")})
	s.wantStanding("r", "bob", moderation.Standing{Banned: forGood("bob")})
}

// An appointment lifts nothing and keeps nothing away, and nothing but its own end, or
// another, ends it.
func appointmentActsBesideTheRest(_ *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	s.sanction(order("r", moderation.Mute, "ann"))
	s.sanction(order("r", moderation.Appoint, "ann"))
	s.sanction(order("", moderation.Appoint, "bob"))
	s.sanction(order("r", moderation.Ban, "ann"))
	s.wantStanding("r", "ann", moderation.Standing{
		Banned: forGood("ann"), Muted: forGood("ann"), Appointed: forGood("ann"),
	})
	s.wantStanding("other", "ann", moderation.Standing{})
	s.wantStanding("other", "bob", moderation.Standing{Appointed: forGood("bob")})
	s.sanction(order("r", moderation.Protect, "ann"))
	s.wantStanding("r", "ann", moderation.Standing{Protected: forGood("ann"), Appointed: forGood("ann")})
	s.sanction(within(moment, order("r", moderation.Appoint, "ann")))
	s.lapse()
	s.lift("", moderation.Appoint, "bob")
	s.wantStanding("r", "ann", moderation.Standing{Protected: forGood("ann")})
	s.wantStanding("r", "bob", moderation.Standing{})
}

func banKeepsAppointmentsAway(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	s.sanction(order("r", moderation.Ban, "ann"))
	s.sanction(order("", moderation.Ban, "bob"))
	for _, tt := range []struct {
		room    live.RoomID
		user    live.UserID
		refused bool
	}{
		{"r", "ann", true},
		{"other", "ann", false},
		{"", "ann", false},
		{"r", "bob", true},
		{"other", "bob", true},
		{"", "bob", true},
		{"r", "cy", false},
	} {
		_, err := s.Sanctions.ApplySanction(t.Context(), order(tt.room, moderation.Appoint, tt.user))
		if tt.refused != errors.Is(err, moderation.ErrBanned) || !tt.refused && err != nil {
			t.Errorf("of %s in %q: %v", tt.user, tt.room, err)
		}
	}
	if all := s.sanctions("", moderation.Query{Past: true}); len(all) != 5 {
		t.Errorf("%d sanctions, want none of those refused", len(all))
	}
	s.sanction(within(moment, order("r", moderation.Ban, "dee")))
	s.lapse()
	s.sanction(order("r", moderation.Appoint, "dee"))
	s.lift("r", moderation.Ban, "ann")
	s.sanction(order("r", moderation.Appoint, "ann"))
	s.wantStanding("r", "dee", moderation.Standing{Appointed: forGood("dee")})
	s.wantStanding("r", "ann", moderation.Standing{Appointed: forGood("ann")})
}

func liftLiftsItsKindAndPlace(t *testing.T, s *rig) {
	s.create("r")
	for _, room := range []live.RoomID{"r", ""} {
		s.sanction(order(room, moderation.Ban, "ann"))
		s.sanction(order(room, moderation.Mute, "ann"))
		s.sanction(order(room, moderation.Ban, "bob"))
	}
	s.sanction(order("r", moderation.RoomMute, ""))
	s.lift("r", moderation.Ban, "ann")
	s.wantStanding("r", "ann", moderation.Standing{Banned: forGood("ann"), Muted: forGood("ann"), RoomMuted: forGood("")})
	s.lift("", moderation.Ban, "ann")
	s.lift("r", moderation.RoomMute, "")
	s.wantStanding("r", "ann", moderation.Standing{Muted: forGood("ann")})
	s.wantStanding("r", "bob", moderation.Standing{Banned: forGood("bob")})
	for _, ban := range s.sanctions("r", moderation.Query{User: "ann", Kinds: []moderation.Kind{moderation.Ban}, Past: true}) {
		if ban.State != moderation.Lifted || ban.LiftedBy != "lifter" || ban.LiftedAt < ban.At {
			t.Errorf("%+v, want it lifted", ban)
		}
	}
}

func liftOfNothingIsNothing(t *testing.T, s *rig) {
	s.create("r")
	s.sanction(order("", moderation.Ban, "ann"))
	revision := s.revision("r")
	s.lift("r", moderation.Ban, "ann")
	s.lift("", moderation.Mute, "ann")
	s.lift("", moderation.Ban, "bob")
	if now := s.revision("r"); now != revision || !s.stands("r", "ann").Banned.Acts() {
		t.Errorf("revision %+v, want %+v", now, revision)
	}
}

func liftWorksInAnEndedRoom(_ *testing.T, s *rig) {
	s.create("r")
	s.sanction(order("r", moderation.Ban, "ann"))
	s.end("r")
	s.wantStanding("r", "ann", moderation.Standing{Banned: forGood("ann")})
	s.lift("r", moderation.Ban, "ann")
	s.wantStanding("r", "ann", moderation.Standing{})
}
