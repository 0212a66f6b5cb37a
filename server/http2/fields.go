package http2

import (
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2/hpack"
)

// hasBody says whether a response with a status may have a body.
func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// fields are header fields to be sent, and what is known of them.
type fields struct {
	list         *fieldList
	typed, dated bool
	length       int64 // as the handler declared it, or -1
}

type fieldList struct{ fields []hpack.HeaderField }

var fieldLists = sync.Pool{New: func() any { return &fieldList{make([]hpack.HeaderField, 0, 16)} }}

func newFields() fields {
	list := fieldLists.Get().(*fieldList) // the pool holds nothing else
	return fields{list: list, length: -1}
}

func (f *fields) free() {
	if f.list == nil {
		return
	}
	clear(f.list.fields)
	f.list.fields = f.list.fields[:0]
	fieldLists.Put(f.list)
	f.list = nil
}

func (f *fields) add(name, value string) {
	f.list.fields = append(f.list.fields, hpack.HeaderField{Name: name, Value: value})
}

func (f *fields) drop(name string) {
	kept := f.list.fields[:0]
	for _, field := range f.list.fields {
		if field.Name != name {
			kept = append(kept, field)
		}
	}
	f.list.fields = kept
}

// collect takes the header as it is now.
func (w *response) collect(status int) fields {
	f := newFields()
	f.add(":status", statusText(status))
	for name, values := range w.header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			continue
		}
		f.take(name, values)
	}
	if w.header.Get("Connection") == "close" {
		w.stream.conn.shutdown()
	}
	return f
}

// take adds a field of the header, if it may be sent.
func (f *fields) take(name string, values []string) {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade":
		return // about a connection of HTTP/1.1
	case "Content-Length":
		f.declare(values)
		return
	case "Content-Type", "Content-Encoding":
		f.typed = true // a body that is encoded does not show what it is
	case "Date":
		f.dated = true
	}
	wire := wireName(name)
	if !httpguts.ValidHeaderFieldName(wire) {
		return
	}
	for _, v := range values {
		if httpguts.ValidHeaderFieldValue(v) {
			f.add(wire, v)
		}
	}
}

// declare takes the length of the body, if it is one.
func (f *fields) declare(values []string) {
	if len(values) == 0 {
		return
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil {
		return
	}
	f.length = int64(n) // of 63 bits
	f.add("content-length", values[0])
}

// trailers returns what follows the body: what the header announced under Trailer, and
// what stands under http.TrailerPrefix.
func (w *response) trailers() fields {
	var f fields
	add := func(name string, values []string) {
		if len(values) == 0 {
			return
		}
		if f.list == nil {
			f = newFields()
		}
		f.take(name, values)
	}
	for _, v := range w.header["Trailer"] {
		for name := range strings.SplitSeq(v, ",") {
			name = http.CanonicalHeaderKey(textproto.TrimString(name))
			if httpguts.ValidTrailerHeader(name) {
				add(name, w.header[name])
			}
		}
	}
	for name, values := range w.header {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			add(http.CanonicalHeaderKey(name), values)
		}
	}
	return f
}

// decimal writes a number.
func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// statusText writes a status.
func statusText(status int) string {
	if status == http.StatusOK {
		return "200"
	}
	return strconv.Itoa(status)
}

// continueFields ask a client for the body that it waits to send.
var continueFields = []hpack.HeaderField{{Name: ":status", Value: "100"}}

// dated is a second, as a header says it.
type dated struct {
	second int64
	text   string
}

var latestDate atomic.Pointer[dated]

// date returns a time as a header says it. It is written once a second.
func date(now time.Time) string {
	d := latestDate.Load()
	if second := now.Unix(); d == nil || d.second != second {
		d = &dated{second, now.UTC().Format(http.TimeFormat)}
		latestDate.Store(d)
	}
	return d.text
}
