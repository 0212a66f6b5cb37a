package config

import (
	"errors"
	"time"
)

// Visit is how visits are kept.
type Visit struct {
	VisitMaxWaiting int           `default:"1000000" placeholder:"N" help:"Most events of visits that wait to be merged; who reports more is told to come again (default ${default}). What sessions of the server do is taken always."`
	VisitRetention  time.Duration `default:"0" placeholder:"DURATION" help:"How long visits to a room are kept after it has ended, and events that were set aside, 24h or more; 0: for ever (default ${default})."`
}

func (v Visit) validate() error {
	return errors.Join(
		between("--visit-max-waiting", v.VisitMaxWaiting, 1, maxLimit),
		validateRetention("--visit-retention", v.VisitRetention, minRoomRetention),
	)
}
