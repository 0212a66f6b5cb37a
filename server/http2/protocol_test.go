package http2_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	h2 "golang.org/x/net/http2"
)

// fault is something that a client must not do, and what becomes of it: the stream is
// reset, or else the connection fails.
type fault struct {
	name   string
	do     func(p *peer)
	stream uint32 // that is reset; 0: the connection fails
	code   h2.ErrCode
}

// with returns the plain request's fields, changed.
func with(pairs ...string) []string { return append(append([]string(nil), plain...), pairs...) }

// without returns the plain request's fields but one.
func without(name string) []string {
	var pairs []string
	for i := 0; i < len(plain); i += 2 {
		if plain[i] != name {
			pairs = append(pairs, plain[i], plain[i+1])
		}
	}
	return pairs
}

func malformed(name string, pairs []string) fault {
	return fault{name, func(p *peer) { p.requestOf(1, true, pairs...) }, 1, h2.ErrCodeProtocol}
}

var faults = []fault{
	// RFC 9113, section 4: frames.
	{"a frame that is too large", func(p *peer) { p.request(1, false); p.try(p.WriteData(1, false, make([]byte, 16<<10+1))) }, 0, h2.ErrCodeFrameSize},
	{"headers that are too large", func(p *peer) { p.try(p.WriteRawFrame(h2.FrameHeaders, 4, 1, make([]byte, 16<<10+1))) }, 0, h2.ErrCodeFrameSize},
	{"a block that is no block", func(p *peer) { p.try(p.WriteRawFrame(h2.FrameHeaders, 5, 1, []byte{0xff, 0xff, 0xff, 0xff, 0xff})) }, 0, h2.ErrCodeCompression},
	{"a block that is cut off by another frame", func(p *peer) {
		p.try(p.WriteRawFrame(h2.FrameHeaders, 1, 1, nil))
		p.try(p.WritePing(false, [8]byte{}))
	}, 0, h2.ErrCodeProtocol},
	{"a block that is continued for another stream", func(p *peer) {
		p.try(p.WriteRawFrame(h2.FrameHeaders, 1, 1, nil))
		p.try(p.WriteContinuation(3, true, nil))
	}, 0, h2.ErrCodeProtocol},
	{"a table larger than was allowed", func(p *peer) { p.try(p.WriteRawFrame(h2.FrameHeaders, 5, 1, []byte{0x3f, 0xe2, 0xff, 0x03})) }, 0, h2.ErrCodeCompression},

	// Section 5: streams.
	{"data for a stream that is not open", func(p *peer) { p.try(p.WriteData(1, true, nil)) }, 0, h2.ErrCodeProtocol},
	{"a reset of a stream that is not open", func(p *peer) { p.try(p.WriteRSTStream(1, h2.ErrCodeCancel)) }, 0, h2.ErrCodeProtocol},
	{"a window for a stream that is not open", func(p *peer) { p.try(p.WriteWindowUpdate(1, 1)) }, 0, h2.ErrCodeProtocol},
	{"a stream with an even number", func(p *peer) { p.request(2, true) }, 0, h2.ErrCodeProtocol},
	{"a stream with a lower number", func(p *peer) { p.request(5, true); p.request(3, true) }, 0, h2.ErrCodeProtocol},
	{"a stream that is used twice", func(p *peer) { p.request(1, true); p.answer(1); p.request(1, true) }, 0, h2.ErrCodeStreamClosed},
	{"data after the end", func(p *peer) { p.request(1, true, "wait", "1"); p.try(p.WriteData(1, false, []byte("x"))) }, 1, h2.ErrCodeStreamClosed},
	{"data after the answer", func(p *peer) { p.request(1, true); p.answer(1); p.try(p.WriteData(1, false, []byte("x"))) }, 1, h2.ErrCodeStreamClosed},
	{"data after a reset", func(p *peer) {
		p.request(1, false, "wait", "1")
		p.try(p.WriteRSTStream(1, h2.ErrCodeCancel))
		p.try(p.WriteData(1, false, []byte("x")))
	}, 1, h2.ErrCodeStreamClosed},
	{"data after an answer and a reset", func(p *peer) {
		p.request(1, false)
		p.answer(1)
		p.expectReset(1, h2.ErrCodeNo)
		p.try(p.WriteRSTStream(1, h2.ErrCodeCancel))
		p.try(p.WriteData(1, false, []byte("x")))
	}, 1, h2.ErrCodeStreamClosed},
	{"fields after the end", func(p *peer) { p.request(1, true, "wait", "1"); p.requestOf(1, true, "a", "b") }, 1, h2.ErrCodeStreamClosed},
	{"fields that end nothing", func(p *peer) { p.request(1, false, "wait", "1"); p.requestOf(1, false, "a", "b") }, 1, h2.ErrCodeProtocol},
	{"trailers that are a request", func(p *peer) { p.request(1, false, "wait", "1"); p.request(1, true) }, 1, h2.ErrCodeProtocol},
	{"a stream that depends on itself", func(p *peer) {
		p.try(p.WriteHeaders(h2.HeadersFrameParam{
			StreamID: 1, EndStream: true, EndHeaders: true, BlockFragment: p.encode(plain...), Priority: h2.PriorityParam{StreamDep: 1},
		}))
	}, 1, h2.ErrCodeProtocol},

	// Section 6: kinds of frames.
	{"data for the connection", func(p *peer) { p.try(p.WriteData(0, false, nil)) }, 0, h2.ErrCodeProtocol},
	{"padding longer than the frame", func(p *peer) {
		p.request(1, false)
		p.try(p.WriteRawFrame(h2.FrameData, h2.FlagDataPadded, 1, []byte{9, 1}))
	}, 0, h2.ErrCodeProtocol},
	{"padding of no length", func(p *peer) { p.request(1, false); p.try(p.WriteRawFrame(h2.FrameData, h2.FlagDataPadded, 1, nil)) }, 0, h2.ErrCodeFrameSize},
	{"headers for the connection", func(p *peer) { p.request(0, true) }, 0, h2.ErrCodeProtocol},
	{"headers shorter than their fields", func(p *peer) { p.try(p.WriteRawFrame(h2.FrameHeaders, h2.FlagHeadersPadded|5, 1, nil)) }, 0, h2.ErrCodeFrameSize},
	{"a priority of the wrong size", func(p *peer) { p.try(p.WriteRawFrame(h2.FramePriority, 0, 1, make([]byte, 4))) }, 0, h2.ErrCodeFrameSize},
	{"a reset of the connection", func(p *peer) { p.try(p.WriteRSTStream(0, h2.ErrCodeCancel)) }, 0, h2.ErrCodeProtocol},
	{"a reset of the wrong size", func(p *peer) { p.request(1, true); p.try(p.WriteRawFrame(h2.FrameRSTStream, 0, 1, make([]byte, 3))) }, 0, h2.ErrCodeFrameSize},
	{"settings for a stream", func(p *peer) { p.try(p.WriteRawFrame(h2.FrameSettings, 0, 1, nil)) }, 0, h2.ErrCodeProtocol},
	{"settings of the wrong size", func(p *peer) { p.try(p.WriteRawFrame(h2.FrameSettings, 0, 0, make([]byte, 7))) }, 0, h2.ErrCodeFrameSize},
	{"an acknowledgement that says something", func(p *peer) { p.try(p.WriteRawFrame(h2.FrameSettings, 1, 0, make([]byte, 6))) }, 0, h2.ErrCodeFrameSize},
	{"push that is neither on nor off", func(p *peer) { p.try(p.WriteSettings(h2.Setting{ID: h2.SettingEnablePush, Val: 2})) }, 0, h2.ErrCodeProtocol},
	{"a window too large to begin with", func(p *peer) { p.try(p.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 1 << 31})) }, 0, h2.ErrCodeFlowControl},
	{"frames too small", func(p *peer) { p.try(p.WriteSettings(h2.Setting{ID: h2.SettingMaxFrameSize, Val: 1})) }, 0, h2.ErrCodeProtocol},
	{"push by a client", func(p *peer) { p.try(p.WriteRawFrame(h2.FramePushPromise, 4, 1, make([]byte, 8))) }, 0, h2.ErrCodeProtocol},
	{"a ping for a stream", func(p *peer) { p.try(p.WriteRawFrame(h2.FramePing, 0, 1, make([]byte, 8))) }, 0, h2.ErrCodeProtocol},
	{"a ping of the wrong size", func(p *peer) { p.try(p.WriteRawFrame(h2.FramePing, 0, 0, make([]byte, 6))) }, 0, h2.ErrCodeFrameSize},
	{"a goodbye for a stream", func(p *peer) { p.try(p.WriteRawFrame(h2.FrameGoAway, 0, 1, make([]byte, 8))) }, 0, h2.ErrCodeProtocol},
	{"a window that does not open", func(p *peer) { p.try(p.WriteWindowUpdate(0, 0)) }, 0, h2.ErrCodeProtocol},
	{"a stream's window that does not open", func(p *peer) { p.request(1, true, "wait", "1"); p.try(p.WriteWindowUpdate(1, 0)) }, 1, h2.ErrCodeProtocol},
	{"a window of the wrong size", func(p *peer) { p.try(p.WriteRawFrame(h2.FrameWindowUpdate, 0, 0, make([]byte, 3))) }, 0, h2.ErrCodeFrameSize},
	{"a window that overflows", func(p *peer) { p.try(p.WriteWindowUpdate(0, 1<<31-1)); p.try(p.WriteWindowUpdate(0, 1<<31-1)) }, 0, h2.ErrCodeFlowControl},
	{"a stream's window that overflows", func(p *peer) { p.request(1, true, "wait", "1"); p.try(p.WriteWindowUpdate(1, 1<<31-1)) }, 1, h2.ErrCodeFlowControl},
	{"windows that overflow by settings", func(p *peer) {
		p.request(1, true, "wait", "1")
		p.try(p.WriteWindowUpdate(1, 1<<31-1-65535))
		p.try(p.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 65536}))
	}, 0, h2.ErrCodeFlowControl},
	{"a continuation of nothing", func(p *peer) { p.try(p.WriteContinuation(1, true, nil)) }, 0, h2.ErrCodeProtocol},
	{"more data than the stream's window", func(p *peer) {
		p.request(1, false, "wait", "1")
		for range 256/16 + 1 {
			p.try(p.WriteData(1, false, make([]byte, 16<<10)))
		}
	}, 1, h2.ErrCodeFlowControl},
	{"more data than the connection's window", func(p *peer) {
		for id := uint32(1); id <= 11; id += 2 {
			p.request(id, false, "wait", "1")
			for range 256 / 16 {
				p.try(p.WriteData(id, false, make([]byte, 16<<10)))
			}
		}
	}, 0, h2.ErrCodeFlowControl},

	// Section 8: requests.
	malformed("a name in capitals", with("Upper", "x")),
	malformed("a name that is none", with("a b", "x")),
	malformed("a value with a line break", with("a", "x\ny")),
	malformed("an unknown pseudo field", with(":other", "x")),
	malformed("a pseudo field of answers", with(":status", "200")),
	malformed("a pseudo field after others", append([]string{"a", "b"}, plain...)),
	malformed("a pseudo field twice", with(":path", "/")),
	malformed("no method", without(":method")),
	malformed("no scheme", without(":scheme")),
	malformed("no path", without(":path")),
	malformed("an empty path", []string{":method", "GET", ":scheme", "http", ":path", ""}),
	malformed("a path that is none", []string{":method", "GET", ":scheme", "http", ":path", "x"}),
	malformed("another scheme", []string{":method", "GET", ":scheme", "ftp", ":path", "/"}),
	malformed("a user", []string{":method", "GET", ":scheme", "http", ":path", "/", ":authority", "u@h"}),
	malformed("extended CONNECT", []string{":method", "CONNECT", ":scheme", "http", ":path", "/", ":authority", "h", ":protocol", "websocket"}),
	malformed("CONNECT with a path", []string{":method", "CONNECT", ":path", "/", ":authority", "h"}),
	malformed("connection", with("connection", "close")),
	malformed("keep-alive", with("keep-alive", "1")),
	malformed("transfer-encoding", with("transfer-encoding", "chunked")),
	malformed("upgrade", with("upgrade", "h2c")),
	malformed("te", with("te", "gzip")),
	malformed("a length without a body", with("content-length", "1")),
	malformed("a length that is none", with("content-length", "x")),
	malformed("two lengths", with("content-length", "0", "content-length", "1")),
	{"less than was declared", func(p *peer) {
		p.request(1, false, "wait", "1", "content-length", "2")
		p.try(p.WriteData(1, true, []byte("x")))
	}, 1, h2.ErrCodeProtocol},
	{"more than was declared", func(p *peer) {
		p.request(1, false, "wait", "1", "content-length", "2")
		p.try(p.WriteData(1, false, []byte("xyz")))
	}, 1, h2.ErrCodeProtocol},
	{"less than was declared, and trailers", func(p *peer) { p.request(1, false, "wait", "1", "content-length", "2"); p.requestOf(1, true, "a", "b") }, 1, h2.ErrCodeProtocol},
	{"trailers of HTTP/1.1", func(p *peer) { p.request(1, false, "wait", "1"); p.requestOf(1, true, "connection", "close") }, 1, h2.ErrCodeProtocol},
}

