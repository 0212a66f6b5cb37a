package rpc

import (
	"io"
	"net/http"
)

// Serve reads a request's body as a handler does, and returns what it reads.
func Serve(most int, r *http.Request) (read []byte, err error) {
	boundBody(most, 0, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		read, err = io.ReadAll(r.Body)
	})).ServeHTTP(nil, r)
	return read, err
}
