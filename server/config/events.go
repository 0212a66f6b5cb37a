package config

import "time"

// Events is how other systems get events.
type Events struct {
	EventRetention   time.Duration `default:"168h" placeholder:"DURATION" help:"How long events are kept for systems that have not acknowledged them, 1h to 2160h (default ${default})."`
	WebhookAddresses string        `default:"private" enum:"private,public" placeholder:"WHICH" help:"Where webhooks may be: private (private networks and this machine too) or public (the Internet alone); addresses of a link, as those by which clouds tell secrets, never (default ${default})."`
}

// The longest and the shortest time for which events are kept.
const (
	minEventRetention = time.Hour
	maxEventRetention = 90 * 24 * time.Hour
)

func (e Events) validate() error {
	return between("--event-retention", e.EventRetention, minEventRetention, maxEventRetention)
}