// patient answers requests when they are over, if they ask for that, and at once
// otherwise.
func patient(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Wait") != "" {
		<-r.Context().Done()
		return
	}
	_, _ = io.WriteString(w, "fine")
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, cleartext, http.HandlerFunc(patient)).greet(t)
			f.do(p)
			if f.stream == 0 {
				p.expectGoAway(f.code)
				return
			}
			p.expectReset(f.stream, f.code)
			p.request(1001, true)
			if status, body, _ := p.answer(1001); status != "200" || string(body) != "fine" {
				t.Errorf("afterwards: %s, %s", status, body)
			}
		})
	}
}

// TestFirstFrames begins connections with what is not HTTP/2.
func TestFirstFrames(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		n := start(t, w, http.HandlerFunc(patient))
		p := n.dial(t)
		p.raw([]byte(h2.ClientPreface))
		p.try(p.WritePing(false, [8]byte{}))
		p.expectGoAway(h2.ErrCodeProtocol)
		if w.secure {
			p := n.dial(t)
			p.raw([]byte(strings.Repeat("x", len(h2.ClientPreface))))
			p.expectGoAway(h2.ErrCodeProtocol)
		}
	})
}

// TestIgnored sends what must not matter.
func TestIgnored(t *testing.T) {
	t.Parallel()
	p := start(t, cleartext, http.HandlerFunc(patient)).greet(t, h2.Setting{ID: 0x99, Val: 1}, h2.Setting{ID: h2.SettingHeaderTableSize, Val: 0})
	p.try(p.WriteRawFrame(0x99, 0xff, 0, []byte("unknown")))
	p.try(p.WriteRawFrame(0x99, 0xff, 77, nil))
	p.try(p.WritePriority(77, h2.PriorityParam{StreamDep: 5}))
	p.try(p.WritePing(true, [8]byte{1, 2, 3}))
	p.alive()
	p.request(1, true)
	p.answer(1)
	p.try(p.WriteWindowUpdate(1, 1)) // which the client may have sent before the end
	p.try(p.WriteRSTStream(1, h2.ErrCodeCancel))
	p.alive()
}

