package rpc

import (
	"encoding/base64"
	"net/http"

	"github.com/ovation-live/ovation/server/interceptor"
)

// errNotBase64 says that the message of a GET is not encoded as it says.
var errNotBase64 = &interceptor.MalformedError{Cause: "its message is not base64url, as it says"}

// readableQuery answers a GET whose message cannot be decoded: connect would call that
// a fault of the server.
func readableQuery(next http.Handler) http.Handler { return querying{next} }

type querying struct{ next http.Handler }

// ServeHTTP implements http.Handler.
func (h querying) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && !isBase64(r) {
		interceptor.Unread(r.Context(), errNotBase64)
		_ = anyProtocol.Write(w, r, Translate(r.Context(), errNotBase64)) // whoever asked has gone
		return
	}
	h.next.ServeHTTP(w, r)
}

// isBase64 says whether a request's message is base64url, padded or not, if it says so.
func isBase64(r *http.Request) bool {
	query := r.URL.Query()
	if query.Get("base64") != "1" {
		return true
	}
	message := query.Get("message")
	encoding := base64.RawURLEncoding
	if len(message)%4 == 0 {
		encoding = base64.URLEncoding
	}
	_, err := encoding.DecodeString(message)
	return err == nil
}
