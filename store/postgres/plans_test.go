package postgres

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/internal/testkit"
)

const (
	// manyAccounts is how many accounts there come to be.
	manyAccounts = 100_000
	// atOnce is how many are asked for at once, and asks how often, before and after.
	atOnce = 50
	asks   = 10
)

// waysToAsk returns everything that statements are sent by.
func waysToAsk(s *Store) map[string]func(context.Context, func(context.Context, querier) error) error {
	in := func(transact func(context.Context, func(context.Context, pgx.Tx) error) error,
	) func(context.Context, func(context.Context, querier) error) error {
		return func(ctx context.Context, f func(context.Context, querier) error) error {
			return transact(ctx, func(ctx context.Context, tx pgx.Tx) error { return f(ctx, tx) })
		}
	}
	still := func(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
		return s.transact(ctx, s.still, f)
	}
	return map[string]func(context.Context, func(context.Context, querier) error) error{
		"alone": s.read, "a change": in(s.change), "much": in(s.carry), "very much": in(s.labour), "at one moment": in(still),
		"a survey": in(s.survey),
	}
}

// A table that has grown since a connection first used it is read by its index, though nobody
// has counted it since: what was planned for the empty table is not kept.
func TestPlansFollowTablesThatGrow(t *testing.T) {
	t.Parallel()
	for mode := range protocols {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := migrated(t, Config{ExecMode: mode, MaxConns: 1})
			other, err := pgx.ConnectConfig(t.Context(), s.migrate)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close(context.WithoutCancel(t.Context()))
			do(t, other, "ALTER TABLE ledger_accounts SET (autovacuum_enabled = false)")
			askForAccounts(t, s, 0)
			do(t, other, "INSERT INTO ledger_accounts SELECT 1, 'user ' || n, n FROM generate_series(1, $1::integer) AS n", manyAccounts)
			do(t, other, "SELECT pg_stat_reset()")
			askForAccounts(t, s, atOnce)
			want := atOnce * asks * int64(len(waysToAsk(s)))
			var all, found int64 // that were read by reading all, and by the index
			testkit.Eventually(t, "sessions have said what they read", func() bool {
				do(t, s.pool, "SELECT") // now and then they do, after a statement
				err := other.QueryRow(t.Context(),
					"SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'ledger_accounts'").Scan(&all, &found)
				return err != nil || all > 0 || found == want
			})
			if all > 0 || found != want {
				t.Errorf("%d accounts were read by reading all, %d by the index; want 0 and %d", all, found, want)
			}
		})
	}
}

// do executes a statement.
func do(t *testing.T, q querier, sql string, args ...any) {
	t.Helper()
	if _, err := q.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// askForAccounts asks for some accounts in every way, often enough for a plan to be kept, and
// finds so many.
func askForAccounts(t *testing.T, s *Store, want int) {
	t.Helper()
	kinds, owners := make([]int16, atOnce), make([]string, atOnce)
	for i := range owners {
		kinds[i], owners[i] = 1, fmt.Sprint("user ", i+1)
	}
	for name, ask := range waysToAsk(s) {
		for range asks {
			found := 0
			err := ask(t.Context(), func(ctx context.Context, q querier) error {
				rows, err := q.Query(ctx, statement("balances to change"), kinds, owners)
				if err != nil {
					return err
				}
				for rows.Next() {
					found++
				}
				return rows.Err()
			})
			if err != nil || found != want {
				t.Fatalf("%s: %d accounts, %v; want %d", name, found, err, want)
			}
		}
	}
}
