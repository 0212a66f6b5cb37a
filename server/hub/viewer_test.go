package hub_test

import (
	"context"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
)

// viewer is a client as the contract wants it: it pulls when it is told to, goes on
// from its cursor, and checks every batch against what was really said.
type viewer struct {
	*schedule
	user     live.UserID
	delivery hub.Delivery
	seat     *seat // nil: not there

	cursor     feed.Cursor
	owed       bool // told to pull, and has not
	attributes *attribute.Replica
	epoch      live.Epoch // of the attributes
	stale      bool       // told that attributes changed, and has not pulled them
}

// enter opens the viewer's stream, where the last one ended. One that is open is
// replaced.
func (v *viewer) enter() {
	v.Helper()
	before := v.seat
	seat, err := v.trySeat(hub.Subscription{
		Room: theRoom, Delivery: v.delivery, Cursor: v.cursor,
		Session: room.Session{ID: live.SessionID(v.user) + "'s", User: v.user},
	})
	v.must(err)
	v.seat = seat
	v.stale = true // what happened while it was away
	if v.welcomeResync() && v.goesOn(v.head().Cursor.Epoch) {
		v.Fatalf("%s at %+v was told to begin anew, the head is %+v", v.user, v.cursor, v.head())
	}
	if before != nil {
		v.checkReplaced(before)
	}
	v.owed = seat.welcome.GetDelivery() == ovationv1.Delivery_DELIVERY_NOTIFY
}

// goesOn says whether the viewer goes on from their place in an epoch that is the
// room's.
func (v *viewer) goesOn(epoch live.Epoch) bool {
	head := v.head()
	if epoch != head.Cursor.Epoch {
		return v.cursor.Epoch == epoch
	}
	_, ok := head.Ancestry.Adopt(v.cursor, epoch)
	return ok
}

func (v *viewer) welcomeResync() bool { return v.seat.welcome.GetResync() }

// checkReplaced reads the end of a stream that was opened again, and ends it late.
func (v *viewer) checkReplaced(before *seat) {
	v.Helper()
	frames := before.take()
	if last := frames[len(frames)-1].GetKicked(); last.GetReason() != wire.Replaced && last.GetReason() != wire.Offline {
		v.Fatalf("the stream that was replaced ended with %v", frames)
	}
	before.leave()
	before.leave()
}

// leave ends the viewer's stream.
func (v *viewer) leave() {
	if v.seat != nil {
		v.seat.leave()
		v.seat = nil
	}
}

// take takes all frames that are due.
func (v *viewer) take() {
	v.Helper()
	if v.seat == nil {
		return
	}
	for _, f := range v.seat.take() {
		switch {
		case f.GetNotify() != nil:
			v.owed = v.owed || f.GetNotify().GetMessages()
			v.stale = v.stale || f.GetNotify().GetAttributes()
		case f.GetBatch() != nil:
			v.inline(f.GetBatch())
		case f.GetKicked() != nil:
			if f.GetKicked().GetReason() != wire.Offline {
				v.Fatalf("kicked: %v", f)
			}
			v.leave()
			v.enter()
			return
		}
	}
}

// inline takes a batch of the stream.
func (v *viewer) inline(b *ovationv1.InlineBatch) {
	v.Helper()
	v.batch(b.GetBatch())
	if b.GetBatch().GetResync() {
		v.stale = true
	}
	v.stale = v.stale || live.Epoch(b.GetHeads().GetCursor().GetEpoch()) != v.epoch
	if c := b.GetAttributes(); c != nil && !v.stale {
		v.stale = !v.attributes.Apply(changesFrom(c))
	}
	v.stale = v.stale || live.Timestamp(b.GetHeads().GetAttributesTimestamp()) > v.attributes.Timestamp()
}

// pull does all pulls that the viewer owes.
func (v *viewer) pull() {
	v.Helper()
	for v.owed {
		pulled, err := v.hub.Pull(context.Background(), hub.Pull{
			Room: theRoom, User: v.user, Session: live.SessionID(v.user) + "'s", Cursor: v.cursor, Limit: v.limit,
		})
		v.must(err)
		if pulled.Batch.Resync && v.goesOn(pulled.Batch.Cursor.Epoch) {
			v.Fatalf("%s was told to begin anew at %+v by a pull", v.user, v.cursor)
		}
		v.batch(wire.Batch(pulled.Batch))
		v.owed = pulled.Batch.More
		v.stale = v.stale || pulled.Batch.Resync
	}
	v.pullAttributes()
}

