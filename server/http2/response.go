package http2

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// response is what a handler answers by. It is the handler's, as any
// http.ResponseWriter; only deadlines may be set from elsewhere.
type response struct {
	stream   *stream
	header   http.Header
	status   int    // 0 until WriteHeader
	fields   fields // the header as it was then, until it is sent
	begun    *buffer
	declared int64 // the body's length, or -1
	written  int64
	head     bool // of a HEAD request: it has no body
	sent     bool // the header is
	finished atomic.Bool
}

// beginBytes is how much of a body waits before its header is sent. A body that is over
// before then is sent with its length.
const beginBytes = 4 << 10

// Header implements http.ResponseWriter.
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	}
	if w.finished.Load() || w.status != 0 {
		return
	}
	if status < 200 {
		w.inform(status)
		return
	}
	w.status = status
	w.fields = w.collect(status)
	w.declared = w.fields.length
}

// inform sends a status before the one that counts.
func (w *response) inform(status int) {
	f := w.collect(status)
	defer f.free()
	f.drop("content-length")
	_ = w.stream.send(message{fields: f.list.fields, flush: true}) // what follows fails too
}

// Write implements http.ResponseWriter.
func (w *response) Write(p []byte) (int, error) {
	if err := w.begin(len(p)); err != nil {
		return 0, err
	}
	if w.head && w.sent {
		return len(p), nil
	}
	if w.sent {
		return written(p, w.stream.send(message{data: [2][]byte{1: p}}))
	}
	if w.begun == nil {
		w.begun = buffers.Get().(*buffer) // the pool holds nothing else
	}
	if len(w.begun.bytes)+len(p) <= beginBytes {
		w.begun.bytes = append(w.begun.bytes, p...)
		return len(p), nil
	}
	return written(p, w.transmit(message{data: [2][]byte{1: p}}))
}

// WriteString implements io.StringWriter.
func (w *response) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// begin checks that n bytes may be written.
func (w *response) begin(n int) error {
	switch {
	case w.finished.Load():
		return errFinished
	case w.status == 0:
		w.WriteHeader(http.StatusOK)
	}
	if !hasBody(w.status) {
		return http.ErrBodyNotAllowed
	}
	w.written += int64(n)
	if w.declared >= 0 && w.written > w.declared {
		return http.ErrContentLength
	}
	return nil
}

func written(p []byte, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush implements http.Flusher.
func (w *response) Flush() { _ = w.FlushError() }

// FlushError is what http.ResponseController flushes by.
func (w *response) FlushError() error {
	switch {
	case w.finished.Load():
		return errFinished
	case w.status == 0:
		w.WriteHeader(http.StatusOK)
	}
	return w.transmit(message{flush: true})
}

// transmit sends a message, after what was not sent yet.
func (w *response) transmit(m message) error {
	if w.sent {
		if w.head {
			m.data = [2][]byte{}
		}
		return w.stream.send(m)
	}
	w.sent = true
	if w.begun != nil {
		defer w.begun.free()
		m.data[0] = w.begun.bytes
		w.begun = nil
	}
	first := m.data[0]
	if len(first) == 0 {
		first = m.data[1]
	}
	w.complete(first, int64(len(m.data[0])+len(m.data[1])), m.end)
	if w.head {
		m.data = [2][]byte{}
	}
	f := w.fields
	w.fields = fields{}
	defer f.free()
	m.fields = f.list.fields
	return w.stream.send(m)
}

// complete adds to the header what the handler did not say.
func (w *response) complete(first []byte, length int64, whole bool) {
	if whole && w.declared < 0 && hasBody(w.status) && (length > 0 || !w.head) {
		w.fields.add("content-length", decimal(length))
	}
	if !w.fields.typed && len(first) > 0 && hasBody(w.status) {
		w.fields.add("content-type", http.DetectContentType(first))
	}
	if !w.fields.dated {
		w.fields.add("date", date(time.Now()))
	}
}

// finish sends the rest when the handler has returned.
func (w *response) finish() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	m := message{end: true}
	trailers := w.trailers()
	defer trailers.free()
	if trailers.list != nil && len(trailers.list.fields) > 0 {
		m.trailers = trailers.list.fields
	}
	_ = w.transmit(m) // the client is not there to be told
	w.finished.Store(true)
}

// SetReadDeadline is http.ResponseController's.
func (w *response) SetReadDeadline(at time.Time) error {
	w.stream.setReadDeadline(at)
	return nil
}

// SetWriteDeadline is http.ResponseController's. A stream that is not over by then is
// reset.
func (w *response) SetWriteDeadline(at time.Time) error {
	w.stream.setWriteDeadline(at)
	return nil
}

// EnableFullDuplex is http.ResponseController's. HTTP/2 always is.
func (w *response) EnableFullDuplex() error { return nil }
