package http2_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// peer is a client that sends whatever frames it is told to.
type peer struct {
	*h2.Framer
	conn   net.Conn
	block  bytes.Buffer
	fields *hpack.Encoder
	tb     testing.TB
}

// dial connects and says nothing.
func (n *node) dial(tb testing.TB) *peer {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", n.addr)
	if err != nil {
		tb.Fatal(err)
	}
	if n.secure {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	p := &peer{Framer: h2.NewFramer(conn, conn), conn: conn, tb: tb}
	p.AllowIllegalWrites = true
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.fields = hpack.NewEncoder(&p.block)
	return p
}

// greet connects and sends what a client sends first.
func (n *node) greet(tb testing.TB, settings ...h2.Setting) *peer {
	tb.Helper()
	p := n.dial(tb)
	p.raw([]byte(h2.ClientPreface))
	p.try(p.WriteSettings(settings...))
	for acked, told := false, false; !acked || !told; {
		if f, ok := p.read().(*h2.SettingsFrame); ok {
			acked = acked || f.IsAck()
			told = told || !f.IsAck()
		}
	}
	p.try(p.WriteSettingsAck())
	return p
}

func (p *peer) try(err error) {
	p.tb.Helper()
	if err != nil && !gone(err) { // what is written to a connection that was closed is not what is tested
		p.tb.Fatal(err)
	}
}

func (p *peer) raw(b []byte) {
	p.tb.Helper()
	_, err := p.conn.Write(b)
	p.try(err)
}

// encode returns a block of names and values.
func (p *peer) encode(pairs ...string) []byte {
	p.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = p.fields.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return p.block.Bytes()
}

// plain is a request without anything special.
var plain = []string{":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/"}

// request begins a stream with a plain request, and further fields.
func (p *peer) request(id uint32, ends bool, more ...string) {
	p.tb.Helper()
	p.requestOf(id, ends, append(append([]string(nil), plain...), more...)...)
}

// requestOf begins a stream with these fields and no others.
func (p *peer) requestOf(id uint32, ends bool, pairs ...string) {
	p.tb.Helper()
	p.try(p.WriteHeaders(h2.HeadersFrameParam{
		StreamID: id, EndStream: ends, EndHeaders: true, BlockFragment: p.encode(pairs...),
	}))
}

// read reads a frame.
func (p *peer) read() h2.Frame {
	p.tb.Helper()
	f, err := p.ReadFrame()
	if err != nil {
		p.tb.Fatal(err)
	}
	return f
}

// answer reads the response to a stream: its status, its body, and what its trailers
// say.
func (p *peer) answer(id uint32) (status string, body []byte, trailers []hpack.HeaderField) {
	p.tb.Helper()
	for {
		f := p.read()
		if f.Header().StreamID != id {
			continue
		}
		switch f := f.(type) {
		case *h2.MetaHeadersFrame:
			if status == "" {
				status = f.PseudoValue("status")
			} else {
				trailers = append(trailers, f.Fields...)
			}
			if f.StreamEnded() {
				return status, body, trailers
			}
		case *h2.DataFrame:
			body = append(body, f.Data()...)
			if f.StreamEnded() {
				return status, body, trailers
			}
		case *h2.RSTStreamFrame:
			p.tb.Fatalf("stream %d was reset: %v", id, f.ErrCode)
		}
	}
}

// expect reads until a frame that is wanted.
func expect[F h2.Frame](p *peer, wanted func(F) bool) F {
	p.tb.Helper()
	for {
		f := p.read()
		if f, ok := f.(F); ok && wanted(f) {
			return f
		}
		if g, ok := f.(*h2.GoAwayFrame); ok && g.ErrCode != h2.ErrCodeNo {
			p.tb.Fatalf("the connection failed: %v", g)
		}
	}
}

// alive checks that the connection still answers.
func (p *peer) alive() {
	p.tb.Helper()
	ping := [8]byte{'a', 'l', 'i', 'v', 'e'}
	p.try(p.WritePing(false, ping))
	expect(p, func(f *h2.PingFrame) bool { return f.IsAck() && f.Data == ping })
}

// expectReset reads until a stream was reset.
func (p *peer) expectReset(id uint32, code h2.ErrCode) {
	p.tb.Helper()
	f := expect(p, func(f *h2.RSTStreamFrame) bool { return f.StreamID == id })
	if f.ErrCode != code {
		p.tb.Errorf("stream %d was reset with %v, want %v", id, f.ErrCode, code)
	}
}

// expectGoAway reads until the connection has failed, and its end.
func (p *peer) expectGoAway(code h2.ErrCode) {
	p.tb.Helper()
	told := false
	for {
		f, err := p.ReadFrame()
		if g, ok := f.(*h2.GoAwayFrame); ok && g.ErrCode != h2.ErrCodeNo {
			told = true
			if g.ErrCode != code {
				p.tb.Errorf("the connection failed with %v, want %v", g.ErrCode, code)
			}
		}
		if err == nil {
			continue
		}
		if !gone(err) || !told {
			p.tb.Errorf("the connection ended with %v, told why: %v", err, told)
		}
		return
	}
}

// expectEnd reads until the connection is over.
func (p *peer) expectEnd() {
	p.tb.Helper()
	for {
		if _, err := p.ReadFrame(); err != nil {
			if !gone(err) {
				p.tb.Errorf("the connection ended with %v", err)
			}
			return
		}
	}
}

// gone says whether an error is that of a connection that was closed.
func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}

// subscribe begins a stream on a connection of its own, whose windows do not close.
func (n *node) subscribe(tb testing.TB) net.Conn {
	tb.Helper()
	p := n.dial(tb)
	p.raw([]byte(h2.ClientPreface))
	p.try(p.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 1<<31 - 1}))
	p.try(p.WriteWindowUpdate(0, 1<<31-1-65535))
	p.request(1, true, "user-agent", "bench", "authorization", "Bearer "+strings.Repeat("t", 200))
	if err := p.conn.SetDeadline(time.Time{}); err != nil {
		tb.Fatal(err)
	}
	return p.conn
}
