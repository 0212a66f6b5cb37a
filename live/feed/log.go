package feed

import (
	"errors"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/recent"
)

// DedupeFor is how long a client_message_id is remembered.
const DedupeFor = 5 * time.Minute

// ErrNoMessage says that the log holds no message with that timestamp.
var ErrNoMessage = errors.New("feed: no such message")

// Log is the authoritative log of one room: what a store does atomically.
type Log struct {
	rings  *Rings
	steady steady // what all below runs on
	rate   Rate
	sent   recent.Memory[clientID, Receipt]
	slowed recent.Memory[live.UserID, spoke]
}

type clientID struct {
	sender live.UserID
	id     string
}

// spoke is when a viewer spoke, and the slow mode that there was then.
type spoke struct {
	at   live.Timestamp
	slow time.Duration
}

// NewLog begins a log's life. The epoch must not be empty: a reader at the head of
// a log without one could not be told from one who has read nothing.
func NewLog(epoch live.Epoch, capacity int) *Log {
	return &Log{rings: NewRings(capacity, Cursor{Epoch: epoch})}
}

// Rings returns what can be read.
func (l *Log) Rings() *Rings { return l.rings }

// Relive begins another life of a log that may have come back without its latest
// entries, where it has got to as far as it knows.
func (l *Log) Relive(epoch live.Epoch) {
	l.rings.ancestry = l.rings.ancestry.Followed(l.rings.Head())
	l.rings.epoch = epoch
}

// Outcome is what became of a message.
type Outcome uint8

// What Append and Recall answer.
const (
	Accepted Outcome = iota
	RateLimited
	SlowMode
)

// Receipt is what its sender is told of a message, or of a recall.
type Receipt struct {
	Outcome    Outcome
	Epoch      live.Epoch
	Bucket     Bucket
	Place      Place         // of an accepted message
	Duplicate  bool          // it was accepted before; Place is that of then
	RetryAfter time.Duration // of a message that was not accepted: none like it will be until then
}

// Draft is a message to append.
type Draft struct {
	Content
	Bucket Bucket
	Exempt bool // slow mode does not apply to the sender
}

// Append places a message in the log when the wall clock says wall, or says why not.
// A message whose sender and client id were accepted within DedupeFor is not placed
// again. Only a message that is placed takes a timestamp of the room's clock; for
// every other, duplicates included, the message returned is nil.
//
// The wall clock may step. Timestamps increase all the same, and rates, slow mode and
// what is remembered take a step back for no time at all: RetryAfter is at most a
// second, or the slow mode.
func (l *Log) Append(clock *live.Clock, wall live.Timestamp, d Draft, limits Limits) (Receipt, *Message) {
	now := l.steady.at(wall)
	id := clientID{d.Sender, d.ClientMessageID}
	if id.id != "" {
		if receipt, ok := l.sent.Get(id, now); ok {
			receipt.Duplicate = true
			return receipt, nil
		}
	}
	receipt := Receipt{Bucket: d.Bucket, Epoch: l.rings.epoch}
	slow := limits.SlowMode > 0 && !d.Exempt && d.Bucket != Whitelist
	if free := l.slowedUntil(d.Sender, now, limits); slow && free > now {
		receipt.Outcome, receipt.RetryAfter = SlowMode, free.Sub(now)
		return receipt, nil
	}
	if free := l.rate.FreeAt(d.Bucket, limits); free > now {
		receipt.Outcome, receipt.RetryAfter = RateLimited, free.Sub(now)
		return receipt, nil
	}
	l.rate.Admit(d.Bucket, now)
	l.steady.admit(now)
	m := l.place(clock.Next(wall), d.Bucket, d.Content, 0, limits)
	receipt.Place = m.Place()
	if slow {
		l.slowed.Put(d.Sender, spoke{now, limits.SlowMode}, now, now.Add(limits.SlowMode))
	}
	if id.id != "" {
		l.sent.Put(id, receipt, now, now.Add(DedupeFor))
	}
	return receipt, m
}

// slowedUntil returns the earliest instant at which slow mode lets the sender speak,
// 0 for any. What they spoke under is not lengthened by a slow mode raised since.
func (l *Log) slowedUntil(sender live.UserID, now live.Timestamp, limits Limits) live.Timestamp {
	last, ok := l.slowed.Get(sender, now)
	if !ok {
		return 0
	}
	return last.at.Add(min(last.slow, limits.SlowMode))
}

// Recall is a message to take back.
type Recall struct {
	Timestamp live.Timestamp // the message's
	By        live.UserID
	Staff     bool // who recalls keeps order in the room, and is not held to RecallRate
}

// Recall takes the contents of a message away and appends the system message that
// tells readers so, which the receipt is of, or says why not: recalls have rates of
// their own. Recalling a message again changes nothing, is never shed, and is a
// Duplicate without a place. The message returned is nil unless one was placed.
func (l *Log) Recall(clock *live.Clock, wall live.Timestamp, r Recall, limits Limits) (Receipt, *Message, error) {
	now := l.steady.at(wall)
	receipt := Receipt{Bucket: Whitelist, Epoch: l.rings.epoch}
	switch m := l.rings.Find(r.Timestamp); {
	case m == nil:
		return Receipt{}, nil, ErrNoMessage
	case m.Recalled:
		receipt.Duplicate = true
		return receipt, nil, nil
	}
	if free := l.rate.RecallFreeAt(r.Staff, limits); free > now {
		receipt.Outcome, receipt.RetryAfter = RateLimited, free.Sub(now)
		return receipt, nil, nil
	}
	l.rate.AdmitRecall(r.Staff, now)
	l.steady.admit(now)
	m := l.place(clock.Next(wall), Whitelist, Content{Kind: KindSystem, Sender: r.By}, r.Timestamp, limits)
	receipt.Place = m.Place()
	return receipt, m, nil
}

// place appends an entry that is accepted.
func (l *Log) place(at live.Timestamp, b Bucket, c Content, recalls live.Timestamp, limits Limits) *Message {
	l.rings.Resize(limits.Capacity)
	m := &Message{
		Timestamp: at,
		Sequence:  l.rings.buckets[b].Head().Sequence + 1,
		Bucket:    b,
		Content:   c,
		Recalls:   recalls,
	}
	l.rings.push(m)
	return m
}
