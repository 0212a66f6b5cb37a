package wire

import (
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
)

// Frame is a message to many, a frame of a stream or the answer to a pull, encoded at
// most once in each form however many get it, and not before someone does. It may be
// used concurrently.
type Frame struct {
	build       func() proto.Message
	proto, json form
}

// form is a frame in one encoding.
type form struct {
	once  sync.Once
	bytes []byte
	err   error
}

// newFrame returns a frame whose contents build makes when they are first needed.
func newFrame(build func() *ovationv1.SubscribeResponse) *Frame {
	return &Frame{build: func() proto.Message { return build() }}
}

// PullAnswer is the answer to a pull.
func PullAnswer(b feed.Batch, h feed.Heads) *Frame {
	return &Frame{build: func() proto.Message {
		return &ovationv1.PullResponse{Batch: Batch(b), Heads: Heads(h)}
	}}
}

// AppendProto appends the frame in binary form to dst.
func (f *Frame) AppendProto(dst []byte) ([]byte, error) {
	f.proto.once.Do(func() { f.proto.bytes, f.proto.err = proto.Marshal(f.build()) })
	return append(dst, f.proto.bytes...), f.proto.err
}

// AppendJSON appends the frame in JSON form to dst.
func (f *Frame) AppendJSON(dst []byte) ([]byte, error) {
	f.json.once.Do(func() { f.json.bytes, f.json.err = protojson.Marshal(f.build()) })
	return append(dst, f.json.bytes...), f.json.err
}
