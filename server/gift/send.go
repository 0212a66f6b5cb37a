package gift

import (
	"context"
	"errors"

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
// *moderation.BannedError, *ledger.InsufficientError, store.ErrRoomNotFound,
// store.ErrRoomEnded, store.ErrGiftNotFound, store.ErrRequestReused: nothing was paid.
// After any other the same order finds out whether it was.
func (s *Service) Send(ctx context.Context, p auth.Principal, o Order) (store.GiftResult, error) {
	result, err := s.send(ctx, p, o)
	s.metrics.sent(result, err)
	return result, err
}

// send is Send, uncounted.
func (s *Service) send(ctx context.Context, p auth.Principal, o Order) (store.GiftResult, error) {
	giver, name, err := s.giver(ctx, p, o)
	if err != nil {
		return store.GiftResult{}, err
	}
	r, err := s.rooms.Room(ctx, o.Room)
	if err != nil {
		return store.GiftResult{}, err
	}
	send, refused := s.sale(ctx, r, giver, o)
	send.GiverName = name
	if refused != nil {
		if paid, err := s.paidBefore(ctx, send); err != nil || !paid {
			return store.GiftResult{}, errors.Join(refused, err)
		}
	}
	return s.till.pay(ctx, send)
}

// giver returns who pays, and under which name: the caller, or the one on whose behalf a
// backend calls.
func (s *Service) giver(ctx context.Context, p auth.Principal, o Order) (live.UserID, string, error) {
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
	standing, err := s.sanctions.Standing(ctx, o.Room, o.OnBehalfOf)
	if err == nil && standing.Banned.Acts() {
		err = &moderation.BannedError{Term: standing.Banned}
	}
	return o.OnBehalfOf, live.CleanLine(o.Name), err
}

// sale returns what is to be paid for, and why it cannot be, if it cannot. Whether the
// room has ended the store knows best.
func (s *Service) sale(ctx context.Context, r room.Room, giver live.UserID, o Order) (gift.Send, error) {
	send := gift.Send{
		Room: r.ID, Giver: giver, Receiver: o.Receiver, Gift: gift.Gift{ID: o.Gift},
		Count: max(o.Count, 1), RequestID: o.RequestID,
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
	if err == nil && o.ExpectedPrice != 0 && o.ExpectedPrice != send.Gift.Price {
		err = &PriceChangedError{send.Gift.Price}
	}
	return send, err
}

// paidBefore says whether the giver's request was paid already: then it is answered as it
// was the first time, whatever has become of the gift since.
func (s *Service) paidBefore(ctx context.Context, send gift.Send) (bool, error) {
	_, paid, err := s.ledger.Transaction(ctx, gift.TransactionID(send.Giver, send.RequestID))
	return paid, err
}
