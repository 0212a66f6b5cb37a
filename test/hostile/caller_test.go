package hostile

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// caller calls a server from an attacker's address.
type caller struct {
	client        *http.Client
	url           string
	authorization string
}

// caller returns a caller from the n-th attacker's address, over a version of HTTP.
func (s *server) caller(t *testing.T, n, major int, authorization string) caller {
	t.Helper()
	return caller{&http.Client{Transport: transport(t, major, dialer(n).DialContext)}, s.url, authorization}
}

// answer is what a caller is told.
type answer struct {
	status int
	reason string // as in ErrorReason, without its prefix
	body   string
}

var reasonOf = regexp.MustCompile(`"reason":"ERROR_REASON_(\w+)"`)

// call calls a procedure in JSON.
func (c caller) call(t *testing.T, procedure, body string) answer {
	t.Helper()
	return c.send(t, procedure, "application/json", strings.NewReader(body))
}

// send calls a procedure in a content type.
func (c caller) send(t *testing.T, procedure, contentType string, body io.Reader, header ...string) answer {
	t.Helper()
	return c.do(t, http.MethodPost, c.url+"/ovation.v1."+procedure, contentType, body, header...)
}

// do makes a request; an answer without status is one that did not come.
func (c caller) do(t *testing.T, method, url, contentType string, body io.Reader, header ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return answer{body: err.Error()}
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.authorization != "" {
		req.Header.Set("Authorization", c.authorization)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.client.Do(req)
	if err != nil {
		return answer{body: err.Error()}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return answer{body: err.Error()}
	}
	got := answer{status: res.StatusCode, body: string(b)}
	if found := reasonOf.FindStringSubmatch(got.body); found != nil {
		got.reason = found[1]
	}
	return got
}

// envelope wraps a message as streams carry it.
func envelope(message string) string {
	return string(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))) + message
}

// each does something n times, by so many workers at once.
func each(n, workers int, do func(i int)) {
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < n; i += workers {
				do(i)
			}
		})
	}
	group.Wait()
}