// TestBlocksInPieces sends header fields in many frames, padded and with priorities.
func TestBlocksInPieces(t *testing.T) {
	t.Parallel()
	p := start(t, cleartext, http.HandlerFunc(describe)).greet(t)
	block := append([]byte(nil), p.encode(with("long", strings.Repeat("v", 5000))...)...)
	p.try(p.WriteHeaders(h2.HeadersFrameParam{
		StreamID: 1, EndStream: true, BlockFragment: block[:10], PadLength: 200, Priority: h2.PriorityParam{StreamDep: 0, Weight: 9},
	}))
	for i := 10; i < len(block); i += 100 {
		p.try(p.WriteContinuation(1, i+100 >= len(block), block[i:min(i+100, len(block))]))
	}
	if status, body, _ := p.answer(1); status != "200" || !strings.Contains(string(body), strings.Repeat("v", 5000)) {
		t.Errorf("%s, %d bytes", status, len(body))
	}
}

// TestPaddedData sends padding, which the windows count and handlers do not see.
func TestPaddedData(t *testing.T) {
	t.Parallel()
	p := start(t, cleartext, http.HandlerFunc(echo)).greet(t)
	p.request(1, false)
	for range 3000 { // more than the windows, padding included
		p.try(p.WriteDataPadded(1, false, []byte("x"), make([]byte, 255)))
	}
	p.try(p.WriteData(1, true, nil))
	if status, body, _ := p.answer(1); status != "200" || string(body) != strings.Repeat("x", 3000) {
		t.Errorf("%s, %d bytes", status, len(body))
	}
}

