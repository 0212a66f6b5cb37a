package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// prune prunes and compares what was deleted.
func prune(t *testing.T, s *postgres.Store, want postgres.Pruned) {
	t.Helper()
	if got, err := s.Prune(t.Context()); err != nil || got != want {
		t.Errorf("pruned %+v, %v; want %+v", got, err, want)
	}
}

func TestMessagesArePrunedByAge(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock, c.HistoryRetention = clock.now, time.Hour
	s := openWith(t, c)
	create(t, s, "r")
	l := newLog("e")
	l.clock.Next(clock.at)
	l.send(12_000)
	archive(t, s, "r", feed.Cursor{}, l)
	all := l.all()
	clock.at = all[11_000].Timestamp.Add(time.Hour)
	prune(t, s, postgres.Pruned{Messages: 11_000})
	wantMessages(t, history(t, s, "r", 0, 0, 600), all[11_000:])
	prune(t, s, postgres.Pruned{})
	if at, err := s.Archived(t.Context(), "r", "e"); err != nil || at != l.Rings().Head() {
		t.Errorf("archived up to %+v, %v", at, err) // nothing is archived again
	}
}

func TestRequestsArePruned(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock = clock.now
	s := openWith(t, c)
	if _, err := s.CreateRoom(t.Context(), newRoom("r"), "request"); err != nil {
		t.Fatal(err)
	}
	apply(t, s, requested("request", order("r", moderation.Ban, "ann")))
	clock.at = clock.at.Add(5*time.Minute - time.Microsecond)
	prune(t, s, postgres.Pruned{})
	clock.at = clock.at.Add(time.Microsecond)
	prune(t, s, postgres.Pruned{Requests: 2})
}

// What acts is kept, and so is the latest of the past, however old.
func TestSanctionsArePrunedWhereThereAreMany(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock = clock.now
	s := openWith(t, c)
	create(t, s, "few")
	create(t, s, "many")
	acting, _ := apply(t, s, order("many", moderation.Ban, "ann"))
	for _, room := range []live.RoomID{"few", "many"} {
		for range 3 {
			apply(t, s, order(room, moderation.Mute, "bob"))
		}
	}
	execute(t, c.URL, fmt.Sprintf( // as if many had been muted at once
		"INSERT INTO %s.sanctions SELECT 'id ' || i, 2, 'many', 'cy', '', '', %d + i, %d + i, '', 0 FROM generate_series(1, %d) i",
		c.Schema, clock.at, clock.at+1, postgres.PastSanctions))
	clock.at = clock.at.Add(postgres.SanctionRetention - time.Second)
	prune(t, s, postgres.Pruned{})
	clock.at = clock.at.Add(2 * time.Second)
	prune(t, s, postgres.Pruned{Sanctions: 2}) // of bob's three one acts
	for room, want := range map[live.RoomID]int{"few": 3, "many": postgres.PastSanctions + 2} {
		q := store.SanctionQuery{Room: room, Query: moderation.Query{Past: true, Limit: 10_000}}
		all, err := s.Sanctions(t.Context(), q)
		if err != nil || len(all) != want {
			t.Errorf("%d sanctions in %q, %v; want %d", len(all), room, err, want)
		}
		if last := all[len(all)-1]; room == "many" && last != acting {
			t.Errorf("the oldest is %+v, want %+v", last, acting)
		}
	}
}

func TestEndedRoomsAreForgottenWhole(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock, c.RoomRetention = clock.now, time.Hour
	s := openWith(t, c)
	l := newLog("e")
	l.send(6000)
	for _, room := range []live.RoomID{"live", "ended"} {
		create(t, s, room)
		apply(t, s, requested("request", order(room, moderation.Ban, "ann")))
		putWords(t, s, room, words.Change{List: "l", Words: wordsOf("a")})
		archive(t, s, room, feed.Cursor{}, l)
	}
	revision, err := s.WordsRevision(t.Context(), "ended")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.EndRoom(t.Context(), "ended"); err != nil {
		t.Fatal(err)
	}
	clock.at = clock.at.Add(time.Hour)
	prune(t, s, postgres.Pruned{Requests: 2})
	clock.at = clock.at.Add(time.Second)
	prune(t, s, postgres.Pruned{Messages: 6000, Rooms: 1})
	prune(t, s, postgres.Pruned{})
	if _, err := s.Room(t.Context(), "ended"); !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("it is there: %v", err)
	}
	debts, err := s.Owed(t.Context(), 10)
	if err != nil || len(debts) != 3 {
		t.Errorf("owed: %+v, %v; want what the live room is", debts, err)
	}
	wantMessages(t, history(t, s, "live", 0, 0, 1000), l.all())

	create(t, s, "ended") // another of its id begins with nothing
	if got := history(t, s, "ended", 0, 0, 10); got != nil {
		t.Errorf("%d messages", len(got))
	}
	if acting, err := s.Acting(t.Context(), "ended"); err != nil || acting.Revision != 0 || len(acting.Users) > 0 {
		t.Errorf("%+v, %v", acting, err)
	}
	putWords(t, s, "ended", words.Change{List: "l", Words: wordsOf("a")})
	if now, err := s.WordsRevision(t.Context(), "ended"); err != nil || now <= revision {
		t.Errorf("revision %d after %d, %v", now, revision, err)
	}
}
