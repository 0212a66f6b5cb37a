package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
)

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
