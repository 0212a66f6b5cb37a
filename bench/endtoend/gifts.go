//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/bench/internal/load"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// fortune is what each giver has.
const fortune = 1_000_000_000_000

// gifts measures how many gifts a second are paid, all of them to one streamer, from many
// users each with a connection of their own who give as fast as they are answered; and how
// long each waits. It is measured on the embedded store, and on Redis and Postgres if they
// are given.
func gifts(ctx context.Context, b *bench) error {
	on := []contender{soldOn(embedded)}
	if b.flags.RedisURL != "" {
		on = append(on, soldOn(shared, "--redis-url", b.flags.RedisURL, "--postgres-url", b.flags.PostgresURL))
	}
	part := fmt.Sprintf("%d givers with %d gifts at once each, to one receiver", b.flags.Senders, b.flags.SendsAtOnce)
	return b.turns(ctx, on, func(c contender) error {
		return b.with(ctx, c, func(in instance, poller *load.Poller) error {
			o := in.(*ovation) //nolint:forcetypeassert // what soldOn starts
			stop := b.profile(ctx, in.process(), c.name+" gifts")
			var waits []time.Duration
			calls := o.gives(b.flags.Senders)
			calls.Took = func(d time.Duration) { waits = append(waits, d) }
			m, err := b.callFor(ctx, in.process(), poller, calls, b.flags.Senders, b.flags.SendsAtOnce)
			if err != nil {
				return err
			}
			poller.Do(func() { slices.Sort(waits) })
			b.report.add("gifts", part, c.name,
				reading{"paid a second", float64(m.Answered) / m.took.Seconds()},
				reading{"p50 ms", millis(waits, 0.5)},
				reading{"p99 ms", millis(waits, 0.99)},
				reading{"CPU microseconds per gift", m.cpu.Seconds() * 1e6 / float64(max(m.Answered, 1))},
				reading{"server's share of the CPU time there is", m.cpu.Seconds() / m.took.Seconds() / float64(runtime.NumCPU())},
				reading{"paid", float64(m.Answered)},
				reading{"not paid", float64(m.Refused)},
			)
			return stop()
		})
	})
}

// millis is a quantile of sorted times, in milliseconds.
func millis(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(q*float64(len(sorted)-1))]) / float64(time.Millisecond)
}

// soldOn returns Ovation's server with a gift for sale, and givers who can pay for it.
func soldOn(name string, args ...string) contender {
	return contender{name: name, server: "ovation", start: func(ctx context.Context, b *bench) (instance, error) {
		o, err := startOvation(ctx, b, slices.Concat(fewUsers, args)...)
		if err != nil {
			return nil, err
		}
		if err := o.sell(ctx, b.flags.Senders); err != nil {
			o.Stop()
			return nil, err
		}
		return o, nil
	}}
}

// sell makes a room, puts a gift up for sale there, and gives its givers coins.
func (o *ovation) sell(ctx context.Context, givers int) error {
	if err := o.createRoom(ctx, o.room, usualRounds); err != nil {
		return err
	}
	_, err := o.gifts.PutGift(ctx, &ovationv1.PutGiftRequest{Gift: &ovationv1.Gift{GiftId: "gift-" + o.room, RoomId: o.room, Name: "A rose", Price: 1}})
	for n := 0; n < givers && err == nil; n++ {
		user := fmt.Sprintf("viewer-%d", n)
		_, err = o.wallets.Deposit(ctx, &ovationv1.DepositRequest{UserId: user, Amount: fortune, RequestId: o.room + "-" + strconv.Itoa(n)})
	}
	return err
}

// gives gives one gift a call, each time another of the givers, under another request.
func (o *ovation) gives(givers int) load.Calls {
	request := &ovationv1.SendGiftRequest{RoomId: o.room, GiftId: "gift-" + o.room, ReceiverId: "streamer"}
	prefix, n := rand.Text()[:8], 0
	return load.Calls{
		Procedure: ovationv1connect.GiftServiceSendGiftProcedure, Headers: connectUnary,
		Next: func() (token string, body []byte, more bool) {
			n++
			request.RequestId = prefix + strconv.Itoa(n)
			body, err := proto.Marshal(request)
			if err != nil {
				panic(err) // it holds what can be encoded
			}
			return o.tokens.of(n % givers), body, true
		},
	}
}
