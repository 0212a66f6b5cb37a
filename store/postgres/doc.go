// Package postgres is the durable backend of a store: the truth of rooms, sanctions, words,
// quizzes and gifts, the history of messages, and the books, in Postgres 14 or later. Together
// with a hot backend, package paired makes a store of it.
//
// # Transactions
//
// Every change is one transaction, which also notes what the hot backend is owed. Rules
// are those of package live: a change locks what they decide by, reads it, lets them
// decide, and writes. Locks are taken in one order: a room's request, the place of every
// room's sanctions, the room, the place of its own sanctions or words, the debt; and
// the room, a quiz's request, the quiz, its tasks and parts, the books, the events; and the
// room, the gift cursor, the tallies of gifts, goals, the books, the events; and
// for visits the parts of users, the rows of visits, the minutes, the lengths, the room's
// figures, the events. What deadlocks all the same, or meets another, is tried again.
//
// Gifts are settled by a cursor over the ledger's order. Who posts holds ledger_head until the
// commit, so sequences are committed in their order, and what is up to the latest is all there
// is: a settlement takes what lies between the cursor and there, writes what becomes of it and
// moves the cursor, all in one transaction. Nothing of a send is ever changed, and what many
// give to one receiver is one change of one account for all sends of a transaction.
//
// Instants are the database's own (clock_timestamp), and so one clock for all nodes.
//
// # Visits
//
// Whoever merges events of visits locks the parts that their users are in, of which there
// are 64; reads all that is known of these users' visits to these rooms; lets package visit
// decide; and writes in one batch the rows that are new or have changed, each where it was
// read, and what that adds to figures: no lock by user, no upsert that decides. A room's row
// has its end. Whoever has merged by another end than it has when figures are written begins
// again, and EndRoom writes it with the room, so that nothing is left open for good. CloseVisits
// goes through the visits of a room that has ended, by when they began.
//
// No index is of what an exit changes, so that mostly it changes one page. What would be looked
// up by such an index is kept as moments: rows, one for each step and minute, of how many
// visits began and ended at which instants, and of how many viewers watch since when. They are
// only added, and folded into one when a minute has many.
//
// Attendance reads figures: a row of the room, one for each minute of its curve and each
// length of stay. Of moments it reads those of minutes that have changed since they were
// counted, for the order within a minute is not in the sums, and those of who is there.
//
// # Text
//
// Text is any UTF-8 and is ordered by its bytes (COLLATE "C"). The one character that
// Postgres cannot hold, U+0000, is kept as two others: see pack.
package postgres
