package wire

import (
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"

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
	kind        FrameKind
	cut         time.Time
	proto, json form
}

// Kind returns what the frame is.
func (f *Frame) Kind() FrameKind { return f.kind }

// CutAt notes when the round that the frame tells of was cut. It is for whoever made
// the frame, before anybody else has it.
func (f *Frame) CutAt(t time.Time) *Frame {
	f.cut = t
	return f
}

// Cut returns when the round that the frame tells of was cut; zero if it tells of none.
func (f *Frame) Cut() time.Time { return f.cut }

// Size returns how many bytes the frame has in binary form; in JSON if it was not
// encoded in the other, and 0 if in neither.
func (f *Frame) Size() int {
	if n := f.proto.size.Load(); n > 0 {
		return int(n)
	}
	return int(f.json.size.Load())
}

// form is a frame in one encoding.
type form struct {
	once  sync.Once
	bytes []byte // in an envelope
	err   error
	size  atomic.Int64 // of bytes, for those who have not called append
}

// newFrame returns a frame whose contents build makes when they are first needed.
func newFrame(kind FrameKind, build func() *ovationv1.SubscribeResponse) *Frame {
	return &Frame{kind: kind, build: func() proto.Message { return build() }}
}

// PullAnswer is the answer to a pull.
func PullAnswer(b feed.Batch, h feed.Heads) *Frame {
	return &Frame{kind: KindAnswer, build: func() proto.Message {
		return &ovationv1.PullResponse{Batch: Batch(b), Heads: Heads(h)}
	}}
}

// AppendProto appends the frame in binary form to dst.
func (f *Frame) AppendProto(dst []byte) ([]byte, error) {
	b, err := f.EnvelopedProto()
	return append(dst, payload(b)...), err
}

// AppendJSON appends the frame in JSON form to dst.
func (f *Frame) AppendJSON(dst []byte) ([]byte, error) {
	b, err := f.EnvelopedJSON()
	return append(dst, payload(b)...), err
}

// EnvelopedProto returns the frame in binary form as streams of Connect, gRPC and
// gRPC-Web carry it: not compressed, after a prefix that says so and how long it is. The
// bytes are everyone's and must not be changed.
func (f *Frame) EnvelopedProto() ([]byte, error) {
	return f.proto.enveloped(func(dst []byte) ([]byte, error) {
		return proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, f.build())
	})
}

// EnvelopedJSON is EnvelopedProto in JSON form.
func (f *Frame) EnvelopedJSON() ([]byte, error) {
	return f.json.enveloped(func(dst []byte) ([]byte, error) {
		return protojson.MarshalOptions{}.MarshalAppend(dst, f.build())
	})
}

// prefixBytes is how long an envelope's prefix is: flags, then the length in four
// bytes, the highest first.
const prefixBytes = 5

// payload returns what is in an envelope.
func payload(b []byte) []byte { return b[min(prefixBytes, len(b)):] }

// errUnbuilt is what a frame comes to whose contents could not be made: whoever first
// needed it has the panic.
var errUnbuilt = errors.New("wire: the frame's contents could not be made")

// enveloped returns the form in its envelope. The first call encodes it.
func (f *form) enveloped(encode func(dst []byte) ([]byte, error)) ([]byte, error) {
	f.once.Do(func() {
		f.err = errUnbuilt // should encode panic
		b, err := encode(make([]byte, prefixBytes))
		if f.err = err; err == nil {
			binary.BigEndian.PutUint32(b[1:], uint32(len(b)-prefixBytes)) //nolint:gosec // far below 4 GiB
			f.bytes = b
			f.size.Store(int64(len(payload(b))))
		}
	})
	return f.bytes, f.err
}
