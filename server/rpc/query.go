package rpc

import (
	"encoding/base64"
	"net/http"

	"github.com/ovation-live/ovation/server/interceptor"
)

// errNotBase64 says that the message of a GET is not encoded as it says.
var errNotBase64 = &interceptor.MalformedError{Cause: "its message is not base64url, as it says"}

// unreadable answers a GET whose message cannot be decoded, and says whether it did:
// connect would call that a fault of the server.
func unreadable(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet || isBase64(r) {
		return false
	}
	interceptor.Unread(r.Context(), errNotBase64)
	_ = anyProtocol.Write(w, r, Translate(r.Context(), errNotBase64)) // whoever asked has gone
	return true
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
