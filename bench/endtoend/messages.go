//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
)

// usualRounds is how far apart a room's rounds are unless it is told otherwise.
const usualRounds = 100 * time.Millisecond

// messages compares what a message costs in a busy room: Ovation merges a round's into
// one frame; the others write one frame a message, and once, for what it would come to,
// merge as Ovation does.
func messages(ctx context.Context, b *bench) error {
	for _, viewers := range b.flags.MessageViewers {
		merged := max(int(b.flags.MessageRate*feed.Interval(usualRounds, viewers).Seconds()), 1)
		mergedName := fmt.Sprintf("connect-go, %d merged", merged)
		contenders := b.contend(
			ovationWith(ovationv1.Delivery_DELIVERY_INLINE, usualRounds),
			rivalOf("centrifuge"), rivalOf("connect-go"), merging(mergedName, "connect-go", merged), rivalOf("grpc-go"))
		part := fmt.Sprintf("%d viewers, %g messages/s of %d bytes", viewers, b.flags.MessageRate, b.flags.MessageBytes)
		b.report.compare("messages", part, "centrifuge")
		err := b.turns(ctx, contenders, func(c contender) error {
			o := order{
				count: max(int(b.flags.MessageRate*b.flags.For.Seconds()), 1), rate: b.flags.MessageRate,
				bytes: b.flags.MessageBytes, messages: 1,
			}
			switch {
			case c.name == mergedName:
				o.count, o.rate, o.messages = max(o.count/merged, 1), o.rate/float64(merged), merged
			case c.server != "ovation":
				o.count = min(o.count, max(b.flags.MostFrames/viewers, 1))
			}
			return b.delivered(ctx, "messages", part, c, viewers, o)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
