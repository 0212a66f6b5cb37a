package quiz

import (
	"cmp"
	"crypto/rand"
	"log/slog"
)

// The sizes that are chosen where nothing is said.
const (
	defaultMaxWaiting = 10_000
	ticketKeyBytes    = 32
)

// withDefaults returns the config with what is not set filled in.
func (c Config) withDefaults() Config {
	c.Node = cmp.Or(c.Node, "node")
	c.MaxWaiting = cmp.Or(c.MaxWaiting, defaultMaxWaiting)
	if c.NewID == nil {
		c.NewID = rand.Text
	}
	if len(c.TicketKey) == 0 {
		c.TicketKey = make([]byte, ticketKeyBytes)
		_, _ = rand.Read(c.TicketKey) // it never fails
	}
	if c.Frames == nil {
		c.Frames = nobody{}
	}
	if c.Sessions == nil {
		c.Sessions = anyone{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}
