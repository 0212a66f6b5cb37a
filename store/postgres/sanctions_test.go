package postgres_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/storetest"
)

// order returns an order of the host's.
func order(id live.RoomID, kind moderation.Kind, user live.UserID) store.SanctionOrder {
	return store.SanctionOrder{Order: moderation.Order{
		Kind: kind, Room: id, User: user, Reason: "why of " + string(user), By: "host",
	}}
}

// requested returns an order with a request id.
func requested(request string, o store.SanctionOrder) store.SanctionOrder {
	o.RequestID = request
	return o
}

// books is a store, and the books that it should keep of a room and of every room.
type books struct {
	*rapid.T
	ctx   context.Context //nolint:containedctx // of the test
	store *postgres.Store
	clock *clock
	room  live.RoomID
	users []live.UserID // nobody else has any sanctions
	of    map[live.RoomID]*moderation.Book
	last  map[live.RoomID]int64          // revisions
	at    map[live.RoomID]live.Timestamp // of the latest sanctions
}

// now returns the instant of a place: its clock never goes back.
func (b *books) now(place live.RoomID) live.Timestamp { return max(b.clock.at, b.at[place]) }

// kinds are all that there are.
var kinds = rapid.SampledFrom([]moderation.Kind{
	moderation.Ban, moderation.Mute, moderation.RoomMute, moderation.Protect, moderation.Appoint,
})

// apply gives an order to both.
func (b *books) apply() {
	o := order(b.place(), kinds.Draw(b.T, "kind"), b.user())
	o.By = rapid.SampledFrom([]live.UserID{"host", "mod \x00"}).Draw(b.T, "by")
	o.For = rapid.SampledFrom([]time.Duration{0, 1, 1500, time.Second, time.Hour}).Draw(b.T, "for")
	if o.Kind == moderation.RoomMute {
		o.Room, o.User = b.room, ""
	}
	var everywhere moderation.Terms
	if o.Room != "" {
		everywhere = b.of[""].Terms(o.User, b.now(""))
	}
	got, change, err := b.store.ApplySanction(b.ctx, o)
	want, refused := b.of[o.Room].Apply(o.Order, got.ID, b.now(o.Room), everywhere)
	if !errors.Is(err, refused) || got != want {
		b.Fatalf("ApplySanction(%+v) = %+v, %v\nwant %+v, %v", o, got, err, want, refused)
	}
	if err == nil {
		b.at[o.Room] = got.At
		b.changed(o.Room, change, true)
	}
}

// lift lifts in both.
func (b *books) lift() {
	l := store.SanctionLift{Room: b.place(), User: b.user(), By: "lifter", Kind: kinds.Draw(b.T, "kind")}
	if l.Kind == moderation.RoomMute {
		l.Room, l.User = b.room, ""
	}
	want := b.of[l.Room].Lift(l.Kind, l.User, l.By, b.now(l.Room))
	change, err := b.store.LiftSanction(b.ctx, l)
	if err != nil {
		b.Fatalf("LiftSanction(%+v): %v", l, err)
	}
	b.changed(l.Room, change, want)
}

// changed checks what became of a place.
func (b *books) changed(place live.RoomID, c paired.Change, changed bool) {
	if before, known := b.last[place]; known && c.From != before || (c.To > c.From) != changed || c.To < c.From {
		b.Fatalf("%q went from revision %d to %d, after %d, and changed: %v", place, c.From, c.To, before, changed)
	}
	b.last[place] = c.To
}

func (b *books) place() live.RoomID {
	return rapid.SampledFrom([]live.RoomID{"", b.room, b.room}).Draw(b.T, "place")
}

func (b *books) user() live.UserID { return rapid.SampledFrom(b.users).Draw(b.T, "user") }

// agree compares what acts, and what both list.
func (b *books) agree() {
	for place, book := range b.of {
		all, err := b.store.Acting(b.ctx, place)
		if err != nil || all.RoomMute != book.RoomMute(b.now(place)) || all.Place != place {
			b.Fatalf("Acting(%q) = %+v, %v", place, all, err)
		}
		if last, known := b.last[place]; known && all.Revision != last {
			b.Fatalf("Acting(%q) is of revision %d, want %d", place, all.Revision, last)
		}
		for _, user := range b.users {
			if want := book.Terms(user, b.now(place)); all.Users[user] != want {
				b.Fatalf("%q in %q: %+v, want %+v", user, place, all.Users[user], want)
			}
			one, err := b.store.Terms(b.ctx, place, user)
			if err != nil || one.Revision != all.Revision || one.Users[user] != all.Users[user] || one.RoomMute != all.RoomMute {
				b.Fatalf("Terms(%q, %q) = %+v, %v; want of %+v", place, user, one, err, all)
			}
		}
	}
	for _, user := range b.users {
		b.list(moderation.Query{User: user, Past: true})
		b.list(moderation.Query{User: user})
	}
	b.list(moderation.Query{Kinds: []moderation.Kind{moderation.RoomMute}, Past: true})
}

