package http2

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// body is a request's body: what has come and was not read yet. All of it is under the
// connection's lock.
type body struct {
	st       *stream
	parts    []*part
	size     int
	declared int64 // its length, or -1
	received int64
	closed   bool // by the handler: what comes is dropped
	expired  bool
	timer    *time.Timer
	asked    bool // the client need not, or need no longer, be told to send it
}

// part is some bytes of a body.
type part struct {
	bytes []byte // not yet read
	whole []byte
	pool  *sync.Pool
}

// partPools hold parts by size, so that small frames do not hold much memory.
var partPools = func() (pools [3]partPool) {
	for i := range pools {
		size := inputBytes << (2 * i)
		pools[i] = partPool{size, &sync.Pool{New: func() any { return &part{whole: make([]byte, size)} }}}
	}
	return pools
}()

type partPool struct {
	size int
	pool *sync.Pool
}

// readPart reads n bytes, at most a frame's.
func readPart(in io.Reader, n int) (*part, error) {
	for _, p := range partPools {
		if n > p.size {
			continue
		}
		got := p.pool.Get().(*part) // the pool holds nothing else
		got.pool = p.pool
		got.bytes = got.whole[:n]
		if _, err := io.ReadFull(in, got.bytes); err != nil {
			got.free()
			return nil, err
		}
		return got, nil
	}
	return nil, http2.ErrFrameTooLarge
}

func (p *part) free() {
	p.bytes = nil
	p.pool.Put(p)
}

// extend appends bytes, if there is room.
func (p *part) extend(bytes []byte) bool {
	used := len(p.whole) - cap(p.bytes) + len(p.bytes)
	if len(p.whole)-used < len(bytes) {
		return false
	}
	p.bytes = append(p.bytes, bytes...)
	return true
}

// take adds what a DATA frame brought. Windows open again as the handler reads; for
// padding, and for what nobody will read, at once.
func (st *stream) take(p *part, data, padding int, ends bool) error {
	c := st.conn
	if st.err != nil {
		p.free()
		c.allow(data + padding)
		return nil //nolint:nilerr // the client may not know yet
	}
	if err := st.receive(data + padding); err != nil {
		p.free()
		c.allow(data + padding)
		return err
	}
	b := &st.body
	b.received += int64(data)
	if b.declared >= 0 && b.received > b.declared { // before the handler sees any of it
		p.free()
		c.allow(data + padding)
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeProtocol, Cause: errLength}
	}
	unread := padding
	if b.closed {
		p.free()
		unread += data
	} else {
		b.add(p)
	}
	if unread > 0 {
		c.allow(unread)
		st.allow(unread)
	}
	if ends {
		return st.end()
	}
	return nil
}

// add appends a part, to the last one if it fits.
func (b *body) add(p *part) {
	b.size += len(p.bytes)
	last := len(b.parts) - 1
	if len(p.bytes) == 0 || last >= 0 && b.parts[last].extend(p.bytes) {
		p.free()
	} else {
		b.parts = append(b.parts, p)
	}
	b.st.cond.Broadcast()
}

// end notes that the client has sent all, unless that is not what it declared: a handler
// must never take the one for the other.
func (st *stream) end() error {
	if d := st.body.declared; d >= 0 && st.body.received != d {
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeProtocol, Cause: errLength}
	}
	st.ended = true
	st.cond.Broadcast()
	return nil
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	c := b.st.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	b.ask()
	for {
		if n, err := b.next(p); n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		b.st.cond.Wait()
	}
}

// next returns what there is to say to one who reads, if anything.
func (b *body) next(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case b.st.err != nil:
		return 0, b.st.err
	case b.size > 0:
		return b.read(p), nil
	case b.st.ended:
		b.st.giveTrailers()
		return 0, io.EOF
	case b.expired:
		return 0, os.ErrDeadlineExceeded
	}
	return 0, nil
}

// read takes what has come.
func (b *body) read(p []byte) (n int) {
	for len(b.parts) > 0 && n < len(p) {
		first := b.parts[0]
		took := copy(p[n:], first.bytes)
		first.bytes = first.bytes[took:]
		n += took
		if len(first.bytes) == 0 {
			first.free()
			b.parts[0] = nil
			b.parts = b.parts[1:]
		}
	}
	b.size -= n
	b.st.conn.allow(n)
	b.st.allow(n)
	b.st.conn.flush()
	return n
}

// Close implements io.Closer: what else comes is dropped.
func (b *body) Close() error {
	c := b.st.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	b.closed = true
	dropped := b.drop()
	if b.st.err == nil {
		b.st.allow(dropped)
	}
	c.flush()
	b.st.cond.Broadcast()
	return nil
}

// drop forgets what nobody will read. It returns how much that was.
func (b *body) drop() int {
	n := b.size
	for _, p := range b.parts {
		p.free()
	}
	b.parts, b.size = nil, 0
	b.st.conn.allow(n)
	return n
}

// ask tells a client that waits for it to send the body.
func (b *body) ask() {
	if b.asked || b.st.err != nil {
		return
	}
	b.asked = true
	b.st.conn.appendFields(b.st.id, continueFields, false)
	b.st.conn.flush()
}

var (
	errLength         = errors.New("http2: the request's body is not as long as it was declared to be")
	errClientReset    = errors.New("http2: the client gave the stream up")
	errConnectionLost = errors.New("http2: the connection has ended")
	errFinished       = errors.New("http2: the handler has returned")
)
