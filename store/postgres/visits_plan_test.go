package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// What an attendance is read by looks at no more of the visits than those who are there, and
// those who came or went in minutes that have changed.
func TestAttendanceReadsNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{})
	conn, err := pgx.ConnectConfig(t.Context(), s.migrate)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, sql := range []string{
		`INSERT INTO visits (room, viewer, session, version, entered, entered_last, exited_first, exited, seen,
			began, ended, inferred, anomaly, since)
		SELECT 1, 'user' || n, 's', 1, n * 60000, n * 60000, 0, 0, 0, n * 60000,
			CASE WHEN n % 20 = 0 THEN 9223372036854775807 ELSE n * 60000 + 600000000 END, false, 0,
			CASE WHEN n % 20 = 0 THEN n * 60000 ELSE 0 END
		FROM generate_series(1::bigint, 60000) AS n`,
		`INSERT INTO visit_minutes (room, minute, enters, exits) SELECT 1, n * 60000000::bigint, 1, 1 FROM generate_series(1, 1000) AS n`,
		"ANALYZE visits", "ANALYZE visit_minutes",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	room, minute := []int64{1}, []int64{30 * 60_000_000}
	for name, args := range map[string][]any{
		"visit nets": {room, minute}, "watching": {1, 3_600_000_000}, "visit lengths": {1},
		"first and last visit": {1}, "visit figures": {"r", nil},
	} {
		rows, err := conn.Query(t.Context(), "EXPLAIN "+statement(name), args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plan := strings.Join(lines, "\n")
		if t.Logf("%s:\n%s", name, plan); strings.Contains(plan, "Seq Scan on visits") {
			t.Errorf("%s reads all visits", name)
		}
	}
}
