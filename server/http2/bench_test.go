//go:build unix

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

	"github.com/ovation-live/ovation/server/http2"
)

var servers = []way{standard, cleartext, detached}

// pinging is how our servers are set up, so that both do the same.
func pinging(s *http.Server, c *http2.Config) {
	s.IdleTimeout = 2 * time.Minute
	s.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second}
	c.PingAfter = 30 * time.Second
}

// BenchmarkFrames sends frames to each of many streams, each on a connection of its own:
// one after the other, each as soon as the one before is out.
func BenchmarkFrames(b *testing.B) {
	for _, w := range servers {
		b.Run(w.name, func(b *testing.B) { benchmarkFrames(b, w, 1000) })
	}
}

func benchmarkFrames(b *testing.B, w way, viewers int) {
	frame := make([]byte, 183)
	begin := make(chan struct{})
	var arrived, written sync.WaitGroup
	arrived.Add(viewers)
	written.Add(viewers)
	n := start(b, w, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer written.Done()
		controller := http.NewResponseController(w)
		_ = controller.Flush()
		arrived.Done()
		<-begin
		for range b.N {
			_, _ = w.Write(frame)
			_ = controller.Flush()
			runtime.Gosched() // to the next
		}
	}), pinging)
	var took atomic.Int64
	var taking sync.WaitGroup
	for range viewers {
		conn := n.subscribe(b)
		taking.Go(func() { _, _ = io.Copy(counter{&took}, conn) })
		b.Cleanup(func() { _ = conn.Close() })
	}
	arrived.Wait()
	before := used()
	b.ResetTimer()
	close(begin)
	written.Wait()
	b.StopTimer()
	b.ReportMetric(float64((used()-before).Nanoseconds())/float64(b.N*viewers), "cpu-ns/frame")
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// used is the processors' time that the process has used so far, clients included.
func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCall is an empty call on one connection, by as many callers as there are
// processors, and by 64.
func BenchmarkCall(b *testing.B) {
	for _, w := range servers {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/callers=%d", w.name, callers), func(b *testing.B) { benchmarkCall(b, w, callers) })
		}
	}
}

func benchmarkCall(b *testing.B, w way, callers int) {
	n := start(b, w, http.HandlerFunc(echo), pinging)
	client := n.client(b)
	before := used()
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
	b.ReportMetric(float64((used()-before).Nanoseconds())/float64(b.N), "cpu-ns/call")
}

// BenchmarkIdle is what a connection with a stream that waits takes of memory.
func BenchmarkIdle(b *testing.B) {
	for _, w := range servers {
		b.Run(w.name, func(b *testing.B) {
			for range b.N {
				benchmarkIdle(b, w, 2000)
			}
		})
	}
}

func benchmarkIdle(b *testing.B, w way, viewers int) {
	var arrived sync.WaitGroup
	arrived.Add(viewers)
	n := start(b, w, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, 100))
		_ = http.NewResponseController(w).Flush()
		arrived.Done()
		<-r.Context().Done()
	}), pinging)
	before := held()
	conns := make([]net.Conn, viewers)
	for i := range conns {
		conns[i] = n.subscribe(b)
	}
	arrived.Wait()
	b.ReportMetric(float64(held()-before)/float64(viewers)/1024, "KiB/conn")
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
