package http2_test

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// A handler never has a body that is longer or shorter than was declared, without an
// error: whatever else happens on the connection while it comes.
func TestBodiesAreAsLongAsDeclared(t *testing.T) {
	t.Parallel()
	const each = 100
	var called, whole, over atomic.Int64
	n := start(t, detached, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer called.Add(1)
		stop := contend(http.NewResponseController(w))
		defer stop()
		body, err := io.ReadAll(r.Body)
		if err == nil {
			whole.Add(1)
		}
		if int64(len(body)) > r.ContentLength {
			over.Add(1)
		}
	}))
	p := n.greet(t)
	go func() { _, _ = io.Copy(io.Discard, p.conn) }()
	for id := uint32(1); id < 4*each; id += 4 {
		p.request(id, false, "content-length", "10")
		p.try(p.WriteData(id, true, []byte("hello")))
		p.request(id+2, false, "content-length", "3")
		p.try(p.WriteData(id+2, false, []byte("hello")))
	}
	for begun := time.Now(); called.Load() < each && time.Since(begun) < 30*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	if whole.Load() > 0 || over.Load() > 0 || called.Load() == 0 {
		t.Errorf("of %d bodies %d ended well, and %d were too long", called.Load(), whole.Load(), over.Load())
	}
}

// contend keeps the connection's lock busy until stop is called.
func contend(c *http.ResponseController) (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case <-done:
				return
			default:
				_ = c.SetReadDeadline(time.Time{})
			}
		}
	}()
	return func() { close(done); <-over }
}
