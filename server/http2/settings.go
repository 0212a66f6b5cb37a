package http2

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

// appendSettings says what the client must keep to, and opens the connection's window.
func (c *conn) appendSettings() {
	config := c.server.config
	b := c.appendHeader(3*6, http2.FrameSettings, 0, 0)
	for _, s := range [...]http2.Setting{
		{ID: http2.SettingMaxConcurrentStreams, Val: config.MaxConcurrentStreams},
		{ID: http2.SettingInitialWindowSize, Val: uint32(config.StreamWindow)}, //nolint:gosec // validated
		{ID: http2.SettingMaxHeaderListSize, Val: c.server.maxHeaderBytes()},
	} {
		b.bytes = binary.BigEndian.AppendUint16(b.bytes, uint16(s.ID))
		b.uint32(s.Val)
	}
	if more := config.ConnectionWindow - defaultWindow; more > 0 {
		c.appendWindowUpdate(0, uint32(more))
	}
}

// readSettings takes what the client asks for, and says so.
func (c *conn) readSettings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	if f.HasDuplicates() && f.NumSettings() > 100 {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := f.ForeachSetting(c.set); err != nil {
		return err
	}
	c.appendHeader(0, http2.FrameSettings, http2.FlagSettingsAck, 0)
	return nil
}

func (c *conn) set(s http2.Setting) error {
	if err := s.Valid(); err != nil {
		return err
	}
	switch s.ID {
	case http2.SettingInitialWindowSize:
		return c.changeWindows(int64(s.Val))
	case http2.SettingHeaderTableSize:
		c.setTable(s.Val)
	default: // push and priorities do not concern us, and larger frames than anybody takes have no use
	}
	return nil
}
