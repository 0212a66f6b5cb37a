package hub

import (
	"testing"
	"unsafe"
)

// A subscriber takes no more memory for the quizzes that there may be: a pointer is all,
// and it fits into what the allocator hands out anyway.
func TestSubscribersDoNotGrowWithoutAQuiz(t *testing.T) {
	t.Parallel()
	const class = 352 // the allocator's size for what comes without the pointer, 336 bytes
	if got := unsafe.Sizeof(Subscriber{}); got > class {
		t.Errorf("%d bytes, more than %d", got, class)
	}
	if s := new(Subscriber); s.takeShows(nil, nil) != nil || s.watch != nil {
		t.Error("something is kept where nothing is shown")
	}
}
