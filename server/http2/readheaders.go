package http2

import (
	"errors"

	"golang.org/x/net/http2"
)

// readHeaders reads a block of header fields: a request's, or its trailers.
func (c *conn) readHeaders(h http2.FrameHeader) error {
	if h.StreamID%2 == 0 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	f, err := c.readBlock(h)
	if err != nil {
		if fault, ok := errors.AsType[http2.StreamError](err); ok {
			c.note(fault.StreamID)
		}
		return err
	}
	if f.HasPriority() {
		if err := selfDependent(f.StreamID, f.Priority); err != nil {
			c.note(f.StreamID)
			return err
		}
	}
	switch st, fresh, err := c.headersOf(f); {
	case err != nil:
		return err
	case st != nil:
		return c.readTrailers(st, f)
	case fresh:
		return c.open(f)
	default:
		return nil
	}
}

// readBlock reads a block of header fields whole. If it is not here already it must come
// soon, and however it is cut into frames it must not be much longer than what it says.
func (c *conn) readBlock(h http2.FrameHeader) (*http2.MetaHeadersFrame, error) {
	limit := 2*int(c.server.maxHeaderBytes()) + 2*frameBytes
	c.in.bounded, c.in.left = true, limit
	late := !h.Flags.Has(http2.FlagHeadersEndHeaders) || c.in.Buffered() < int(h.Length)
	if late {
		c.setReadDeadline(c.server.headerTimeout())
	}
	f, err := c.framer.ReadFrameForHeader(h)
	if late {
		c.setReadDeadline(0)
	}
	c.in.bounded = false
	if limit-c.in.left > keptBlock {
		c.newFramer(c.server.maxHeaderBytes())
	}
	if err != nil {
		return nil, err
	}
	return f.(*http2.MetaHeadersFrame), nil // what ReadMetaHeaders makes of HEADERS
}

// note notes that a stream was opened, whatever became of it.
func (c *conn) note(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, id)
}

// headersOf says what header fields belong to: a stream that is open, one that begins,
// or one that nobody cares for any more.
func (c *conn) headersOf(f *http2.MetaHeadersFrame) (st *stream, fresh bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := f.StreamID
	if st := c.streams[id]; st != nil {
		return st, false, nil
	}
	if id > c.last {
		if c.leave.stage >= final {
			return nil, false, nil
		}
		c.last = id
		return nil, true, c.refuseMore(f)
	}
	switch known, ours := c.recall(id); {
	case ours:
		return nil, false, nil
	case known:
		return nil, false, http2.ConnectionError(http2.ErrCodeStreamClosed)
	default:
		return nil, false, http2.ConnectionError(http2.ErrCodeProtocol)
	}
}

// refuseMore refuses a stream when too many handlers run, those of streams that were
// reset included.
func (c *conn) refuseMore(f *http2.MetaHeadersFrame) error {
	if c.running < int(c.server.config.MaxConcurrentStreams) {
		return nil
	}
	if !f.StreamEnded() {
		c.remember(f.StreamID, true)
	}
	return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeRefusedStream}
}

// open begins a stream and runs the handler for it.
func (c *conn) open(f *http2.MetaHeadersFrame) error {
	st, err := c.newStream(f)
	if err != nil {
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeProtocol, Cause: err}
	}
	c.admit(st)
	c.report()
	go st.run()
	return nil
}

// admit makes a stream one of the connection's.
func (c *conn) admit(st *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st.sendWindow = c.peerWindow
	if c.streams == nil {
		c.streams = make(map[uint32]*stream)
	}
	c.streams[st.id] = st
	c.running++
}

// readTrailers ends a request with fields that follow its body.
func (c *conn) readTrailers(st *stream, f *http2.MetaHeadersFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case st.err != nil:
		return nil
	case st.ended:
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeStreamClosed}
	case !f.StreamEnded() || len(f.PseudoFields()) > 0 || f.Truncated:
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeProtocol}
	}
	trailer, err := headerOf(f.RegularFields())
	if err != nil {
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeProtocol, Cause: err}
	}
	st.trailer = trailer
	return st.end()
}
