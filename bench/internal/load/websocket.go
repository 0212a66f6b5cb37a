//go:build linux

package load

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// The opcodes of WebSocket that are met here (RFC 6455, section 5.2).
const (
	opBinary, opClose, opPing, opPong = 0x2, 0x8, 0x9, 0xA
	final, masked                     = 0x80, 0x80
)

// socketViewer is one subscription over WebSocket, in the Protobuf dialect of
// Centrifuge: frames of replies, each preceded by its length; an empty one is a ping.
type socketViewer struct {
	crowd    *Crowd
	conn     *Conn
	open     bool // the handshake is over
	partial  []byte
	watching watching
}

// newSocketViewer asks for the upgrade and, without waiting for the answer, for the
// subscription.
func newSocketViewer(conn *Conn, crowd *Crowd, authority string) *socketViewer {
	v := &socketViewer{crowd: crowd, conn: conn}
	d := crowd.dialect
	var request strings.Builder
	fmt.Fprintf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", d.Procedure, authority)
	for _, h := range d.Headers {
		fmt.Fprintf(&request, "%s: %s\r\n", h[0], h[1])
	}
	conn.Send([]byte(request.String() + "\r\n")...)
	return v
}

// send queues a frame. The mask is none (zeros): it protects proxies, of which there are none.
func (v *socketViewer) send(op byte, payload []byte) {
	v.conn.Send(final|op, masked|byte(len(payload)), 0, 0, 0, 0) //nolint:gosec // ours are shorter than 126 bytes
	v.conn.Send(payload...)
}

// Read implements Handler.
func (v *socketViewer) Read(b []byte) error {
	if len(v.partial) > 0 {
		v.partial = append(v.partial, b...)
		b = v.partial
	}
	rest, err := v.handshake(b)
	if err == nil && v.open {
		rest, err = v.frames(rest)
	}
	v.partial = append(v.partial[:0], rest...)
	return err
}

// handshake reads the answer to the upgrade, if it is yet to come.
func (v *socketViewer) handshake(b []byte) (rest []byte, err error) {
	if v.open {
		return b, nil
	}
	head, rest, whole := bytes.Cut(b, []byte("\r\n\r\n"))
	if !whole {
		return b, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		return b, fmt.Errorf("the server did not upgrade: %.200q", head)
	}
	v.open = true
	v.send(opBinary, v.crowd.dialect.Request)
	return rest, nil
}

// frames takes the frames that are whole and returns what is left.
func (v *socketViewer) frames(b []byte) ([]byte, error) {
	for len(b) >= 2 {
		header, n := 2, int(b[1]&^masked)
		switch {
		case n == 126 && len(b) >= 4:
			header, n = 4, int(binary.BigEndian.Uint16(b[2:]))
		case n == 127 && len(b) >= 10:
			header, n = 10, int(min(binary.BigEndian.Uint64(b[2:]), maxEnvelope+1)) //nolint:gosec // bounded
		case n >= 126:
			return b, nil
		}
		if n > maxEnvelope {
			return b, fmt.Errorf("a frame of %d bytes", n)
		}
		if len(b) < header+n {
			return b, nil
		}
		if err := v.take(b[0]&0x0F, b[header:header+n]); err != nil {
			return b, err
		}
		b = b[header+n:]
	}
	return b, nil
}

// take takes one frame.
func (v *socketViewer) take(op byte, payload []byte) error {
	switch op {
	case opBinary:
		return v.replies(payload)
	case opPing:
		v.send(opPong, payload)
		return nil
	case opClose:
		return fmt.Errorf("%w: %q", errEnded, payload)
	default:
		return fmt.Errorf("a frame with opcode %d", op)
	}
}

// replies takes the replies in a frame.
func (v *socketViewer) replies(b []byte) error {
	for len(b) > 0 {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b[n:])) {
			return fmt.Errorf("a reply that is cut off")
		}
		reply := b[n : n+int(size)] //nolint:gosec // within b
		b = b[n+len(reply):]
		if len(reply) == 0 {
			v.send(opBinary, []byte{0})
			continue
		}
		if err := v.watching.take(v.crowd, reply); err != nil {
			return err
		}
	}
	return nil
}

// Lost implements Handler.
func (v *socketViewer) Lost(err error) { v.crowd.lost(err) }
