package hostile

import (
	"bytes"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// peer is an HTTP/2 client by hand: it sends what no client would.
type peer struct {
	net.Conn
	framer *http2.Framer
	block  bytes.Buffer
	fields *hpack.Encoder
	err    error // the first of sending: the connection is over
}

// newPeer begins HTTP/2 on a connection.
func newPeer(conn net.Conn, settings ...http2.Setting) *peer {
	_ = conn.SetDeadline(time.Now().Add(patience))
	p := &peer{Conn: conn}
	p.greet(settings...)
	return p
}

// greet sends how HTTP/2 begins.
func (p *peer) greet(settings ...http2.Setting) {
	p.framer = http2.NewFramer(p.Conn, p.Conn)
	p.fields = hpack.NewEncoder(&p.block)
	_, err := io.WriteString(p.Conn, http2.ClientPreface)
	p.note(err)
	p.note(p.framer.WriteSettings(settings...))
}

// note keeps the first error.
func (p *peer) note(err error) {
	if p.err == nil {
		p.err = err
	}
}

// request encodes the headers of a call.
func (p *peer) request(procedure, contentType, authorization string) []byte {
	p.block.Reset()
	for _, field := range [][2]string{
		{":method", "POST"},
		{":scheme", "http"},
		{":authority", "x"},
		{":path", "/ovation.v1." + procedure},
		{"content-type", contentType},
		{"authorization", authorization},
	} {
		_ = p.fields.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}) // a buffer takes it
	}
	return bytes.Clone(p.block.Bytes())
}

// call begins a stream with a call, its message in whatever form it has.
func (p *peer) call(stream uint32, procedure, contentType, authorization, body string) {
	p.note(p.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: p.request(procedure, contentType, authorization), EndHeaders: true,
	}))
	p.note(p.framer.WriteData(stream, true, []byte(body)))
}

// heard is what a peer was told.
type heard struct {
	statuses map[string]int
	goAway   http2.ErrCode
	gone     bool // it was told to go away
}

// listen reads all that comes until the connection ends, acknowledging nothing, and tells
// what came.
func (p *peer) listen() <-chan heard {
	told := make(chan heard, 1)
	go func() {
		h := heard{statuses: map[string]int{}}
		reader := http2.NewFramer(io.Discard, p.Conn)
		reader.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		for {
			frame, err := reader.ReadFrame()
			if err != nil {
				told <- h
				return
			}
			switch frame := frame.(type) {
			case *http2.MetaHeadersFrame:
				h.statuses[frame.PseudoValue("status")]++
			case *http2.GoAwayFrame:
				h.goAway, h.gone = frame.ErrCode, true
			}
		}
	}()
	return told
}

// finish closes the side that sends, and returns what was heard until the other closed
// too.
func (p *peer) finish(told <-chan heard) heard {
	if c, ok := p.Conn.(*net.TCPConn); ok {
		_ = c.CloseWrite()
	}
	h := <-told
	_ = p.Close()
	return h
}

// peers runs an attack over several connections at once.
func peers(n int, attack func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { attack(i) })
	}
	group.Wait()
}
