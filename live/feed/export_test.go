package feed

// Remembered returns how much a log remembers of senders and rates, apart from what
// can be read.
func (l *Log) Remembered() int {
	n := l.sent.Len() + l.slowed.Len()
	for _, w := range []*window{&l.rate.all, &l.rate.high, &l.rate.whitelist, &l.rate.viewerRecalls, &l.rate.staffRecalls} {
		n += len(w.times)
	}
	return n
}

// Room returns how many entries a ring has taken memory for.
func (r *Ring) Room() int { return len(r.buf) }

// Marked says whether a notification is unanswered.
func (a *Attention) Marked() bool { return a.unanswered > 0 }

// Evicted returns the place of the latest entry that the ring no longer holds:
// whoever stands there, or later, has lost nothing.
func (r *Ring) Evicted() Place { return r.evicted }

// Tail returns the cursor from which everything that is still held can be read.
func (rs *Rings) Tail() Cursor {
	c := Cursor{Epoch: rs.epoch}
	for b := range rs.buckets {
		c.At[b] = rs.buckets[b].Evicted()
	}
	return c
}
