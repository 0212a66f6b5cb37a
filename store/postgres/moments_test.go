package postgres

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// visited makes a room of some visits, merged in so many steps: some with an exit, some
// without, some without an enter, some users with several.
func visited(t *testing.T, s *Store, steps int) room.Room {
	t.Helper()
	r, err := s.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, "")
	if err != nil {
		t.Fatal(err)
	}
	from := visit.MinuteOf(r.Created) - 30*60_000_000
	for i := range steps {
		var events []visit.Event
		for j := range 12 {
			n := i*12 + j
			e := visit.Event{
				Room: "r", User: live.UserID(fmt.Sprint("user ", n*7%90)), Session: live.SessionID(fmt.Sprint("s", n%3)),
				Version: visit.Version(1 + n%6 + n/500*2), At: from + live.Timestamp(n*n%101)*1_000_001,
			}
			events = append(events, e)
		}
		if aside, err := s.MergeVisits(t.Context(), events, nil); err != nil || len(aside) > 0 {
			t.Fatalf("%d set aside, %v", len(aside), err)
		}
	}
	return r
}

// asked returns all that is asked of a room's visits as of an instant.
func asked(t *testing.T, s *Store) (a visit.Attendance, w visit.Watch) {
	t.Helper()
	a, err := s.Attendance(t.Context(), store.AttendanceQuery{Room: "r", Curve: true, Retention: true})
	if err != nil {
		t.Fatal(err)
	}
	w, err = s.Watch(t.Context(), store.WatchQuery{Room: "r"})
	if err != nil {
		t.Fatal(err)
	}
	return a, w
}

// still is a clock that stands.
func still() func() live.Timestamp {
	return func() live.Timestamp { return 1_900_000_000_000_000 }
}

// Moments that were folded come to what they came to before, in fewer rows.
func TestMomentsAreFolded(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{Clock: still()})
	visited(t, s, 300)
	rows := func() (n int) {
		if err := s.pool.QueryRow(t.Context(), "SELECT count(*) FROM visit_moments").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	many := rows()
	a, w := asked(t, s)
	few := rows()
	if few >= many/2 {
		t.Errorf("%d rows of %d", few, many)
	}
	if again, watch := asked(t, s); !reflect.DeepEqual(again, a) || !reflect.DeepEqual(watch, w) {
		t.Errorf("%+v, %+v\nwant %+v, %+v", again, watch, a, w)
	}
	if _, err := s.pool.Exec(t.Context(), "UPDATE visit_minutes SET counted = 0"); err != nil {
		t.Fatal(err)
	}
	if again, _ := asked(t, s); !reflect.DeepEqual(again, a) {
		t.Errorf("counted again: %+v\nwant %+v", again, a)
	}
}

// What visits come to is the same before and after the tables are others.
func TestVisitsAreMigrated(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{Clock: still()})
	visited(t, s, 40)
	a, w := asked(t, s)
	script, err := migrations.ReadFile("migrations/00013_visit_moments.sql")
	if err != nil {
		t.Fatal(err)
	}
	up, down, _ := strings.Cut(string(script), "-- +goose Down")
	conn := connected(t, s)
	for _, part := range []string{down, up} {
		if _, err := conn.PgConn().Exec(t.Context(), part).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	s.pool.Reset() // what was prepared is of the tables before
	if again, watch := asked(t, s); !reflect.DeepEqual(again, a) || !reflect.DeepEqual(watch, w) {
		t.Errorf("%+v, %+v\nwant %+v, %+v", again, watch, a, w)
	}
}

// Visits that began at one instant are closed however many they are.
func TestManyWhoCameAtOnceAreClosed(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{})
	r, err := s.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, "")
	if err != nil {
		t.Fatal(err)
	}
	const many = lookThrough + 100
	events := make([]visit.Event, 0, many+1)
	for i := range many {
		events = append(events, visit.Event{Room: "r", User: live.UserID(fmt.Sprint(i)), Session: "s", Version: 1, At: r.Created})
	}
	events = append(events, visit.Event{Room: "r", User: "late", Session: "s", Version: 1, At: r.Created + 1})
	if _, err := s.MergeVisits(t.Context(), events, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.EndRoomAfter(t.Context(), "r", r.Created+1); err != nil {
		t.Fatal(err)
	}
	closed := 0
	for more := true; more; {
		var n int
		if n, more, err = s.CloseVisits(t.Context(), many/2, nil); err != nil {
			t.Fatal(err)
		}
		closed += n
	}
	if _, w := asked(t, s); closed != many+1 || w.Open != 0 || w.Inferred != many+1 {
		t.Errorf("%d are closed: %+v", closed, w)
	}
	if n := services.Query(t, s.config.URL, "SELECT count(*) FROM visit_moments WHERE kind = 2"); n != "0" {
		t.Errorf("%s rows of who watches", n)
	}
}
