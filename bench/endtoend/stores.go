//go:build linux

package main

import (
	"context"
	"fmt"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// The two stores that a server may have.
const (
	embedded = "embedded store"
	shared   = "Redis and Postgres"
)

// stores compares Ovation's server on the embedded store with the same on Redis and
// Postgres: what a message delivered costs it, and what one sent does. Redis and Postgres
// run already, and share the machine.
func stores(ctx context.Context, b *bench) error {
	if b.flags.RedisURL == "" {
		b.say("left out: --redis-url and --postgres-url say where they are")
		return nil
	}
	args := []string{"--redis-url", b.flags.RedisURL, "--postgres-url", b.flags.PostgresURL}
	for _, viewers := range b.flags.MessageViewers {
		alone := ovationWith(ovationv1.Delivery_DELIVERY_INLINE, usualRounds)
		among := ovationWith(ovationv1.Delivery_DELIVERY_INLINE, usualRounds, args...)
		alone.name, among.name = embedded, shared
		part := fmt.Sprintf("delivery to %d viewers, %g messages/s of %d bytes", viewers, b.flags.MessageRate, b.flags.MessageBytes)
		b.report.compare("stores", part, embedded)
		o := order{
			count: max(int(b.flags.MessageRate*b.flags.For.Seconds()), 1), rate: b.flags.MessageRate,
			bytes: b.flags.MessageBytes, messages: 1,
		}
		err := b.turns(ctx, []contender{alone, among}, func(c contender) error {
			return b.delivered(ctx, "stores", part, c, viewers, o)
		})
		if err != nil {
			return err
		}
	}
	part := fmt.Sprintf("%d senders with %d calls at once each into %d rooms", b.flags.Senders, b.flags.SendsAtOnce, b.flags.Rooms)
	return b.sending(ctx, "stores", part, []contender{sender(embedded), sender(shared, args...)})
}
