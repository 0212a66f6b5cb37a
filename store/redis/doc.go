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
// script that finds another one begins another life: a new epoch, sequences of
// publications from 1, and an ancestry that says up to where the life before it is
// known. Readers who had not got further go on from where they are.
package redis
