// Package feed holds the rules of a room's messages: priority buckets as rings,
// cursors and the selection of what a reader gets, the rate at which a room
// accepts, and when a viewer is notified.
//
// Everything here is pure: no I/O, no clock, no randomness. Values are not safe
// for concurrent use unless they say so; a room's log lives under the room's lock.
// A *Message in a ring is never changed, so it may be read without one.
package feed
