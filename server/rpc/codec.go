package rpc

import (
	"fmt"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/wire"
)

// codec encodes frames by copying the bytes that everyone shares, and everything else
// as usual. It must append: connect gives the slice that Marshal returns to a pool,
// where shared bytes would be overwritten.
//
// What it cannot decode it marks as such for the interceptors to answer: connect would
// answer in words of its own, without a reason.
type codec struct {
	name      string
	frame     func(f *wire.Frame, dst []byte) ([]byte, error)
	marshal   func(dst []byte, m proto.Message) ([]byte, error)
	unmarshal func(b []byte, m proto.Message) error
}

// codecs returns the options that make a handler encode frames, and everything else.
func codecs() connect.HandlerOption {
	discard := protojson.UnmarshalOptions{DiscardUnknown: true}
	json := codec{
		name:      "json",
		frame:     (*wire.Frame).AppendJSON,
		marshal:   protojson.MarshalOptions{}.MarshalAppend,
		unmarshal: discard.Unmarshal,
	}
	jsonUTF8 := json
	jsonUTF8.name = "json; charset=utf-8"
	binary := codec{
		name:      "proto",
		frame:     (*wire.Frame).AppendProto,
		marshal:   proto.MarshalOptions{}.MarshalAppend,
		unmarshal: proto.Unmarshal,
	}
	return connect.WithHandlerOptions(connect.WithCodec(binary), connect.WithCodec(json), connect.WithCodec(jsonUTF8))
}

// Name implements connect.Codec.
func (c codec) Name() string { return c.name }

// Marshal implements connect.Codec. What it returns is never shared.
func (c codec) Marshal(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalAppend appends a message's encoding to dst.
func (c codec) MarshalAppend(dst []byte, message any) ([]byte, error) {
	switch m := message.(type) {
	case *wire.Frame:
		return c.frame(m, dst)
	case proto.Message:
		return c.marshal(dst, m)
	default:
		return nil, fmt.Errorf("rpc: cannot encode a %T", message)
	}
}

// Unmarshal implements connect.Codec.
func (c codec) Unmarshal(b []byte, message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return fmt.Errorf("rpc: cannot decode into a %T", message)
	}
	if err := c.unmarshal(b, m); err != nil {
		interceptor.Malformed(m, err)
	}
	return nil
}
