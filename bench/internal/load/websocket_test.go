//go:build linux

package load

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// socket returns a viewer whose connection goes nowhere.
func socket() (*socketViewer, *Conn) {
	conn := &Conn{}
	crowd := NewCrowd(nil, Dialect{
		WebSocket: true, Procedure: "/ws", Request: []byte("connect"),
		Read: func([]byte) Reading { return Reading{News: true, Messages: 1} },
	})
	return newSocketViewer(conn, crowd, "here:1"), conn
}

// replied returns a frame of replies.
func replied(replies ...string) []byte {
	var b []byte
	for _, r := range replies {
		b = append(binary.AppendUvarint(b, uint64(len(r))), r...)
	}
	switch n := len(b); {
	case n < 126:
		return append([]byte{final | opBinary, byte(n)}, b...)
	case n < 1<<16:
		return append(binary.BigEndian.AppendUint16([]byte{final | opBinary, 126}, uint16(n)), b...)
	default:
		return append(binary.BigEndian.AppendUint64([]byte{final | opBinary, 127}, uint64(n)), b...)
	}
}

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

func TestSocketViewer(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 3, 50, 1 << 20} {
		v, conn := socket()
		if !strings.HasPrefix(string(conn.out), "GET /ws HTTP/1.1\r\nHost: here:1\r\n") {
			t.Fatalf("it asks %q", conn.out)
		}
		conn.out = nil
		stream := append([]byte(upgraded), replied("connected")...)
		stream = append(stream, replied("one", "", strings.Repeat("x", 300))...)
		stream = append(stream, replied(strings.Repeat("y", 1<<16))...)
		stream = append(stream, final|opPing, 2, 'h', 'i')
		for ; len(stream) > 0; stream = stream[min(size, len(stream)):] {
			if err := v.Read(stream[:min(size, len(stream))]); err != nil {
				t.Fatal(err)
			}
		}
		if got := v.crowd.total; v.crowd.ready != 1 || got.Frames != 3 || got.Messages != 3 || got.Bytes != 3+300+1<<16 {
			t.Errorf("in pieces of %d: %+v", size, got)
		}
		want := "\x82\x87\x00\x00\x00\x00connect" + "\x82\x81\x00\x00\x00\x00\x00" + "\x8a\x82\x00\x00\x00\x00hi"
		if string(conn.out) != want {
			t.Errorf("in pieces of %d it answered %q", size, conn.out)
		}
	}
}

func TestSocketViewerSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ stream, want string }{
		"refused":  {"HTTP/1.1 403 Forbidden\r\n\r\n", "403"},
		"closed":   {upgraded + "\x88\x05\x0b\xb8why", "why"},
		"cut off":  {upgraded + "\x82\x02\x05x", "cut off"},
		"text":     {upgraded + "\x81\x00", "opcode 1"},
		"enormous": {upgraded + "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "bytes"},
	} {
		v, _ := socket()
		if err := v.Read([]byte(tt.stream)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nothing that a server may send makes the viewer panic, and frames are the same however
// they are cut.
func FuzzSocketViewer(f *testing.F) {
	f.Add(append(replied("a"), replied("b", "")...), uint8(3))
	f.Add([]byte{0x82, 0x7e, 0xff}, uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, cut uint8) {
		whole, _ := socket()
		parts, _ := socket()
		n := min(int(cut), len(b))
		first := whole.Read(append([]byte(upgraded), b...))
		second := parts.Read(append([]byte(upgraded), b[:n]...))
		if second == nil {
			second = parts.Read(b[n:])
		}
		if (first == nil) != (second == nil) || whole.crowd.total != parts.crowd.total || !bytes.Equal(whole.partial, parts.partial) && first == nil {
			t.Errorf("whole: %v %+v; in two: %v %+v", first, whole.crowd.total, second, parts.crowd.total)
		}
	})
}
