package storetest

import (
	"errors"
	"fmt"
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

// wantStanding checks how a user stands.
func (s *rig) wantStanding(id live.RoomID, user live.UserID, want moderation.Standing) {
	s.t.Helper()
	if got := s.stands(id, user); got != want {
		s.t.Errorf("%s stands in %q as %+v, want %+v", user, id, got, want)
	}
}

func applyReturnsTheSanction(t *testing.T, s *rig) {
	created := s.create("r").Created
	for i, o := range []store.SanctionOrder{
		order("r", moderation.Ban, "ann \x00Ä"),
		within(time.Minute, order("r", moderation.Mute, "ann")),
		order("r", moderation.RoomMute, ""),
		order("", moderation.Protect, "bob"),
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

func sanctionRequestAppliesOnce(t *testing.T, s *rig) {
	s.create("r")
	for _, room := range []live.RoomID{"r", ""} {
		o := requested("request", within(time.Hour, order(room, moderation.Ban, "ann")))
		first := s.sanction(o)
		s.pass(2 * time.Millisecond)
		if again := s.sanction(o); again != first {
			t.Errorf("again: %+v, want %+v", again, first)
		}
		s.lift(room, moderation.Ban, "ann")
		if again := s.sanction(o); again != first || s.stands("r", "ann").Banned.Acts() {
			t.Errorf("again, lifted: %+v, want %+v and nobody banned", again, first)
		}
	}
}

func sanctionRequestIsItsActorsAndKinds(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	another := order("r", moderation.Ban, "ann")
	another.By = "mod"
	for _, o := range []store.SanctionOrder{
		order("r", moderation.Ban, "ann"), another, order("r", moderation.Mute, "ann"),
		order("other", moderation.Ban, "ann"), order("", moderation.Ban, "ann"),
	} {
		s.sanction(requested("request", o))
	}
	if all := s.sanctions("", moderation.Query{Past: true}); len(all) != 5 {
		t.Errorf("%d sanctions, want one of each request", len(all))
	}
}

func sanctionRequestReusedIsRefused(t *testing.T, s *rig) {
	s.create("r")
	o := requested("request", within(time.Hour, order("r", moderation.Ban, "ann")))
	s.sanction(o)
	revision := s.revision("r")
	user, reason, term := o, o, within(time.Minute, o)
	user.User, reason.Reason = "bob", "another"
	for _, other := range []store.SanctionOrder{user, reason, term, within(0, o)} {
		if _, err := s.Sanctions.ApplySanction(t.Context(), other); !errors.Is(err, store.ErrRequestReused) {
			t.Errorf("%+v: %v, want ErrRequestReused", other, err)
		}
	}
	if now := s.revision("r"); now != revision {
		t.Errorf("revision %+v, want %+v", now, revision)
	}
}

func sanctionRequestThatWasRefusedIsNotRemembered(t *testing.T, s *rig) {
	s.create("r")
	s.sanction(order("r", moderation.Protect, "ann"))
	o := requested("request", order("r", moderation.Ban, "ann"))
	if _, err := s.Sanctions.ApplySanction(t.Context(), o); !errors.Is(err, moderation.ErrProtected) {
		t.Fatalf("%v, want ErrProtected", err)
	}
	s.lift("r", moderation.Protect, "ann")
	s.sanction(o)
	s.wantStanding("r", "ann", moderation.Standing{Banned: forGood("ann")})
}

func sanctionRequestIsRememberedForFiveMinutes(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	o := requested("request", order("r", moderation.Ban, "ann"))
	first := s.sanction(o)
	clock.Advance(5*time.Minute - time.Millisecond)
	s.sanction(requested("another", order("r", moderation.Ban, "bob")))
	if again := s.sanction(o); again != first {
		t.Errorf("just before 5 minutes: %+v, want %+v", again, first)
	}
	for range 2 { // without an id nothing is remembered
		s.sanction(order("r", moderation.Mute, "ann"))
	}
	if all := s.sanctions("r", moderation.Query{Kinds: []moderation.Kind{moderation.Mute}, Past: true}); len(all) != 2 {
		t.Errorf("%d mutes, want 2", len(all))
	}
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

// variety applies sanctions of every kind in several places, and returns how many.
func (s *rig) variety() int {
	s.create("r")
	s.create("other")
	for i := range 10 {
		for _, room := range []live.RoomID{"r", "", "other"} {
			s.sanction(order(room, moderation.Mute, live.UserID(fmt.Sprint("user ", i%4))))
		}
		s.sanction(order("r", moderation.RoomMute, ""))
	}
	s.sanction(order("r", moderation.Protect, "user 1")) // lifts a mute
	return 10*4 + 1
}

func sanctionsAreNewestFirst(t *testing.T, s *rig) {
	n := s.variety()
	for room, want := range map[live.RoomID]int{"": n, "r": n - 10, "other": 20} {
		all := s.sanctions(room, moderation.Query{Past: true})
		newer := func(a, b moderation.Sanction) int { return moderation.Newer(a.Mark(), b.Mark()) }
		if len(all) != want || !slices.IsSortedFunc(all, newer) {
			t.Errorf("%d sanctions in %q, want %d; in order: %v", len(all), room, want, slices.IsSortedFunc(all, newer))
		}
		if room != "" && slices.ContainsFunc(all, func(s moderation.Sanction) bool { return s.Room != room && s.Room != "" }) {
			t.Errorf("sanctions of another room are among those of %q", room)
		}
	}
}

func sanctionsAreSelected(t *testing.T, s *rig) {
	s.variety()
	all := s.sanctions("r", moderation.Query{Past: true})
	for _, q := range []moderation.Query{
		{},
		{User: "user 1"},
		{User: "user 1", Past: true},
		{User: "nobody", Past: true},
		{Kinds: []moderation.Kind{moderation.Mute}},
		{Kinds: []moderation.Kind{moderation.RoomMute, moderation.Protect}, Past: true},
		{Kinds: []moderation.Kind{moderation.Ban}, Past: true},
		{User: "user 2", Kinds: []moderation.Kind{moderation.Mute}, Past: true},
	} {
		var want []moderation.Sanction
		for _, sanction := range all {
			if (q.Past || sanction.State == moderation.Active) && (q.User == "" || q.User == sanction.User) &&
				(q.Kinds == nil || slices.Contains(q.Kinds, sanction.Kind)) {
				want = append(want, sanction)
			}
		}
		if got := s.sanctions("r", q); !slices.Equal(got, want) {
			t.Errorf("%+v: %+v\nwant %+v", q, got, want)
		}
	}
}

func sanctionsArePaged(t *testing.T, s *rig) {
	s.variety()
	for _, room := range []live.RoomID{"", "r"} {
		want := s.sanctions(room, moderation.Query{Past: true})
		for _, limit := range []int{1, 3, 7, len(want), 1000} {
			var got []moderation.Sanction
			q := moderation.Query{Past: true, Limit: limit}
			for more := true; more; {
				page := s.sanctions(room, q)
				if got = append(got, page...); len(page) > 0 {
					q.After = page[len(page)-1].Mark()
				}
				more = len(page) == limit
			}
			if !slices.Equal(got, want) {
				t.Errorf("by %d: %d sanctions of %q, want %d; or others", limit, len(got), room, len(want))
			}
		}
	}
}

func sanctionsOfThePastAreKept(t *testing.T, s *rig) {
	s.create("r")
	s.sanction(order("r", moderation.Ban, "first"))
	for range 1000 {
		s.sanction(order("r", moderation.Mute, "ann"))
	}
	if n := len(s.sanctions("r", moderation.Query{Past: true})); n != 1001 {
		t.Errorf("%d sanctions, want all 1,001", n)
	}
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
