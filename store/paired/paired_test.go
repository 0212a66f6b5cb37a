package paired_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/storetest"
)

// A node that has lost touch with the hot backend does not go by what it knew before, be it
// of one who had been asked for or of a place where nothing acted.
func TestStandingOfANodeThatHasLostTouch(t *testing.T) {
	t.Parallel()
	both := newBackends(t, services.SharedRedis(t))
	n, other := both.open(t), both.open(t)
	n.create(t, "r")
	banned := func(user live.UserID) bool {
		s, err := n.Standing(t.Context(), "r", user)
		if err != nil {
			t.Fatal(err)
		}
		return s.Banned.Acts()
	}
	if banned("ann") || banned("bob") {
		t.Error("somebody is banned")
	}
	n.hot.away.is.Store(true)
	for _, o := range []store.SanctionOrder{ban("r", "ann"), ban("", "bob")} {
		if _, err := other.ApplySanction(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if !banned("ann") || !banned("bob") || banned("cy") {
		t.Error("it goes by what it knew before")
	}
	if _, err := other.ApplySanction(t.Context(), ban("r", "cy")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another ban is known", func() bool { return banned("cy") })
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > slow {
			t.Fatalf("still not: %s", what)
		}
	}
}

// create creates a room.
func (n *node) create(t *testing.T, id live.RoomID, edits ...func(*room.Settings)) room.Room {
	t.Helper()
	settings := room.DefaultSettings()
	for _, edit := range edits {
		edit(&settings)
	}
	r, err := n.CreateRoom(t.Context(), room.Room{ID: id, Settings: settings}, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// send appends a text.
func (n *node) send(t *testing.T, id live.RoomID, text string) feed.Receipt {
	t.Helper()
	limits := store.Limits{Limits: room.DefaultSettings().Feed, Revision: 1}
	limits.Rate = 1 << 20
	receipt, err := n.Append(t.Context(), id, feed.Draft{
		Content: feed.Content{Kind: feed.KindText, Sender: "ann", Text: text}, Bucket: feed.Low,
	}, limits)
	if err != nil || receipt.Outcome != feed.Accepted {
		t.Fatalf("Append = %+v, %v", receipt, err)
	}
	return receipt
}

// ban is a ban of a user.
func ban(id live.RoomID, user live.UserID) store.SanctionOrder {
	return store.SanctionOrder{Order: moderation.Order{Kind: moderation.Ban, Room: id, User: user, By: "host"}}
}

// banned says whether a user is banned.
func (n *node) banned(t *testing.T, id live.RoomID, user live.UserID) bool {
	t.Helper()
	all, err := n.Standings(t.Context(), id, []live.UserID{user})
	if err != nil {
		t.Fatal(err)
	}
	return all[0].Banned.Acts()
}

// wantUnavailable checks that an error says that a backend is away.
func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("%s: %v, want ErrUnavailable", what, err)
	}
}

// What is changed while the hot backend is away is owed to it, and acts when it is back.
func TestChangesAreOwed(t *testing.T) {
	t.Parallel()
	n := newBackends(t, services.SharedRedis(t)).open(t)
	n.create(t, "r")
	n.create(t, "over")
	n.hot.away.is.Store(true)
	title := "another"
	_, err := n.UpdateRoom(t.Context(), "r", room.Change{Title: &title})
	wantUnavailable(t, "UpdateRoom", err)
	_, err = n.EndRoom(t.Context(), "over")
	wantUnavailable(t, "EndRoom", err)
	_, err = n.CreateRoom(t.Context(), room.Room{ID: "new", Settings: room.DefaultSettings()}, "request")
	wantUnavailable(t, "CreateRoom", err)
	_, err = n.ApplySanction(t.Context(), ban("r", "ann"))
	wantUnavailable(t, "ApplySanction", err)
	_, err = n.PutWords(t.Context(), "r", words.Change{List: "l", Words: []words.Word{{Text: "word"}}})
	wantUnavailable(t, "PutWords", err)
	if r, err := n.Room(t.Context(), "r"); err != nil || r.Title != title {
		t.Errorf("Room = %+v, %v; want what the durable backend has", r, err)
	}

	n.hot.away.is.Store(false)
	eventually(t, "the room is handed over", func() bool {
		head, err := n.Head(t.Context(), "r")
		return err == nil && head.Revision == 2
	})
	eventually(t, "the end is handed over", func() bool {
		_, err := n.Append(t.Context(), "over", feed.Draft{}, store.Limits{})
		return errors.Is(err, store.ErrRoomEnded)
	})
	eventually(t, "the ban is handed over", func() bool { return n.banned(t, "r", "ann") })
	eventually(t, "the words are handed over", func() bool {
		_, want, err := n.AllWords(t.Context(), "r")
		own, _, err2 := n.WordsRevision(t.Context(), "r")
		return err == nil && err2 == nil && own == want && own != 0
	})
	n.send(t, "new", "hello")
	eventually(t, "nothing is owed", func() bool {
		debts, err := n.durable.Owed(t.Context(), 10)
		return err == nil && len(debts) == 0
	})
}

// A request that is repeated hands over what the first try could not.
func TestRepeatedSanctionIsHandedOver(t *testing.T) {
	t.Parallel()
	n := newBackends(t, services.SharedRedis(t)).withClock(storetest.NewClock(begun)).open(t) // whose debts are never old
	n.create(t, "r")
	order := ban("r", "ann")
	order.RequestID = "request"
	if n.banned(t, "r", "ann") {
		t.Error("banned already")
	}
	n.hot.away.is.Store(true)
	_, err := n.ApplySanction(t.Context(), order)
	wantUnavailable(t, "ApplySanction", err)
	n.hot.away.is.Store(false)
	if n.banned(t, "r", "ann") {
		t.Error("the ban was handed over by itself")
	}
	if _, err := n.ApplySanction(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	if !n.banned(t, "r", "ann") {
		t.Error("the ban that was repeated does not act")
	}
}

// A room that the hot backend has lost begins anew, once for all who ask.
func TestLostRoomBeginsAnew(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	b := newBackends(t, r.URL())
	nodes := []*node{b.open(t), b.open(t)}
	n := nodes[0]
	n.create(t, "r")
	if _, err := n.ApplySanction(t.Context(), ban("r", "bob")); err != nil {
		t.Fatal(err)
	}
	before := n.send(t, "r", "before")
	session, _, err := n.Join(t.Context(), "r", room.Session{ID: "a", User: "ann"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r.Do(t, "FLUSHALL")

	var mu sync.Mutex
	epochs := make(map[live.Epoch]int)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			receipt := nodes[i%2].send(t, "r", fmt.Sprint(i))
			mu.Lock()
			defer mu.Unlock()
			epochs[receipt.Epoch]++
		})
	}
	all.Wait()
	if len(epochs) != 1 || epochs[before.Epoch] != 0 {
		t.Errorf("messages are of epochs %v, want one that is not %q", epochs, before.Epoch)
	}
	if held, err := n.Between(t.Context(), "r", 0, 0, 100); err != nil || len(held) != 16 {
		t.Errorf("the log holds %d, %v; want what was said since", len(held), err)
	}
	lost, err := n.Renew(t.Context(), map[live.RoomID][]store.Lease{"r": {store.LeaseOf(session)}}, time.Hour)
	if err != nil || len(lost["r"]) != 1 || lost["r"][0].Resumed {
		t.Errorf("Renew = %+v, %v; want that the lease is lost", lost, err)
	}
	if !n.banned(t, "r", "bob") {
		t.Error("who was banned is not any more")
	}
}

// Whether there is a room the durable backend says, or nobody.
func TestUnknownRoomWhileTheDurableBackendIsAway(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	n := newBackends(t, r.URL()).open(t)
	n.create(t, "r")
	n.create(t, "known")
	r.Do(t, "FLUSHALL")
	n.send(t, "known", "hello")
	n.durable.away.is.Store(true)
	_, err := n.Append(t.Context(), "r", feed.Draft{}, store.Limits{})
	wantUnavailable(t, "Append", err)
	_, err = n.Head(t.Context(), "absent")
	wantUnavailable(t, "Head", err)
	_, err = n.Room(t.Context(), "r")
	wantUnavailable(t, "Room", err)
	n.send(t, "known", "goes on")
	n.durable.away.is.Store(false)
	n.send(t, "r", "hello")
	if _, err := n.Head(t.Context(), "absent"); !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("Head of no room: %v", err)
	}
}

// A thousand calls for rooms that are lost do not become a thousand reads of each.
func TestLostRoomsAreReadOnce(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	n := newBackends(t, r.URL()).open(t)
	n.create(t, "r")
	eventually(t, "the room is looked at for the first time", func() bool {
		debts, err := n.durable.Owed(t.Context(), 1)
		_, err2 := n.Head(t.Context(), "r")
		return err == nil && err2 == nil && len(debts) == 0
	})
	r.Do(t, "FLUSHALL")
	before := n.durable.reads.Load()
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() { _, _ = n.Head(t.Context(), "r") })
	}
	all.Wait()
	if reads := n.durable.reads.Load() - before; reads > 50 {
		t.Errorf("%d reads for 200 calls", reads)
	}
}

