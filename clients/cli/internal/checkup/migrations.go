package checkup

import (
	"context"
	"errors"

	"github.com/ovation-live/ovation/store/postgres"
)

// migrations compares the tables with those that nodes of this build want. What these are
// the store says itself.
func (d database) migrations(ctx context.Context) verdict {
	const advice = "start a node, which makes them, or run `server migrate`, with the same --postgres-url"
	s, err := postgres.Open(ctx, postgres.Config{URL: d.url, MaxConns: 1, ExecMode: postgres.SimpleProtocol})
	if err != nil {
		return unasked(err)
	}
	defer s.Close()
	version, err := s.Version(ctx)
	newer, isNewer := errors.AsType[*postgres.NewerError](err)
	switch {
	case isNewer:
		return doubtful("migration %d, and this build knows %d", newer.Applied, newer.Wanted).mend("use the build of the nodes: the tables are of a later one")
	case stateOf(err) == noPrivilege:
		return bad("the tables may not be read").mend("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO the user, or make the tables as this user")
	case err != nil:
		return unasked(err)
	case version.Applied == 0:
		return d.unmigrated(ctx, advice)
	case version.Applied < version.Wanted:
		return bad("migration %d, and %d is wanted", version.Applied, version.Wanted).mend("%s", advice)
	default:
		return good("migration %d, as is wanted", version.Applied)
	}
}

// unmigrated says what to do where there are no tables yet.
func (d database) unmigrated(ctx context.Context, advice string) verdict {
	v := bad("there are no tables")
	var may bool
	if err := d.QueryRow(ctx, "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)").Scan(&may); err == nil && !may {
		return v.mend("GRANT CREATE ON SCHEMA public TO the user, which has to make them, or make the user the database's owner; then %s", advice)
	}
	return v.mend("%s", advice)
}
