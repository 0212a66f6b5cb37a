package http2_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"

	"github.com/ovation-live/ovation/server/http2"
)

// flood sends until the connection fails, at most so often, and expects it to.
func (p *peer) flood(times int, code h2.ErrCode, send func(i int) error) {
	p.tb.Helper()
	failed := make(chan struct{})
	go func() {
		defer close(failed)
		p.expectGoAway(code)
	}()
	for i := range times {
		if err := send(i); err != nil {
			break
		}
	}
	<-failed
}

// attacks are what a client may send without end; each must end the connection.
var attacks = []struct {
	name string
	send func(p *peer) func(i int) error
}{
	{"streams reset at once", func(p *peer) func(int) error {
		return func(i int) error {
			p.request(uint32(2*i+1), true)
			return p.WriteRSTStream(uint32(2*i+1), h2.ErrCodeCancel)
		}
	}},
	{"streams that we reset", func(p *peer) func(int) error {
		return func(i int) error {
			p.request(uint32(2*i+1), true, "wait", "1")
			return p.WriteWindowUpdate(uint32(2*i+1), 0)
		}
	}},
	{"malformed requests", func(p *peer) func(int) error {
		return func(i int) error {
			block := p.encode(with("te", "gzip")...)
			return p.WriteHeaders(h2.HeadersFrameParam{StreamID: uint32(2*i + 1), EndStream: true, EndHeaders: true, BlockFragment: block})
		}
	}},
	{"pings", func(p *peer) func(int) error { return func(int) error { return p.WritePing(false, [8]byte{}) } }},
	{"settings", func(p *peer) func(int) error { return func(int) error { return p.WriteSettings() } }},
	{"priorities", func(p *peer) func(int) error {
		return func(int) error { return p.WritePriority(1, h2.PriorityParam{StreamDep: 3}) }
	}},
	{"unknown frames", func(p *peer) func(int) error {
		return func(int) error { return p.WriteRawFrame(0x77, 0, 0, []byte("x")) }
	}},
	{"windows", func(p *peer) func(int) error {
		return func(int) error { return p.WriteWindowUpdate(0, 1) }
	}},
	{"empty data", func(p *peer) func(int) error {
		p.request(1, false, "wait", "1")
		return func(int) error { return p.WriteData(1, false, nil) }
	}},
	{"empty continuations", func(p *peer) func(int) error {
		p.try(p.WriteRawFrame(h2.FrameHeaders, 0, 1, nil))
		return func(int) error { return p.WriteContinuation(1, false, nil) }
	}},
}

func TestFloods(t *testing.T) {
	t.Parallel()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, cleartext, http.HandlerFunc(patient)).greet(t)
			p.flood(1_000_000, h2.ErrCodeEnhanceYourCalm, a.send(p))
		})
	}
}

// TestLargeBlocks sends header fields without end, and fields that decompress to much.
func TestLargeBlocks(t *testing.T) {
	t.Parallel()
	n := start(t, cleartext, http.HandlerFunc(patient))
	t.Run("continuations", func(t *testing.T) {
		t.Parallel()
		p := n.greet(t)
		block := []byte{0, 1, 'a', 0x7f, 0x81, 0x7e} // a value of 16 KiB
		block = append(block, make([]byte, 16<<10)...)
		for i := range block[6:] {
			block[6+i] = 'v'
		}
		p.try(p.WriteRawFrame(h2.FrameHeaders, 0, 1, nil))
		p.flood(10_000, h2.ErrCodeProtocol, func(int) error {
			return errors.Join(p.WriteContinuation(1, false, block[:16<<10]), p.WriteContinuation(1, false, block[16<<10:]))
		})
	})
	t.Run("bomb", func(t *testing.T) {
		t.Parallel()
		p := n.greet(t)
		p.encode("large", strings.Repeat("v", 3000)) // now in the table
		block := append([]byte(nil), p.block.Bytes()...)
		for range 16<<10 - len(block) {
			block = append(block, 0x80|62) // the same again, in one byte
		}
		p.try(p.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, EndStream: true, EndHeaders: true, BlockFragment: block}))
		f := expect(p, func(h2.Frame) bool { return true })
		for f.Header().StreamID != 1 {
			f = p.read()
		}
		if reset, ok := f.(*h2.RSTStreamFrame); !ok || reset.ErrCode != h2.ErrCodeProtocol { // it has no :method either
			t.Errorf("%v", f)
		}
		p.alive()
	})
}

