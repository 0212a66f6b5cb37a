package postgres

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/room"
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

// tablesOfPayments is what is looked into for each payment.
var tablesOfPayments = []string{"rooms", "ledger_accounts", "gift_payments", "gift_combos"}

// growth makes tables grow that payments are decided by.
var growth = []string{
	"INSERT INTO rooms (id, title, host, state, settings, labels, revision, created, ended) " +
		"SELECT 'room ' || n, '', '', 1, '{}', '{}', 1, 1, 0 FROM generate_series(1, 20000) AS n",
	"INSERT INTO ledger_accounts SELECT 1, 'user ' || n, 0 FROM generate_series(1, 20000) AS n",
	"INSERT INTO gift_payments SELECT -n, '', '', '', '', '', 1, 1, 1, '', 0, 1, 'gift ' || n, '', '', 1 FROM generate_series(1, 20000) AS n",
	"INSERT INTO gift_combos SELECT '', '', '', 'gift ' || n, '', 1, 0 FROM generate_series(1, 20000) AS n",
}

// Payments find what they are decided by through its keys, by plans that were made when there
// was next to nothing, and known to be.
func TestPaymentsGoByKeys(t *testing.T) {
	t.Parallel()
	for mode := range protocols {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := migrated(t, Config{ExecMode: mode, MaxConns: 1})
			if _, err := s.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
				t.Fatal(err)
			}
			purse := ledger.Account{Kind: ledger.User, Owner: "ann"}
			if err := s.Post(t.Context(), []ledger.Transaction{{ID: "fund", Kind: ledger.Deposit, Postings: []ledger.Posting{
				{Account: purse, Amount: 100}, {Account: ledger.Account{Kind: ledger.External}, Amount: -100},
			}}}); err != nil {
				t.Fatal(err)
			}
			payForGifts(t, s, "before")
			for _, table := range tablesOfPayments {
				do(t, s.pool, "ALTER TABLE "+table+" SET (autovacuum_enabled = false)")
				do(t, s.pool, "ANALYSE "+table)
			}
			payForGifts(t, s, "small")
			for _, grow := range growth {
				do(t, s.pool, grow)
			}
			do(t, s.pool, "SELECT pg_stat_reset()")
			payForGifts(t, s, "grown")
			var all, found int64
			testkit.Eventually(t, "the session has said what it read", func() bool {
				do(t, s.pool, "SELECT")
				err := s.pool.QueryRow(t.Context(), "SELECT sum(seq_tup_read)::bigint, sum(idx_tup_fetch)::bigint "+
					"FROM pg_stat_user_tables WHERE relname = ANY ($1::text[])", tablesOfPayments).Scan(&all, &found)
				return err != nil || found > 0
			})
			if all > 0 || found == 0 || found > 1000 {
				t.Errorf("%d rows were read by reading all, %d by keys", all, found)
			}
		})
	}
}

// payForGifts pays for some gifts, and for one of them again.
func payForGifts(t *testing.T, s *Store, name string) {
	t.Helper()
	sends := make([]gift.Send, 4)
	for i := range sends {
		sends[i] = gift.Send{
			Room: "r", Giver: "ann", Receiver: "bob", Count: 1, RequestID: fmt.Sprint(name, " ", i%3),
			Gift: gift.Gift{ID: "rose", Price: 1, ComboWindow: time.Minute},
		}
	}
	for _, some := range [][]gift.Send{sends[:3], sends} { // in one trip, and in two
		results, err := s.SendGifts(t.Context(), some)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range results {
			if got.Err != nil || got.Repeated != (len(some) == 4) {
				t.Fatalf("%s %d: %+v", name, i, got)
			}
		}
	}
}
