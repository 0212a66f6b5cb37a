package storetest

import (
	"context"
	"math/rand/v2"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// Lossy is a bus that loses some publications of another and lets some come again,
// one earlier or later: everything that store.Bus permits. The seed decides which,
// the same for every follower.
type Lossy struct {
	Bus  store.Bus
	Seed uint64
	// Drop and Repeat are how likely a publication is lost, and how likely one that
	// was heard comes again after another: from 0 to 1.
	Drop, Repeat float64
}

// remembers is how far back a publication that comes again may lie.
const remembers = 8

// Follow implements store.Bus.
func (l Lossy) Follow(ctx context.Context, id live.RoomID, hear func(store.Publication)) (func(), error) {
	var heard []store.Publication
	random := rand.New(rand.NewPCG(l.Seed, 0)) //nolint:gosec // a pattern that can be repeated, not a secret
	return l.Bus.Follow(ctx, id, func(p store.Publication) {
		if random.Float64() >= l.Drop {
			hear(p)
			heard = append(heard[max(0, len(heard)-remembers+1):], p)
		}
		if len(heard) > 0 && random.Float64() < l.Repeat {
			hear(heard[random.IntN(len(heard))])
		}
	})
}