// TestAnswersUnread provokes answers and does not read them. They must not pile up.
func TestAnswersUnread(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		n := start(t, w, http.HandlerFunc(patient))
		p := n.greet(t)
		var sent int
		for sent = range 10_000_000 {
			if p.WritePing(false, [8]byte{}) != nil {
				break
			}
		}
		if sent == 10_000_000-1 {
			t.Error("pings were taken without end")
		}
	})
}

// TestStreamsAtOnce has no more handlers run than are allowed, resets or not.
func TestStreamsAtOnce(t *testing.T) {
	t.Parallel()
	const limit = 5
	var running atomic.Int32
	release := make(chan struct{})
	n := start(t, cleartext, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		now := running.Add(1)
		defer running.Add(-1)
		if now > limit {
			t.Errorf("%d handlers run at once", now)
		}
		<-release // whatever the client does
	}), func(_ *http.Server, c *http2.Config) { c.MaxConcurrentStreams = limit })
	p := n.greet(t)
	for i := range limit {
		p.request(uint32(2*i+1), true)
		p.try(p.WriteRSTStream(uint32(2*i+1), h2.ErrCodeCancel))
	}
	p.request(101, true)
	p.expectReset(101, h2.ErrCodeRefusedStream)
	p.request(103, false)
	p.expectReset(103, h2.ErrCodeRefusedStream)
	p.try(p.WriteData(103, true, []byte("sent before the client knew")))
	p.alive()
	close(release)
	for id := uint32(105); ; id += 2 { // as soon as one has returned
		p.request(id, true)
		f := expect(p, func(f h2.Frame) bool { return f.Header().StreamID == id })
		if _, ok := f.(*h2.MetaHeadersFrame); ok {
			break
		}
	}
}

// TestSlowBeginnings opens connections that say nothing, or not all of it.
func TestSlowBeginnings(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		n := start(t, w, http.HandlerFunc(patient), func(s *http.Server, _ *http2.Config) { s.ReadHeaderTimeout = time.Second })
		t.Run("no settings", func(t *testing.T) {
			t.Parallel()
			p := n.dial(t)
			p.raw([]byte(h2.ClientPreface))
			p.expectEnd()
		})
		t.Run("half a block", func(t *testing.T) {
			t.Parallel()
			p := n.greet(t)
			p.try(p.WriteRawFrame(h2.FrameHeaders, 0, 1, p.encode(plain...)))
			p.expectEnd()
		})
		t.Run("half a frame", func(t *testing.T) {
			t.Parallel()
			p := n.greet(t)
			p.raw([]byte{0, 0, 9, byte(h2.FrameHeaders), 5, 0, 0, 0, 1, 'x'})
			p.expectEnd()
		})
	})
}

// TestIdle ends a connection that has nothing to do, and no other.
func TestIdle(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		n := start(t, w, http.HandlerFunc(patient), func(s *http.Server, _ *http2.Config) { s.IdleTimeout = time.Second })
		busy := n.greet(t)
		busy.request(1, true, "wait", "1")
		idle := n.greet(t)
		for goodbyes := 0; goodbyes < 2; {
			switch f := idle.read().(type) {
			case *h2.PingFrame:
				idle.try(idle.WritePing(true, f.Data))
			case *h2.GoAwayFrame:
				goodbyes++
				if f.ErrCode != h2.ErrCodeNo {
					t.Error(f)
				}
			}
		}
		idle.expectEnd()
		busy.alive()
	})
}

