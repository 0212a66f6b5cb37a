// Package postgres is the durable backend of a store: the truth of rooms, sanctions, words
// and quizzes, the history of messages, and the books, in Postgres 14 or later. Together
// with a hot backend, package paired makes a store of it.
//
// # Transactions
//
// Every change is one transaction, which also notes what the hot backend is owed. Rules
// are those of package live: a change locks what they decide by, reads it, lets them
// decide, and writes. Locks are taken in one order: a room's request, the place of every
// room's sanctions, the room, the place of its own sanctions or words, the debt; and
// the room, a quiz's request, the quiz, its tasks and parts, the books, the events; and
// for visits the parts of users, the rows of visits, the minutes, the lengths, the room's
// figures, the events. What
// deadlocks all the same, or meets another, is tried again.
//
// Instants are the database's own (clock_timestamp), and so one clock for all nodes.
//
// # Visits
//
// Whoever merges events of visits locks the parts that their users are in, of which there
// are 64; reads all that is known of these users' visits to these rooms; lets package visit
// decide; and writes in one batch the rows that have changed and what that adds to figures:
// no lock by user, no upsert that decides. A room's row has its end. Whoever has merged by
// another end than it has when figures are written begins again, and EndRoom writes it with
// the room, so that nothing is left open for good. What CloseVisits is to close it finds by
// index.
//
// Attendance reads figures: a row of the room, one for each minute of its curve and each
// length of stay. Of visits themselves it reads those in minutes that have changed since
// they were counted, for the order within a minute is not in the sums, and of those who are
// there when they began.
//
// # Text
//
// Text is any UTF-8 and is ordered by its bytes (COLLATE "C"). The one character that
// Postgres cannot hold, U+0000, is kept as two others: see pack.
package postgres
