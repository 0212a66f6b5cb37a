package config

import (
	"errors"
	"time"
)

// Gift is how gifts are paid and settled.
type Gift struct {
	GiftSettleInterval time.Duration `default:"5s" placeholder:"DURATION" help:"How often what was given is paid to its receivers and counted, 100ms to 1h (default ${default}); the same on every node."`
	GiftMaxWaiting     int           `default:"10000" placeholder:"N" help:"Most payments of gifts that wait for the store on this node; who sends more is told to come again (default ${default})."`
}

// The bounds of the interval.
const (
	minSettleInterval = 100 * time.Millisecond
	maxSettleInterval = time.Hour
)

func (g Gift) validate() error {
	return errors.Join(
		between("--gift-settle-interval", g.GiftSettleInterval, minSettleInterval, maxSettleInterval),
		between("--gift-max-waiting", g.GiftMaxWaiting, 1, maxLimit),
	)
}