// A hot backend that comes back without the latest that it was handed has it again soon,
// though nothing was owed.
func TestCopiesThatWereLostAreMended(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	b := newBackends(t, r.URL())
	b.redis.Timeout = 2 * time.Second
	n := b.open(t)
	n.create(t, "r")
	n.send(t, "r", "hello")
	if n.banned(t, "r", "ann") || n.banned(t, "r", "bob") { // there are copies of what acts
		t.Fatal("somebody is banned")
	}
	r.Do(t, "SAVE")
	title := "another"
	if _, err := n.UpdateRoom(t.Context(), "r", room.Change{Title: &title}); err != nil {
		t.Fatal(err)
	}
	for place, user := range map[live.RoomID]live.UserID{"r": "ann", "": "bob"} {
		if _, err := n.ApplySanction(t.Context(), ban(place, user)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.PutWords(t.Context(), "r", words.Change{List: "l", Words: []words.Word{{Text: "word"}}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing is owed", func() bool {
		return services.Query(t, b.postgres.URL, "SELECT count(*) FROM "+b.postgres.Schema+".debts") == "0"
	})
	r.Kill()
	r.Start(t)
	holds := func(what string, is func() (bool, error)) {
		eventually(t, what, func() bool {
			_, _ = n.Head(t.Context(), "r") // as nodes do that follow it
			yes, err := is()
			return yes && err == nil
		})
	}
	holds("the room is as it was", func() (bool, error) {
		head, err := n.Head(t.Context(), "r")
		return head.Revision == 2, err
	})
	for _, user := range []live.UserID{"ann", "bob"} {
		holds("they are banned", func() (bool, error) {
			all, err := n.Standings(t.Context(), "r", []live.UserID{user})
			return err == nil && all[0].Banned.Acts(), err
		})
	}
	holds("the words are as they were", func() (bool, error) {
		own, _, err := n.WordsRevision(t.Context(), "r")
		return own != 0, err
	})
}

// What acts in every room is mended where nothing else shows that it was lost; and it is not
// read whole where it was not.
func TestBansInEveryRoomAreLookedAfter(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	b := newBackends(t, r.URL())
	n := b.open(t)
	nothingIsOwed := func() bool {
		return services.Query(t, b.postgres.URL, "SELECT count(*) FROM "+b.postgres.Schema+".debts") == "0"
	}
	if _, err := n.ApplySanction(t.Context(), ban("", "ann")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing is owed", nothingIsOwed)
	standing := b.redis.Prefix + "{%}:standing"
	r.Do(t, "COPY", standing, standing+" before")
	before := n.durable.whole.Load()
	if _, err := n.ApplySanction(t.Context(), ban("", "bob")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing is owed", nothingIsOwed)
	if read := n.durable.whole.Load() - before; read != 0 {
		t.Errorf("all that acts was read %d times, for one ban", read)
	}
	r.Do(t, "RENAME", standing+" before", standing)
	eventually(t, "bob is banned again", func() bool { return n.banned(t, "", "bob") })
}

// A room that is created under the id of one that was forgotten is another room, though the
// hot backend still has a copy of the first.
func TestRoomOfAForgottenId(t *testing.T) {
	t.Parallel()
	b := newBackends(t, services.SharedRedis(t))
	n := b.open(t)
	n.create(t, "r")
	before := n.send(t, "r", "in the first").Epoch
	ended, err := n.EndRoom(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	services.Query(t, b.postgres.URL, "DELETE FROM "+b.postgres.Schema+".rooms")
	n.create(t, "r")
	if receipt := n.send(t, "r", "in the second"); receipt.Epoch == before || receipt.Place.Sequence != 1 {
		t.Errorf("the first message is %+v, in a room whose id another had with the epoch %q", receipt, before)
	}
	if err := n.hot.Hot.Begin(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	n.send(t, "r", "after the first was handed over once more")
}

// A ban acts on another node within a second, if the machine is one to tell by.
func TestBanReachesOtherNodes(t *testing.T) {
	t.Parallel()
	b := newBackends(t, services.SharedRedis(t))
	one, other := b.open(t), b.open(t)
	one.create(t, "r")
	var took []time.Duration
	for i := range 20 {
		user := live.UserID(fmt.Sprint("user ", i))
		place := live.RoomID([]string{"r", ""}[i%2])
		for range 3 { // it is in the caches
			if s, err := other.Standing(t.Context(), "r", user); err != nil || s.Banned.Acts() {
				t.Fatalf("%+v, %v", s, err)
			}
		}
		if _, err := one.ApplySanction(t.Context(), ban(place, user)); err != nil {
			t.Fatal(err)
		}
		applied := time.Now()
		eventually(t, "the ban acts", func() bool {
			s, err := other.Standing(t.Context(), "r", user)
			return err == nil && s.Banned.Acts()
		})
		took = append(took, time.Since(applied))
	}
	slices.Sort(took)
	t.Logf("a ban acts on another node after %v, at most %v", took[len(took)/2], took[len(took)-1])
}

// While the hot backend is away, who stands how is what was known last, and else what the
// durable one says; what has expired is in neither.
func TestStandingWhileTheHotBackendIsAway(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(begun)
	n := newBackends(t, services.SharedRedis(t)).withClock(clock).open(t)
	n.create(t, "r")
	short := ban("r", "ann")
	short.For = time.Minute
	for _, o := range []store.SanctionOrder{short, ban("", "bob"), ban("r", "cy")} {
		if _, err := n.ApplySanction(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	banned := func(user live.UserID) bool {
		s, err := n.Standing(t.Context(), "r", user)
		if err != nil {
			t.Fatal(err)
		}
		return s.Banned.Acts()
	}
	if !banned("ann") || !banned("bob") || banned("dee") {
		t.Error("the wrong ones are banned")
	}
	n.hot.away.is.Store(true)
	if !banned("ann") || !banned("bob") || banned("dee") {
		t.Error("it is not known any more who is banned")
	}
	if !banned("cy") {
		t.Error("one who was not asked for before is not banned")
	}
	clock.Advance(2 * time.Minute)
	if banned("ann") || !banned("bob") {
		t.Error("what has expired acts")
	}
}

// A room goes on that was created just before the durable backend went away: nobody has asked
// for anything in it yet.
func TestRoomThatWasJustCreatedGoesOn(t *testing.T) {
	t.Parallel()
	n := newBackends(t, services.SharedRedis(t)).open(t)
	n.create(t, "used")
	if _, err := n.Standing(t.Context(), "used", "ann"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.WordsRevision(t.Context(), "used"); err != nil {
		t.Fatal(err)
	}
	n.create(t, "r")
	n.durable.away.is.Store(true)
	if s, err := n.Standing(t.Context(), "r", "ann"); err != nil || s.Banned.Acts() {
		t.Errorf("Standing = %+v, %v", s, err)
	}
	if _, err := n.Standings(t.Context(), "r", []live.UserID{"ann"}); err != nil {
		t.Errorf("Standings: %v", err)
	}
	if own, everywhere, err := n.WordsRevision(t.Context(), "r"); err != nil || own != 0 || everywhere != 0 {
		t.Errorf("WordsRevision = %d, %d, %v", own, everywhere, err)
	}
	if _, err := n.Room(t.Context(), "r"); err != nil {
		t.Errorf("Room: %v", err)
	}
	n.send(t, "r", "hello")
}

// While the hot backend is away, a ban shows where streams are kept by it: in the revisions,
// and in how users stand.
func TestBanShowsWhileTheHotBackendIsAway(t *testing.T) {
	t.Parallel()
	n := newBackends(t, services.SharedRedis(t)).open(t)
	n.create(t, "r")
	n.create(t, "quiet")
	if _, err := n.ApplySanction(t.Context(), ban("quiet", "dee")); err != nil {
		t.Fatal(err)
	}
	rooms := []live.RoomID{"r", "quiet"}
	revisions := func() map[live.RoomID]store.SanctionRevision {
		all, err := n.SanctionRevisions(t.Context(), rooms)
		if err != nil || len(all) != len(rooms) {
			t.Fatalf("SanctionRevisions = %+v, %v", all, err)
		}
		return all
	}
	before := revisions()
	n.hot.away.is.Store(true)
	if away := revisions(); !maps.Equal(away, before) {
		t.Errorf("the revisions were %+v, and are %+v though nothing has changed", before, away)
	}
	for _, o := range []store.SanctionOrder{ban("r", "ann"), ban("", "bob")} {
		_, err := n.ApplySanction(t.Context(), o)
		wantUnavailable(t, "ApplySanction", err)
	}
	after := revisions()
	if after["r"].Here == before["r"].Here || after["quiet"].Here != before["quiet"].Here ||
		after["r"].Everywhere == before["r"].Everywhere || after["quiet"].Everywhere != after["r"].Everywhere {
		t.Errorf("the revisions were %+v, and are %+v", before, after)
	}
	all, err := n.Standings(t.Context(), "r", []live.UserID{"ann", "bob", "cy"})
	if err != nil || !all[0].Banned.Acts() || !all[1].Banned.Acts() || all[2].Banned.Acts() {
		t.Errorf("Standings = %+v, %v", all, err)
	}
	if all, err = n.Standings(t.Context(), "absent", []live.UserID{"bob"}); err != nil || !all[0].Banned.Acts() {
		t.Errorf("Standings in a room that is not there = %+v, %v", all, err)
	}
	n.durable.away.is.Store(true)
	_, err = n.SanctionRevisions(t.Context(), rooms)
	wantUnavailable(t, "SanctionRevisions", err)
	_, err = n.Standings(t.Context(), "r", []live.UserID{"ann"})
	wantUnavailable(t, "Standings", err)
}

// What was known of somebody before the latest that a node has seen to change is no more than
// a last resort.
func TestStandingThatIsTooOldIsAskedForAgain(t *testing.T) {
	t.Parallel()
	n := newBackends(t, services.SharedRedis(t)).open(t)
	n.create(t, "r")
	banned := func(user live.UserID) bool {
		s, err := n.Standing(t.Context(), "r", user)
		if err != nil {
			t.Fatal(err)
		}
		return s.Banned.Acts()
	}
	for _, user := range []live.UserID{"ann", "bob"} {
		if _, err := n.ApplySanction(t.Context(), ban("r", user)); err != nil {
			t.Fatal(err)
		}
		if banned("cy") {
			t.Error("cy is banned")
		}
	}
	if _, err := n.ApplySanction(t.Context(), ban("r", "cy")); err != nil {
		t.Fatal(err)
	}
	if _, err := n.ApplySanction(t.Context(), ban("r", "dee")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node has seen it", func() bool { return banned("dee") })
	n.hot.away.is.Store(true)
	if !banned("cy") {
		t.Error("cy is not banned, as was known before")
	}
	n.durable.away.is.Store(true)
	if !banned("cy") {
		t.Error("what was known last is forgotten")
	}
}
