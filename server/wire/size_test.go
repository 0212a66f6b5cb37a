package wire_test

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/wire"
)

// What a batch is bounded by is never less than what goes over the wire.
func TestSizeIsNeverTooSmall(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 127, 128, 1 << 14, 1 << 21} {
		s := strings.Repeat("x", n)
		m := &feed.Message{
			Timestamp: -1, Sequence: math.MaxUint64, Bucket: feed.Low, Recalls: -1, Recalled: true,
			Content: feed.Content{
				Kind: feed.KindSystem, Text: s, Payload: []byte(s), ClientMessageID: s, ContentType: s, SenderName: s,
				Style: feed.Style{Colour: math.MaxUint32, Size: math.MaxUint32, Position: 3, Effect: s},
			},
		}
		if got := 1 + protowire.SizeBytes(proto.Size(wire.Message(m))); got > m.Size() {
			t.Errorf("with %d bytes in each field: %d encoded, Size is %d", n, got, m.Size())
		}
	}
}
