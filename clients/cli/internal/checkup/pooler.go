package checkup

import (
	"context"

	"github.com/ovation-live/ovation/internal/pooler"
)

// preparing is the exec mode of nodes that prepare statements.
const preparing = "cache_statement"

const (
	byTransaction = "a pool of connections stands between, such as PgBouncer"
	mayMigrate    = "and have migrations go past it: --postgres-migrate-url"
)

// pooler finds out whether something stands between that loses what nodes prepare.
func (d database) pooler(ctx context.Context) verdict {
	pooled, err := pooler.Between(ctx, d.Conn)
	switch {
	case err != nil:
		return unasked(err)
	case !pooled:
		return good("nothing stands between")
	case d.serves.ExecMode != preparing:
		return good("%s, and nothing is prepared (--postgres-exec-mode %s)", byTransaction, d.serves.ExecMode)
	}
	switch pooler.Keeps(ctx, d.Conn) {
	case pooler.Lost:
		return bad("%s, and loses prepared statements: calls will fail", byTransaction).
			mend("set --postgres-exec-mode exec on every node, or max_prepared_statements in PgBouncer 1.21 or later; %s", mayMigrate)
	case pooler.Kept:
		return good("%s, and keeps prepared statements", byTransaction)
	default:
		return doubtful("%s", byTransaction).
			mend("if it pools by transaction, set --postgres-exec-mode exec, for it loses prepared statements; %s", mayMigrate)
	}
}
