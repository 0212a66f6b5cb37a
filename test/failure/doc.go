// Package failure holds the tests of what is promised when something fails: each runs three
// nodes behind a load balancer, on a Redis and a Postgres, all of them real processes; viewers
// watch a room while others send; then one of the processes is killed, stopped in its tracks
// or started anew. No viewer may have missed a message without being told, or had one twice;
// what was acknowledged must still be there; and all must go on without help.
//
// What was measured is written to the test's log, as a row of a table:
//
//	go test -count=1 -v ./test/failure | grep -o '|.*'
//
// Nodes are found in /proc and stopped by signals: the tests are for Linux, and skip elsewhere.
package failure
