package gift

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"math"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
)

// ErrReused says that a request id was used before, for other gifts.
var ErrReused = errors.New("gift: the request id was used for other gifts")

// TransactionID returns the id of the transaction that pays for what a giver asks for under
// a request id: always the same, and another's for everything else.
func TransactionID(giver live.UserID, requestID string) string {
	return idOf("gift-", giver, []byte(requestID))
}

// SettlementID returns the id of a receiver's settlement: their first, second, third ...
func SettlementID(receiver live.UserID, sequence uint64) string {
	return idOf("paid-", receiver, binary.BigEndian.AppendUint64(nil, sequence))
}

// letters is what ids are written with.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// idOf returns the id of what a user does. Those of one user begin with the same letters, so
// that what is looked up together lies together.
func idOf(prefix string, user live.UserID, what []byte) string {
	whose := sha256.Sum256([]byte(user))
	all := sha256.Sum256(append(whose[:], what...))
	return prefix + letters.EncodeToString(append(whose[:5:5], all[:15]...))
}

// Transaction returns the transaction that paid for the gifts.
func (s *Sent) Transaction() ledger.Transaction {
	return ledger.Transaction{
		ID: s.ID, Kind: ledger.Gift,
		Postings: []ledger.Posting{
			{Account: s.Purse(), Amount: -s.Coins()},
			{Account: pending(s.Receiver), Amount: s.Coins()},
		},
		Room: s.Room, Reference: string(s.Gift.ID), RequestID: s.RequestID, Call: s.Call, Gifts: s.Count,
	}
}

// Repeats says whether the gifts were paid by another call than this one, which may have been
// made before, and lost its answer.
func (s *Send) Repeats(paid *Sent) bool { return s.Call == "" || s.Call != paid.Call }

// Purse returns the account that pays.
func (s *Send) Purse() ledger.Account { return purse(s.Giver) }

// purse is a user's account, and pending what was given to them and is not settled.
func purse(user live.UserID) ledger.Account {
	return ledger.Account{Kind: ledger.User, Owner: string(user)}
}

func pending(user live.UserID) ledger.Account {
	return ledger.Account{Kind: ledger.Pending, Owner: string(user)}
}

// asks says whether two sends of one giver ask for the same: what they are called, and what
// a gift has come to cost, does not matter.
func (s *Send) asks(other *Send) bool {
	return s.Room == other.Room && s.Receiver == other.Receiver && s.Gift.ID == other.Gift.ID && s.Count == other.Count
}

// ComboKey is what a combo is of.
type ComboKey struct {
	Room            live.RoomID
	Giver, Receiver live.UserID
	Gift            ID
}

// Combo returns what the combo of the gifts is of, if they may be part of one.
func (s *Send) Combo() (ComboKey, bool) {
	return ComboKey{s.Room, s.Giver, s.Receiver, s.Gift.ID}, s.Gift.ComboWindow > 0
}

// next returns the combo with more gifts at an instant. A new one has the id of the
// transaction that it begins with.
func (c Combo) next(s *Send, id string, at live.Timestamp) Combo {
	if c.ID == "" || at.Sub(c.Last) > s.Gift.ComboWindow {
		c = Combo{ID: id}
	}
	return Combo{ID: c.ID, Count: plus(c.Count, s.Count), Last: at}
}

// Till takes sends, one after the other, where the ledger stands still: whoever has one has
// read what it decides by for all sends that come.
type Till struct {
	At       live.Timestamp   // never less than that of what was sent before
	Sequence uint64           // the ledger's latest
	Sent     map[string]*Sent // by transaction
	Balances map[live.UserID]int64
	Pending  map[live.UserID]int64 // of receivers; nil: it is taken for little
	Combos   map[ComboKey]Combo
}

// Take decides about a send, and notes what it changes. What was sent before under the
// request id is returned as it was then, and is repeated, whatever became of its room. Else
// it is refused where closed says why the room takes no gifts, or with ErrReused, a
// *ledger.InsufficientError, or a *ledger.LimitError where so much is pending for the receiver
// that it cannot be added up, which only damage brings about.
func (t *Till) Take(s *Send, closed error) (sent *Sent, repeated bool, err error) {
	id := TransactionID(s.Giver, s.RequestID)
	first, repeated := t.Sent[id]
	balance := t.Balances[s.Giver]
	switch {
	case repeated && !s.asks(&first.Send):
		return nil, false, ErrReused
	case repeated:
		return first, true, nil
	case closed != nil:
		return nil, false, closed
	case balance < s.Coins():
		return nil, false, &ledger.InsufficientError{Account: s.Purse(), Balance: balance}
	case t.Pending[s.Receiver] > math.MaxInt64-s.Coins():
		return nil, false, &ledger.LimitError{Account: pending(s.Receiver), Balance: t.Pending[s.Receiver]}
	}
	t.Sequence++
	sent = &Sent{Send: *s, ID: id, Sequence: t.Sequence, At: t.At}
	sent.Gift = Gift{ID: s.Gift.ID, Price: s.Gift.Price, Points: s.Gift.Points}
	if key, combines := s.Combo(); combines {
		sent.Combo = t.Combos[key].next(s, id, t.At)
		t.Combos[key] = sent.Combo
	}
	t.Balances[s.Giver] = balance - s.Coins()
	if t.Pending != nil {
		t.Pending[s.Receiver] += s.Coins()
	}
	t.Sent[id] = sent
	return sent, false, nil
}

// Compare orders gifts: by position, then by id.
func (g *Gift) Compare(other *Gift) int {
	return cmp.Or(cmp.Compare(g.Position, other.Position), cmp.Compare(g.ID, other.ID))
}
