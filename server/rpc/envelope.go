package rpc

import (
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/ovation-live/ovation/server/interceptor"
)

// What is wrong with the envelopes of a request. No RPC takes more than one message.
var (
	errNoMessage    = &interceptor.MalformedError{Cause: "it carries no message"}
	errManyMessages = &interceptor.MalformedError{Cause: "it carries more than one message"}
	errHalfMessage  = &interceptor.MalformedError{Cause: "it ends within its message"}
	errFlags        = &interceptor.MalformedError{Cause: "its envelope has flags that are not known"}
	errCompressed   = &interceptor.MalformedError{Cause: "its message is compressed, and no header says how"}
)

// enveloped says whether a request's message comes in an envelope: it does in gRPC and
// gRPC-Web, and on Connect's streams.
func enveloped(h http.Header) bool {
	contentType := h.Get("Content-Type")
	return strings.HasPrefix(contentType, "application/grpc") || strings.HasPrefix(contentType, "application/connect+")
}

// compressed says whether a request's headers say how envelopes are compressed.
func compressed(h http.Header) bool {
	for _, name := range []string{"Grpc-Encoding", "Connect-Content-Encoding"} {
		if how := h.Get(name); how != "" && how != "identity" {
			return true
		}
	}
	return false
}

// singleEnvelope is a body that must be one envelope. It sees to that here because
// connect calls it a fault of the server to be sent two, or half of one, or none.
type singleEnvelope struct {
	*boundedBody
	compressed bool // the message may be

	prefix [envelopeBytes]byte
	have   int   // bytes of the prefix
	left   int64 // bytes of the message that are to come
	wrong  error // what is wrong after what was read
}

// Read implements io.Reader.
func (s *singleEnvelope) Read(p []byte) (int, error) {
	if s.wrong != nil {
		return 0, s.fail(s.wrong)
	}
	n, err := s.boundedBody.Read(p)
	good := s.follow(p[:n])
	switch {
	case s.wrong != nil && good > 0:
		return good, nil // the next is told
	case s.wrong != nil:
		return 0, s.fail(s.wrong)
	case !errors.Is(err, io.EOF):
		return n, err
	case s.have == 0:
		return 0, s.fail(errNoMessage)
	case s.have < envelopeBytes, s.left > 0:
		return 0, s.fail(errHalfMessage)
	default:
		return n, err
	}
}

// follow follows what was read and returns how much of it is good.
func (s *singleEnvelope) follow(b []byte) (good int) {
	if s.have < envelopeBytes {
		good = copy(s.prefix[s.have:], b)
		if s.have += good; s.have < envelopeBytes {
			return good
		}
		s.left = int64(binary.BigEndian.Uint32(s.prefix[1:]))
		if s.wrong = s.checkFlags(); s.wrong != nil {
			return 0
		}
	}
	rest := int64(len(b) - good)
	if rest > s.left {
		rest, s.wrong = s.left, errManyMessages
	}
	s.left -= rest
	return good + int(rest)
}

// checkFlags checks the first byte of the prefix.
func (s *singleEnvelope) checkFlags() error {
	switch {
	case s.prefix[0] == 0, s.prefix[0] == 1 && s.compressed:
		return nil
	case s.prefix[0] == 1:
		return errCompressed
	default:
		return errFlags
	}
}