// list compares the pages of a query.
func (b *books) list(q moderation.Query) {
	q.Limit = 1000
	var want []moderation.Sanction
	for place, book := range b.of {
		want = append(want, book.List(q, b.now(place))...)
	}
	slices.SortFunc(want, func(a, b moderation.Sanction) int { return moderation.Newer(a.Mark(), b.Mark()) })
	var got []moderation.Sanction
	q.Limit = rapid.IntRange(1, 7).Draw(b.T, "limit")
	for more := true; more; {
		page, err := b.store.Sanctions(b.ctx, store.SanctionQuery{Room: b.room, Query: q})
		if err != nil {
			b.Fatal(err)
		}
		if got, more = append(got, page...), len(page) == q.Limit; more {
			q.After = got[len(got)-1].Mark()
		}
	}
	if !slices.Equal(got, want) {
		b.Fatalf("%+v: %+v\nwant %+v", q, got, want)
	}
}

func TestSanctionsAreBooks(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock = clock.now
	s := openWith(t, c)
	n := 0
	storetest.Check(t, 20, func(rt *rapid.T) {
		n++
		clock.at = clock.at.Add(24 * time.Hour) // what acted in every room is over, or somebody else's
		b := &books{
			ctx: t.Context(), store: s, clock: clock, room: live.RoomID(fmt.Sprint("r", n)),
			users: []live.UserID{live.UserID(fmt.Sprint("ann \x00", n)), live.UserID(fmt.Sprint("bob ", n))},
			of:    map[live.RoomID]*moderation.Book{}, last: map[live.RoomID]int64{},
			at: map[live.RoomID]live.Timestamp{},
		}
		b.of[""], b.of[b.room] = moderation.NewBook(1000), moderation.NewBook(1000)
		create(t, s, b.room)
		step := func(f func()) func(*rapid.T) { return func(t *rapid.T) { b.T = t; f() } }
		rt.Repeat(map[string]func(*rapid.T){
			"apply": step(b.apply),
			"again": step(b.apply), // more often than the others
			"lift":  step(b.lift),
			"pass": step(func() {
				clock.at = clock.at.Add(rapid.SampledFrom([]time.Duration{time.Microsecond, time.Second, time.Hour}).Draw(b.T, "pass"))
			}),
		})
		b.T = rt
		b.agree()
	})
}

// apply applies an order.
func apply(tb testing.TB, s *postgres.Store, o store.SanctionOrder) (moderation.Sanction, int64) {
	tb.Helper()
	sanction, change, err := s.ApplySanction(tb.Context(), o)
	if err != nil {
		tb.Fatalf("%+v: %v", o, err)
	}
	return sanction, change.To
}

