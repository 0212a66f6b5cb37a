package gift_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
	rules "github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/server/gift"
	"github.com/ovation-live/ovation/store"
)

// decoded returns what a gift's message says.
func decoded(t *testing.T, s said) *ovationv1.GiftMessage {
	t.Helper()
	m := new(ovationv1.GiftMessage)
	if err := proto.Unmarshal(s.Payload, m); err != nil || s.Kind != feed.KindGift || s.SenderName != "N" {
		t.Fatalf("%+v, %v", s, err)
	}
	return m
}

// send pays for gifts.
func (h *hall) send(t *testing.T, s *gift.Service, user, id string, count int64, edits ...func(*gift.Order)) store.GiftResult {
	t.Helper()
	o := order(id)
	o.Count = count
	for _, edit := range edits {
		edit(&o)
	}
	done, err := s.Send(t.Context(), viewer(user), o)
	h.must(err)
	return done
}

// The first of a combo is announced at once, and what follows within a round together.
func TestCombosAreOneMessageARound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		s := h.node()
		defer s.Close()
		h.deposit(1000, "ann", "bob")
		begun := time.Now()
		first := h.send(t, s, "ann", "1", 1)
		synctest.Wait()
		for _, id := range []string{"2", "3"} {
			h.send(t, s, "ann", id, 2)
			h.send(t, s, "bob", id, 1)
			h.send(t, s, "bob", "star"+id, 1, func(o *gift.Order) { o.Gift = "star" })
		}
		synctest.Wait()
		if len(h.heard()) != 1 || !h.heard()[0].at.Equal(begun) {
			t.Fatalf("at once %+v is said", h.heard())
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		var counts []string
		for _, one := range h.heard() {
			m := decoded(t, one)
			if m.GetCoins() != m.GetCount()*map[string]int64{"rose": 10, "star": 3}[m.GetGiftId()] || m.GetReceiverId() != "host" ||
				m.GetName() != "A "+m.GetGiftId() {
				t.Errorf("said %v", m)
			}
			counts = append(counts, string(one.Sender)+" "+m.GetGiftId()+strings.Repeat("*", int(m.GetCount()))+strings.Repeat("+", int(m.GetComboCount())))
		}
		if got := strings.Join(counts, ", "); got != "ann rose*+, ann rose****+++++, bob rose**++, bob star*, bob star*" {
			t.Error(got)
		}
		if m := decoded(t, h.heard()[1]); m.GetComboId() != first.Sent.Combo.ID || h.heard()[1].ClientMessageID == first.Transaction {
			t.Errorf("the next of the combo is %v", m)
		}
	})
}

// A combo goes on over a change of its gift: its messages say what was paid, and the latest name.
func TestACombosPriceChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		s := h.node()
		defer s.Close()
		h.deposit(2000, "ann")
		h.send(t, s, "ann", "1", 1)
		synctest.Wait()
		h.send(t, s, "ann", "2", 1)
		_, err := s.Put(t.Context(), backend, rules.Gift{ID: "rose", Name: "A golden rose", Price: 1000, ComboWindow: 10 * time.Second})
		h.must(err)
		h.send(t, s, "ann", "3", 1)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if len(h.heard()) != 2 {
			t.Fatalf("said %+v", h.heard())
		}
		m := decoded(t, h.heard()[1])
		if m.GetCount() != 2 || m.GetCoins() != 1010 || m.GetComboCount() != 3 || m.GetName() != "A golden rose" {
			t.Errorf("said %v", m)
		}
	})
}

// What waits for its round when the node stops is announced first.
func TestTheLastGiftsAreAnnounced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		s := h.node()
		h.deposit(1000, "ann")
		h.send(t, s, "ann", "1", 1)
		synctest.Wait()
		h.send(t, s, "ann", "2", 1)
		s.Close()
		if len(h.heard()) != 2 {
			t.Errorf("said %+v", h.heard())
		}
	})
}

// A message that cannot be said undoes nothing.
func TestMessagesThatFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		s := h.node()
		h.deposit(1000, "ann")
		h.mu.Lock()
		h.refuse = store.ErrUnavailable
		h.mu.Unlock()
		for _, id := range []string{"1", "2", "3"} {
			h.send(t, s, "ann", id, 1)
		}
		s.Close()
		if len(h.heard()) != 0 || h.has("ann") != 970 {
			t.Errorf("said %+v, has %d", h.heard(), h.has("ann"))
		}
	})
}
