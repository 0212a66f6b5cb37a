package checkup

import "context"

// applied reads the version of the tables: of each migration its latest entry counts.
const applied = `SELECT coalesce(max(version_id), 0) FROM (
	SELECT DISTINCT ON (version_id) version_id, is_applied FROM schema_versions ORDER BY version_id, id DESC
) latest WHERE is_applied`

// migrations compares the tables with those that are wanted.
func (d database) migrations(ctx context.Context) verdict {
	const advice = "start a node, which makes them, or run `server migrate`, with the same --postgres-url"
	var version int64
	err := d.QueryRow(ctx, applied).Scan(&version)
	switch wanted := d.serves.Migration; {
	case stateOf(err) == noTable:
		return d.unmigrated(ctx, advice)
	case stateOf(err) == noPrivilege:
		return bad("the tables may not be read").mend("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO the user, or make the tables as this user")
	case err != nil:
		return unasked(err)
	case wanted == 0:
		return good("migration %d", version)
	case version < wanted:
		return bad("migration %d, and %d is wanted", version, wanted).mend("%s", advice)
	case version > wanted:
		return doubtful("migration %d, and this build knows %d", version, wanted).mend("use the build of the nodes: the tables are of a later one")
	default:
		return good("migration %d, as is wanted", version)
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
