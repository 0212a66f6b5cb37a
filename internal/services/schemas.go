package services

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"
)

// Schemas are schemas in the Postgres that the package shares. A test borrows one, with tables
// as they are made, and the next test has it again: to make tables takes longer than most
// tests do. Methods may be called concurrently.
//
// Whatever connects on behalf of a schema does so with its name as application_name, so that
// what a test has left behind can be ended.
type Schemas struct {
	fill func(tb testing.TB, name string)

	mu   sync.Mutex
	free []string
}

// NewSchemas returns schemas with the tables that fill makes in an empty one.
func NewSchemas(fill func(tb testing.TB, name string)) *Schemas { return &Schemas{fill: fill} }

// Borrow returns the name of a schema that nobody else has until it is given back, which is
// when the test ends or, before, when giveBack is called.
func (s *Schemas) Borrow(tb testing.TB) (name string, giveBack func()) {
	tb.Helper()
	url := SharedPostgres(tb)
	if name = s.take(); name == "" {
		name = "test_" + strings.ToLower(rand.Text()[:13])
		Query(tb, url, "CREATE SCHEMA "+name)
		s.fill(tb, name)
		Query(tb, url, named(keepFirst, name))
	}
	giveBack = sync.OnceFunc(func() {
		Query(tb, url, named(endSessions, name)+";"+named(restoreFirst, name))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, name)
	})
	tb.Cleanup(giveBack)
	return name, giveBack
}

// take returns a schema that was given back; "": there is none.
func (s *Schemas) take() (name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		name = s.free[n-1]
		s.free = s.free[:n-1]
	}
	return name
}

// named returns a statement for a schema of that name.
func named(statement, name string) string { return strings.ReplaceAll(statement, "{schema}", name) }

// endSessions ends who is still connected, and what they are still about.
const endSessions = `SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = '{schema}'`

// keepFirst copies the rows that tables are made with.
const keepFirst = `
CREATE SCHEMA {schema}_first;
DO $$
DECLARE
  made record;
  rows boolean;
BEGIN
  FOR made IN SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = '{schema}'::regnamespace LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM {schema}.%I)', made.name) INTO rows;
    IF rows THEN
      EXECUTE format('CREATE TABLE {schema}_first.%1$I AS TABLE {schema}.%1$I', made.name);
    END IF;
  END LOOP;
END $$`

// restoreFirst has tables hold the rows that they were made with, and sequences begin anew.
const restoreFirst = `
DO $$
DECLARE
  made record;
BEGIN
  FOR made IN
    SELECT oid, relkind, relname AS name FROM pg_class
    WHERE relkind IN ('r', 'S') AND relnamespace = '{schema}'::regnamespace
  LOOP
    IF made.relkind = 'S' THEN
      PERFORM setval(made.oid, 1, false);
      CONTINUE;
    END IF;
    EXECUTE format('DELETE FROM {schema}.%I', made.name);
    IF to_regclass(format('{schema}_first.%I', made.name)) IS NOT NULL THEN
      EXECUTE format('INSERT INTO {schema}.%1$I TABLE {schema}_first.%1$I', made.name);
    END IF;
  END LOOP;
END $$`
