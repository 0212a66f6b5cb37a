package gift

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/server/wire"
)

const (
	// round is how far apart a room's announcements are: gifts of one combo that are paid
	// within it are one message.
	round = 100 * time.Millisecond
	// maxAnnounced is how many messages of a room wait at most. Of more a room would shed
	// most anyway.
	maxAnnounced = 1000
	// announceWithin is how long a message may take to get into its room.
	announceWithin = 2 * time.Second
)

// herald puts the messages of gifts into their rooms. What was given is paid by then: a
// message that gets lost loses nobody anything, and the counters tell of its gifts.
type herald struct {
	messages Messages
	metrics  *Metrics
	group    sync.WaitGroup
	closing  chan struct{} // closed: no more rounds are waited for

	mu     sync.Mutex
	rooms  map[live.RoomID]*announcements // of rooms with a goroutine of their own
	closed bool
	outage *loop.Outage
}

// announcements is what waits for a room's next round, in the order in which it was paid.
type announcements struct {
	waiting []*announcement
	combos  map[string]*announcement // by combo
}

// announcement is one message to be.
type announcement struct {
	id    string    // of the first transaction that it stands for
	sent  gift.Sent // the latest of them
	count int64     // gifts that it stands for
	coins int64     // that they cost together
}

// newHerald returns a herald.
func newHerald(c Config) *herald {
	return &herald{
		messages: c.Messages, metrics: c.Metrics, closing: make(chan struct{}),
		rooms: make(map[live.RoomID]*announcements),
		outage: loop.NewOutage(c.Logger.With(slog.String("part", "messages")),
			"gifts: cannot put messages of gifts into rooms; what is paid is paid", "gifts: messages of gifts are put into rooms again"),
	}
}

// announce has gifts announced in their room: at once, or with its next round. It does not
// block.
func (h *herald) announce(transaction string, s gift.Sent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	waiting, running := h.rooms[s.Room]
	if !running {
		waiting = &announcements{combos: make(map[string]*announcement)}
		h.rooms[s.Room] = waiting
		h.group.Go(func() { h.run(s.Room) })
	}
	if !waiting.add(transaction, s) {
		h.metrics.messages[messageShed].Inc()
	}
}

// add takes gifts in, and says whether there was room for them.
func (a *announcements) add(transaction string, s gift.Sent) bool {
	if same := a.combos[s.Combo.ID]; same != nil {
		same.count += s.Count
		same.coins += s.Coins()
		if s.Combo.Count > same.sent.Combo.Count {
			same.sent = s
		}
		return true
	}
	if len(a.waiting) == maxAnnounced {
		return false
	}
	next := &announcement{id: transaction, sent: s, count: s.Count, coins: s.Coins()}
	a.waiting = append(a.waiting, next)
	if s.Combo.ID != "" {
		a.combos[s.Combo.ID] = next
	}
	return true
}

// run announces a room's gifts, round after round, until there are none.
func (h *herald) run(id live.RoomID) {
	for {
		waiting := h.take(id)
		if waiting == nil {
			return
		}
		begun := time.Now()
		h.say(id, waiting)
		timer := time.NewTimer(round - time.Since(begun))
		select {
		case <-timer.C:
		case <-h.closing:
		}
		timer.Stop()
	}
}

// take takes what waits for a room; nil: nothing does, and the room's goroutine ends.
func (h *herald) take(id live.RoomID) []*announcement {
	h.mu.Lock()
	defer h.mu.Unlock()
	waiting := h.rooms[id].waiting
	if len(waiting) == 0 {
		delete(h.rooms, id)
		return nil
	}
	h.rooms[id] = &announcements{combos: make(map[string]*announcement)}
	return waiting
}

// say puts messages into a room. One that fails takes the rest of its round along: whoever
// is away would hold up the next.
func (h *herald) say(id live.RoomID, all []*announcement) {
	ctx, cancel := context.WithTimeout(context.Background(), announceWithin)
	defer cancel()
	for i, a := range all {
		receipt, err := h.messages.Announce(ctx, id, a.content())
		h.mu.Lock()
		h.outage.Report(context.Background(), err)
		h.mu.Unlock()
		if err != nil {
			h.metrics.messages[messageFailed].Add(float64(len(all) - i))
			return
		}
		if receipt.Outcome == feed.Accepted {
			h.metrics.messages[messagePlaced].Inc()
		} else {
			h.metrics.messages[messageShed].Inc()
		}
	}
}

// content is the message.
func (a *announcement) content() feed.Content {
	return feed.Content{
		Kind: feed.KindGift, Sender: a.sent.Giver, SenderName: a.sent.GiverName,
		Payload: wire.GiftPayload(a.sent, a.count, a.coins), ContentType: wire.GiftPayloadType,
		ClientMessageID: a.id,
	}
}

// close announces what waits, and waits for that.
func (h *herald) close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.closing)
	}
	h.mu.Unlock()
	h.group.Wait()
}
