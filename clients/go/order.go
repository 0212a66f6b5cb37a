package ovation

import (
	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// buckets is how many priority buckets there are; a Bucket's index is one less than
// its number.
const buckets = 3

// place is a place in one bucket: right after an entry. An unknown sequence is 0
// beside a timestamp that is not.
type place struct {
	timestamp int64
	sequence  uint64
}

func (p place) known() bool { return p.sequence > 0 || p.timestamp == 0 }

// order is a reader's place in a room's log. It takes batches from wherever they come
// (stream, pull, long poll), lets every message through once and in order, and
// accounts for those that are missing. It is pure, and not safe for concurrent use.
// The zero order has read nothing and takes whatever comes first.
type order struct {
	epoch string
	at    [buckets]place
	// lost: the place was given up, and the next batch begins anew.
	lost bool
	// life counts beginnings, and changes of the epoch: what was asked for in another
	// life does not continue this one.
	life int
	// stream is where the server takes the reader to be, by what the stream was opened
	// with and has carried since: nil where that is not certain.
	stream *ovationv1.Cursor
}

// orderAt returns the order of a reader who goes on at a cursor.
func orderAt(c *ovationv1.Cursor) order {
	return order{epoch: c.GetEpoch(), at: placesOf(c)}
}

// placesOf returns the places of a cursor, by bucket.
func placesOf(c *ovationv1.Cursor) [buckets]place {
	return [buckets]place{
		{c.GetWhitelist(), c.GetWhitelistSequence()},
		{c.GetHigh(), c.GetHighSequence()},
		{c.GetLow(), c.GetLowSequence()},
	}
}

// cursor returns the place as the server knows it, nil for none.
func (o *order) cursor() *ovationv1.Cursor {
	if o.epoch == "" {
		return nil
	}
	return &ovationv1.Cursor{
		Epoch:     o.epoch,
		Whitelist: o.at[0].timestamp, WhitelistSequence: o.at[0].sequence,
		High: o.at[1].timestamp, HighSequence: o.at[1].sequence,
		Low: o.at[2].timestamp, LowSequence: o.at[2].sequence,
	}
}

// behind says whether there is something to read up to head.
func (o *order) behind(head *ovationv1.Cursor) bool {
	if head.GetEpoch() != o.epoch {
		return head.GetEpoch() != ""
	}
	for b, p := range placesOf(head) {
		if o.at[b].timestamp < p.timestamp {
			return true
		}
	}
	return false
}

// giveUp forgets the place: the next batch begins anew.
func (o *order) giveUp() { *o = order{lost: true, life: o.life + 1} }

// opened notes that a stream begins that goes on from cursor.
func (o *order) opened() { o.stream = o.cursor() }

// asked is where a reader was who asked for more.
type asked struct {
	life int
	at   [buckets]place
}

// ask notes that a pull begins, by which the server may take the reader to be further.
func (o *order) ask() asked {
	o.stream = nil
	return asked{o.life, o.at}
}

// continued takes a batch of a stream, which continues whatever the server believes
// the reader's place to be. False: it does not continue the place that it is, and
// was not taken; a pull will get what is between. asking says that one is under way.
//
// Sequences show that it does within one epoch. That a batch of another epoch does, the
// server knows only of where the stream itself has brought the reader.
func (o *order) continued(b *ovationv1.Batch, asking bool) (*Messages, bool) {
	from, epoch := o.stream, b.GetCursor().GetEpoch()
	if o.stream = b.GetCursor(); asking {
		o.stream = nil
	}
	if o.epoch == "" || b.GetResync() {
		return o.begin(b), true
	}
	if epoch == "" || epoch != o.epoch && !proto.Equal(from, o.cursor()) {
		return nil, false
	}
	next := *o
	m := next.walk(b)
	if m.Unexplained > 0 {
		return nil, false
	}
	*o = next
	return m, true
}

// answered takes a batch that answers what this reader asked. False: that life is over,
// or the batch is of another epoch and continues a place that the reader has left, and
// it was not taken.
func (o *order) answered(b *ovationv1.Batch, a asked) (*Messages, bool) {
	epoch := b.GetCursor().GetEpoch()
	switch {
	case a.life != o.life:
		return nil, false
	case o.epoch == "", b.GetResync(), epoch == "":
		return o.begin(b), true
	case epoch != o.epoch && a.at != o.at:
		return nil, false
	}
	return o.walk(b), true
}

// begin takes a batch as the first of a new life.
func (o *order) begin(b *ovationv1.Batch) *Messages {
	resync := o.lost || o.epoch != "" // an empty epoch that was not lost is a first time
	*o = order{epoch: b.GetCursor().GetEpoch(), at: placesOf(b.GetCursor()), life: o.life + 1, stream: o.stream}
	return &Messages{
		Messages: b.GetMessages(),
		Dropped:  Dropped{b.GetDropped().GetWhitelist(), b.GetDropped().GetHigh(), b.GetDropped().GetLow()},
		Resync:   resync || b.GetResync(),
		Cursor:   o.cursor(),
	}
}

// enter goes on in another epoch, and says so, if it is another: it holds all that was
// read, at the same places, or the batch would begin anew.
func (o *order) enter(epoch string) bool {
	if epoch == o.epoch {
		return false
	}
	o.epoch = epoch
	o.life++
	return true
}

// walk moves through a batch that continues the place, in the same epoch or another.
func (o *order) walk(b *ovationv1.Batch) *Messages {
	budget := [buckets]uint64{b.GetDropped().GetWhitelist(), b.GetDropped().GetHigh(), b.GetDropped().GetLow()}
	var lost [buckets]uint64
	m := &Messages{entered: o.enter(b.GetCursor().GetEpoch())}
	for _, message := range b.GetMessages() {
		bucket := int(message.GetBucket()) - 1
		if bucket < 0 || bucket >= buckets {
			continue // a bucket of a later contract
		}
		to := place{message.GetTimestamp(), message.GetSequence()}
		if o.at[bucket].step(to, &budget[bucket], &lost[bucket], &m.Unexplained) {
			m.Messages = append(m.Messages, message)
		}
		budget[bucket] = 0 // what was dropped was dropped before the first
	}
	for bucket, end := range placesOf(b.GetCursor()) {
		to := end
		o.at[bucket].skip(to, &budget[bucket], &lost[bucket], &m.Unexplained)
	}
	m.Dropped = Dropped{lost[0], lost[1], lost[2]}
	m.Cursor = o.cursor()
	return m
}

// step moves to a message. False: it was read before.
func (p *place) step(to place, budget, lost, unexplained *uint64) bool {
	if to.timestamp <= p.timestamp || (p.known() && to.sequence <= p.sequence) {
		return false
	}
	p.account(to.sequence-1, budget, lost, unexplained)
	*p = to
	return true
}

// skip moves to the end of a batch, over what is gone.
func (p *place) skip(to place, budget, lost, unexplained *uint64) {
	if to.timestamp <= p.timestamp {
		return
	}
	if to.sequence == 0 { // a server that does not say
		*lost += *budget
	} else {
		p.account(to.sequence, budget, lost, unexplained)
	}
	*p = to
}

// account explains why the entries up to a sequence are missing: by what the server
// says it dropped, or not at all.
func (p *place) account(upTo uint64, budget, lost, unexplained *uint64) {
	if !p.known() {
		*lost += *budget
		*budget = 0
		return
	}
	missing := upTo - min(p.sequence, upTo)
	explained := min(missing, *budget)
	*budget -= explained
	*lost += explained
	*unexplained += missing - explained
}
