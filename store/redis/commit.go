package redis

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// A batch takes at most so many messages, and so many bytes if it is more than one; and so does
// a script, which Redis does nothing else beside.
var (
	batchBounds  = bounds{messages: 1024, bytes: 1 << 20}
	scriptBounds = bounds{messages: 128, bytes: 256 << 10}
)

// bounds is how much goes together.
type bounds struct{ messages, bytes int }

// committer merges what one node appends at once: what comes while a batch is under way, or so
// soon after it that batches would be closer together than they are to be, goes with the next,
// in one round trip. Nothing waits where nothing is, or much.
//
// There is no goroutine for it: who finds nothing under way leads, which is to send a batch, and
// then hands the lead to the first who has come meanwhile. So an append that is alone is a write
// and a read of its own caller's, and wakes nobody.
type committer struct {
	// commit sends a batch and notes in each message what became of it.
	commit func(ctx context.Context, batch []*pending)
	apart  time.Duration // how far batches are, unless much waits

	begun time.Time     // when the latest batch was sent; of who leads
	many  chan struct{} // one is in it once enough wait

	mu      sync.Mutex
	led     bool
	waiting []*pending // for the next batch; the first of them leads it, if nobody leads yet
	closed  bool
	under   sync.WaitGroup // while it is led
}

// pending is a message that is to be appended.
type pending struct {
	letter
	room    live.RoomID
	limits  int64 // the revision that its limits are of
	receipt feed.Receipt
	err     error
	leads   bool      // under committer.mu
	told    chan bool // true: to lead; false: the receipt, or err, is there
}

func newCommitter(commit func(context.Context, []*pending), apart time.Duration) *committer {
	return &committer{commit: commit, apart: apart, many: make(chan struct{}, 1)}
}

// append sends a message with the next batch and waits for what becomes of it. A context that
// ends before it was sent is obeyed: then it never is. After that there is an answer, or that
// there was none in time.
func (c *committer) append(ctx context.Context, p *pending) (feed.Receipt, error) {
	leads, err := c.enter(ctx, p)
	if err != nil {
		return feed.Receipt{}, err
	}
	return c.await(ctx, p, leads)
}

// enter lets a message in, and says whether it leads.
func (c *committer) enter(ctx context.Context, p *pending) (leads bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false, unavailable(errClosed)
	}
	c.waiting = append(c.waiting, p)
	if len(c.waiting) == enough {
		select {
		case c.many <- struct{}{}:
		default:
		}
	}
	if c.led {
		p.told = make(chan bool, 1)
		return false, nil
	}
	c.led, p.leads = true, true
	c.under.Add(1)
	return true, nil
}

// await waits for what becomes of a message that was let in.
func (c *committer) await(ctx context.Context, p *pending, leads bool) (receipt feed.Receipt, err error) {
	if !leads {
		if leads, err = c.turn(ctx, p); err != nil {
			return feed.Receipt{}, err
		}
	}
	if leads {
		if err := c.pause(ctx); err != nil && c.withdraw(p) {
			return feed.Receipt{}, err
		}
		c.lead(context.WithoutCancel(ctx))
	}
	return p.receipt, p.err
}

// turn waits until a message leads, or was sent.
func (c *committer) turn(ctx context.Context, p *pending) (leads bool, err error) {
	select {
	case leads = <-p.told:
		if !leads || ctx.Err() == nil {
			return leads, nil
		}
	case <-ctx.Done():
	}
	if c.withdraw(p) {
		return false, ctx.Err()
	}
	<-p.told // it was sent
	return false, nil
}

// withdraw takes a message back that was not sent yet.
func (c *committer) withdraw(p *pending) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.waiting, p)
	if i < 0 {
		return false
	}
	c.waiting = slices.Delete(c.waiting, i, i+1)
	if p.leads {
		c.pass()
	}
	return true
}

// enough is how many messages are sent at once, however soon after others.
const enough = 16

// pause waits until the next batch may be sent, or the context ends. It is for who leads.
func (c *committer) pause(ctx context.Context) error {
	wait := c.apart - time.Since(c.begun)
	if wait <= 0 || c.waits() >= enough {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.many: // or so it was a moment ago
	case <-ctx.Done():
	}
	return ctx.Err()
}

