// Package services runs what Ovation is deployed with, Redis and Postgres, for tests: real
// servers, in processes of their own, on free ports of the loopback, with folders of their own.
//
// Most tests share one server with all others of their package and take a namespace of it:
// [SharedRedis] with a key prefix of the test's own, [NewDatabase], or [Schemas] where many
// tests want the same tables. Tests that break a server have one to themselves: [NewRedis],
// [NewCluster], [NewSentinel], [NewPostgres]. A package that uses any of it has
//
//	func TestMain(m *testing.M) { services.Main(m) }
//
// Programs are looked for in the PATH and where Debian has them; OVATION_REDIS_SERVER names
// another redis-server, OVATION_POSTGRES_BIN another folder of Postgres' programs,
// OVATION_PGBOUNCER another pgbouncer. Where there are none, tests skip and say so; with
// CI=true they fail.
//
// Servers end with the test, the shared ones with the package, and on Linux all of them with
// the test's process, whatever becomes of that.
package services
