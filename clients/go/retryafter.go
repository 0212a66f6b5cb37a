package ovation

import (
	"io"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/internal/retryafter"
)

const (
	// retryAfterMost is how long a Retry-After is believed to be.
	retryAfterMost = time.Hour
	// drainMost is how much of such an answer is read, so that its connection lives on.
	drainMost = 64 << 10
)

// retryAfterReader keeps what a full server, or a proxy before it, says instead of
// answering an RPC: connect drops the headers of an answer that is none of its own.
type retryAfterReader struct{ next connect.HTTPClient }

// Do makes a request; one that is turned away fails with the header.
func (r retryAfterReader) Do(request *http.Request) (*http.Response, error) {
	response, err := r.next.Do(request)
	if err != nil || !turnedAway(request, response) {
		return response, err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, drainMost) // whatever it says is not for programs
	failure := connect.NewError(connect.CodeUnavailable, turnedAwayError(response.Status))
	failure.Meta().Set(retryafter.Header, response.Header.Get(retryafter.Header))
	return nil, failure
}

// turnedAwayError is the status of such an answer.
type turnedAwayError string

// Error says it.
func (e turnedAwayError) Error() string { return "HTTP status " + string(e) }

// turnedAway says whether an answer asks to come again, and is no RPC's: the error of a
// unary call is JSON, and has its own account of when, and streams fail with 200.
func turnedAway(request *http.Request, response *http.Response) bool {
	if response.StatusCode != http.StatusServiceUnavailable && response.StatusCode != http.StatusTooManyRequests {
		return false
	}
	stream := strings.HasPrefix(request.Header.Get("Content-Type"), "application/connect+")
	ours := strings.HasPrefix(response.Header.Get("Content-Type"), "application/json")
	return response.Header.Get(retryafter.Header) != "" && (stream || !ours)
}

// retryAfterIn reads the header; nobody is to come much later, whatever it says.
func retryAfterIn(header http.Header, now time.Time) (time.Duration, bool) {
	after, said := retryafter.In(header, now)
	return min(after, retryAfterMost), said
}
