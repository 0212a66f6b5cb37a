package store

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
)

// Gifts is the catalogue, what was given, and what became of it. With two backends the
// durable one has all of it, and nothing of it is cached there.
type Gifts interface {
	// PutGift adds a gift to the catalogue, or replaces the one of its id, and returns it
	// with its revision, which counts its changes: putting what is there changes nothing. A
	// gift stays in its room, or in every room, for whoever may put gifts of one room may not
	// touch others: ErrGiftElsewhere. ErrGiftLimit where more than limit would not be retired.
	PutGift(ctx context.Context, g gift.Gift, limit int) (gift.Gift, error)
	// Gift returns one gift, retired or not, or ErrGiftNotFound.
	Gift(ctx context.Context, id gift.ID) (gift.Gift, error)
	// Gifts returns gifts by position and id; fewer than the limit only where there are no
	// more.
	Gifts(ctx context.Context, q GiftQuery) ([]gift.Gift, error)

	// SendGifts pays for gifts, each for itself: what one is refused with is in its result,
	// and the others are paid. It is as if they were sent one after the other, those of each
	// giver in their order. What is paid is durable when it returns. Where SendGifts itself fails, all may be sent again: the
	// same giver and request id pay once, for ever, and what was paid once is never refused,
	// not even where the room has ended since.
	SendGifts(ctx context.Context, sends []gift.Send) ([]GiftResult, error)
	// SettleGifts settles what was sent since the last time, if that is at least every ago:
	// at most limit sends, the rest being due at once. Whoever asks, nothing is settled
	// twice, and settlements follow each other in the order of the ledger; while another
	// is at it nothing is done. Each settlement, and each goal that is reached with it, is
	// handed to record, whose events are appended in the same step. What is kept of a gift
	// that is not as it was paid, or of a receiver for whom too little is pending, or who has
	// more than can be added up, is set aside, and holds up nothing else; it is settled once it
	// is right.
	SettleGifts(ctx context.Context, every time.Duration, limit int, record GiftRecorder) (GiftSettling, error)
	// GiftsSetAside returns the gifts that are set aside, those of late first: at most limit.
	GiftsSetAside(ctx context.Context, limit int) ([]GiftSetAside, error)
	// GiftTotals returns what was given; nothing where nothing was. It is never behind.
	GiftTotals(ctx context.Context, q GiftTotalsQuery) (gift.Totals, error)
	// GiftCounters returns what everyone sees of those of the rooms of which it is of a
	// later revision than is said with them. It is asked for about every second with all
	// rooms that a node serves.
	GiftCounters(ctx context.Context, known map[live.RoomID]int64) (map[live.RoomID]gift.Counters, error)
	// PutGoal adds a goal to a room, or changes the one of its id: what it has reached stays
	// unless measure, gift or receiver change. One that is reached by the change, because
	// less is wished for now, is handed to record, whose events are appended in the same step.
	// ErrRoomNotFound, ErrRoomEnded, ErrGiftLimit where more than limit would not be closed.
	PutGoal(ctx context.Context, id live.RoomID, g gift.Goal, limit int, record GoalRecorder) (gift.Goal, error)
	// Points returns what gifts brought their receivers, settled, in their order.
	Points(ctx context.Context, receivers []live.UserID) ([]int64, error)
}

// GiftQuery selects gifts of the catalogue.
type GiftQuery struct {
	After   *gift.Gift  // only those after it, by its Position and ID; nil: from the first
	Room    live.RoomID // only what can be sent there; empty: what can be sent in every room
	All     bool        // whichever room they are of; Room is empty then
	Retired bool        // with what is retired
	Limit   int
}

// GiftResult is what became of one send.
type GiftResult struct {
	// Err is nil, or why nothing was paid: ErrRoomNotFound, ErrRoomEnded, ErrRequestReused, a
	// *ledger.InsufficientError, a *ledger.LimitError.
	Err         error
	Sent        gift.Sent
	Transaction string // its id in the ledger
	Balance     int64  // the giver's after it
	Repeated    bool   // it was sent before: all but Balance is as it was then
}

// GiftRecorder makes the events of a settlement and of the goals reached with it.
type GiftRecorder func(s gift.Settlement, reached []gift.Goal) []Event

// GoalRecorder makes the events of a goal that is reached when it is put.
type GoalRecorder func(reached gift.Goal) []Event

// GiftSettling is what a settlement came to.
type GiftSettling struct {
	Sends int           // that were settled
	Lag   time.Duration // since the first of them was sent
	Aside int           // gifts that were set aside with it, and were not before
	More  bool          // there is more to settle now
	Busy  bool          // another is at it, or it is not time yet: nothing was done
}

// GiftSetAside is gifts that could not be settled.
type GiftSetAside struct {
	Sequence uint64      // of the transaction that paid them
	Room     live.RoomID // as it is kept of them, and so is the receiver
	Receiver live.UserID
	Why      string
	At       live.Timestamp // when they were set aside
}

// GiftTotalsQuery says whose totals.
type GiftTotalsQuery struct {
	Room      live.RoomID // empty: any
	Receiver  live.UserID // empty: anyone in the room
	Top       int         // givers
	Receivers int
}
