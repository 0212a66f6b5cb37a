package redis

import (
	"strings"

	"github.com/ovation-live/ovation/live"
)

// keys names what is kept of one room. All names have the room as their hash tag.
type keys struct{ prefix string }

// escape keeps a room's id from ending its hash tag, or from being an empty one.
var escape = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")

// everywhere is the tag of what is kept for every room; no id escapes to it.
const everywhere = "%"

// keysOf returns the names of a room's keys; the empty id is every room.
func (s *Store) keysOf(id live.RoomID) keys {
	tag := everywhere
	if id != "" {
		tag = escape.Replace(string(id))
	}
	return keys{s.config.Prefix + "{" + tag + "}:"}
}

// state is a hash of what every script needs: lua/lib.lua says what is in it.
func (k keys) state() string { return k.prefix + "state" }

// copy is a string: the room as its backend of truth has it.
func (k keys) copy() string { return k.prefix + "copy" }

// bus is the sharded channel on which the room's publications come.
func (k keys) bus() string { return k.prefix + "bus" }

// standing is a hash: the copy of what acts in the place, see lua/standing.lua.
func (k keys) standing() string { return k.prefix + "standing" }

// words is a string: the copy of the revision of the place's words, see lua/words.lua.
func (k keys) words() string { return k.prefix + "words" }

// archiver is a string: the node that has the lease to the room's archive. It is no part of
// the room.
func (k keys) archiver() string { return k.prefix + "archiver" }

// all is every key of the room that scripts touch, the state first. In a cluster they are
// named with every script: a slot that moves takes them along one after the other, and no
// script may run where only some of them are.
func (k keys) all() []string {
	all := []string{k.state()}
	for _, name := range kept {
		all = append(all, k.prefix+name)
	}
	return all
}

// kept is what lua/lib.lua says is kept of a room besides its state.
var kept = []string{
	"users", "stays", "requests0", "requests1",
	"copy", "standing", "words", "ring0", "ring1", "ring2", "rate0", "rate1", "rate2", "rate3", "rate4",
	"sent0", "sent1", "slow0", "slow1", "attributes", "changes", "leaving", "sessions", "leases", "ended",
}
