//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ovation-live/ovation/bench/internal/load"
	"github.com/ovation-live/ovation/bench/internal/process"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

const (
	kibi = 1 << 10
	// memoryWithin bounds the wait for memory to be given back.
	memoryWithin = 20 * time.Second
	// memoryEvery is how far apart looks at it are, at most.
	memoryEvery = time.Second
)

// held is what a server holds.
type held struct {
	process.Memory

	resident int64
}

// memory compares what a viewer costs who is there while nothing happens.
func memory(ctx context.Context, b *bench) error {
	contenders := b.contend(
		ovationWith(ovationv1.Delivery_DELIVERY_NOTIFY, usualRounds), ovationWith(ovationv1.Delivery_DELIVERY_INLINE, usualRounds),
		rivalOf("connect-go"), rivalOf("grpc-go"), rivalOf("centrifuge"))
	for _, viewers := range b.flags.Viewers {
		part := fmt.Sprintf("%d idle viewers", viewers)
		b.report.compare("memory", part, "connect-go")
		err := b.turns(ctx, contenders, func(c contender) error {
			return b.with(ctx, c, func(in instance, poller *load.Poller) error {
				before, err := b.hold(ctx, in.process())
				if err != nil {
					return err
				}
				if err := enter(ctx, load.NewCrowd(poller, in.dialect()), in.process().Public, viewers); err != nil {
					return err
				}
				after, err := b.hold(ctx, in.process())
				if err != nil {
					return err
				}
				b.reportMemory(part, c, viewers, before, after)
				return b.keep(ctx, in.process(), c.name+" memory", "heap")
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reportMemory reports what came with the viewers.
func (b *bench) reportMemory(part string, c contender, viewers int, before, after held) {
	each := func(after, before int64, unit float64) float64 {
		return float64(after-before) / unit / float64(viewers)
	}
	b.report.add("memory", part, c.name,
		reading{"resident KiB per viewer", each(after.resident, before.resident, kibi)},
		reading{"heap in use, KiB per viewer", each(after.Heap, before.Heap, kibi)},
		reading{"stacks, KiB per viewer", each(after.Stack, before.Stack, kibi)},
		reading{"goroutines per viewer", each(after.Goroutines, before.Goroutines, 1)},
	)
}

// hold returns what a server holds once it gives back no more.
func (b *bench) hold(ctx context.Context, p *process.Process) (h held, err error) {
	if err := settle(ctx, p); err != nil {
		return h, err
	}
	bounded, cancel := context.WithTimeout(ctx, memoryWithin)
	defer cancel()
	for before := int64(0); ; before = h.resident {
		if h.Memory, err = p.Collect(ctx); err != nil {
			return h, err
		}
		if h.resident, err = p.Resident(); err != nil {
			return h, err
		}
		if change := before - h.resident; before > 0 && change*100 < before {
			return h, nil
		}
		if until(bounded, time.Now().Add(min(memoryEvery, b.flags.For))) != nil {
			return h, context.Cause(ctx)
		}
	}
}
