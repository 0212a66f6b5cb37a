//go:build linux

package load

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// told is streams that note what they are told.
type told struct{ events []string }

func (s *told) headers(id uint32, block []byte, ended bool) error {
	s.events = append(s.events, fmt.Sprintf("headers %d %x %v", id, block, ended))
	return nil
}

func (s *told) data(id uint32, b []byte, ended bool) error {
	s.events = append(s.events, fmt.Sprintf("data %d %q %v", id, b, ended))
	return nil
}

// frames returns what a server writes.
func frames(tb testing.TB, write func(f *http2.Framer) error) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := write(http2.NewFramer(&b, nil)); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// An answer is read however it is cut, and the server gets the acknowledgements that it
// waits for.
func TestClientReadsInPieces(t *testing.T) {
	t.Parallel()
	answer := frames(t, func(f *http2.Framer) error {
		_ = f.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 15})
		_ = f.WritePing(false, [8]byte{1, 2, 3})
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{ok}, EndHeaders: true})
		_ = f.WriteData(1, false, []byte("hello"))
		return f.WriteData(1, true, nil)
	})
	for size := 1; size <= len(answer); size++ {
		conn, heard := &Conn{}, &told{}
		c := newClient(conn, heard)
		conn.out = nil
		for b := answer; len(b) > 0; b = b[min(size, len(b)):] {
			if err := c.Read(b[:min(size, len(b))]); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := fmt.Sprint(heard.events), `[headers 1 88 false data 1 "hello" false data 1 "" true]`; got != want {
			t.Fatalf("in pieces of %d: %s", size, got)
		}
		want := frames(t, func(f *http2.Framer) error {
			_ = f.WriteSettingsAck()
			return f.WritePing(true, [8]byte{1, 2, 3})
		})
		if !bytes.Equal(conn.out, want) {
			t.Fatalf("in pieces of %d it answered %x", size, conn.out)
		}
	}
}

func TestClientSaysWhyItWasCutOff(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string][]byte{
		"reset":   frames(t, func(f *http2.Framer) error { return f.WriteRSTStream(1, http2.ErrCodeRefusedStream) }),
		"go away": frames(t, func(f *http2.Framer) error { return f.WriteGoAway(1, http2.ErrCodeNo, []byte("why")) }),
		"pushed": frames(t, func(f *http2.Framer) error {
			return f.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true})
		}),
	} {
		if err := newClient(&Conn{}, &told{}).Read(answer); err == nil {
			t.Errorf("%s is taken as nothing", name)
		}
	}
}

// What the client writes, a server's framer reads: the preface, settings and a window,
// then requests whose headers are named once.
func TestClientWrites(t *testing.T) {
	t.Parallel()
	conn := &Conn{}
	c := newClient(conn, &told{})
	b := newBlocks("here:1", "/a/B", [][2]string{{"authorization", "Bearer x"}})
	if len(b.other) >= len(b.first)/2 {
		t.Errorf("the second block has %d bytes, the first %d", len(b.other), len(b.first))
	}
	c.request(1, b.first, []byte("one"))
	c.request(3, b.other, nil)
	rest, found := bytes.CutPrefix(conn.out, []byte(http2.ClientPreface))
	if !found {
		t.Fatalf("it begins with %.30q", conn.out)
	}
	f := http2.NewFramer(nil, bytes.NewReader(rest))
	var got []http2.FrameType
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			break
		}
		got = append(got, frame.Header().Type)
	}
	if want := "[SETTINGS WINDOW_UPDATE HEADERS DATA HEADERS DATA]"; fmt.Sprint(got) != want {
		t.Errorf("it wrote %v", got)
	}
}

// A token of a call's own goes beside what a connection's table remembers, and is not
// remembered itself.
func TestAuthorized(t *testing.T) {
	t.Parallel()
	b, got := newBlocks("here:1", "/a/B", nil), ""
	decoder := hpack.NewDecoder(4096, func(f hpack.HeaderField) { got += f.Name + "=" + f.Value + " " })
	for _, block := range [][]byte{authorized(b.first, "one"), authorized(b.other, "two"), b.other} {
		if _, err := decoder.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	const call = ":method=POST :scheme=http :authority=here:1 :path=/a/B "
	if want := call + "authorization=Bearer one " + call + "authorization=Bearer two " + call; got != want {
		t.Errorf("%q", got)
	}
}

// Nothing that a server may send makes the client panic.
func FuzzClient(f *testing.F) {
	f.Add(frames(f, func(f *http2.Framer) error { return f.WriteData(1, true, []byte("hello")) }), uint8(3))
	f.Add(frames(f, func(f *http2.Framer) error { return f.WritePing(false, [8]byte{}) }), uint8(200))
	f.Fuzz(func(_ *testing.T, b []byte, cut uint8) {
		c := newClient(&Conn{}, &told{})
		n := min(int(cut), len(b))
		if c.Read(b[:n]) == nil {
			_ = c.Read(b[n:])
		}
	})
}
