//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// closeRounds is how far apart rounds are where every message is to be a frame: as
// close as a room may have them.
const closeRounds = 20 * time.Millisecond

// frames compares what a frame costs: Ovation's against the same number of frames of
// the same size by a server that does nothing but write them.
func frames(ctx context.Context, b *bench) error {
	for _, delivery := range []ovationv1.Delivery{ovationv1.Delivery_DELIVERY_NOTIFY, ovationv1.Delivery_DELIVERY_INLINE} {
		ours := ovationWith(delivery, closeRounds)
		size, err := b.frameBytes(ctx, ours)
		if err != nil {
			return err
		}
		contenders := b.contend(ours, rivalOf("connect-go"))
		for _, viewers := range b.flags.Viewers {
			for _, rate := range b.flags.FrameRate {
				part := fmt.Sprintf("%d viewers, %g frames/s of %d bytes", viewers, rate, size)
				b.report.compare("frames", part, "connect-go")
				err := b.turns(ctx, contenders, func(c contender) error {
					o := order{count: max(int(rate*b.flags.For.Seconds()), 1), rate: rate, bytes: size, messages: 1}
					if c.server == "ovation" {
						o.bytes = b.flags.MessageBytes
					}
					return b.delivered(ctx, "frames", part, c, viewers, o)
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// frameBytes returns how large a frame of Ovation's is that carries one message, or
// says that something is new.
func (b *bench) frameBytes(ctx context.Context, ours contender) (int, error) {
	w, err := b.watch(ctx, ours, 1, order{count: 10, rate: 20, bytes: b.flags.MessageBytes}, "size")
	if err != nil {
		return 0, err
	}
	if w.came.Frames == 0 {
		return 0, errors.New("no frame came to the viewer")
	}
	return int(w.came.Bytes / w.came.Frames), nil
}

// contend returns the contenders that were asked for.
func (b *bench) contend(all ...contender) (asked []contender) {
	for _, c := range all {
		if chosen(b.flags.Server, c.server) {
			asked = append(asked, c)
		}
	}
	return asked
}

// turns measures contenders in turn, forth and back, as often as there are rounds. What
// fails is tried once more.
func (b *bench) turns(ctx context.Context, contenders []contender, measure func(c contender) error) error {
	for round := range b.flags.Rounds {
		for i := range contenders {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if round%2 == 1 {
				i = len(contenders) - 1 - i
			}
			c := contenders[i]
			b.say("round %d of %d: %s", round+1, b.flags.Rounds, c.name)
			err := measure(c)
			if err != nil && ctx.Err() == nil { // a machine that others use too may be away for a while
				b.say("once more, after: %v", err)
				err = measure(c)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return nil
}

// delivered measures what it costs a contender to deliver, and reports it.
func (b *bench) delivered(ctx context.Context, scenario, part string, c contender, viewers int, o order) error {
	w, err := b.watch(ctx, c, viewers, o, scenario)
	if err != nil {
		return err
	}
	cost := []reading{
		{"CPU s per million frames", perMillion(w.cpu, w.came.Frames)},
		{"CPU s per million messages", perMillion(w.cpu, w.came.Messages)},
	}
	if scenario == "messages" {
		slices.Reverse(cost) // what is compared comes first
	}
	b.report.add(scenario, part, c.name, append(cost,
		reading{"frames delivered", float64(w.came.Frames)},
		reading{"messages delivered", float64(w.came.Messages)},
		reading{"reported dropped", float64(w.came.Dropped)},
		reading{"lost", float64(w.missing)},
		reading{"broken streams", float64(w.broken)},
		reading{"bytes per frame", float64(w.came.Bytes) / float64(max(w.came.Frames, 1))},
		reading{"seconds", w.took.Seconds()},
	)...)
	return nil
}

// perMillion returns CPU seconds per million.
func perMillion(cpu time.Duration, n int64) float64 {
	if n == 0 {
		return 0
	}
	return cpu.Seconds() / float64(n) * 1e6
}