// TestSilence asks silent connections whether they live, and ends those that do not
// answer.
func TestSilence(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		n := start(t, w, http.HandlerFunc(patient), func(_ *http.Server, c *http2.Config) {
			c.PingAfter, c.PingWithin = 20*time.Millisecond, patience
		})
		p := n.greet(t)
		for range 3 {
			f := expect(p, func(f *h2.PingFrame) bool { return !f.IsAck() })
			p.try(p.WritePing(true, f.Data))
		}
		p.request(1, true)
		p.answer(1)

		n = start(t, w, http.HandlerFunc(patient), func(_ *http.Server, c *http2.Config) {
			c.PingAfter, c.PingWithin = 20*time.Millisecond, 20*time.Millisecond
		})
		p = n.dial(t)
		p.raw([]byte(h2.ClientPreface))
		p.try(p.WriteSettings())
		p.expectEnd()
	})
}

// endless writes until it cannot, and says why.
func endless(failed chan<- error, prepare func(*http.ResponseController) error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		controller := http.NewResponseController(w)
		err := prepare(controller)
		for err == nil {
			if _, err = w.Write(make([]byte, 1000)); err == nil {
				err = controller.Flush()
			}
		}
		failed <- err
	}
}

// TestNobodyReads writes to clients that take nothing: until a deadline, or until the
// connection made no progress for too long.
func TestNobodyReads(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		deadline := func(c *http.ResponseController) error {
			return c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		}
		t.Run("windows closed", func(t *testing.T) {
			t.Parallel()
			failed := make(chan error, 1)
			p := start(t, w, endless(failed, deadline)).greet(t)
			p.request(1, true)
			if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			p.expectReset(1, h2.ErrCodeInternal)
			p.alive()
		})
		t.Run("socket full", func(t *testing.T) {
			t.Parallel()
			failed := make(chan error, 1)
			n := start(t, w, endless(failed, deadline))
			_ = n.subscribe(t)
			if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		})
		t.Run("no progress", func(t *testing.T) {
			t.Parallel()
			failed := make(chan error, 1)
			n := start(t, w, endless(failed, func(*http.ResponseController) error { return nil }),
				func(_ *http.Server, c *http2.Config) { c.WriteWithin = 200 * time.Millisecond })
			_ = n.subscribe(t)
			if err := <-failed; errors.Is(err, os.ErrDeadlineExceeded) || err == nil {
				t.Error(err)
			}
		})
	})
}

// TestNobodyReadsForAWhile goes on with a client that took its time, whatever time has
// passed since.
func TestNobodyReadsForAWhile(t *testing.T) {
	t.Parallel()
	const within, size = 2 * time.Second, 32 << 20 // more than sockets take
	everyWay(t, func(t *testing.T, w way) {
		begun := make(chan struct{})
		n := start(t, w, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 1<<20))
			close(begun)
			_, _ = w.Write(make([]byte, size-1<<20))
			_ = http.NewResponseController(w).Flush()
			<-time.After(within * 3 / 2)
			_, _ = io.WriteString(w, "fine")
		}), func(_ *http.Server, c *http2.Config) { c.WriteWithin = within })
		conn := n.subscribe(t)
		<-begun
		got, last := 0, make([]byte, 32<<10)
		for {
			n, err := conn.Read(last)
			if got += n; err != nil {
				t.Fatalf("%v after %d bytes", err, got)
			}
			if bytes.Contains(last[:n], []byte("fine")) {
				break
			}
		}
		if got < size {
			t.Errorf("%d bytes", got)
		}
	})
}

// TestReadDeadline waits for a body that does not come.
func TestReadDeadline(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	n := start(t, cleartext, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		controller := http.NewResponseController(w)
		err := controller.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if err == nil {
			_, err = io.ReadAll(r.Body)
		}
		failed <- err
		if err := controller.SetReadDeadline(time.Time{}); err != nil {
			t.Error(err)
		}
	}))
	p := n.greet(t)
	p.request(1, false)
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if status, _, _ := p.answer(1); status != "200" {
		t.Error(status)
	}
	p.expectReset(1, h2.ErrCodeNo)
}
