package http2

import (
	"bufio"
	"errors"
	"io"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	inputBytes = 1 << 10 // held by every connection
	keptBlock  = 1 << 10 // longest block of header fields whose memory is kept for the next
)

// reading is what the connection's goroutine reads with, and its alone.
type reading struct {
	in      *input
	framer  *http2.Framer
	decoder *hpack.Decoder
	rest    string // of the client's preface, not yet read
	settled bool   // its first settings were
	reset   allowance
	idle    allowance
}

func (r *reading) init(c *conn, now time.Time) {
	r.in = &input{Reader: bufio.NewReaderSize(source{c}, inputBytes)}
	r.rest = http2.ClientPreface
	r.decoder = hpack.NewDecoder(defaultTableBytes, nil)
	r.reset = newAllowance(resetBurst, resetRate, now)
	r.idle = newAllowance(idleBurst, idleRate, now)
	r.newFramer(c.server.maxHeaderBytes())
}

// newFramer makes a framer; the one before kept memory for the largest frame that it read.
func (r *reading) newFramer(maxHeaderBytes uint32) {
	r.framer = http2.NewFramer(nil, r.in)
	r.framer.SetMaxReadFrameSize(frameBytes)
	r.framer.ReadMetaHeaders = r.decoder
	r.framer.MaxHeaderListSize = maxHeaderBytes
}

// source is the network. What is owed to the client is sent before anything more is
// awaited from it.
type source struct{ conn *conn }

// Read implements io.Reader.
func (s source) Read(p []byte) (int, error) {
	s.conn.mu.Lock()
	s.conn.flush()
	s.conn.mu.Unlock()
	return s.conn.net.Read(p)
}

// input is what comes from the client, with a bound on how much of it one block of
// header fields may be.
type input struct {
	*bufio.Reader
	bounded bool
	left    int
	lost    bool // the connection ended, as opposed to what came over it
}

var errBlock = http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)

// Read implements io.Reader.
func (in *input) Read(p []byte) (int, error) {
	if in.bounded && len(p) > in.left {
		return 0, errBlock
	}
	n, err := in.Reader.Read(p)
	in.left -= n
	in.lost = err != nil
	return n, err
}

// read reads frames until the connection ends, or an error of the client's ends it.
func (c *conn) read() error {
	if err := c.readPreface(); err != nil {
		return err
	}
	for {
		err := c.readFrame()
		var fault http2.StreamError
		switch {
		case err == nil:
		case errors.As(err, &fault):
			if err := c.refuse(fault); err != nil {
				return err
			}
		case errors.Is(err, http2.ErrFrameTooLarge):
			return http2.ConnectionError(http2.ErrCodeFrameSize)
		case errors.Is(err, io.ErrUnexpectedEOF) && !c.in.lost:
			return http2.ConnectionError(http2.ErrCodeFrameSize) // a frame shorter than its fields
		default:
			return err
		}
	}
}

// readFrame reads a frame and does what it says.
func (c *conn) readFrame() error {
	h, err := c.framer.ReadFrameHeader()
	if err != nil {
		return err
	}
	c.frames.Add(1)
	if !c.settled {
		return c.readFirst(h)
	}
	switch h.Type {
	case http2.FrameData:
		return c.readData(h)
	case http2.FrameHeaders:
		return c.readHeaders(h)
	case http2.FrameSettings, http2.FramePing, http2.FrameRSTStream, http2.FrameWindowUpdate,
		http2.FrameGoAway, http2.FramePriority, http2.FramePushPromise:
		f, err := c.framer.ReadFrameForHeader(h)
		if err != nil {
			return err
		}
		return c.control(f)
	default:
		return c.ignore(int(h.Length))
	}
}

// readFirst reads the frame that must come first.
func (c *conn) readFirst(h http2.FrameHeader) error {
	if h.Type != http2.FrameSettings || h.Flags.Has(http2.FlagSettingsAck) {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	f, err := c.framer.ReadFrameForHeader(h)
	if err != nil {
		return err
	}
	c.settled = true
	c.setReadDeadline(0)
	return c.control(f)
}

// ignore passes over n bytes that nobody asked for.
func (c *conn) ignore(n int) error {
	if !c.idle.take() {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	return c.discard(n)
}

func (c *conn) discard(n int) error {
	_, err := io.CopyN(io.Discard, c.in, int64(n))
	return err
}

// control does what a frame says that carries neither header fields nor data.
func (c *conn) control(f http2.Frame) error {
	switch f := f.(type) {
	case *http2.RSTStreamFrame:
		return c.readReset(f)
	case *http2.WindowUpdateFrame:
		return c.readWindowUpdate(f)
	case *http2.GoAwayFrame:
		c.shutdown()
		return nil
	}
	if !c.idle.take() {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	switch f := f.(type) {
	case *http2.SettingsFrame:
		return c.readSettings(f)
	case *http2.PingFrame:
		c.readPing(f)
		return nil
	case *http2.PriorityFrame:
		return selfDependent(f.StreamID, f.PriorityParam)
	default:
		return http2.ConnectionError(http2.ErrCodeProtocol) // a client that pushes
	}
}

func (c *conn) readPing(f *http2.PingFrame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !f.IsAck():
		c.appendPing(true, f.Data)
	case f.Data[7] == goodbyePing:
		c.nameLast()
	case f.Data[7] == healthPing:
		c.answered()
	}
}

// selfDependent finds fault with a stream that depends on itself. Otherwise priorities
// mean nothing here.
func selfDependent(id uint32, p http2.PriorityParam) error {
	if p.StreamDep == id {
		return http2.StreamError{StreamID: id, Code: http2.ErrCodeProtocol}
	}
	return nil
}

func (c *conn) readWindowUpdate(f *http2.WindowUpdateFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.windowUpdates++
	if c.windowUpdates > idleBurst+4*c.dataFrames && !c.idle.take() { // two for each frame would do
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	if f.StreamID == 0 {
		return c.openWindow(nil, int64(f.Increment))
	}
	if st := c.streams[f.StreamID]; st != nil {
		return c.openWindow(st, int64(f.Increment))
	}
	if c.unused(f.StreamID) {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return nil
}

// readReset ends a stream that the client gave up. Those who do so all the time make us
// begin what is never finished.
func (c *conn) readReset(f *http2.RSTStreamFrame) error {
	if !c.reset.take() {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if st := c.streams[f.StreamID]; st != nil {
		c.closeStream(st, http2.StreamError{StreamID: st.id, Code: f.ErrCode, Cause: errClientReset})
		c.remember(st.id, false)
		return nil
	}
	if c.unused(f.StreamID) {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	c.settleWith(f.StreamID)
	return nil
}

// unused says whether a stream cannot have been opened.
func (c *conn) unused(id uint32) bool {
	return id%2 == 0 || id > c.last && c.leave.stage < final
}

// refuse resets a stream for what the client did with it. Those who make us do so all the
// time are no better than those who reset streams themselves.
func (c *conn) refuse(fault http2.StreamError) error {
	if !c.reset.take() {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if st := c.streams[fault.StreamID]; st != nil {
		c.resetStream(st, fault.Code, fault)
		return nil
	}
	if c.unused(fault.StreamID) {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	c.appendReset(fault.StreamID, fault.Code)
	return nil
}

// fault says what was wrong with what was read last, as far as is known.
func (c *conn) fault() string {
	if err := c.framer.ErrorDetail(); err != nil {
		return err.Error()
	}
	return ""
}
