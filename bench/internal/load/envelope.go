package load

import (
	"encoding/binary"
	"fmt"
)

const (
	// envelopeHeader is what precedes every message of a stream, in Connect and in gRPC.
	envelopeHeader = 5
	// maxEnvelope bounds what a message may be; more is not a message.
	maxEnvelope = 64 << 20
)

// envelopes cuts a stream's body into messages.
type envelopes struct{ partial []byte }

// read gives every message that is whole to take, which keeps nothing of it.
func (e *envelopes) read(b []byte, take func(flags byte, message []byte) error) error {
	if len(e.partial) > 0 {
		e.partial = append(e.partial, b...)
		b = e.partial
	}
	for len(b) >= envelopeHeader {
		n := binary.BigEndian.Uint32(b[1:])
		if n > maxEnvelope {
			return fmt.Errorf("a message of %d bytes", n)
		}
		end := envelopeHeader + int(n)
		if len(b) < end {
			break
		}
		if err := take(b[0], b[envelopeHeader:end]); err != nil {
			return err
		}
		b = b[end:]
	}
	e.partial = append(e.partial[:0], b...)
	return nil
}

// enveloped returns a message in its envelope.
func enveloped(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...) //nolint:gosec // ours are small
}
