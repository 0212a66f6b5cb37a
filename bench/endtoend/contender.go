//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/ovation-live/ovation/bench/internal/load"
	"github.com/ovation-live/ovation/bench/internal/process"
	"github.com/ovation-live/ovation/bench/rival"
)

// order is what viewers are to get.
type order struct {
	count    int     // of frames, or of messages where each is a frame
	rate     float64 // a second
	bytes    int     // of each
	messages int     // merged into each, by servers that are told so
}

// published is what an order came to.
type published struct {
	frames   int64
	messages int64
	mark     int64 // how far a viewer has come who has it all; 0: the server says nothing of it
}

// A contender is a server that is measured, in one of its ways to deliver.
type contender struct {
	name   string
	server string // as it is built
	start  func(ctx context.Context, b *bench) (instance, error)
}

// An instance is a contender that runs.
type instance interface {
	process() *process.Process
	dialect() load.Dialect
	publish(ctx context.Context, o order) (published, error)
	// complete says whether viewers have all that was published since before.
	complete(p published, viewers int64, since load.Standing) bool
}

// fanOut is an instance of a server that does nothing but fan out.
type fanOut struct {
	*process.Process

	speaks load.Dialect
}

func (f *fanOut) process() *process.Process { return f.Process }
func (f *fanOut) dialect() load.Dialect     { return f.speaks }

func (f *fanOut) publish(ctx context.Context, o order) (published, error) {
	url := fmt.Sprintf("%s/publish?frames=%d&rate=%g&bytes=%d&messages=%d", f.Internal, o.count, o.rate, o.bytes, o.messages)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return published{}, err
	}
	answer, err := process.Fetch(req)
	if err != nil {
		return published{}, err
	}
	var done rival.Published
	if err := json.Unmarshal(answer, &done); err != nil {
		return published{}, err
	}
	if done.Frames != o.count {
		return published{}, fmt.Errorf("published %d frames of %d", done.Frames, o.count)
	}
	return published{frames: int64(done.Frames), messages: int64(done.Messages)}, nil
}

func (f *fanOut) complete(p published, viewers int64, since load.Standing) bool {
	return since.Frames >= p.frames*viewers
}

// rivals are the servers that fan out, and how their viewers speak.
var rivals = map[string]load.Dialect{
	"connect-go": {Procedure: "/bench.v1.BenchService/Subscribe", Headers: connectStream},
	"grpc-go":    {Procedure: "/bench.v1.BenchService/Subscribe", Headers: grpcHeaders},
	"centrifuge": {
		WebSocket: true,
		Procedure: "/connection/websocket",
		Headers:   [][2]string{{"Sec-WebSocket-Protocol", "centrifuge-protobuf"}},
		// A command of 4 bytes: number 1, connect. (Centrifuge's protocol, version 2.)
		Request: []byte{4, 1 << 3, 1, 4<<3 | 2, 0},
	},
}

// The headers of calls and streams in the protocols.
var (
	connectStream = [][2]string{{"content-type", "application/connect+proto"}, {"connect-protocol-version", "1"}}
	connectUnary  = [][2]string{{"content-type", "application/proto"}, {"connect-protocol-version", "1"}}
	grpcHeaders   = [][2]string{{"content-type", "application/grpc"}, {"te", "trailers"}}
)

// rivalOf returns a server that does nothing but fan out.
func rivalOf(server string) contender { return merging(server, server, 1) }

// merging returns one whose frames carry so many messages.
func merging(name, server string, messages int) contender {
	return contender{name: name, server: server, start: func(ctx context.Context, b *bench) (instance, error) {
		p, err := process.Start(ctx, b.log, b.binaries[server])
		if err != nil {
			return nil, err
		}
		speaks := rivals[server]
		speaks.Read = func([]byte) load.Reading { return load.Reading{News: true, Messages: int64(messages)} }
		return &fanOut{Process: p, speaks: speaks}, nil
	}}
}
