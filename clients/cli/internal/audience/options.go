// Package audience fills a room with viewers and checks that each of them accounts for
// every message that the room accepted.
package audience

import (
	"context"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// Options say who watches what, and for how long.
type Options struct {
	// Server is its base address.
	Server string
	// Room is what they watch.
	Room string
	// Viewers is how many there are.
	Viewers int
	// Delivery is how they get messages; UNSPECIFIED leaves it to the server.
	Delivery ovationv1.Delivery
	// Ramp is how many viewers connect in a second.
	Ramp float64
	// KillEvery is how often a viewer's connection is broken; 0: never.
	KillEvery time.Duration
	// Duration ends the run after so long; 0: it does not.
	Duration time.Duration
	// UntilIdle ends the run once the room's head has moved and then stood still for
	// so long; 0: it does not.
	UntilIdle time.Duration
	// Settle is how long the viewers have at the end to read up to the head.
	Settle time.Duration
	// Token returns the token of the viewer with a number from 1.
	Token func(viewer int) (string, error)
	// Head reads how far the room is.
	Head func(context.Context) (*ovationv1.Cursor, error)
}
