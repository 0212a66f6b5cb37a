package redis

import (
	"context"
	"slices"
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// A batch takes at most so many messages, and so many bytes if it is more than one.
const (
	batchMessages = 128
	batchBytes    = 256 << 10
)

// committer merges what one node appends to a room at once: what comes while a batch of the
// room is under way goes with the next, in one script run. Nothing waits in a room where
// none is.
type committer struct {
	// commit sends a batch and notes in each message what became of it.
	commit func(ctx context.Context, id live.RoomID, batch []*pending)

	mu     sync.Mutex
	rooms  map[live.RoomID]*queue
	closed bool
	under  sync.WaitGroup // rooms with a batch under way
}

// queue is what waits for its room's next batch. It is there while a batch is under way.
type queue struct{ waiting []*pending }

// pending is a message that is to be appended.
type pending struct {
	letter
	limits  int64 // the revision that its limits are of
	receipt feed.Receipt
	err     error
	done    chan struct{} // closed when the two above are set
}

func newCommitter(commit func(context.Context, live.RoomID, []*pending)) *committer {
	return &committer{commit: commit, rooms: make(map[live.RoomID]*queue)}
}

// append sends a message with the room's next batch and waits for what becomes of it. A
// context that ends before it was sent is obeyed: then it never is. After that there is an
// answer, or that there was none in time.
func (c *committer) append(ctx context.Context, id live.RoomID, p *pending) (feed.Receipt, error) {
	q, err := c.enter(ctx, id, p)
	if err != nil {
		return feed.Receipt{}, err
	}
	return c.await(ctx, q, p)
}

// await waits for what becomes of a message that has entered a queue.
func (c *committer) await(ctx context.Context, q *queue, p *pending) (feed.Receipt, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
		if c.withdraw(q, p) {
			return feed.Receipt{}, ctx.Err()
		}
		<-p.done
	}
	return p.receipt, p.err
}

// enter puts a message into its room's queue, and begins with batches where none is under
// way.
func (c *committer) enter(ctx context.Context, id live.RoomID, p *pending) (*queue, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, unavailable(errClosed)
	}
	q := c.rooms[id]
	if q == nil {
		q = &queue{}
		c.rooms[id] = q
		c.under.Add(1)
		go c.run(context.WithoutCancel(ctx), id, q)
	}
	q.waiting = append(q.waiting, p)
	return q, nil
}

// withdraw takes a message back that was not sent yet.
func (c *committer) withdraw(q *queue, p *pending) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(q.waiting, p)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// run sends one batch after the other until nothing waits.
func (c *committer) run(ctx context.Context, id live.RoomID, q *queue) {
	defer c.under.Done()
	for batch := c.next(id, q); len(batch) > 0; batch = c.next(id, q) {
		c.commit(ctx, id, batch)
		for _, p := range batch {
			close(p.done)
		}
	}
}

// next takes the next batch out of a queue; an empty one is forgotten.
func (c *committer) next(id live.RoomID, q *queue) []*pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(q.waiting) == 0 {
		delete(c.rooms, id)
		return nil
	}
	n := fit(q.waiting)
	batch := q.waiting[:n:n]
	q.waiting = append([]*pending(nil), q.waiting[n:]...)
	return batch
}

// fit returns how many of what waits go into one batch.
func fit(waiting []*pending) int {
	bytes := 0
	for i, p := range waiting[:min(len(waiting), batchMessages)] {
		if bytes += p.size(); bytes > batchBytes && i > 0 {
			return i
		}
	}
	return min(len(waiting), batchMessages)
}

// close takes nothing more, and waits for what is under way.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.under.Wait()
}

// commit appends a batch of messages in one script run.
func (s *Store) commit(ctx context.Context, id live.RoomID, batch []*pending) {
	args := make([]string, 0, 3*len(batch))
	latest := int64(0)
	for _, p := range batch {
		args = append(args, p.said, p.who, p.content)
		latest = max(latest, p.limits)
	}
	answer, err := s.write(ctx, appendMessages, id, latest, args...)
	if err == nil && len(answer.receipts) != len(batch)*receiptLength {
		err = errMalformed
	}
	for i, p := range batch {
		if p.err = err; err == nil {
			p.receipt, p.err = decodeReceipt(answer.epoch, answer.receipts[i*receiptLength:(i+1)*receiptLength])
		}
	}
}

// written is what a script that appends to the log answers.
type written struct {
	epoch    live.Epoch
	receipts []byte
}

// write runs a script that appends to the log, with limits of a revision.
func (s *Store) write(
	ctx context.Context, sc script, id live.RoomID, limits int64, args ...string,
) (written, error) {
	code, answer, err := s.run(ctx, sc, id, args...)
	if err != nil {
		return written{}, err
	}
	if err := refusal(id, code); err != nil {
		return written{}, err
	}
	f := fieldsOf(answer)
	w := written{epoch: live.Epoch(f.text())}
	revision, sequence := f.number(), f.number()
	w.receipts = f.bytes()
	if f.err != nil {
		return written{}, f.err
	}
	s.replicas.wrote(id, w.epoch, uint64(sequence)) //nolint:gosec // sequences are not negative
	s.compare(id, revision, limits)
	return w, nil
}

// compare tells whoever mends copies that limits came that are of a later revision than one.
func (s *Store) compare(id live.RoomID, revision, limits int64) {
	if revision < limits && s.config.OnBehind != nil {
		s.config.OnBehind(id)
	}
}

// refusal is what a status says that is not OK.
func refusal(id live.RoomID, code status) error {
	switch code {
	case statusOK:
		return nil
	case statusUnknown:
		return notFound(id)
	case statusEnded:
		return ended(id)
	default:
		return errMalformed
	}
}
