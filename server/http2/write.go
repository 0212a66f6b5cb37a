package http2

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// output is what a connection has to send. Frames are appended whole, in the order in
// which they go out. One goroutine at a time writes: it takes all that is pending, and
// goes on until nothing is. The first attempt does not wait for the peer; what it leaves
// is written by a goroutine that does.
type output struct {
	pending  *buffer // nil when there is nothing
	inFlight int     // bytes being written
	writing  bool
	stuck    bool // the one who writes waits for the peer
	broken   bool // writing failed, nothing is written any more
	dataID   uint32
	dataAt   int // where the last frame in pending begins, if it is DATA of stream dataID
}

// buffer is bytes to be sent. Nobody holds one while there is nothing to send.
type buffer struct{ bytes []byte }

var buffers = sync.Pool{New: func() any { return &buffer{make([]byte, 0, 1<<10)} }}

func (b *buffer) uint32(v uint32) { b.bytes = binary.BigEndian.AppendUint32(b.bytes, v) }

func (b *buffer) free() {
	if cap(b.bytes) > 2*pendingBytes {
		return // an exception that is not to be kept
	}
	b.bytes = b.bytes[:0]
	buffers.Put(b)
}

// frameHeaderBytes is the length of what precedes a frame's payload.
const frameHeaderBytes = 9

// appendHeader begins a frame, to which the caller appends length bytes.
func (c *conn) appendHeader(length int, t http2.FrameType, flags http2.Flags, id uint32) *buffer {
	if c.pending == nil {
		c.pending = buffers.Get().(*buffer) // the pool holds nothing else
	}
	b := c.pending
	c.dataID = 0
	b.bytes = append(appendUint24(b.bytes, length), byte(t), byte(flags))
	b.uint32(id)
	if t != http2.FrameData && t != http2.FrameHeaders && t != http2.FrameContinuation {
		c.boundControl()
	}
	return b
}

// appendUint24 appends a frame's length.
func appendUint24(b []byte, n int) []byte {
	return append(b, byte(n>>16), byte(n>>8), byte(n)) //nolint:gosec // its lowest bytes
}

// boundControl ends the connection when too much waits that nobody can wait for.
func (c *conn) boundControl() {
	if c.buffered() > pendingBytes+2*frameBytes+controlBytes {
		c.kill()
	}
}

// buffered is how much waits for the peer to take it.
func (c *conn) buffered() int {
	n := c.inFlight
	if c.pending != nil {
		n += len(c.pending.bytes)
	}
	return n
}

// crowded says whether those who can wait must.
func (c *conn) crowded() bool { return c.buffered() >= pendingBytes }

// appendData appends data of a stream: to its last frame, if that is what comes last.
func (c *conn) appendData(id uint32, data []byte, end bool) {
	c.dataFrames++
	if c.dataID == id && c.extendData(data, end) {
		return
	}
	var flags http2.Flags
	if end {
		flags = http2.FlagDataEndStream
	}
	at := 0
	if c.pending != nil {
		at = len(c.pending.bytes)
	}
	b := c.appendHeader(len(data), http2.FrameData, flags, id)
	b.bytes = append(b.bytes, data...)
	if !end {
		c.dataID, c.dataAt = id, at
	}
}

func (c *conn) extendData(data []byte, end bool) bool {
	b := c.pending
	header := b.bytes[c.dataAt:][:frameHeaderBytes]
	length := len(b.bytes) - c.dataAt - frameHeaderBytes + len(data)
	if length > frameBytes {
		return false
	}
	_ = appendUint24(header[:0], length)
	if end {
		header[4] |= byte(http2.FlagDataEndStream)
		c.dataID = 0
	}
	b.bytes = append(b.bytes, data...)
	return true
}

func (c *conn) appendReset(id uint32, code http2.ErrCode) {
	c.appendHeader(4, http2.FrameRSTStream, 0, id).uint32(uint32(code))
}

func (c *conn) appendWindowUpdate(id, by uint32) {
	c.appendHeader(4, http2.FrameWindowUpdate, 0, id).uint32(by)
}

func (c *conn) appendPing(answer bool, data [8]byte) {
	var flags http2.Flags
	if answer {
		flags = http2.FlagPingAck
	}
	b := c.appendHeader(len(data), http2.FramePing, flags, 0)
	b.bytes = append(b.bytes, data[:]...)
}

func (c *conn) appendGoAway(last uint32, code http2.ErrCode, why string) {
	b := c.appendHeader(8+len(why), http2.FrameGoAway, 0, 0)
	b.uint32(last)
	b.uint32(uint32(code))
	b.bytes = append(b.bytes, why...)
}

// roundsAtOnce bounds how often one caller writes what others append meanwhile.
const roundsAtOnce = 16

// flush writes what is pending, unless somebody is at it. It never waits for the peer. It
// reports whether it let go of the lock, or may let things change otherwise.
func (c *conn) flush() (changed bool) {
	for round := 0; !c.writing; round++ {
		b := c.take()
		if b == nil {
			return changed
		}
		changed = true
		if c.raw == nil || round == roundsAtOnce {
			go c.drain(b, 0)
			return true
		}
		c.mu.Unlock()
		n, err := c.attempt.write(c.raw, b.bytes)
		c.mu.Lock()
		if err == nil && n < len(b.bytes) {
			c.stuck = true
			go c.drain(b, n)
			return true
		}
		c.wrote(b, err)
	}
	return changed
}

// take takes what is pending, to be written.
func (c *conn) take() *buffer {
	b := c.pending
	if b == nil || c.broken || c.halfClosed {
		return nil
	}
	c.pending, c.dataID = nil, 0
	c.writing, c.inFlight = true, len(b.bytes)
	return b
}

// wrote notes that what was taken is written, or that it could not be.
func (c *conn) wrote(b *buffer, err error) {
	b.free()
	c.writing, c.inFlight = false, 0
	if err != nil {
		c.broken = true
		c.kill()
	}
	c.wakeBlocked()
	c.settle()
}

// drain writes what was taken, from some place on, then what is pending, and waits for
// the peer to take it.
func (c *conn) drain(b *buffer, from int) {
	for {
		err := c.writeAll(b.bytes[from:])
		c.mu.Lock()
		c.stuck = false
		c.wrote(b, err)
		b, from = c.take(), 0
		if b == nil {
			c.mu.Unlock()
			return
		}
		c.stuck = c.raw != nil
		c.mu.Unlock()
	}
}

// tlsRecordBytes is written at once over TLS, which does not say what of it went out when
// the time is up.
const tlsRecordBytes = 16 << 10

// writeAll writes bytes, as long as it makes progress.
func (c *conn) writeAll(bytes []byte) error {
	within := c.server.config.WriteWithin
	if within > 0 {
		defer func() { _ = c.net.SetWriteDeadline(time.Time{}) }() // the next write has a time of its own
	}
	for len(bytes) > 0 {
		chunk := bytes
		if within > 0 {
			if c.tls != nil {
				chunk = bytes[:min(len(bytes), tlsRecordBytes)]
			}
			if err := c.net.SetWriteDeadline(time.Now().Add(within)); err != nil {
				return err
			}
		}
		n, err := c.net.Write(chunk)
		bytes = bytes[n:]
		if err != nil && !progress(err, n) {
			return err
		}
	}
	return nil
}

// progress says whether a write ran out of time and yet moved.
func progress(err error, n int) bool {
	timeout, ok := err.(net.Error) //nolint:errorlint // connections return it as it is
	return ok && timeout.Timeout() && n > 0
}
