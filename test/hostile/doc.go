// Package hostile holds the tests of a server under attack: each starts a server in a
// process of its own, has clients do to it what no honest client does, and checks that the
// room beside loses nothing, and that the attack costs the server no more memory than it may.
//
// What an attack costs is written to the test's log, as a row of a table:
//
//	OVATION_HOSTILE=full go test -count=1 -v ./test/hostile | grep -o '|.*'
//
// Without OVATION_HOSTILE=full there are fewer attackers. What is measured is read from /proc, and
// attackers have addresses of their own on the loopback: the tests are for Linux, and skip elsewhere.
package hostile