// pullAttributes brings the viewer's attributes up to date if they may not be.
func (v *viewer) pullAttributes() {
	v.Helper()
	if !v.stale {
		return
	}
	delta, err := v.store.now().AttributesSince(context.Background(), theRoom, v.epoch, v.attributes.Timestamp())
	v.must(err)
	if delta.Snapshot != nil {
		v.attributes.Reset(*delta.Snapshot)
	} else if !v.attributes.Apply(*delta.Changes) {
		v.Fatalf("the store's changes do not continue the map")
	}
	v.epoch, v.stale = delta.Epoch, false
}

// batch checks a batch and moves the cursor over it.
func (v *viewer) batch(b *ovationv1.Batch) {
	v.Helper()
	to := wire.CursorFrom(b.GetCursor())
	fresh := v.cursor == (feed.Cursor{}) || b.GetResync()
	if b.GetResync() && v.cursor.Epoch == to.Epoch {
		v.Fatalf("%s was told to begin anew at %+v: %v", v.user, v.cursor, b)
	}
	if !fresh && to.Epoch == v.head().Cursor.Epoch && !v.goesOn(to.Epoch) {
		v.Fatalf("%s went from one epoch to another without being told", v.user)
	}
	dropped := []uint64{b.GetDropped().GetWhitelist(), b.GetDropped().GetHigh(), b.GetDropped().GetLow()}
	for bucket := range feed.Bucket(feed.Buckets) {
		v.bucket(bucket, messagesOf(b, bucket), to, dropped[bucket], fresh)
	}
}

// bucket checks one bucket of a batch: what the cursor moves over is what was given
// and what was dropped, nothing comes twice or in another order, and only what the
// log itself has dropped is.
func (v *viewer) bucket(b feed.Bucket, got []*ovationv1.Message, to feed.Cursor, dropped uint64, fresh bool) {
	v.Helper()
	end, from := to.At[b].Sequence, v.cursor.At[b].Sequence
	begin := end - uint64(len(got)) - dropped
	switch {
	case fresh:
		from = end - uint64(len(got))
	case begin > from, begin < from && v.delivery != hub.Auto:
		v.Fatalf("%s: bucket %v goes on at %d, the viewer stands at %d", v.user, b, begin, from)
	}
	if gone := end - uint64(len(got)); dropped > 0 && gone > v.evicted(to.Epoch, b) && gone > from {
		v.Fatalf("%s: bucket %v dropped up to %d, the log up to %d", v.user, b, gone, v.evicted(to.Epoch, b))
	}
	for i, m := range got {
		if want := end - uint64(len(got)) + uint64(i) + 1; m.GetSequence() != want {
			v.Fatalf("%s: bucket %v has sequence %d for %d", v.user, b, m.GetSequence(), want)
		}
		v.truth(to.Epoch, b, m)
	}
	v.cursor.Epoch = to.Epoch
	if fresh || end > from { // one who lets the server choose may have pulled ahead of the stream
		v.cursor.At[b] = to.At[b]
	}
}

// truth checks a message against what was said.
func (v *viewer) truth(epoch live.Epoch, b feed.Bucket, m *ovationv1.Message) {
	v.Helper()
	said, ok := v.said[place{epoch, b, m.GetSequence()}]
	if !ok || said.at != live.Timestamp(m.GetTimestamp()) || said.text != m.GetText() && (!said.recalled || m.GetText() != "") {
		v.Fatalf("%s: got %v, what was said is %+v", v.user, m, said)
	}
}

func messagesOf(b *ovationv1.Batch, bucket feed.Bucket) []*ovationv1.Message {
	var out []*ovationv1.Message
	for _, m := range b.GetMessages() {
		if m.GetBucket() == wire.Bucket(bucket) {
			out = append(out, m)
		}
	}
	return out
}

func changesFrom(c *ovationv1.AttributeChanges) attribute.Changes {
	out := attribute.Changes{After: live.Timestamp(c.GetAfter()), Timestamp: live.Timestamp(c.GetTimestamp())}
	for _, change := range c.GetChanges() {
		a := proto.CloneOf(change.GetAttribute())
		out.List = append(out.List, attribute.Change{
			Attribute: attribute.Attribute{
				Key: a.GetKey(), Value: a.GetValue(), Timestamp: live.Timestamp(a.GetTimestamp()),
				Owner: live.UserID(a.GetOwnerId()), DeleteOnLeave: a.GetDeleteOnLeave(),
			},
			Deleted: change.GetDeleted(),
		})
	}
	return out
}
