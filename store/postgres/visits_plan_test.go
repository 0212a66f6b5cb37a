package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// What an attendance is read by looks at no visits but the first, and of moments only at those
// who are there, and at those of minutes that have changed.
func TestAttendanceReadsNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{})
	conn := connected(t, s)
	for _, sql := range []string{
		`INSERT INTO visits (room, viewer, session, version, entered, entered_last, exited_first, exited, seen,
			began, ended, inferred, anomaly)
		SELECT 1, 'user' || n, 's', 1, n * 60000, n * 60000, 0, 0, 0, n * 60000,
			CASE WHEN n % 20 = 0 THEN 9223372036854775807 ELSE n * 60000 + 600000000 END, false, 0
		FROM generate_series(1::bigint, 60000) AS n`,
		`INSERT INTO visit_minutes (room, minute, enters, exits) SELECT 1, n * 60000000::bigint, 1, 1 FROM generate_series(1, 1000) AS n`,
		`INSERT INTO visit_moments (room, kind, minute, at, changes)
		SELECT room, kind, n * 60000000::bigint, ARRAY(SELECT generate_series(1, 60)), array_fill(1, ARRAY[60])
		FROM generate_series(1, 30) AS room, generate_series(0, 2) AS kind, generate_series(1, 1000) AS n`,
		"ANALYSE visits", "ANALYSE visit_minutes", "ANALYSE visit_moments",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	room, minute := []int64{1}, []int64{30 * 60_000_000}
	for name, args := range map[string][]any{
		"visit moments": {room, minute}, "watchers": {1}, "visit lengths": {1},
		"first and last visit": {1}, "visit figures": {"r", nil},
	} {
		plan := planOf(t, conn, statement(name), args...)
		if t.Logf("%s:\n%s", name, plan); strings.Contains(plan, "Seq Scan on visits") || strings.Contains(plan, "Seq Scan on visit_moments") {
			t.Errorf("%s reads all of them", name)
		}
	}
}

// connected returns a connection of a test's own to a store's database.
func connected(t *testing.T, s *Store) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), s.migrate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// planOf returns how a statement is executed.
func planOf(t *testing.T, conn *pgx.Conn, statement string, args ...any) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), "EXPLAIN "+statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return strings.Join(lines, "\n")
}

// Visits are found by their key, and changed where they were found, whatever Postgres knows of
// the table, which may be nothing yet.
func TestVisitsAreFoundByKey(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{})
	visited(t, s, 5)
	conn := connected(t, s)
	for name, tt := range map[string]struct {
		want string
		args []any
	}{
		"watch viewer in room": {"visits_pkey", []any{"u", 0, int64(openEnd), 1}},
		"watch viewer":         {"visits_pkey", []any{"u", 0, int64(openEnd)}},
		"visits of viewer":     {"visits_pkey", []any{"u", 1, 0, int64(openEnd), 0, "", 0, "", false, false, 10}},
		"stays":                {"visits_pkey", []any{[]string{"r", "r"}, []string{"u", "v"}}},
		"append events": {"events_id_key", []any{
			nil, []string{"e"}, []string{"r"}, []int64{1}, []int16{1}, [][]byte{{}},
		}},
		"visit moments": {"visit_moments_by_minute", []any{[]int64{1}, []int64{60_000_000}}},
		"change visits": {"Tid Scan on visits", append(
			[]any{[]pgtype.TID{{BlockNumber: 1, OffsetNumber: 1, Valid: true}}, []int64{1}}, columnsOf(make([]changedStay, 1)).facts()...)},
	} {
		if _, err := conn.Exec(t.Context(), s.keyed.BeginQuery); err != nil {
			t.Fatal(err)
		}
		if plan := planOf(t, conn, statement(name), tt.args...); !strings.Contains(plan, tt.want) {
			t.Errorf("%s:\n%s", name, plan)
		}
		if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
}
