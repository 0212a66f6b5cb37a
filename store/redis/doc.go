// Package redis is the hot backend of a store: logs, attributes, presence and the bus
// of every room, and a copy of the room itself, in Redis 7 or later: standalone, under
// Sentinel, or as a cluster. Together with a durable backend, package paired makes a
// store of it.
//
// # Scripts
//
// All that changes a room is one script (lua/*.lua, each behind lua/lib.lua), so that
// it happens whole and in one order: it changes what is kept and publishes what it
// changed. The keys of a room share a hash tag and so a slot. What the scripts decide
// by are the rules of package live; a script and its rule are held against each other
// by package storetest.
//
// # Lives
//
// A room's log has a life, named by its epoch. A Redis that starts again, or fails
// over, may have lost the latest of what it acknowledged, and nothing in it tells. So a
// room notes which server process its life is led by (run_id of INFO), and the first
// script that reads the log or publishes, and finds another one, begins another life: a new
// epoch, sequences of
// publications from 1, and an ancestry that says up to where the life before it is
// known. Readers who had not got further go on from where they are.
//
// # The log
//
// What a node appends while a batch is under way goes with the next batch, in one round trip:
// for each room one script run for many messages, each decided after those before it, published
// as one. Recalls go by themselves: they are few. The state says how many entries each ring holds,
// so keys of a room must not go missing alone: Redis must not evict any (noeviction).
//
// Reading takes no more than what is new: a node holds the logs of the rooms that it has
// read lately, and the script answers what came since. Recent asks nothing at all while the
// client-side cache says that nothing was published.
//
// # Following
//
// A room that is followed is one sharded subscription, however many follow it here, on
// connections that batches of messages go by too: a node's own publications come with the
// receipts. Where it was lost and is there again, by whatever
// cause, followers hear where the room is, and see by that what they have missed.
//
// # Away
//
// When Redis does not answer one call in time, those that come later are not waited for:
// they fail at once for a quarter of a second, then one is let through to see. In a cluster
// that is so for each sixteenth of the slots by itself. While a slot moves, scripts wait for
// it: in a cluster they name every key of the room, and so never run where only some are.
//
// # Attributes
//
// The rules of a room's attributes are not in Lua. A node plans a batch on its copy of the
// map, by package attribute, and a script commits the plan if the map is still at the place
// where it was planned, or else says what brings the copy there, to plan again. A refusal
// counts only of the present map. The copy also serves snapshots without a call, as long as
// what is cached of the room's state says that it is not behind.
//
// # Quizzes
//
// What the players of a quiz do is kept by shards of them, each under a hash tag of its own,
// and nothing of it with the room: a hash of answers and one of notes for each slot, one of
// where the players stand, and a book of how far the slots are. One script takes the answers
// that a node has gathered for a slot, with a command or two for all of them. A slot that is
// sealed does not change, so it is read in pages. Slots have lives as logs do; what a life
// may have lost the nodes put again, and for so long no slot is sealed.
//
// # Reports
//
// Events of visits are in streams, one for each sixteenth of the users, each under a hash tag
// of its own. Who takes entries is one consumer group, whose names are the nodes', and how
// often an entry was taken is the group's count. When a lease is over is in a sorted set
// beside it: by the clock of the store, and for as long as whoever took it said. What is
// settled is deleted, so a stream is as long as what waits; nothing trims it. A part that is
// new, or came back empty, gets its group when somebody takes.
//
// # Leases
//
// What is to be looked at for leases that are over is in an index of all rooms, apart from
// them and in several slots: a room by when it is to be looked at next. The room's state
// holds the same instant, so that a Join has to write to the index only where that becomes
// earlier. The index is never later than the state but where a node has died between the
// two, or Redis has lost one of them; then whoever joins or renews some seconds after the
// instant sees that nobody looked, and Sweep mends what nobody comes to.
//
// What there is to tell of a session that has ended is one member of a sorted set, by when it is
// to be told again; it is its own name when it is settled. The sessions of a room that has ended
// stay as they are, under their leases, until somebody says that they were there or the leases
// are over. All that is kept of such a room goes with its state.
package redis
