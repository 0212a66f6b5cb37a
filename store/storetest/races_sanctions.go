package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
)

var sanctionsRaces = []test{
	{"ProtectionAndBanExcludeEachOther", protectionAndBanExcludeEachOther},
	{"AppointmentDoesNotFollowABan", appointmentDoesNotFollowABan},
	{"OneOfAKindActs", oneOfAKindActs},
	{"SanctionRequestAppliesOnceForAll", sanctionRequestAppliesOnceForAll},
	{"NoSanctionFollowsTheEnd", noSanctionFollowsTheEnd},
}

func protectionAndBanExcludeEachOther(t *testing.T, s *rig) {
	s.create("r")
	for i := range 30 {
		for _, room := range []live.RoomID{"r", ""} {
			user := live.UserID(fmt.Sprint(room, i))
			parallel(4, func(n int) {
				kind := []moderation.Kind{moderation.Ban, moderation.Protect, moderation.Mute, moderation.Protect}[n]
				_, err := s.Sanctions.ApplySanction(t.Context(), order(room, kind, user))
				if err != nil && (kind == moderation.Protect || !errors.Is(err, moderation.ErrProtected)) {
					t.Errorf("%v: %v", kind, err)
				}
			})
			s.wantStanding("r", user, moderation.Standing{Protected: forGood(user)})
		}
	}
}

// Of a ban and an appointment that come at once the appointment is first, or refused.
func appointmentDoesNotFollowABan(t *testing.T, s *rig) {
	s.create("r")
	for i := range 30 {
		for _, room := range []live.RoomID{"r", ""} {
			user := live.UserID(fmt.Sprint(room, i))
			var appointed, ban moderation.Sanction
			var refused error
			parallel(2, func(n int) {
				if n == 0 {
					ban = s.sanction(order(room, moderation.Ban, user))
					return
				}
				appointed, refused = s.Sanctions.ApplySanction(t.Context(), order("r", moderation.Appoint, user))
			})
			want := moderation.Standing{Banned: forGood(user)}
			if refused == nil {
				want.Appointed = forGood(user)
			}
			if refused != nil && !errors.Is(refused, moderation.ErrBanned) || refused == nil && room == "r" && appointed.At > ban.At {
				t.Errorf("appointed at %d, banned at %d: %v", appointed.At, ban.At, refused)
			}
			s.wantStanding("r", user, want)
		}
	}
}

func oneOfAKindActs(t *testing.T, s *rig) {
	s.create("r")
	parallel(crowd, func(i int) {
		o := order("r", moderation.Mute, "ann")
		o.By = live.UserID(fmt.Sprint(i))
		s.sanction(o)
		if i%2 == 0 {
			s.lift("r", moderation.Mute, "ann")
		}
	})
	all := s.sanctions("r", moderation.Query{Past: true})
	active := 0
	for _, mute := range all {
		if mute.State == moderation.Active {
			active++
		}
	}
	if len(all) != crowd || active > 1 || s.stands("r", "ann").Muted.Acts() != (active == 1) {
		t.Errorf("%d mutes, of which %d act", len(all), active)
	}
}

func sanctionRequestAppliesOnceForAll(t *testing.T, s *rig) {
	s.create("r")
	var got [crowd]moderation.Sanction
	parallel(crowd, func(i int) { got[i] = s.sanction(requested("request", order("r", moderation.Ban, "ann"))) })
	for _, ban := range got {
		if ban != got[0] {
			t.Errorf("%+v\nand %+v", ban, got[0])
		}
	}
	if n := len(s.sanctions("r", moderation.Query{Past: true})); n != 1 {
		t.Errorf("%d bans", n)
	}
}

func noSanctionFollowsTheEnd(t *testing.T, s *rig) {
	s.create("r")
	var applied atomic.Int32
	done := meanwhile(func() {
		for i := range 200 {
			_, err := s.Sanctions.ApplySanction(t.Context(), order("r", moderation.Ban, live.UserID(fmt.Sprint(i))))
			switch {
			case err == nil:
				applied.Add(1)
			case !errors.Is(err, store.ErrRoomEnded):
				t.Errorf("ApplySanction: %v", err)
			}
		}
	})
	s.end("r")
	n := len(s.sanctions("r", moderation.Query{}))
	<-done
	if now := len(s.sanctions("r", moderation.Query{})); now != n || int(applied.Load()) != n {
		t.Errorf("%d bans at the end, %d now, %d were answered", n, now, applied.Load())
	}
}
