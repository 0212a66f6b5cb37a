//go:build linux

package load

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// serve serves cleartext HTTP/2 until the test ends.
func serve(t *testing.T, h http.HandlerFunc) netip.AddrPort {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{Handler: h, Protocols: protocols, ReadHeaderTimeout: time.Minute}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-over
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// poller returns a poller that ends with the test.
func poller(t *testing.T) *Poller {
	t.Helper()
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// eventually waits for what must come.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}

func TestCrowd(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != "\x00\x00\x00\x00\x03ask" || r.Header.Get("Authorization") == "" {
			t.Errorf("it asks %q as %q", body, r.Header.Get("Authorization"))
		}
		write := func(messages ...string) {
			for _, m := range messages {
				_, _ = w.Write(enveloped([]byte(m)))
			}
			_ = http.NewResponseController(w).Flush()
		}
		write("welcome")
		<-more
		write("a", "bb", "idle")
	})
	crowd := NewCrowd(poller(t), Dialect{
		Procedure: "/a/B", Request: []byte("ask"), Bearer: func(int) string { return "x" },
		Read: func(frame []byte) Reading {
			return Reading{News: string(frame) != "idle", Messages: 2, Mark: int64(len(frame))}
		},
	})
	const viewers = 20
	for range viewers {
		if err := crowd.Add(address); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "everyone has the first frame", func() bool { return crowd.Standing(0).Ready == viewers })
	if s := crowd.Standing(1); s.Behind != viewers || s.Tally != (Tally{}) || s.Broken != 0 {
		t.Errorf("before there is anything: %+v", s)
	}
	close(more)
	eventually(t, "everyone's stream ends", func() bool { return crowd.Standing(0).Broken == viewers })
	s := crowd.Standing(4)
	want := Tally{Frames: 2 * viewers, Messages: 4 * viewers, Bytes: 3 * viewers, Other: viewers}
	if s.Tally != want || s.Behind != 0 || s.Fault == nil {
		t.Errorf("in the end: %+v", s)
	}
}

// Who is refused, or cut off, is counted as broken and says why.
func TestBrokenViewers(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	crowd := NewCrowd(poller(t), Dialect{Procedure: "/a/B", Read: func([]byte) Reading { return Reading{} }})
	if err := crowd.Add(address); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is refused", func() bool { return crowd.Standing(0).Broken == 1 })
	if s := crowd.Standing(0); s.Ready != 0 || s.Fault == nil {
		t.Errorf("%+v", s)
	}
}

func TestCallers(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	callers := NewCallers(poller(t), Calls{
		Procedure: "/a/B", Body: func(conn int) []byte { return []byte{byte(conn)} },
		Good: func(answer []byte) bool { return answer[0] == 0 },
	})
	for n := range 2 {
		if err := callers.Add(address, n, 3); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "calls are answered, and refused", func() bool {
		c := callers.Counts()
		return c.Answered > 100 && c.Refused > 100
	})
	callers.Stop()
	eventually(t, "all come to their end", func() bool { return callers.Counts().Open == 0 })
	if c := callers.Counts(); c.Broken != 0 || c.Fault != nil {
		t.Errorf("%+v", c)
	}
}

// An answer with another status says what was wrong.
func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "go away", http.StatusTeapot) })
	callers := NewCallers(poller(t), Calls{Procedure: "/a/B", Body: func(int) []byte { return nil }})
	if err := callers.Add(address, 0, 1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is refused", func() bool { return callers.Counts().Refused > 0 })
	if c := callers.Counts(); c.Answered != 0 || c.Fault == nil {
		t.Errorf("%+v", c)
	}
}
