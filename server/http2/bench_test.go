package http2_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"

	"github.com/ovation-live/ovation/server/http2"
)

var bothWays = []way{standard, cleartext, detached}

// pinging is how our servers are set up, so that both do the same.
func pinging(s *http.Server, c *http2.Config) {
	s.IdleTimeout = 2 * time.Minute
	s.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second}
	c.PingAfter = 30 * time.Second
}

// BenchmarkFrames sends a frame to each of many streams, each on a connection of its own.
func BenchmarkFrames(b *testing.B) {
	for _, w := range bothWays {
		b.Run(w.name, func(b *testing.B) { benchmarkFrames(b, w, 1000) })
	}
}

func benchmarkFrames(b *testing.B, w way, viewers int) {
	frame := make([]byte, 183)
	rounds := newRounds(viewers)
	n := start(b, w, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		controller := http.NewResponseController(w)
		_ = controller.Flush()
		rounds.follow(r.Context().Done(), func() {
			_, _ = w.Write(frame)
			_ = controller.Flush()
		})
	}), pinging)
	var took atomic.Int64
	var taking sync.WaitGroup
	for range viewers {
		conn := n.subscribe(b)
		taking.Go(func() { _, _ = io.Copy(counter{&took}, conn) })
		b.Cleanup(func() { _ = conn.Close() })
	}
	rounds.arrived.Wait()
	settled := took.Load()
	before := cpu()
	b.ResetTimer()
	for range b.N {
		rounds.next()
	}
	for int(took.Load()-settled) < b.N*viewers*len(frame) {
		runtime.Gosched()
	}
	b.StopTimer()
	b.ReportMetric(float64((cpu()-before).Nanoseconds())/float64(b.N*viewers), "cpu-ns/frame")
	rounds.close()
}

// subscribe begins a stream on a connection of its own, whose windows do not close.
func (n *node) subscribe(tb testing.TB) net.Conn {
	tb.Helper()
	p := n.dial(tb)
	p.raw([]byte(h2.ClientPreface))
	p.try(p.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 1<<31 - 1}))
	p.try(p.WriteWindowUpdate(0, 1<<31-1-65535))
	p.request(1, true, "user-agent", "bench", "authorization", "Bearer "+fmt.Sprint(make([]byte, 100)))
	if err := p.conn.SetDeadline(time.Time{}); err != nil {
		tb.Fatal(err)
	}
	return p.conn
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// rounds wakes everybody for each round.
type rounds struct {
	arrived sync.WaitGroup
	mu      sync.Mutex
	wake    chan struct{}
	done    sync.WaitGroup
	viewers int
	closed  bool
}

func newRounds(viewers int) *rounds {
	r := &rounds{wake: make(chan struct{}), viewers: viewers}
	r.arrived.Add(viewers)
	return r
}

func (r *rounds) follow(over <-chan struct{}, write func()) {
	r.mu.Lock()
	wake := r.wake
	r.mu.Unlock()
	r.arrived.Done()
	for {
		select {
		case <-wake:
		case <-over:
			return
		}
		r.mu.Lock()
		wake = r.wake
		closed := r.closed
		r.mu.Unlock()
		if closed {
			return
		}
		write()
		r.done.Done()
	}
}

func (r *rounds) next() {
	r.done.Add(r.viewers)
	r.turn(false)
	r.done.Wait()
}

func (r *rounds) turn(closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.wake)
	r.wake, r.closed = make(chan struct{}), closed
}

func (r *rounds) close() { r.turn(true) }

// cpu is what the process has used so far.
func cpu() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkCall is an empty call on one connection, by as many callers as there are
// processors, and by 64.
func BenchmarkCall(b *testing.B) {
	for _, w := range bothWays {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/callers=%d", w.name, callers), func(b *testing.B) { benchmarkCall(b, w, callers) })
		}
	}
}

func benchmarkCall(b *testing.B, w way, callers int) {
	n := start(b, w, http.HandlerFunc(echo), pinging)
	client := n.client(b)
	before := cpu()
	b.ReportAllocs()
	b.SetParallelism(callers)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			res, err := client.Post(n.url("/"), "application/proto", http.NoBody)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	})
	b.ReportMetric(float64((cpu()-before).Nanoseconds())/float64(b.N), "cpu-ns/call")
}

// BenchmarkIdle is what a connection with a stream that waits takes of memory.
func BenchmarkIdle(b *testing.B) {
	for _, w := range bothWays {
		b.Run(w.name, func(b *testing.B) {
			for range b.N {
				benchmarkIdle(b, w, 2000)
			}
		})
	}
}

func benchmarkIdle(b *testing.B, w way, viewers int) {
	rounds := newRounds(viewers)
	n := start(b, w, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, 100))
		_ = http.NewResponseController(w).Flush()
		rounds.follow(r.Context().Done(), nil)
	}), pinging)
	before := held()
	conns := make([]net.Conn, viewers)
	for i := range conns {
		conns[i] = n.subscribe(b)
	}
	rounds.arrived.Wait()
	b.ReportMetric(float64(held()-before)/float64(viewers)/1024, "KiB/conn")
	rounds.close()
	for _, c := range conns {
		_ = c.Close()
	}
}

// held is the memory in use, of heap and stacks.
func held() uint64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
