package rpc

import (
	"io"
	"net/http"
)

// Serve reads a request's body as a handler does, and returns what it reads.
func Serve(most int, r *http.Request) (read []byte, err error) {
	(&bounding{most: most}).bound(nil, r)
	return io.ReadAll(r.Body)
}
