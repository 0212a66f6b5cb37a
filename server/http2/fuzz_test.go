package http2_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/ovation-live/ovation/server/http2"
)

// recorded returns what a client sends that does these things.
func recorded(do func(f *h2.Framer)) []byte {
	var b bytes.Buffer
	f := h2.NewFramer(&b, nil)
	f.AllowIllegalWrites = true
	do(f)
	return b.Bytes()
}

// FuzzConnection sends anything after the preface. The server must not panic, and when
// the client has gone all must end: goleak finds what does not.
func FuzzConnection(f *testing.F) {
	var block bytes.Buffer
	fields := hpack.NewEncoder(&block)
	for i := 0; i < len(plain); i += 2 {
		_ = fields.WriteField(hpack.HeaderField{Name: plain[i], Value: plain[i+1]})
	}
	request := h2.HeadersFrameParam{StreamID: 1, EndHeaders: true, BlockFragment: block.Bytes()}
	f.Add([]byte(nil))
	f.Add(recorded(func(f *h2.Framer) {
		_ = f.WriteSettings()
		_ = f.WriteHeaders(request)
		_ = f.WriteData(1, true, []byte("hello"))
	}))
	f.Add(recorded(func(f *h2.Framer) {
		_ = f.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 3}, h2.Setting{ID: h2.SettingHeaderTableSize})
		_ = f.WriteHeaders(request)
		_ = f.WriteDataPadded(1, false, []byte("hello"), make([]byte, 100))
		_ = f.WriteWindowUpdate(1, 9)
		_ = f.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 0})
		_ = f.WriteRSTStream(1, h2.ErrCodeCancel)
		_ = f.WritePing(false, [8]byte{1})
		_ = f.WriteGoAway(0, h2.ErrCodeNo, []byte("bye"))
		_ = f.WritePriority(3, h2.PriorityParam{StreamDep: 1})
	}))
	f.Add(recorded(func(f *h2.Framer) {
		_ = f.WriteSettings()
		_ = f.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes()[:3]})
		_ = f.WriteContinuation(1, true, block.Bytes()[3:])
		_ = f.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, EndStream: true, EndHeaders: true, BlockFragment: []byte{0, 1, 'a', 1, 'b'}})
		_ = f.WriteRawFrame(0x42, 0xff, 1, []byte("?"))
	}))
	n := newPiped()
	f.Cleanup(n.close)
	f.Fuzz(func(t *testing.T, sent []byte) {
		conn, closed := n.dial(t)
		var reading sync.WaitGroup
		reading.Go(func() { _, _ = io.Copy(io.Discard, conn) })
		_, _ = conn.Write([]byte(h2.ClientPreface))
		_, _ = conn.Write(sent) // unless the server has closed it
		_ = conn.Close()
		reading.Wait()
		<-closed
	})
}

// piped is a server whose connections are pipes.
type piped struct {
	server  http.Server
	accept  chan net.Conn
	closed  chan struct{}
	serving sync.WaitGroup
}

func newPiped() *piped {
	n := &piped{accept: make(chan net.Conn), closed: make(chan struct{})}
	n.server = http.Server{
		Protocols:         new(http.Protocols),
		ReadHeaderTimeout: patience,
		ErrorLog:          log.New(failing{}, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body) // the client may have gone
			w.Header().Set(http.TrailerPrefix+"A", "1")
		}),
	}
	n.server.Protocols.SetUnencryptedHTTP2(true)
	if _, err := http2.Configure(&n.server, http2.Config{PingAfter: time.Minute, WriteWithin: time.Minute}); err != nil {
		panic(err)
	}
	n.serving.Go(func() { _ = n.server.Serve(n) })
	return n
}

// failing takes what a server logs for what it must not say: that a handler panicked.
type failing struct{}

func (failing) Write(p []byte) (int, error) { panic(string(p)) }

// dial connects. It also returns what is closed when the server has closed its side.
func (n *piped) dial(t *testing.T) (net.Conn, <-chan struct{}) {
	t.Helper()
	ours, theirs := net.Pipe()
	if err := ours.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	n.accept <- &tracked{theirs, sync.OnceFunc(func() { close(closed) })}
	return ours, closed
}

// tracked says when it is closed.
type tracked struct {
	net.Conn
	closed func()
}

func (c *tracked) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

// Accept implements net.Listener.
func (n *piped) Accept() (net.Conn, error) {
	select {
	case c := <-n.accept:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (n *piped) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// Close implements net.Listener.
func (n *piped) Close() error {
	close(n.closed)
	return nil
}

func (n *piped) close() {
	_ = n.server.Shutdown(context.Background())
	n.serving.Wait()
}
