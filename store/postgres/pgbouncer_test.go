package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// pooled returns the configuration of a store whose connections PgBouncer pools by
// transaction, but for those of migrations, in a database of its own.
func pooled(tb testing.TB, mode postgres.ExecMode) postgres.Config {
	tb.Helper()
	direct := services.NewDatabase(tb)
	return postgres.Config{
		URL: services.Pooled(tb, direct), MigrateURL: direct, ExecMode: mode, Timeout: patience, MaxConns: 8,
	}
}

// unpreparing is the modes for a pool that loses what was prepared.
var unpreparing = []postgres.ExecMode{postgres.Exec, postgres.SimpleProtocol}

// Through the pool all works in those modes, many at once, migrations too if they must.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	for _, mode := range unpreparing {
		for name, past := range map[string]bool{"migrations past it": true, "migrations through it": false} {
			t.Run(string(mode)+", "+name, func(t *testing.T) {
				t.Parallel()
				c := pooled(t, mode)
				if !past {
					c.MigrateURL = ""
				}
				s := openWith(t, c)
				parallel(crowd, func(i int) { inOneRoom(t, s, live.RoomID(rune('a'+i))) })
				if rooms, err := s.Rooms(t.Context(), store.RoomQuery{Limit: 2 * crowd}); err != nil || len(rooms) != crowd {
					t.Errorf("%d rooms, %v; want %d", len(rooms), err, crowd)
				}
			})
		}
	}
}

// inOneRoom makes a room, bans somebody and forbids a word in it, records that, finds all of it,
// and pays for a gift.
func inOneRoom(t *testing.T, s *postgres.Store, id live.RoomID) {
	t.Helper()
	create(t, s, id)
	o := store.SanctionOrder{Order: moderation.Order{Kind: moderation.Ban, Room: id, User: "ann", By: "host"}}
	if _, _, err := s.ApplySanction(t.Context(), o); err != nil {
		t.Errorf("%s: ApplySanction: %v", id, err)
	}
	if acting, err := s.Acting(t.Context(), id); err != nil || !acting.Users["ann"].Banned.Acts() {
		t.Errorf("%s: Acting = %+v, %v", id, acting, err)
	}
	put := words.Change{List: "l", Words: []words.Word{{Text: "word"}}}
	if _, err := s.PutWords(t.Context(), id, put); err != nil {
		t.Errorf("%s: PutWords: %v", id, err)
	}
	if lists, _, err := s.AllWords(t.Context(), id); err != nil || len(lists) != 1 {
		t.Errorf("%s: AllWords = %+v, %v", id, lists, err)
	}
	if err := s.AppendEvents(t.Context(), []store.Event{{ID: "of " + string(id), Room: id, Kind: 1}}); err != nil {
		t.Errorf("%s: AppendEvents: %v", id, err)
	}
	page, err := s.Events(t.Context(), store.EventQuery{EventFilter: store.EventFilter{Rooms: []live.RoomID{id}}, Limit: 10})
	if err != nil || len(page.Events) != 1 {
		t.Errorf("%s: Events = %+v, %v", id, page, err)
	}
	giver := "giver in " + string(id)
	if err := s.Post(t.Context(), []ledger.Transaction{deposit(giver, 10)}); err != nil {
		t.Errorf("%s: Post: %v", id, err)
	}
	sends := []gift.Send{rose("1", id, live.UserID(giver))}
	if paid, err := s.SendGifts(t.Context(), sends); err != nil || paid[0].Err != nil || paid[0].Balance != 7 {
		t.Errorf("%s: SendGifts = %+v, %v", id, paid, err)
	}
	if r, err := s.EndRoom(t.Context(), id); err != nil || r.Revision != 2 {
		t.Errorf("%s: EndRoom = %+v, %v", id, r, err)
	}
}

// The default mode does not fit, and says so before anything is done.
func TestPreparingBehindPgBouncer(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), pooled(t, postgres.CacheStatement))
	if !errors.Is(err, postgres.ErrUnprepared) || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "exec mode exec") {
		t.Errorf("Open = %v, want that the exec mode is wrong", err)
	}
}