func TestSanctionsInEveryMode(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *postgres.Store) {
		create(t, s, "r")
		create(t, s, "other")
		ban := requested("request \x00", order("r", moderation.Ban, "ann \x00Ä"))
		ban.For = time.Hour
		first, revision := apply(t, s, ban)
		if first.Until != first.At.Add(time.Hour) || first.State != moderation.Active || revision == 0 || first.User != ban.User {
			t.Fatalf("%+v at %d", first, revision)
		}
		if again, at := apply(t, s, ban); again != first || at != revision {
			t.Errorf("again: %+v at %d, want %+v at %d", again, at, first, revision)
		}
		if at, err := s.LiftSanction(t.Context(), store.SanctionLift{Kind: moderation.Ban, Room: "r", User: ban.User, By: "mod"}); err != nil || at.To <= revision {
			t.Errorf("lifted at %d, %v", at, err)
		}
		if again, at := apply(t, s, ban); again != first || at <= revision {
			t.Errorf("again when it was lifted: %+v at %d, want %+v", again, at, first)
		}
		reused := ban
		reused.For = 0
		if _, _, err := s.ApplySanction(t.Context(), reused); !errors.Is(err, store.ErrRequestReused) {
			t.Errorf("with another term: %v, want ErrRequestReused", err)
		}
		apply(t, s, order("", moderation.Protect, "bob"))
		apply(t, s, order("other", moderation.RoomMute, ""))
		if _, _, err := s.ApplySanction(t.Context(), order("r", moderation.Ban, "bob")); !errors.Is(err, moderation.ErrProtected) {
			t.Errorf("of one who is protected: %v", err)
		}
		for room, want := range map[live.RoomID]int{"": 3, "r": 2, "other": 2} {
			all, err := s.Sanctions(t.Context(), store.SanctionQuery{Room: room, Query: moderation.Query{Past: true, Limit: 10}})
			if err != nil || len(all) != want {
				t.Errorf("in %q: %+v, %v; want %d", room, all, err, want)
			}
		}
		two := moderation.Query{Kinds: []moderation.Kind{moderation.Protect, moderation.Ban}, Limit: 10}
		if all, err := s.Sanctions(t.Context(), store.SanctionQuery{Query: two}); err != nil || len(all) != 1 || all[0].User != "bob" {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

func TestSanctionRequestIsRememberedForFiveMinutes(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock = clock.now
	s := openWith(t, c)
	create(t, s, "r")
	o := requested("request", order("r", moderation.Ban, "ann"))
	first, _ := apply(t, s, o)
	clock.at = clock.at.Add(5*time.Minute - time.Microsecond)
	if again, _ := apply(t, s, o); again != first {
		t.Errorf("%+v, want %+v", again, first)
	}
	clock.at = clock.at.Add(time.Microsecond)
	second, _ := apply(t, s, o)
	if second.ID == first.ID {
		t.Error("it is remembered for more")
	}
	if again, _ := apply(t, s, o); again != second {
		t.Errorf("%+v, want %+v", again, second)
	}
}

func TestSanctionsOweTheHotBackend(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock = clock.now
	s := openWith(t, c)
	create(t, s, "r")
	owed := func() (of []live.RoomID) {
		t.Helper()
		clock.at = clock.at.Add(time.Minute)
		debts, err := s.Owed(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, debt := range debts {
			if debt.Of == paired.OfSanctions {
				of = append(of, debt.Room)
			}
			if err := s.Paid(t.Context(), debt); err != nil {
				t.Fatal(err)
			}
		}
		return of
	}
	apply(t, s, order("r", moderation.Protect, "ann"))
	apply(t, s, order("", moderation.Mute, "bob"))
	if got := owed(); !slices.Equal(got, []live.RoomID{"r", ""}) {
		t.Errorf("owed %q", got)
	}
	if _, _, err := s.ApplySanction(t.Context(), order("r", moderation.Ban, "ann")); !errors.Is(err, moderation.ErrProtected) {
		t.Fatal(err)
	}
	for _, l := range []store.SanctionLift{
		{Kind: moderation.Mute, Room: "r", User: "ann"}, {Kind: moderation.Mute, User: "cy"},
	} {
		if _, err := s.LiftSanction(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if got := owed(); got != nil {
		t.Errorf("owed %q for nothing", got)
	}
	if _, err := s.LiftSanction(t.Context(), store.SanctionLift{Kind: moderation.Mute, User: "bob"}); err != nil {
		t.Fatal(err)
	}
	if got := owed(); !slices.Equal(got, []live.RoomID{""}) {
		t.Errorf("owed %q", got)
	}
}

func TestSanctionsWhereNoRoomIs(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, call := range map[string]func(ctx context.Context, id live.RoomID) error{
		"ApplySanction": func(ctx context.Context, id live.RoomID) error {
			_, _, err := s.ApplySanction(ctx, order(id, moderation.Ban, "ann"))
			return err
		},
		"LiftSanction": func(ctx context.Context, id live.RoomID) error {
			_, err := s.LiftSanction(ctx, store.SanctionLift{Room: id, Kind: moderation.Ban, User: "ann"})
			return err
		},
		"Sanctions": func(ctx context.Context, id live.RoomID) error {
			_, err := s.Sanctions(ctx, store.SanctionQuery{Room: id, Query: moderation.Query{Limit: 1}})
			return err
		},
		"Acting": func(ctx context.Context, id live.RoomID) error { _, err := s.Acting(ctx, id); return err },
		"Terms":  func(ctx context.Context, id live.RoomID) error { _, err := s.Terms(ctx, id, "ann"); return err },
	} {
		var about *store.RoomError
		if err := call(t.Context(), "absent"); !errors.Is(err, store.ErrRoomNotFound) || !errors.As(err, &about) || about.Room != "absent" {
			t.Errorf("%s: %v, want ErrRoomNotFound", name, err)
		}
		if err := call(t.Context(), ""); err != nil {
			t.Errorf("%s in every room: %v", name, err)
		}
	}
	create(t, s, "r")
	ban := requested("request", order("r", moderation.Ban, "ann"))
	_, revision := apply(t, s, ban)
	if _, err := s.EndRoom(t.Context(), "r"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ApplySanction(t.Context(), ban); !errors.Is(err, store.ErrRoomEnded) {
		t.Errorf("again in a room that has ended: %v", err)
	}
	if at, err := s.LiftSanction(t.Context(), store.SanctionLift{Room: "r", Kind: moderation.Ban, User: "ann"}); err != nil || at.To <= revision {
		t.Errorf("lifted in a room that has ended: %d, %v", at, err)
	}
}

// Of a ban and a protection that come at once one comes second, wherever they are.
func TestProtectionAndBanExcludeEachOther(t *testing.T) {
	t.Parallel()
	c := config(t)
	stores := []*postgres.Store{openWith(t, c), connect(t, c)}
	create(t, stores[0], "r")
	for i := range 20 {
		user := live.UserID(fmt.Sprint("user ", i))
		protected, banned := live.RoomID(""), live.RoomID("")
		switch i % 3 {
		case 1:
			protected, banned = "r", "r"
		case 2:
			banned = "r"
		}
		var errs [4]error
		var made [4]moderation.Sanction
		parallel(4, func(n int) {
			o := order(banned, moderation.Ban, user)
			if n%2 == 0 {
				o = order(protected, moderation.Protect, user)
			}
			made[n], _, errs[n] = stores[n/2].ApplySanction(t.Context(), o)
		})
		for n, err := range errs {
			if n%2 == 0 && err != nil || n%2 == 1 && err != nil && !errors.Is(err, moderation.ErrProtected) {
				t.Errorf("%d: %v", n, err)
			}
		}
		of, err := stores[0].Terms(t.Context(), banned, user)
		if err != nil {
			t.Fatal(err)
		}
		// In a room a ban stands that came before a protection in every room.
		first := min(made[0].At, made[2].At)
		if of.Users[user].Banned.Acts() && protected == banned {
			t.Errorf("%q is banned and protected: %+v", user, of.Users[user])
		}
		for n := 1; n < 4; n += 2 {
			if errs[n] == nil && protected == banned && made[n].At > first {
				t.Errorf("%q was banned at %d, protected since %d", user, made[n].At, first)
			}
		}
	}
}

func TestOneSanctionOfAKindActs(t *testing.T) {
	t.Parallel()
	c := config(t)
	stores := []*postgres.Store{openWith(t, c), connect(t, c)}
	create(t, stores[0], "r")
	var made [crowd]moderation.Sanction
	var changes [crowd]paired.Change
	parallel(crowd, func(i int) {
		var err error
		o := order("r", moderation.Mute, "ann")
		if i%3 == 0 {
			o.RequestID = "request"
		}
		made[i], changes[i], err = stores[i%2].ApplySanction(t.Context(), o)
		if err != nil {
			t.Error(err)
		}
	})
	all, err := stores[0].Sanctions(t.Context(), store.SanctionQuery{Room: "r", Query: moderation.Query{Past: true, Limit: 100}})
	if err != nil || len(all) != crowd-crowd/3+1 {
		t.Fatalf("%d mutes, %v", len(all), err)
	}
	for i, mute := range all {
		if (mute.State == moderation.Active) != (i == 0) || i > 0 && mute.At >= all[i-1].At {
			t.Errorf("%d: %+v", i, mute)
		}
	}
	for i := 3; i < crowd; i += 3 {
		if made[i] != made[0] {
			t.Errorf("one request made %+v and %+v", made[i], made[0])
		}
	}
	now, err := stores[1].Acting(t.Context(), "r")
	latest := slices.MaxFunc(changes[:], func(a, b paired.Change) int { return cmp.Compare(a.To, b.To) })
	if err != nil || now.Revision != latest.To {
		t.Errorf("revision %d, %v; want the latest of %v", now.Revision, err, changes)
	}
}

func TestNoSanctionFollowsTheEnd(t *testing.T) {
	t.Parallel()
	c := config(t)
	stores := []*postgres.Store{openWith(t, c), connect(t, c)}
	create(t, stores[0], "r")
	begun, done := make(chan struct{}), make(chan int)
	go func() {
		applied := 0
		for i := range 100 {
			_, _, err := stores[0].ApplySanction(t.Context(), order("r", moderation.Ban, live.UserID(fmt.Sprint(i))))
			if err == nil {
				applied++
			} else if !errors.Is(err, store.ErrRoomEnded) {
				t.Error(err)
			}
			if i == 10 {
				close(begun)
			}
		}
		done <- applied
	}()
	<-begun
	if _, err := stores[1].EndRoom(t.Context(), "r"); err != nil {
		t.Error(err)
	}
	q := store.SanctionQuery{Room: "r", Query: moderation.Query{Limit: 1000}}
	atEnd, err := stores[1].Sanctions(t.Context(), q)
	applied := <-done
	if err != nil || len(atEnd) != applied {
		t.Errorf("%d at the end, %d were answered, %v", len(atEnd), applied, err)
	}
}