// TestConnectRefused asks for a tunnel.
func TestConnectRefused(t *testing.T) {
	t.Parallel()
	p := start(t, cleartext, http.HandlerFunc(patient)).greet(t)
	p.requestOf(1, true, ":method", "CONNECT", ":authority", "example.com:443")
	if status, _, _ := p.answer(1); status != "501" {
		t.Error(status)
	}
}

// TestTooManyFields sends more than the bound: little more is answered, much more ends the
// connection.
func TestTooManyFields(t *testing.T) {
	t.Parallel()
	n := start(t, cleartext, http.HandlerFunc(patient))
	p := n.greet(t)
	block := p.encode(plain...)
	for range 2000 {
		block = append(block, 0, 1, 'a', 1, 'b') // 34 bytes as fields are counted
	}
	p.try(p.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, EndStream: true, EndHeaders: true, BlockFragment: block}))
	if status, body, _ := p.answer(1); status != "431" || !strings.Contains(string(body), "send fewer") {
		t.Errorf("%s %s", status, body)
	}
	p.alive()
}

// TestWindowsOfClients keeps to small windows, whatever they become meanwhile.
func TestWindowsOfClients(t *testing.T) {
	t.Parallel()
	const size = 100_000
	n := start(t, cleartext, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) }))
	p := n.greet(t, h2.Setting{ID: h2.SettingInitialWindowSize, Val: 10})
	p.try(p.WriteWindowUpdate(0, size))
	p.request(1, true)
	got, limit := 0, 10
	receive := func() {
		t.Helper()
		for got < limit {
			got += len(expect(p, func(f *h2.DataFrame) bool { return f.StreamID == 1 }).Data())
		}
		p.alive()
		if got != limit {
			t.Fatalf("got %d bytes, allowed %d", got, limit)
		}
	}
	receive()
	p.try(p.WriteWindowUpdate(1, 1000))
	limit += 1000
	receive()
	p.try(p.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 0})) // now the window is negative
	p.try(p.WriteWindowUpdate(1, 10))
	p.alive()
	p.try(p.WriteWindowUpdate(1, 1))
	limit++
	receive()
	p.try(p.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: size}))
	limit = size
	receive()
}
