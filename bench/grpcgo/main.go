// Command grpcgo is the least that a server on grpc-go can be: it fans out bytes that
// were encoded once, without copying them, to a handler a stream, and does nothing else.
package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"github.com/ovation-live/ovation/bench/rival"
)

func main() {
	s := &service{}
	server := grpc.NewServer(grpc.ForceServerCodecV2(codec{}), grpc.SharedWriteBuffer(true))
	server.RegisterService(&description, s)
	rival.Server{Name: "grpc-go", Serve: server.Serve, Publish: s.log.Publish}.Main()
}

// service is what is called.
type service struct{ log rival.Log }

// frame is a message whose bytes are shared.
type frame []byte

// empty is a message that says nothing.
type empty struct{}

// description says what the service offers, as generated code would.
var description = grpc.ServiceDesc{
	ServiceName: "bench.v1.BenchService",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Empty",
		Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			return new(empty), decode(new(empty))
		},
	}},
	Streams: []grpc.StreamDesc{{
		StreamName:    "Subscribe",
		ServerStreams: true,
		Handler:       func(s any, stream grpc.ServerStream) error { return s.(*service).subscribe(stream) },
	}},
}

// welcome is the first frame of a stream: it says that the viewer is there.
var welcome = frame("welcome")

// subscribe writes frames as they come, until the viewer is gone.
func (s *service) subscribe(stream grpc.ServerStream) error {
	if err := stream.RecvMsg(new(empty)); err != nil {
		return err
	}
	reader := s.log.Join()
	defer reader.Leave()
	if err := stream.SendMsg(welcome); err != nil {
		return err
	}
	var frames [][]byte
	for {
		select {
		case <-stream.Context().Done():
			return nil
		case <-reader.Bell:
		}
		frames = reader.Take(frames[:0])
		for _, shared := range frames {
			if err := stream.SendMsg(frame(shared)); err != nil {
				return err
			}
		}
		clear(frames)
	}
}

// codec hands out shared bytes as they are: grpc-go does not write to them.
type codec struct{}

// Name implements encoding.CodecV2.
func (codec) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (codec) Marshal(message any) (mem.BufferSlice, error) {
	switch m := message.(type) {
	case frame:
		return mem.BufferSlice{mem.SliceBuffer(m)}, nil
	case *empty:
		return nil, nil
	default:
		return nil, fmt.Errorf("cannot encode a %T", message)
	}
}

// Unmarshal implements encoding.CodecV2: every request is empty.
func (codec) Unmarshal(mem.BufferSlice, any) error { return nil }
