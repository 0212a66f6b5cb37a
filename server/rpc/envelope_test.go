package rpc_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/iotest"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/server/rpc"
)

// mostBytes is how large a message may be here.
const mostBytes = 64

// one says whether a body is one envelope.
func one(b []byte, compressed bool) bool {
	return len(b) >= 5 && int(binary.BigEndian.Uint32(b[1:])) == len(b)-5 && (b[0] == 0 || b[0] == 1 && compressed)
}

// FuzzEnvelope: a body that is one envelope is read as it is, in whatever pieces it
// comes; of any other nothing is read but what stands before its fault, and the caller
// is told of that.
func FuzzEnvelope(f *testing.F) {
	good := []byte("\x00\x00\x00\x00\x03abc")
	for _, seed := range [][]byte{
		nil, good, good[:4], good[:7], append(bytes.Clone(good), good...), []byte("\x01\x00\x00\x00\x00"),
		[]byte("\x80\x00\x00\x00\x00"), []byte("\x00\xff\xff\xff\xff"), bytes.Repeat(good, 20),
	} {
		f.Add(seed, true, false)
		f.Add(seed, false, true)
	}
	f.Fuzz(func(t *testing.T, body []byte, compressed, pieces bool) {
		r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
		var in io.Reader = bytes.NewReader(body)
		if pieces {
			in = iotest.OneByteReader(in)
		}
		r.Body, r.ContentLength = io.NopCloser(in), -1
		r.Header.Set("Content-Type", "application/grpc+proto")
		if compressed {
			r.Header.Set("Grpc-Encoding", "gzip")
		}
		read, err := rpc.Serve(mostBytes, r)
		if !bytes.HasPrefix(body, read) || len(read) > mostBytes+5 {
			t.Fatalf("read %q of %q", read, body)
		}
		if one(body, compressed) && len(body) <= mostBytes+5 {
			if err != nil || len(read) != len(body) {
				t.Fatalf("read %q of %q, %v", read, body, err)
			}
			return
		}
		switch detail := onlyDetail(t, err.(*connect.Error)); detail.GetReason() { //nolint:errorlint // readers hand it on as it is
		case ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD:
		case ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED:
			if len(body) <= mostBytes+5 {
				t.Fatalf("%q is too large: %v", body, err)
			}
		default:
			t.Fatalf("%q: %v", body, err)
		}
	})
}
