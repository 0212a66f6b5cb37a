package load

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// However a stream is cut, the same messages are read from it.
func FuzzEnvelopes(f *testing.F) {
	f.Add([]byte("hello"), []byte(""), uint8(1))
	f.Add([]byte{}, bytes.Repeat([]byte("x"), 300), uint8(7))
	f.Fuzz(func(t *testing.T, first, second []byte, step uint8) {
		stream := append(enveloped(first), enveloped(second)...)
		var e envelopes
		var got [][]byte
		for len(stream) > 0 {
			n := min(int(step)+1, len(stream))
			err := e.read(stream[:n], func(flags byte, message []byte) error {
				if flags != 0 {
					t.Errorf("flags %d", flags)
				}
				got = append(got, bytes.Clone(message))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			stream = stream[n:]
		}
		if len(got) != 2 || !bytes.Equal(got[0], first) || !bytes.Equal(got[1], second) || len(e.partial) != 0 {
			t.Errorf("read %q, left %q", got, e.partial)
		}
	})
}

func TestEnvelopeThatCannotBe(t *testing.T) {
	t.Parallel()
	var e envelopes
	huge := binary.BigEndian.AppendUint32([]byte{0}, maxEnvelope+1)
	if err := e.read(huge, func(byte, []byte) error { return nil }); err == nil {
		t.Error("it waits for more than anyone sends")
	}
}
