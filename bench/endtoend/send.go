//go:build linux

package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/bench/internal/load"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// send measures how many messages a second are accepted into many rooms, from many users
// each with a connection of their own who send as fast as they are answered.
func send(ctx context.Context, b *bench) error {
	part := fmt.Sprintf("%d senders with %d calls at once each into %d rooms, messages of %d bytes",
		b.flags.Senders, b.flags.SendsAtOnce, b.flags.Rooms, b.flags.MessageBytes)
	return b.sending(ctx, "send", part, b.contend(sender("ovation")))
}

// sender returns Ovation's server with as many rooms as are sent to, and flags of its
// own.
func sender(name string, args ...string) contender {
	return contender{name: name, server: "ovation", start: func(ctx context.Context, b *bench) (instance, error) {
		o, err := startOvation(ctx, b, slices.Concat(fewUsers, args)...)
		if err != nil {
			return nil, err
		}
		for n := range b.flags.Rooms {
			if err := o.createRoom(ctx, o.numbered(n), usualRounds); err != nil {
				o.Stop()
				return nil, err
			}
		}
		return o, nil
	}}
}

// sending measures sends to each of the servers.
func (b *bench) sending(ctx context.Context, scenario, part string, contenders []contender) error {
	return b.turns(ctx, contenders, func(c contender) error {
		return b.with(ctx, c, func(in instance, poller *load.Poller) error {
			o := in.(*ovation) //nolint:forcetypeassert // what is started above
			stop := b.profile(ctx, in.process(), c.name+" send")
			m, err := b.callFor(ctx, in.process(), poller, o.sends(b.flags), b.flags.Senders, b.flags.SendsAtOnce)
			if err != nil {
				return err
			}
			b.report.add(scenario, part, c.name,
				reading{"accepted a second", float64(m.Answered) / m.took.Seconds()},
				reading{"CPU microseconds per message", m.cpu.Seconds() * 1e6 / float64(max(m.Answered, 1))},
				reading{"server's share of the CPU time there is", m.cpu.Seconds() / m.took.Seconds() / float64(runtime.NumCPU())},
				reading{"accepted", float64(m.Answered)},
				reading{"not accepted", float64(m.Refused)},
			)
			return stop()
		})
	})
}

// numbered names one of the rooms that are sent to.
func (o *ovation) numbered(n int) string { return fmt.Sprintf("%s-%d", o.room, n) }

// sends sends a message to a room that depends on who sends.
func (o *ovation) sends(f flags) load.Calls {
	text := o.text(f.MessageBytes)
	return load.Calls{
		Procedure: ovationv1connect.FeedServiceSendProcedure, Headers: connectUnary, Bearer: o.tokens.of,
		Body: func(conn int) []byte {
			body, err := proto.Marshal(&ovationv1.SendRequest{RoomId: o.numbered(conn % f.Rooms), Text: text})
			if err != nil {
				panic(err) // it holds what can be encoded
			}
			return body
		},
		Good: accepted,
	}
}

// sendStatus is the number of SendResponse's field status.
const sendStatus = 1

// accepted says whether a SendResponse says so.
func accepted(answer []byte) (yes bool) {
	fields(answer, func(n protowire.Number, _ []byte, value uint64) {
		if n == sendStatus {
			yes = value == uint64(ovationv1.SendStatus_SEND_STATUS_ACCEPTED)
		}
	})
	return yes
}
