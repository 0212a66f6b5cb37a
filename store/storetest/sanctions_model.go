package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
)

// sanctionsModel is the books that a store should keep of a room and of every room, at
// an instant.
type sanctionsModel struct {
	s     *rig
	books map[live.RoomID]*moderation.Book
	room  live.RoomID
	now   live.Timestamp
}

// everywhere returns what acts on a user in every room.
func (m *sanctionsModel) everywhere(user live.UserID) moderation.Terms {
	return m.books[""].Terms(user, m.now)
}

// apply gives an order to both.
func (m *sanctionsModel) apply(o store.SanctionOrder) {
	got, err := m.s.Sanctions.ApplySanction(m.s.t.Context(), o)
	at := m.now
	if err == nil {
		at = got.At
	}
	var everywhere moderation.Terms
	if o.Room != "" {
		everywhere = m.everywhere(o.User)
	}
	want, refused := m.books[o.Room].Apply(o.Order, got.ID, at, everywhere)
	if !errors.Is(err, refused) || err == nil && got != want {
		m.s.t.Fatalf("ApplySanction(%+v) = %+v, %v\nwant %+v, %v", o, got, err, want, refused)
	}
	m.now = max(m.now, at)
	if o.For > 0 && o.For < time.Hour { // it is over before anything else is done
		m.s.lapse()
		m.now = max(m.now, got.Until)
	}
}

// lift lifts in both.
func (m *sanctionsModel) lift(id live.RoomID, kind moderation.Kind, user live.UserID) {
	before := m.s.revision(m.room)
	lifted := m.books[id].Lift(kind, user, "lifter", m.now)
	m.s.lift(id, kind, user)
	if after := m.s.revision(m.room); (after != before) != lifted {
		m.s.t.Fatalf("lifted: %v; revision %+v after %+v", lifted, after, before)
	}
}

// agrees compares how everyone stands, and what both list.
func (m *sanctionsModel) agrees() {
	for _, user := range []live.UserID{"ann", "bob", "cy"} {
		want := moderation.Join(m.everywhere(user), m.books[m.room].Terms(user, m.now), m.books[m.room].RoomMute(m.now))
		m.s.wantSame(user, m.room, want)
		m.s.wantSame(user, "elsewhere", moderation.Join(m.everywhere(user), moderation.Terms{}, moderation.Term{}))
	}
	q := moderation.Query{Past: true, Limit: 1000}
	want := slices.Concat(m.books[""].List(q, m.now), m.books[m.room].List(q, m.now))
	slices.SortFunc(want, func(a, b moderation.Sanction) int { return moderation.Newer(a.Mark(), b.Mark()) })
	got := m.s.sanctions(m.room, q)
	for i := range got { // when something was lifted the store alone knows
		if i < len(want) && want[i].LiftedAt != 0 && got[i].LiftedAt >= got[i].At {
			want[i].LiftedAt = got[i].LiftedAt
		}
	}
	if !slices.Equal(got, want) {
		m.s.t.Fatalf("Sanctions = %+v\nwant %+v", got, want)
	}
}

// wantSame is wantStanding that ends a check of a property.
func (s *rig) wantSame(user live.UserID, id live.RoomID, want moderation.Standing) {
	s.t.Helper()
	if got := s.stands(id, user); got != want {
		s.t.Fatalf("%s stands in %q as %+v, want %+v", user, id, got, want)
	}
}

func sanctionsAreAModel(t *testing.T, s *rig) {
	kinds := rapid.SampledFrom([]moderation.Kind{
		moderation.Ban, moderation.Mute, moderation.RoomMute, moderation.Protect, moderation.Appoint,
	})
	n := 0
	s.checks(t, func(t *rapid.T) {
		n++
		fresh := s.open() // what is in every room is in no room of its own
		fresh.t = t
		t.Cleanup(fresh.close)
		m := &sanctionsModel{s: fresh, room: live.RoomID(fmt.Sprint("r", n)), books: map[live.RoomID]*moderation.Book{}}
		m.books[""], m.books[m.room] = moderation.NewBook(1000), moderation.NewBook(1000)
		m.now = fresh.create(m.room).Created
		place := rapid.SampledFrom([]live.RoomID{"", m.room, m.room})
		user := rapid.SampledFrom([]live.UserID{"ann", "bob"})
		apply := func(t *rapid.T) {
			o := order(place.Draw(t, "place"), kinds.Draw(t, "kind"), user.Draw(t, "user"))
			o.By = rapid.SampledFrom([]live.UserID{"host", "mod"}).Draw(t, "by")
			if o.Kind == moderation.RoomMute {
				o.Room, o.User = m.room, ""
			}
			m.apply(within(rapid.SampledFrom([]time.Duration{0, 0, time.Hour, time.Millisecond}).Draw(t, "for"), o))
		}
		t.Repeat(map[string]func(*rapid.T){
			"apply":    apply,
			"sanction": apply, // more often than the others
			"lift": func(t *rapid.T) {
				m.lift(place.Draw(t, "place"), kinds.Draw(t, "kind"), user.Draw(t, "user"))
			},
			"": func(*rapid.T) { m.agrees() },
		})
	})
}
