//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/bench/internal/load"
	"github.com/ovation-live/ovation/bench/internal/process"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// recent is how many messages a pull that brings some brings.
const recent = 20

// call is one thing to call, of one contender.
type call struct {
	contender

	calls func(ctx context.Context, in instance) (load.Calls, error)
}

// unary compares what a call costs that says nothing, and a pull.
func unary(ctx context.Context, b *bench) error {
	calls := []call{
		{named(rivalOf("connect-go"), "connect-go empty"), emptyCall("/bench.v1.BenchService/Empty", connectUnary)},
		{named(rivalOf("grpc-go"), "grpc-go empty"), emptyCall("/bench.v1.BenchService/Empty", grpcHeaders)},
		{named(b.roomWithTalk(), "ovation empty"), ovationCall(ovationv1connect.FeedServiceSyncClockProcedure, nothing)},
		{named(b.roomWithTalk(), "ovation pull, up to date"), ovationCall(ovationv1connect.FeedServicePullProcedure, pull(0))},
		{named(b.roomWithTalk(), fmt.Sprintf("ovation pull of %d", recent)), ovationCall(ovationv1connect.FeedServicePullProcedure, pull(recent))},
	}
	var contenders []contender
	byName := make(map[string]call)
	for _, c := range calls {
		contenders = append(contenders, b.contend(c.contender)...)
		byName[c.name] = c
	}
	for _, shape := range []struct{ connections, streams int }{{b.flags.Connections, 1}, {1, b.flags.Connections}} {
		part := fmt.Sprintf("%d connections with %d at once each", shape.connections, shape.streams)
		b.report.compare("unary", part, "ovation empty")
		err := b.turns(ctx, contenders, func(c contender) error {
			return b.with(ctx, c, func(in instance, poller *load.Poller) error {
				// Someone watches, so that the node holds the room.
				if err := enter(ctx, load.NewCrowd(poller, in.dialect()), in.process().Public, 1); err != nil {
					return err
				}
				what, err := byName[c.name].calls(ctx, in)
				if err != nil {
					return err
				}
				stop := b.profile(ctx, in.process(), fmt.Sprintf("%s unary %d", c.name, shape.connections))
				made, err := b.callFor(ctx, in.process(), poller, what, shape.connections, shape.streams)
				if err != nil {
					return err
				}
				b.report.add("unary", part, c.name, made.readings()...)
				return stop()
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// named gives a contender another name.
func named(c contender, name string) contender {
	c.name = name
	return c
}

// roomWithTalk is Ovation's server with a room in which something was said and someone
// is.
func (b *bench) roomWithTalk() contender {
	c := ovationWith(ovationv1.Delivery_DELIVERY_INLINE, usualRounds)
	start := c.start
	c.start = func(ctx context.Context, b *bench) (instance, error) {
		in, err := start(ctx, b)
		if err != nil {
			return nil, err
		}
		if _, err := in.publish(ctx, order{count: 2 * recent, rate: 1000, bytes: b.flags.MessageBytes}); err != nil {
			in.process().Stop()
			return nil, err
		}
		return in, nil
	}
	return c
}

// emptyCall calls what takes nothing and answers nothing.
func emptyCall(procedure string, headers [][2]string) func(context.Context, instance) (load.Calls, error) {
	var body []byte
	trailers := headers[1][0] == "te"
	if trailers {
		body = make([]byte, 5) // an envelope around nothing
	}
	return func(context.Context, instance) (load.Calls, error) {
		return load.Calls{
			Procedure: procedure, Headers: headers, Trailers: trailers,
			Body: func(int) []byte { return body },
		}, nil
	}
}

// ovationCall calls Ovation's server as a viewer, with what request makes.
func ovationCall(procedure string, request func(ctx context.Context, o *ovation) (proto.Message, error)) func(context.Context, instance) (load.Calls, error) {
	return func(ctx context.Context, in instance) (load.Calls, error) {
		o := in.(*ovation) //nolint:forcetypeassert // what roomWithTalk starts
		m, err := request(ctx, o)
		if err != nil {
			return load.Calls{}, err
		}
		body, err := proto.Marshal(m)
		return load.Calls{
			Procedure: procedure, Headers: connectUnary, Bearer: o.tokens.of,
			Body: func(int) []byte { return body },
		}, err
	}
}

// nothing asks for the time.
func nothing(context.Context, *ovation) (proto.Message, error) {
	return new(ovationv1.SyncClockRequest), nil
}

// pull asks for the latest so many messages: its cursor stands before them.
func pull(latest int) func(context.Context, *ovation) (proto.Message, error) {
	return func(ctx context.Context, o *ovation) (proto.Message, error) {
		all, err := o.feed.Pull(ctx, &ovationv1.PullRequest{RoomId: o.room})
		if err != nil {
			return nil, err
		}
		cursor, said := all.GetBatch().GetCursor(), all.GetBatch().GetMessages()
		if latest > 0 {
			last := said[len(said)-latest-1]
			cursor.Low, cursor.LowSequence = last.GetTimestamp(), last.GetSequence()
		}
		return &ovationv1.PullRequest{RoomId: o.room, Cursor: cursor}, nil
	}
}

// made is what calling came to.
type made struct {
	load.Counts

	cpu, took time.Duration
}

// readings are its figures.
func (m made) readings() []reading {
	return []reading{
		{"CPU microseconds per call", m.cpu.Seconds() * 1e6 / float64(max(m.Answered, 1))},
		{"calls a second", float64(m.Answered) / m.took.Seconds()},
		{"calls answered", float64(m.Answered)},
		{"calls refused", float64(m.Refused)},
	}
}

// callFor calls for as long as a measurement lasts, after a while that does not count.
func (b *bench) callFor(ctx context.Context, p *process.Process, poller *load.Poller, what load.Calls, connections, streams int) (m made, err error) {
	callers := load.NewCallers(poller, what)
	for n := range connections {
		if err := callers.Add(p.Public, n, streams); err != nil {
			return m, err
		}
	}
	if err := until(ctx, time.Now().Add(min(b.flags.For/4, time.Second))); err != nil {
		return m, err
	}
	before, cpu, err := counted(callers, p)
	if err != nil {
		return m, err
	}
	begun := time.Now()
	if err := until(ctx, begun.Add(b.flags.For)); err != nil {
		return m, err
	}
	after, spent, err := counted(callers, p)
	m.took, m.cpu = time.Since(begun), spent-cpu
	m.Answered, m.Refused = after.Answered-before.Answered, after.Refused-before.Refused
	if err == nil && after.Fault != nil {
		err = fmt.Errorf("calling %s: %w", what.Procedure, after.Fault)
	}
	callers.Stop()
	return m, err
}

// counted returns what became of calls, and the CPU time that the server has used.
func counted(callers *load.Callers, p *process.Process) (load.Counts, time.Duration, error) {
	cpu, err := p.CPU()
	return callers.Counts(), cpu, err
}