// waits returns how many messages wait.
func (c *committer) waits() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}

// lead sends one batch.
func (c *committer) lead(ctx context.Context) {
	c.begun = time.Now()
	batch := c.next()
	defer c.sent(batch)
	c.commit(ctx, batch)
}

// sent hands the lead on, and tells those whose messages were in a batch.
func (c *committer) sent(batch []*pending) {
	c.mu.Lock()
	c.pass()
	c.mu.Unlock()
	for _, p := range batch[1:] { // the first is who led
		p.told <- false
	}
}

// next takes out the next batch.
func (c *committer) next() []*pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := batchBounds.fit(c.waiting)
	batch := c.waiting[:n:n]
	c.waiting = append([]*pending(nil), c.waiting[n:]...)
	return batch
}

// pass hands the lead to the first who waits, if there is one. The caller holds c.mu.
func (c *committer) pass() {
	if len(c.waiting) == 0 {
		c.led = false
		c.under.Done()
		return
	}
	first := c.waiting[0]
	first.leads = true
	first.told <- true
}

// fit returns how many of what waits go together.
func (b bounds) fit(waiting []*pending) int {
	bytes := 0
	for i, p := range waiting[:min(len(waiting), b.messages)] {
		if bytes += p.size(); bytes > b.bytes && i > 0 {
			return i
		}
	}
	return min(len(waiting), b.messages)
}

// close takes nothing more, and waits for what is under way.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.under.Wait()
}

// commit appends a batch of messages in one round trip.
func (s *Store) commit(ctx context.Context, batch []*pending) {
	parts := forScripts(batch)
	all := make([]errand, len(parts))
	for i, messages := range parts {
		args := make([]string, 0, 3*len(messages))
		for _, p := range messages {
			args = append(args, p.said, p.who, p.content)
		}
		all[i] = errand{keys: s.keysFor(messages[0].room), args: args}
	}
	s.runAll(ctx, appendMessages, all)
	for i, messages := range parts {
		s.receive(messages, all[i].answer, all[i].err)
	}
}

// forScripts divides a batch into what one script run takes each: messages of one room, as they
// came.
func forScripts(batch []*pending) (parts [][]*pending) {
	for _, messages := range byRoom(batch) {
		for len(messages) > 0 {
			n := scriptBounds.fit(messages)
			parts, messages = append(parts, messages[:n]), messages[n:]
		}
	}
	return parts
}

// byRoom returns what a batch has of each room, as it came.
func byRoom(batch []*pending) (rooms [][]*pending) {
	if len(batch) == 1 {
		return [][]*pending{batch} // as it is most often
	}
	at := make(map[live.RoomID]int)
	for _, p := range batch {
		i, known := at[p.room]
		if !known {
			i = len(rooms)
			at[p.room], rooms = i, append(rooms, nil)
		}
		rooms[i] = append(rooms[i], p)
	}
	return rooms
}

// receive notes in the messages of a room what became of them.
func (s *Store) receive(messages []*pending, a scriptAnswer, err error) {
	latest := int64(0)
	for _, p := range messages {
		latest = max(latest, p.limits)
	}
	var w written
	if err == nil {
		w, err = s.written(messages[0].room, latest, a)
	}
	if err == nil && len(w.receipts) != len(messages)*receiptLength {
		err = errMalformed
	}
	for i, p := range messages {
		if p.err = err; err == nil {
			p.receipt, p.err = decodeReceipt(w.epoch, w.receipts[i*receiptLength:(i+1)*receiptLength])
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
	code, rest, err := s.run(ctx, sc, id, args...)
	if err != nil {
		return written{}, err
	}
	return s.written(id, limits, scriptAnswer{code, rest})
}

// written reads what a script that appends to the log answered, and notes what goes with it.
func (s *Store) written(id live.RoomID, limits int64, a scriptAnswer) (written, error) {
	if err := refusal(id, a.code); err != nil {
		return written{}, err
	}
	f := fieldsOf(a.rest)
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
