package gift

import (
	"cmp"
	"context"
	"crypto/rand"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// Order is gifts that somebody wants to give.
type Order struct {
	Room          live.RoomID
	Gift          gift.ID
	Count         int64       // 0: one
	Receiver      live.UserID // empty: the room's host
	ExpectedPrice int64       // 0: whatever it is
	RequestID     string
	OnBehalfOf    live.UserID // a backend's: from this user's balance
	Name          string      // that user's
}

// Send pays for gifts and has them announced. When it returns the payment is durable.
// Errors of auth, *InvalidError, *PriceChangedError, *BusyError, on behalf of somebody
// *moderation.BannedError, *ledger.InsufficientError, *ledger.LimitError, store.ErrRoomNotFound,
// store.ErrRoomEnded, store.ErrGiftNotFound, store.ErrRequestReused: nothing was paid.
// After any other the same order finds out whether it was.
func (s *Service) Send(ctx context.Context, p auth.Principal, o Order) (store.GiftResult, error) {
	result, err := s.send(ctx, p, o)
	s.metrics.sent(result, err)
	return result, err
}

// send is Send, uncounted.
func (s *Service) send(ctx context.Context, p auth.Principal, o Order) (store.GiftResult, error) {
	giver, name, err := giver(p, o)
	if err != nil {
		return store.GiftResult{}, err
	}
	banned := s.banned(ctx, o)
	r, err := s.rooms.Room(ctx, o.Room)
	if err != nil {
		return store.GiftResult{}, cmp.Or(banned, err)
	}
	send, refused := s.sale(ctx, r, giver, o)
	send.GiverName = name
	if refused = cmp.Or(banned, refused); refused != nil {
		switch paid, err := s.paidBefore(ctx, giver, o.RequestID); {
		case err != nil:
			return store.GiftResult{}, away(ctx, err) // nobody knows whether it was
		case !paid:
			return store.GiftResult{}, refused
		}
	}
	return s.till.pay(ctx, send)
}

// giver returns who pays, and under which name: the caller, or the one on whose behalf a
// backend calls.
func giver(p auth.Principal, o Order) (live.UserID, string, error) {
	if err := p.In(o.Room); err != nil {
		return "", "", err
	}
	behalf := o.OnBehalfOf != "" || o.Name != ""
	switch {
	case behalf && p.Role != live.RoleBackend:
		return "", "", auth.ErrRoleForbidden
	case o.OnBehalfOf == "" && behalf:
		return "", "", &InvalidError{"on_behalf_of_name", "it names nobody: set on_behalf_of too"}
	case !behalf:
		return p.User, live.CleanLine(p.Name), nil
	}
	return o.OnBehalfOf, live.CleanLine(o.Name), nil
}

// banned returns why the one may not give on whose behalf a backend calls. Callers themselves
// are asked for at the door.
func (s *Service) banned(ctx context.Context, o Order) error {
	if o.OnBehalfOf == "" {
		return nil
	}
	standing, err := s.sanctions.Standing(ctx, o.Room, o.OnBehalfOf)
	if err == nil && standing.Banned.Acts() {
		return &moderation.BannedError{Term: standing.Banned}
	}
	return err
}

// sale returns what is to be paid for, and why it cannot be, if it cannot. Whether the
// room has ended the store knows best.
func (s *Service) sale(ctx context.Context, r room.Room, giver live.UserID, o Order) (gift.Send, error) {
	send := gift.Send{
		Room: r.ID, Giver: giver, Receiver: o.Receiver, Gift: gift.Gift{ID: o.Gift},
		Count: max(o.Count, 1), RequestID: o.RequestID, Call: rand.Text(),
	}
	if send.Receiver == "" {
		send.Receiver = r.Host
	}
	switch send.Receiver {
	case "":
		return send, &InvalidError{"receiver_id", "it is required: the room has no host"}
	case giver:
		return send, &InvalidError{"receiver_id", "nobody gives to themselves"}
	}
	var err error
	send.Gift, err = s.catalogue.find(ctx, o.Gift, r.ID)
	wrong := func() bool { return err == nil && o.ExpectedPrice != 0 && o.ExpectedPrice != send.Gift.Price }
	if wrong() { // another node may have put it a moment ago
		send.Gift, err = s.catalogue.again(ctx, send.Gift, r.ID)
	}
	if wrong() {
		err = &PriceChangedError{send.Gift.Price}
	}
	return send, err
}

// Repeats says whether an order, of a caller who is refused before it is looked at, is one
// that was paid: then it is answered as it was the first time, and pays nothing.
func (s *Service) Repeats(ctx context.Context, p auth.Principal, o Order) (bool, error) {
	giver, _, err := giver(p, o)
	if err != nil {
		return false, nil //nolint:nilerr // the refusal says enough
	}
	return s.paidBefore(ctx, giver, o.RequestID)
}

// paidBefore says whether the giver's request was paid already: then it is answered as it
// was the first time, whatever has become of the gift, or the giver, since.
func (s *Service) paidBefore(ctx context.Context, giver live.UserID, requestID string) (bool, error) {
	_, paid, err := s.ledger.Transaction(ctx, gift.TransactionID(giver, requestID))
	return paid, err
}
