package postgres

import (
	"context"
	"errors"
	"sync/atomic"
)

// outdated is what is known of that. The zero value: it is not known to have happened.
type outdated struct {
	by   atomic.Pointer[NewerError]
	said seldom
}

// newer returns *NewerError if a call failed with what may come of tables of a later build, and
// they are those of one: what this build cannot do with them others can. It says so to operators,
// for the node is to be replaced. Where the tables are of this build nil: such an error is a bug.
func (s *Store) newer(ctx context.Context, err error) *NewerError {
	if code := state(err); !in(unmigrated, code) && !in(outgrown, code) {
		return nil
	}
	newer := s.outdated.by.Load()
	if newer == nil {
		if !errors.As(s.compareVersions(ctx), &newer) {
			return nil
		}
		s.outdated.by.Store(newer)
	}
	if s.outdated.said.now() {
		s.config.Logger.ErrorContext(ctx, "a later build has migrated the database: some calls are answered as if it were away, "+
			"replace this node by one of a build that is as new", "applied", newer.Applied, "known", newer.Wanted, "error", err)
	}
	return newer
}

// compareVersions returns *NewerError if the database is of a later version than this build.
func (s *Store) compareVersions(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	all, err := known()
	if err != nil {
		return err
	}
	applied, err := applied(ctx, s.alone)
	if err != nil {
		return err
	}
	_, err = versionOf(merge(all, applied))
	return err
}
