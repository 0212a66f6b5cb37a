//go:build linux

package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	frameHeader = 9
	// ourWindow is what servers may send without being asked for more: the most there is.
	ourWindow = math.MaxInt32
	// giveBack is how much of it is used before it is given back.
	giveBack = 1 << 30
	// usualWindow is what a connection begins with.
	usualWindow = 1<<16 - 1
)

// streams is what a connection's streams are for.
type streams interface {
	// headers takes the header block of a stream's answer, or of its trailers.
	headers(id uint32, block []byte, ended bool) error
	// data takes some of a stream's body.
	data(id uint32, b []byte, ended bool) error
}

// client is the client's side of a cleartext HTTP/2 connection, with as much of RFC 9113
// as it takes to be a well-behaved peer. What it sends stays far below the smallest
// window that a server opens with, so it keeps no account of that.
type client struct {
	conn    *Conn
	streams streams
	partial []byte // the beginning of a frame
	owed    int    // bytes that were read and not given back
}

// newClient opens the connection.
func newClient(c *Conn, s streams) *client {
	h := &client{conn: c, streams: s}
	c.Send([]byte(http2.ClientPreface)...)
	settings := make([]byte, 0, 12)
	settings = appendSetting(settings, http2.SettingEnablePush, 0)
	settings = appendSetting(settings, http2.SettingInitialWindowSize, ourWindow)
	h.frame(http2.FrameSettings, 0, 0, settings)
	h.open(0, ourWindow-usualWindow)
	return h
}

func appendSetting(b []byte, id http2.SettingID, value uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, uint16(id)), value)
}

// frame queues a frame.
func (h *client) frame(kind http2.FrameType, flags http2.Flags, stream uint32, payload []byte) {
	n := len(payload)
	var header [frameHeader]byte
	binary.BigEndian.PutUint32(header[:], uint32(n)<<8|uint32(kind)) //nolint:gosec // 24 bits
	header[4] = byte(flags)
	binary.BigEndian.PutUint32(header[5:], stream)
	h.conn.Send(header[:]...)
	h.conn.Send(payload...)
}

// open gives a stream, or with 0 the connection, more window.
func (h *client) open(stream uint32, n int) {
	h.frame(http2.FrameWindowUpdate, 0, stream, binary.BigEndian.AppendUint32(nil, uint32(n))) //nolint:gosec // at most ourWindow
}

// request queues a request whose body is whole.
func (h *client) request(stream uint32, block, body []byte) {
	h.frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, stream, block)
	h.frame(http2.FrameData, http2.FlagDataEndStream, stream, body)
}

// Read implements Handler.
func (h *client) Read(b []byte) error {
	if len(h.partial) > 0 {
		h.partial = append(h.partial, b...)
		b = h.partial
	}
	rest, err := h.frames(b)
	h.partial = append(h.partial[:0], rest...)
	return err
}

// frames takes the frames that are whole and returns what is left.
func (h *client) frames(b []byte) ([]byte, error) {
	for len(b) >= frameHeader {
		end := frameHeader + int(b[0])<<16 + int(b[1])<<8 + int(b[2])
		if len(b) < end {
			break
		}
		kind, flags, stream := http2.FrameType(b[3]), http2.Flags(b[4]), binary.BigEndian.Uint32(b[5:])&math.MaxInt32
		if err := h.take(kind, flags, stream, b[frameHeader:end]); err != nil {
			return b, err
		}
		b = b[end:]
	}
	return b, nil
}

// take takes one frame.
func (h *client) take(kind http2.FrameType, flags http2.Flags, stream uint32, b []byte) error {
	switch kind {
	case http2.FrameData:
		if err := h.account(stream, len(b), flags.Has(http2.FlagDataEndStream)); err != nil {
			return err
		}
		return h.streams.data(stream, b, flags.Has(http2.FlagDataEndStream))
	case http2.FrameHeaders:
		if flags != http2.FlagHeadersEndHeaders && flags != http2.FlagHeadersEndHeaders|http2.FlagHeadersEndStream {
			return fmt.Errorf("headers in a form that is not read here (flags %#x)", flags)
		}
		return h.streams.headers(stream, b, flags.Has(http2.FlagHeadersEndStream))
	case http2.FrameSettings:
		if !flags.Has(http2.FlagSettingsAck) {
			h.frame(http2.FrameSettings, http2.FlagSettingsAck, 0, nil)
		}
	case http2.FramePing:
		if !flags.Has(http2.FlagPingAck) {
			h.frame(http2.FramePing, http2.FlagPingAck, 0, b)
		}
	case http2.FrameRSTStream, http2.FrameGoAway:
		return fmt.Errorf("the server sent %v on stream %d: %q", kind, stream, b)
	case http2.FrameWindowUpdate:
	default:
		return fmt.Errorf("the server sent %v", kind)
	}
	return nil
}

// account gives back, in large steps, what was read.
func (h *client) account(stream uint32, n int, ended bool) error {
	h.owed += n
	if h.owed < giveBack {
		return nil
	}
	h.open(0, h.owed)
	if !ended {
		h.open(stream, h.owed) // more than the stream's own is only where it has none left to use
	}
	h.owed = 0
	return nil
}

// ok is how a header block begins that says :status 200: the eighth of HPACK's static
// table.
const ok = 0x88

// errStatus is another status than 200.
var errStatus = errors.New("the server answered with another status than 200")

// blocks encodes requests as a client with a dynamic table does: the first names every
// header, the others refer to it.
type blocks struct{ first, other []byte }

// newBlocks returns the header blocks of calls to a procedure.
func newBlocks(authority, procedure string, headers [][2]string) (b blocks) {
	var out blockWriter
	encoder := hpack.NewEncoder(&out)
	encode := func() []byte {
		out = nil
		for _, f := range append([][2]string{
			{":method", "POST"}, {":scheme", "http"}, {":authority", authority}, {":path", procedure},
		}, headers...) {
			_ = encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}) // out takes all
		}
		return out
	}
	b.first = encode()
	b.other = encode()
	return b
}

// authorized returns a header block with a token that is another in every call: no table
// remembers it, as is usual for secrets.
func authorized(block []byte, token string) []byte {
	out := blockWriter(slices.Clone(block))
	encoder := hpack.NewEncoder(&out)
	_ = encoder.WriteField(hpack.HeaderField{Name: "authorization", Value: "Bearer " + token, Sensitive: true}) // out takes all
	return out
}

// blockWriter is an io.Writer to a slice.
type blockWriter []byte

// Write implements io.Writer.
func (w *blockWriter) Write(b []byte) (int, error) {
	*w = append(*w, b...)
	return len(b), nil
}

// trailers reads how calls of gRPC ended.
type trailers struct {
	decoder *hpack.Decoder
	found   string
}

// newTrailers returns what reads every header block of a connection.
func newTrailers() *trailers {
	t := new(trailers)
	t.decoder = hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		if f.Name == "grpc-status" {
			t.found = f.Value
		}
	})
	return t
}

// status returns the status in a header block, empty if there is none.
func (t *trailers) status(block []byte) (string, error) {
	t.found = ""
	if _, err := t.decoder.Write(block); err != nil {
		return "", err
	}
	return t.found, t.decoder.Close()
}
