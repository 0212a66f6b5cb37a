package memory

import (
	"hash/maphash"

	"github.com/ovation-live/ovation/live"
)

// names numbers users in the order in which they come: 0, 1, 2 ... It is a hash table of
// half the size of Go's, of which many users at once can be looked up without waiting for
// memory for each. The zero value is empty.
type names struct {
	users []live.UserID // by number
	slots []uint64      // a user's hash, and 1 + their number; 0 is free. Half are, at least
}

// seed makes hashes that nobody outside can know.
var seed = maphash.MakeSeed()

// hashOf returns a user's hash.
func hashOf(user live.UserID) uint32 {
	return uint32(maphash.String(seed, string(user))) //nolint:gosec // half of it is enough
}

// find returns the number of a user whose hash is known, -1 of one who is not there.
func (n *names) find(user live.UserID, hash uint32) int32 {
	if len(n.slots) == 0 {
		return -1
	}
	mask := len(n.slots) - 1
	for at := int(hash) & mask; ; at = (at + 1) & mask {
		slot := n.slots[at]
		if slot == 0 {
			return -1
		}
		number := int32(uint32(slot)) - 1 //nolint:gosec // its lower half
		if slot>>32 == uint64(hash) && n.users[number] == user {
			return number
		}
	}
}

// number returns a user's number, which they get if they have none.
func (n *names) number(user live.UserID, hash uint32) int32 {
	if number := n.find(user, hash); number >= 0 {
		return number
	}
	if 2*(len(n.users)+1) > len(n.slots) {
		n.grow()
	}
	n.users = append(n.users, user)
	n.place(uint64(hash)<<32 | uint64(len(n.users)))
	return int32(len(n.users) - 1) //nolint:gosec // memory ends before
}

// grow makes room for twice as many.
func (n *names) grow() {
	before := n.slots
	n.slots = make([]uint64, max(64, 2*len(before)))
	for _, slot := range before {
		if slot != 0 {
			n.place(slot)
		}
	}
}

// place puts what a slot is to have where it is free.
func (n *names) place(slot uint64) {
	mask := len(n.slots) - 1
	at := int(slot>>32) & mask
	for n.slots[at] != 0 {
		at = (at + 1) & mask
	}
	n.slots[at] = slot
}
