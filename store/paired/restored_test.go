package paired_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
)

// restorable is backends whose database may be set back to an earlier state, while nobody
// is connected to it.
type restorable struct {
	backends
	server, name, backup string
}

func newRestorable(t *testing.T) *restorable {
	t.Helper()
	r := &restorable{
		backends: newBackends(t, services.SharedRedis(t)), server: services.SharedPostgres(t),
		backup: "test_" + strings.ToLower(rand.Text()[:13]),
	}
	database := services.NewDatabase(t)
	path, _, _ := strings.Cut(database, "?")
	r.name = path[strings.LastIndex(path, "/")+1:]
	r.postgres.URL, r.postgres.Schema = database, ""
	t.Cleanup(func() { execute(t, r.server, "DROP DATABASE IF EXISTS "+r.backup) })
	return r
}

func (r *restorable) save(t *testing.T) {
	t.Helper()
	execute(t, r.server, "CREATE DATABASE "+r.backup+" TEMPLATE "+r.name)
}

func (r *restorable) restore(t *testing.T) {
	t.Helper()
	execute(t, r.server, "DROP DATABASE "+r.name+" WITH (FORCE)")
	execute(t, r.server, "CREATE DATABASE "+r.name+" TEMPLATE "+r.backup)
}

// update changes a room's title.
func (n *node) update(t *testing.T, id live.RoomID, title string) room.Room {
	t.Helper()
	r, err := n.UpdateRoom(t.Context(), id, room.Change{Title: &title})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// apply applies a sanction.
func (n *node) apply(t *testing.T, o store.SanctionOrder) {
	t.Helper()
	if _, err := n.ApplySanction(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// put puts a list of one word.
func (n *node) put(t *testing.T, id live.RoomID, word string) {
	t.Helper()
	if _, err := n.PutWords(t.Context(), id, words.Change{List: "l", Mode: words.Replace, Words: []words.Word{{Text: word}}}); err != nil {
		t.Fatal(err)
	}
}

// A Postgres that is restored has forgotten what Redis has copies of, of later revisions
// than any that it knows. What it says holds all the same, as it is and as it is changed.
func TestPostgresIsRestored(t *testing.T) {
	t.Parallel()
	r := newRestorable(t)
	before := r.open(t)
	for _, id := range []live.RoomID{"still", "changed", "level", "over", "revived"} {
		before.create(t, id, func(s *room.Settings) { s.InlinePercent = 7 })
		before.update(t, id, "saved")
		before.put(t, id, "saved")
	}
	before.apply(t, ban("still", "ann"))
	before.stop()
	r.save(t)

	lost := r.open(t)
	for _, id := range []live.RoomID{"still", "changed", "over"} {
		for range 3 {
			lost.update(t, id, "lost")
		}
	}
	lost.update(t, "level", "lost") // as often as it is changed later
	for _, id := range []live.RoomID{"still", "changed", "level", ""} {
		lost.apply(t, ban(id, "bob"))
		lost.put(t, id, "lost")
	}
	lost.send(t, "revived", "text")
	if _, err := lost.EndRoom(t.Context(), "revived"); err != nil {
		t.Fatal(err)
	}
	lost.create(t, "unknown")
	lost.send(t, "unknown", "text")
	lost.stop()
	r.restore(t)

	n := r.open(t)
	t.Run("as it is", func(t *testing.T) {
		if _, err := n.Head(t.Context(), "still"); err != nil { // somebody comes by
			t.Fatal(err)
		}
		eventually(t, "the room is what it was", func() bool {
			got, err := n.Room(t.Context(), "still")
			return err == nil && got.Title == "saved"
		})
		eventually(t, "who is banned is who was, there and everywhere", func() bool {
			return n.banned(t, "still", "ann") && !n.banned(t, "still", "bob") && !n.banned(t, "other", "bob")
		})
		eventually(t, "words are what they were", func() bool { return n.filters(t, "still", "saved") })
	})
	t.Run("a room that has not ended", func(t *testing.T) {
		if _, err := n.Head(t.Context(), "revived"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is live", func() bool {
			got, err := n.Room(t.Context(), "revived")
			return err == nil && got.State == room.Live
		})
		n.send(t, "revived", "text")
	})
	t.Run("as it is changed", func(t *testing.T) {
		for _, id := range []live.RoomID{"changed", "level"} {
			n.update(t, id, "changed")
			n.apply(t, ban(id, "cy"))
			n.put(t, id, "changed")
		}
		n.apply(t, ban("", "dan"))
		if !n.banned(t, "changed", "cy") || !n.banned(t, "other", "dan") {
			t.Error("a ban does not act")
		}
		if _, err := n.EndRoom(t.Context(), "over"); err != nil {
			t.Fatal(err)
		}
		for _, id := range []live.RoomID{"changed", "level"} {
			eventually(t, "the room is as it was changed", func() bool {
				got, err := n.Room(t.Context(), id)
				return err == nil && got.Title == "changed" && got.Settings.InlinePercent == 7
			})
			eventually(t, "bans are", func() bool { return n.banned(t, id, "cy") && !n.banned(t, id, "bob") })
			eventually(t, "words are", func() bool { return n.filters(t, id, "changed") })
		}
		eventually(t, "a room that was ended has", func() bool {
			got, err := n.Room(t.Context(), "over")
			return err == nil && got.State == room.Ended
		})
	})
	t.Run("one that it does not know", func(t *testing.T) {
		n.send(t, "unknown", "text") // nobody says that it is not there
		n.create(t, "unknown")
		if head, err := n.Head(t.Context(), "unknown"); err != nil || head.Sequence != 0 {
			t.Errorf("created again it goes on: %+v, %v", head, err)
		}
	})
}

// filters says whether a room's own words are one.
func (n *node) filters(t *testing.T, id live.RoomID, word string) bool {
	t.Helper()
	lists, revision, err := n.AllWords(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	own, _, err := n.WordsRevision(t.Context(), id)
	return err == nil && own == revision && len(lists) == 1 && len(lists[0].Words) == 1 && lists[0].Words[0].Text == word
}

// A room that nobody set back is not taken for one, whatever is in it and however often
// it is handed over.
func TestNothingIsSurpassedForNothing(t *testing.T) {
	t.Parallel()
	both := newBackends(t, services.SharedRedis(t))
	n := both.open(t)
	rooms := map[live.RoomID]room.Room{
		"plain":    {Settings: room.DefaultSettings()},
		"labelled": {Settings: room.DefaultSettings(), Labels: map[string]string{}, Title: "\x00", Host: "h"},
		"empty":    {},
	}
	for id, r := range rooms {
		r.ID = id
		if _, err := n.CreateRoom(t.Context(), r, ""); err != nil {
			t.Fatal(err)
		}
		n.apply(t, ban(id, "ann"))
		if err := n.LiftSanction(t.Context(), store.SanctionLift{Kind: moderation.Ban, Room: id, User: "ann", By: "host"}); err != nil {
			t.Fatal(err)
		}
	}
	was := n.revisions(t, rooms)
	mended := n.mended(t)
	for id := range rooms {
		n.Behind(id)
	}
	eventually(t, "they are handed over", func() bool { return n.mended(t) >= mended+float64(len(rooms)) })
	for id, now := range n.revisions(t, rooms) {
		if now != was[id] {
			t.Errorf("%s: revisions %v, before %v", id, now, was[id])
		}
	}
}

// revisions returns those of rooms and of what acts in them.
func (n *node) revisions(t *testing.T, rooms map[live.RoomID]room.Room) map[live.RoomID][2]int64 {
	t.Helper()
	all := make(map[live.RoomID][2]int64)
	for id := range rooms {
		r, err := n.durable.Durable.Room(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		acting, err := n.durable.Acting(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		all[id] = [2]int64{r.Revision, acting.Revision}
	}
	return all
}

// mended returns how many places' copies the node has handed over again.
func (n *node) mended(t *testing.T) float64 {
	t.Helper()
	all, err := series.Of(n.counts)
	if err != nil {
		t.Fatal(err)
	}
	return all["ovation_store_copies_mended_total"]
}
