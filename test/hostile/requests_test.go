package hostile

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// tally counts answers; it may be used concurrently.
type tally struct {
	mu      sync.Mutex
	answers map[string]int // by status and reason
}

// count counts an answer.
func (c *tally) count(a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answers == nil {
		c.answers = map[string]int{}
	}
	c.answers[fmt.Sprint(a.status, " ", a.reason)]++
}

// malformed is a request that is no message of its call, and the reason that its caller
// is told.
type malformed struct{ contentType, body string }

// malformedRequests returns n of them: JSON and Protobuf, unary and in envelopes, each broken
// in a way of its own.
func malformedRequests(n int) []malformed {
	random := rand.New(rand.NewPCG(1, 2))
	noise := func() string {
		b := make([]byte, 1+random.IntN(300))
		for i := range b {
			b[i] = byte(random.IntN(256))
		}
		b[0] = 0xff // a tag that is none, whatever follows
		return string(b)
	}
	all := make([]malformed, n)
	for i := range all {
		switch i % 6 {
		case 0:
			all[i] = malformed{"application/json", strings.Repeat(`{"roomId":`, 1+random.IntN(5000))}
		case 1:
			all[i] = malformed{"application/proto", noise()}
		case 2:
			all[i] = malformed{"application/connect+proto", envelope(noise())}
		case 3:
			all[i] = malformed{"application/connect+json", "\x00\xff\xff\xff\xff" + noise()}
		case 4:
			all[i] = malformed{"application/connect+proto", strings.Repeat(envelope("\x0a\x01r"), 2+random.IntN(100))}
		case 5:
			all[i] = malformed{"application/json", `{"roomId":"` + strings.Repeat("r", 65+random.IntN(1000)) + `"}`}
		}
	}
	return all
}

// What is no message of its call is answered INVALID_FIELD, however often it comes.
func TestMalformedRequests(t *testing.T) {
	n := size(3000, 30_000)
	attack{name: fmt.Sprintf("%d malformed requests", n), most: 96, do: func(t *testing.T, s *server) {
		requests := malformedRequests(n)
		var callers []caller
		for i := range attackers {
			callers = append(callers, s.caller(t, i, 1+i%2, bearer(t, fmt.Sprintf("malformed-%d", i))))
		}
		var told tally
		each(n, attackers, func(i int) {
			procedure := "FeedService/Send"
			if strings.Contains(requests[i].contentType, "connect+") {
				procedure = "FeedService/Subscribe"
			}
			got := callers[i%attackers].send(t, procedure, requests[i].contentType, strings.NewReader(requests[i].body))
			told.count(got)
			if got.reason != "INVALID_FIELD" && got.reason != "LIMIT_EXCEEDED" {
				t.Errorf("%s %.40q: %d %s", requests[i].contentType, requests[i].body, got.status, got.body)
			}
		})
		t.Logf("told %v", told.answers)
	}}.run(t)
}

// blank is what endless bodies repeat.
var blank = bytes.Repeat([]byte{' '}, 64<<10)

// endless is a body that never ends.
type endless struct{ read *atomic.Int64 }

// Read implements io.Reader.
func (e endless) Read(p []byte) (int, error) {
	n := copy(p, blank)
	e.read.Add(int64(n))
	return n, nil
}

// Bodies without an end, and small ones that decompress to large ones, are refused at the
// size that is read at most: 1 MiB.
func TestOversizeRequests(t *testing.T) {
	n := size(200, 2000)
	attack{name: fmt.Sprintf("%d endless bodies, %[1]d gzip bombs of 100 MB", n), most: 256, do: func(t *testing.T, s *server) {
		bomb := gzipBomb(t, 100)
		var callers []caller
		for i := range attackers {
			callers = append(callers, s.caller(t, i, 1+i%2, bearer(t, fmt.Sprintf("large-%d", i))))
		}
		var sent atomic.Int64
		var told tally
		each(2*n, 2*attackers, func(i int) {
			c := callers[i%attackers]
			var got answer
			if i/attackers%2 == 0 {
				got = c.send(t, "FeedService/Send", "application/json", endless{&sent})
			} else {
				got = c.send(t, "FeedService/Send", "application/json", bytes.NewReader(bomb), "Content-Encoding", "gzip")
			}
			told.count(got)
			if got.reason != "LIMIT_EXCEEDED" && got.status != 0 { // no answer: the connection broke beneath the body
				t.Errorf("%d %s", got.status, got.body)
			}
		})
		t.Logf("told %v, after %d MiB of endless bodies", told.answers, sent.Load()>>20)
		if told.answers[fmt.Sprint(http.StatusTooManyRequests, " LIMIT_EXCEEDED")] < n {
			t.Errorf("told %v", told.answers)
		}
	}}.run(t)
}

// gzipBomb compresses so many MiB of spaces, each a member of its own, as gzip allows: they
// need not be compressed more than once.
func gzipBomb(t *testing.T, mebibytes int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.CopyN(w, endless{new(atomic.Int64)}, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(b.Bytes(), mebibytes)
}
