package wire

import (
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// Frame is one frame of a stream, encoded at most once in each form however many
// get it, and not before someone does. It may be used concurrently.
type Frame struct {
	build func() *ovationv1.SubscribeResponse
	proto func() ([]byte, error)
	json  func() ([]byte, error)
}

// newFrame returns a frame whose contents build makes when they are first needed.
func newFrame(build func() *ovationv1.SubscribeResponse) *Frame {
	f := &Frame{build: build}
	f.proto = sync.OnceValues(func() ([]byte, error) { return proto.Marshal(f.build()) })
	f.json = sync.OnceValues(func() ([]byte, error) { return protojson.Marshal(f.build()) })
	return f
}

// AppendProto appends the frame in binary form to dst.
func (f *Frame) AppendProto(dst []byte) ([]byte, error) {
	b, err := f.proto()
	return append(dst, b...), err
}

// AppendJSON appends the frame in JSON form to dst.
func (f *Frame) AppendJSON(dst []byte) ([]byte, error) {
	b, err := f.json()
	return append(dst, b...), err
}
