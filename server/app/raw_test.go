package app_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"
)

// answered is what an HTTP request came to.
type answered struct {
	status int
	header http.Header
	body   string
}

// do makes an HTTP request.
func do(t *testing.T, c *http.Client, method, url, body string, header ...string) answered {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{res.StatusCode, res.Header, string(b)}
}

// envelope wraps a message as streams carry it.
func envelope(message string) string {
	return string(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))) + message
}

// opened is a stream as it comes over the wire.
type opened struct {
	header http.Header
	body   io.Reader
}

// open opens a stream by hand. It is cut when the test ends.
func open(t *testing.T, c *http.Client, url, message string, header ...string) opened {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(envelope(message)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = res.Body.Close()
	})
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d", res.StatusCode)
	}
	return opened{res.Header, res.Body}
}

// next reads one envelope.
func (o opened) next(t *testing.T) (flags byte, message string) {
	t.Helper()
	var prefix [5]byte
	if _, err := io.ReadFull(o.body, prefix[:]); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, o.body, int64(binary.BigEndian.Uint32(prefix[1:]))); err != nil {
		t.Fatal(err)
	}
	return prefix[0], b.String()
}
