package rival

import "sync"

// kept is how many frames a reader may lag before it loses some.
const kept = 1 << 13

// Log is the frames that were published, shared by all who read them: each reader is a
// number, and never a queue. It may be used concurrently.
type Log struct {
	mu      sync.RWMutex
	frames  [kept][]byte
	last    uint64 // the number of the latest frame; they count from 1
	readers map[*Reader]struct{}
}

// Reader is one viewer. Its methods are for one goroutine.
type Reader struct {
	log  *Log
	next uint64
	// Bell is rung when there is something to take.
	Bell chan struct{}
}

// Publish adds a frame and wakes every reader.
func (l *Log) Publish(frame []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	l.frames[l.last%kept] = frame
	for r := range l.readers {
		select {
		case r.Bell <- struct{}{}:
		default: // rung already
		}
	}
}

// Join returns a reader of what is published from now on.
func (l *Log) Join() *Reader {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &Reader{log: l, next: l.last + 1, Bell: make(chan struct{}, 1)}
	if l.readers == nil {
		l.readers = make(map[*Reader]struct{})
	}
	l.readers[r] = struct{}{}
	return r
}

// Leave takes a reader away.
func (r *Reader) Leave() {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	delete(r.log.readers, r)
}

// Take appends what there is to dst. Frames that a reader is too late for are lost to
// it, which is seen by who counts them.
func (r *Reader) Take(dst [][]byte) [][]byte {
	r.log.mu.RLock()
	defer r.log.mu.RUnlock()
	if r.next+kept <= r.log.last {
		r.next = r.log.last - kept + 1
	}
	for ; r.next <= r.log.last; r.next++ {
		dst = append(dst, r.log.frames[r.next%kept])
	}
	return dst
}
