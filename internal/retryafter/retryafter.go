// Package retryafter reads when an answer asks to be asked again.
package retryafter

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Header is where an answer says it.
const Header = "Retry-After"

// In reads it in either of its forms, a number of seconds or a date (RFC 9110, 10.2.3), as a
// time from now: 0 or more. False: it is not there, or not to be understood.
func In(header http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(header.Get(Header))
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(now), 0), true
}
