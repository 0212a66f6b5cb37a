// Command connectgo is the least that a server on connect-go can be: it fans out bytes
// that were encoded once over net/http's HTTP/2, to a handler a stream, and does nothing
// else. There is no authentication, no interceptor, no validation and no heartbeat.
package main

import (
	"context"
	"net"
	"net/http"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/bench/rival"
)

func main() {
	var log rival.Log
	rival.Server{
		Name:    "connect-go",
		Serve:   func(l net.Listener) error { return newServer(&log).Serve(l) },
		Publish: log.Publish,
	}.Main()
}

// newServer returns a server of cleartext HTTP/2.
func newServer(log *rival.Log) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	mux := http.NewServeMux()
	options := []connect.HandlerOption{connect.WithCodec(codec{}), connect.WithCompression("gzip", nil, nil)}
	mux.Handle("/bench.v1.BenchService/Subscribe", connect.NewServerStreamHandler("/bench.v1.BenchService/Subscribe",
		func(ctx context.Context, _ *connect.Request[empty], stream *connect.ServerStream[frame]) error {
			return subscribe(ctx, log, stream)
		}, options...))
	mux.Handle("/bench.v1.BenchService/Empty", connect.NewUnaryHandler("/bench.v1.BenchService/Empty",
		func(context.Context, *connect.Request[empty]) (*connect.Response[empty], error) {
			return connect.NewResponse(new(empty)), nil
		}, options...))
	return &http.Server{Handler: mux, Protocols: protocols} //nolint:gosec // loopback, and the clients are ours
}

// welcome is the first frame of a stream: it says that the viewer is there.
var welcome = frame("welcome")

// subscribe writes frames as they come, until the viewer is gone.
func subscribe(ctx context.Context, log *rival.Log, stream *connect.ServerStream[frame]) error {
	reader := log.Join()
	defer reader.Leave()
	if err := stream.Send(&welcome); err != nil {
		return err
	}
	var frames [][]byte
	var next frame
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-reader.Bell:
		}
		frames = reader.Take(frames[:0])
		for _, shared := range frames {
			next = shared
			if err := stream.Send(&next); err != nil {
				return err
			}
		}
		clear(frames)
	}
}
