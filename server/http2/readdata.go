package http2

import "golang.org/x/net/http2"

// readData reads a part of a request's body.
func (c *conn) readData(h http2.FrameHeader) error {
	if h.StreamID == 0 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	data, padding, err := c.readPadding(h)
	if err != nil {
		return err
	}
	if data == 0 && !h.Flags.Has(http2.FlagDataEndStream) && !c.idle.take() {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	st, err := c.dataFor(h)
	switch {
	case err != nil:
		return err
	case st == nil:
		return c.pass(h, data+padding)
	default:
		return c.readBody(st, h, data, padding)
	}
}

// readPadding returns how much of a DATA frame is data, and what follows it.
func (c *conn) readPadding(h http2.FrameHeader) (data, padding int, err error) {
	data = int(h.Length)
	if !h.Flags.Has(http2.FlagDataPadded) {
		return data, 0, nil
	}
	if data == 0 {
		return 0, 0, http2.ConnectionError(http2.ErrCodeFrameSize)
	}
	b, err := c.in.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	padding = int(b)
	if data -= 1 + padding; data < 0 {
		return 0, 0, http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return data, padding, nil
}

// dataFor returns the stream that data is for; none if it was sent before the client
// could know that the stream is over.
func (c *conn) dataFor(h http2.FrameHeader) (*stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unused(h.StreamID) {
		return nil, http2.ConnectionError(http2.ErrCodeProtocol)
	}
	if err := c.receive(int(h.Length)); err != nil {
		return nil, err
	}
	st := c.streams[h.StreamID]
	if st == nil || st.ended {
		return nil, nil //nolint:nilnil // no stream, no fault of the connection
	}
	return st, nil
}

// pass passes over data that no stream takes.
func (c *conn) pass(h http2.FrameHeader, n int) error {
	if err := c.discard(n); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allow(int(h.Length))
	if _, ours := c.recall(h.StreamID); ours || h.StreamID > c.last {
		return nil
	}
	return http2.StreamError{StreamID: h.StreamID, Code: http2.ErrCodeStreamClosed}
}

// readBody reads data into the stream's body.
func (c *conn) readBody(st *stream, h http2.FrameHeader, data, padding int) error {
	part, err := readPart(c.in, data)
	if err != nil {
		return err
	}
	if err := c.discard(padding); err != nil {
		part.free()
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return st.take(part, data, int(h.Length)-data, h.Flags.Has(http2.FlagDataEndStream))
}
