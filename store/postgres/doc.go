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
// room, the gift cursor, the tallies of gifts, goals, the books, the events. What deadlocks
// all the same, or meets another, is tried again.
//
// Gifts are settled by a cursor over the ledger's order. Who posts holds ledger_head until the
// commit, so sequences are committed in their order, and what is up to the latest is all there
// is: a settlement takes what lies between the cursor and there, writes what becomes of it and
// moves the cursor, all in one transaction. Nothing of a send is ever changed, and what many
// give to one receiver is one change of one account for all sends of a transaction.
//
// Instants are the database's own (clock_timestamp), and so one clock for all nodes.
//
// # Text
//
// Text is any UTF-8 and is ordered by its bytes (COLLATE "C"). The one character that
// Postgres cannot hold, U+0000, is kept as two others: see pack.
package postgres
