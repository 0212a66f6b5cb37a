package rpc

import (
	"io"
	"net/http"
	"time"
)

// WriteThrough writes b as a frame of a stream whose reader may take so long.
func WriteThrough(w http.ResponseWriter, patience time.Duration, b []byte) (int, error) {
	o := newOutlet(w, patience)
	defer o.close()
	o.begin()
	defer o.end()
	return o.Write(b)
}

// Serve reads a request's body as a handler does, and returns what it reads.
func Serve(most int, r *http.Request) (read []byte, err error) {
	(&bounding{most: most}).bound(nil, r)
	return io.ReadAll(r.Body)
}
