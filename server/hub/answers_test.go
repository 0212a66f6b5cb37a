package hub

import (
	"fmt"
	"testing"

	"github.com/ovation-live/ovation/live/feed"
)

// at is a state of a room.
func at(n uint64) feed.Heads {
	var h feed.Heads
	h.Cursor.At[feed.Low].Sequence = n
	return h
}

// answerOf returns what a pull of one message of so many bytes gets.
func answerOf(size int) Pulled {
	return Pulled{Batch: feed.Batch{Messages: []*feed.Message{{Content: feed.Content{Payload: make([]byte, size)}}}}}
}

func TestAnswersAreMadeOnce(t *testing.T) {
	t.Parallel()
	var a answers
	made := 0
	get := func(heads feed.Heads, limit int) {
		a.get(heads, reader{limit: limit}, func() Pulled { made++; return answerOf(100) })
	}
	for _, tt := range []struct {
		do   func()
		want int
	}{
		{func() { get(at(1), 1) }, 1},
		{func() { get(at(1), 1) }, 1},
		{func() { get(at(1), 2) }, 2},
		{func() { get(at(2), 1) }, 3},
		{func() { a.leave(at(2)); get(at(2), 1) }, 3},
		{func() { a.leave(at(3)); get(at(2), 1) }, 4},
		{func() { a.tire(); get(at(2), 1) }, 4},
		{func() { a.tire(); a.tire(); get(at(2), 1) }, 5},
	} {
		if tt.do(); made != tt.want {
			t.Fatalf("made %d answers, want %d", made, tt.want)
		}
	}
}

func TestAnswersAreBoundedByTheirSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 4 << 10, 1 << 20, 8 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			var a answers
			most, answer := 0, answerOf(size)
			each := answerBytes + answer.Batch.Messages[0].Size()
			for i := range 10_000 {
				a.get(at(1), reader{limit: i}, func() Pulled { return answer })
				most = max(most, a.bytes)
			}
			if most > max(keptBytes, each) {
				t.Errorf("%d bytes were kept", most)
			}
			if len(a.kept) > max(1, keptBytes/each) {
				t.Errorf("%d answers are kept", len(a.kept))
			}
		})
	}
}
