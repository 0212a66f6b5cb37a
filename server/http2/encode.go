package http2

import (
	"net/http"
	"strings"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// defaultTableBytes is the size of HPACK's tables, if nothing else was said.
const defaultTableBytes = 4 << 10

// encoder compresses header fields into a block.
type encoder struct {
	hpack *hpack.Encoder
	block []byte
}

// Write implements io.Writer for hpack.
func (e *encoder) Write(p []byte) (int, error) {
	e.block = append(e.block, p...)
	return len(p), nil
}

// tableless are encoders that use no table, and so leave the client's alone. Those who
// answer once or twice on a connection, as streams do, keep no table for it.
var tableless = sync.Pool{New: func() any {
	e := new(encoder)
	e.hpack = hpack.NewEncoder(e)
	e.hpack.SetMaxDynamicTableSizeLimit(0)
	_ = e.hpack.WriteField(hpack.HeaderField{Name: ":status", Value: "200"}) // says that its table is empty, to nobody
	return e
}}

// answersWithout is how many blocks a connection sends before it has an encoder of its
// own.
const answersWithout = 2

// appendFields appends a block of header fields.
func (c *conn) appendFields(id uint32, fields []hpack.HeaderField, end bool) {
	c.answers++
	if c.encoder == nil && c.answers > answersWithout {
		c.ownEncoder()
	}
	e := c.encoder
	if e == nil {
		e = tableless.Get().(*encoder) // the pool holds nothing else
		defer tableless.Put(e)
	}
	e.block = e.block[:0]
	for _, f := range fields {
		_ = e.hpack.WriteField(f) // the encoder takes all
	}
	c.appendBlock(id, e.block, end)
}

// appendBlock appends a block as frames.
func (c *conn) appendBlock(id uint32, block []byte, end bool) {
	t, flags := http2.FrameHeaders, http2.Flags(0)
	if end {
		flags = http2.FlagHeadersEndStream
	}
	for {
		part := block[:min(len(block), frameBytes)]
		block = block[len(part):]
		if len(block) == 0 {
			flags |= http2.FlagHeadersEndHeaders
		}
		b := c.appendHeader(len(part), t, flags, id)
		b.bytes = append(b.bytes, part...)
		if len(block) == 0 {
			return
		}
		t, flags = http2.FrameContinuation, 0
	}
}

func (c *conn) ownEncoder() {
	c.encoder = new(encoder)
	c.encoder.hpack = hpack.NewEncoder(c.encoder)
	if c.peerTable != defaultTableBytes {
		c.encoder.hpack.SetMaxDynamicTableSize(c.peerTable)
	}
}

// setTable sets how large a table the client keeps for what we send. One that was made
// smaller must be acknowledged in the next block.
func (c *conn) setTable(bytes uint32) {
	c.peerTable = min(bytes, defaultTableBytes)
	switch {
	case c.encoder != nil:
		c.encoder.hpack.SetMaxDynamicTableSize(c.peerTable)
	case c.peerTable < defaultTableBytes:
		c.ownEncoder()
	}
}

// canonicalNames and wireNames are header fields that are common here, in the form of Go and
// in that of HTTP/2.
var canonicalNames, wireNames = func() (canonical, wire map[string]string) {
	canonical, wire = make(map[string]string), make(map[string]string)
	for name := range strings.FieldsSeq(`
		Accept Accept-Charset Accept-Encoding Accept-Language Accept-Ranges Access-Control-Allow-Credentials
		Access-Control-Allow-Headers Access-Control-Allow-Methods Access-Control-Allow-Origin
		Access-Control-Expose-Headers Access-Control-Max-Age Access-Control-Request-Headers
		Access-Control-Request-Method Age Allow Authorization Cache-Control Connect-Accept-Encoding
		Connect-Content-Encoding Connect-Protocol-Version Connect-Timeout-Ms Content-Disposition Content-Encoding
		Content-Language Content-Length Content-Location Content-Range Content-Security-Policy Content-Type Cookie
		Date Dnt Etag Expect Expires Forwarded From Grpc-Accept-Encoding Grpc-Encoding Grpc-Message Grpc-Status
		Grpc-Status-Details-Bin Grpc-Timeout Host If-Match If-Modified-Since If-None-Match If-Range
		If-Unmodified-Since Last-Modified Link Location Max-Forwards Origin Pragma Priority Proxy-Authenticate
		Proxy-Authorization Range Referer Referrer-Policy Refresh Retry-After Sec-Ch-Ua Sec-Ch-Ua-Mobile
		Sec-Ch-Ua-Platform Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Server Set-Cookie
		Strict-Transport-Security Te Traceparent Tracestate Trailer Transfer-Encoding Upgrade-Insecure-Requests
		User-Agent Vary Via Www-Authenticate X-Accel-Buffering X-Content-Type-Options X-Forwarded-For
		X-Forwarded-Host X-Forwarded-Proto X-Frame-Options X-Grpc-Web X-Real-Ip X-Request-Id X-User-Agent`) {
		lower := strings.ToLower(name)
		canonical[lower], wire[name] = name, lower
	}
	return canonical, wire
}()

// canonicalName returns a name in the form of Go.
func canonicalName(wire string) string {
	if name, ok := canonicalNames[wire]; ok {
		return name
	}
	return http.CanonicalHeaderKey(wire)
}

// wireName returns a name in the form of HTTP/2.
func wireName(canonical string) string {
	if name, ok := wireNames[canonical]; ok {
		return name
	}
	return strings.ToLower(canonical)
}
