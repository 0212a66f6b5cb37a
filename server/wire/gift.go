package wire

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
)

// Gift converts a gift.
func Gift(g gift.Gift) *ovationv1.Gift {
	out := &ovationv1.Gift{
		GiftId:   string(g.ID),
		Name:     g.Name,
		Price:    g.Price,
		Points:   g.Points,
		RoomId:   string(g.Room),
		Retired:  g.Retired,
		Position: g.Position,
		Labels:   g.Labels,
		Revision: g.Revision,
	}
	if g.ComboWindow > 0 {
		out.ComboWindow = durationpb.New(g.ComboWindow)
	}
	return out
}

// Gifts converts gifts.
func Gifts(all []gift.Gift) []*ovationv1.Gift {
	out := make([]*ovationv1.Gift, len(all))
	for i, g := range all {
		out[i] = Gift(g)
	}
	return out
}

// GiftFrom converts the gift of a request. Windows are kept in whole microseconds, as
// instants are.
func GiftFrom(g *ovationv1.Gift) gift.Gift {
	return gift.Gift{
		ID:          gift.ID(g.GetGiftId()),
		Name:        g.GetName(),
		Price:       g.GetPrice(),
		Points:      g.GetPoints(),
		Room:        live.RoomID(g.GetRoomId()),
		ComboWindow: g.GetComboWindow().AsDuration().Truncate(time.Microsecond),
		Retired:     g.GetRetired(),
		Position:    g.GetPosition(),
		Labels:      g.GetLabels(),
	}
}

// Goal converts a goal.
func Goal(g gift.Goal) *ovationv1.Goal {
	return &ovationv1.Goal{
		GoalId:     string(g.ID),
		Title:      g.Title,
		Measure:    ovationv1.GoalMeasure(g.Measure),
		Target:     g.Target,
		GiftId:     string(g.Gift),
		ReceiverId: string(g.Receiver),
		Closed:     g.Closed,
		Progress:   g.Progress,
		ReachedAt:  int64(g.Reached),
		CreatedAt:  int64(g.Created),
	}
}

// GoalFrom converts the goal of a request. One that does not say what it counts counts
// coins.
func GoalFrom(g *ovationv1.Goal) gift.Goal {
	return gift.Goal{
		ID:       gift.GoalID(g.GetGoalId()),
		Title:    g.GetTitle(),
		Measure:  max(gift.Measure(g.GetMeasure()), gift.Coins), //nolint:gosec // validated: defined only
		Target:   g.GetTarget(),
		Gift:     gift.ID(g.GetGiftId()),
		Receiver: live.UserID(g.GetReceiverId()),
		Closed:   g.GetClosed(),
	}
}

// GiftCounters converts counters.
func GiftCounters(c gift.Counters) *ovationv1.GiftCounters {
	out := &ovationv1.GiftCounters{
		Coins: c.Coins, Gifts: c.Gifts, Points: c.Points, Revision: c.Revision, SettledAt: int64(c.Settled),
	}
	for _, g := range c.Goals {
		out.Goals = append(out.Goals, Goal(g))
	}
	for _, g := range c.Top {
		out.TopGivers = append(out.TopGivers, &ovationv1.Giver{
			UserId: string(g.User), Name: g.Name, Coins: g.Coins, Gifts: g.Gifts,
		})
	}
	return out
}

// GiftTotals converts totals.
func GiftTotals(t gift.Totals) *ovationv1.GetGiftTotalsResponse {
	out := &ovationv1.GetGiftTotalsResponse{
		Settled: GiftCounters(t.Counters), PendingCoins: t.Pending.Coins, PendingGifts: t.Pending.Gifts, Givers: t.Givers,
	}
	for _, r := range t.Receivers {
		out.Receivers = append(out.Receivers, &ovationv1.ReceiverTotals{
			ReceiverId: string(r.Receiver), Coins: r.Coins, Gifts: r.Gifts, Points: r.Points,
			PendingCoins: r.Pending.Coins, PendingGifts: r.Pending.Gifts, SettledAt: int64(r.Settled),
		})
	}
	return out
}

// GiftPayloadType is the content type of a gift's own message.
const GiftPayloadType = "application/protobuf; message=ovation.v1.GiftMessage"

// GiftPayload encodes what a gift's own message says: of gifts that were sent, so many
// together.
func GiftPayload(s gift.Sent, count, coins int64) []byte {
	return encode(&ovationv1.GiftMessage{
		GiftId:     string(s.Gift.ID),
		Name:       s.Gift.Name,
		Count:      count,
		ReceiverId: string(s.Receiver),
		Coins:      coins,
		ComboId:    s.Combo.ID,
		ComboCount: s.Combo.Count,
	})
}

// SettlementEvent encodes what other systems are told of a settlement.
func SettlementEvent(s gift.Settlement) []byte {
	return encode(&ovationv1.GiftSettlement{
		SettlementId:  s.ID,
		ReceiverId:    string(s.Receiver),
		RoomId:        string(s.Room),
		Sequence:      s.Sequence,
		Coins:         s.Coins,
		Gifts:         s.Gifts,
		Points:        s.Points,
		SettledAt:     int64(s.At),
		TransactionId: s.ID,
	})
}

// GoalEvent encodes what other systems are told of a goal that is reached.
func GoalEvent(g gift.Goal) []byte { return encode(Goal(g)) }

// encode encodes a message whose texts were validated when they came in.
func encode(m proto.Message) []byte {
	encoded, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return encoded
}
