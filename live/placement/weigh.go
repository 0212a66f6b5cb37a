package placement

// The constants of FNV-1a, of 64 bits.
const (
	fnvOffset uint64 = 0xcbf29ce484222325
	fnvPrime  uint64 = 0x100000001b3
)

// weigh returns the weight of a node for a room, or for a user of it: the same on every
// node and in every build.
func weigh(name, room, user string) uint64 {
	h := fnvOffset
	for _, part := range [...]string{name, room, user} {
		for i := range len(part) {
			h = (h ^ uint64(part[i])) * fnvPrime
		}
		h = (h ^ 0xff) * fnvPrime // in no UTF-8: parts do not run into each other
	}
	return mix(h)
}

// mix spreads every bit of h over all of them, which FNV by itself does not for short
// texts. It is the end of MurmurHash3.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return h
}
