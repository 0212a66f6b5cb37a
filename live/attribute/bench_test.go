package attribute_test

import (
	"fmt"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// busy returns a map of 500 keys and a full log of 1,000 single changes.
func busy(b *testing.B) *attribute.Map {
	b.Helper()
	m := attribute.NewMap()
	for i := range 1500 {
		commit(b, m, live.Timestamp(i+1), host, attribute.Update{Key: fmt.Sprintf("key-%03d", i%500), Value: fmt.Appendf(nil, "%d", i)})
	}
	return m
}

// BenchmarkSince is a pull, by how many changes the reader is behind.
func BenchmarkSince(b *testing.B) {
	for _, behind := range []int{0, 10, 1000} {
		b.Run(fmt.Sprintf("behind=%d", behind), func(b *testing.B) {
			m := busy(b)
			after := m.Timestamp() - live.Timestamp(behind)
			b.ReportAllocs()
			for b.Loop() {
				if c, ok := m.Since(after); !ok || len(c.List) != behind {
					b.Fatal("the log is not as it should be")
				}
			}
		})
	}
}

// BenchmarkCommit is planning and committing, by size of the batch, with the log
// full.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			m, limits := busy(b), attribute.DefaultLimits()
			batches := [2][]attribute.Update{}
			for i := range size {
				key := fmt.Sprintf("key-%03d", i)
				batches[0] = append(batches[0], attribute.Update{Key: key, Value: []byte("taken")})
				batches[1] = append(batches[1], attribute.Update{Key: key, Value: []byte("free")})
			}
			at := m.Timestamp()
			b.ReportAllocs()
			for b.Loop() {
				at++
				p, err := m.Plan(host, limits, batches[at%2])
				if err != nil {
					b.Fatal(err)
				}
				m.Commit(p, at, limits)
			}
		})
	}
}

// BenchmarkSnapshot is a joiner's read: after a change, and after another joiner.
func BenchmarkSnapshot(b *testing.B) {
	for _, changing := range []bool{true, false} {
		b.Run(fmt.Sprintf("changing=%v", changing), func(b *testing.B) {
			m, limits := busy(b), attribute.DefaultLimits()
			at := m.Timestamp()
			b.ReportAllocs()
			for b.Loop() {
				if changing {
					at++
					p, _ := m.Plan(host, limits, []attribute.Update{{Key: "key-000", Value: fmt.Append(nil, at)}})
					m.Commit(p, at, limits)
				}
				m.Snapshot()
			}
		})
	}
}
