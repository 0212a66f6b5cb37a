package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// SendGifts implements store.Gifts. What can simply be paid is paid in one trip. The others
// are decided about here, while the ledger stands still: one trip reads what they are decided
// by, and one writes what becomes of them.
func (s *Store) SendGifts(ctx context.Context, sends []gift.Send) ([]store.GiftResult, error) {
	if len(sends) == 0 {
		return nil, ctx.Err()
	}
	results := make([]store.GiftResult, len(sends))
	left, err := s.payPlain(ctx, sends, results)
	if err != nil || len(left) == 0 {
		return results, err
	}
	others := make([]gift.Send, len(left))
	for i, n := range left {
		others[i] = sends[n]
	}
	decided, err := s.payOthers(ctx, others)
	if err != nil && (errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil) {
		return nil, err
	}
	for i, n := range left {
		if results[n].Err = err; err == nil { // what was paid was paid
			results[n] = decided[i]
		}
		if results[n].Repeated {
			s.paidAgain.Store(time.Now().UnixNano())
		}
	}
	return results, nil
}

// payOthers decides about sends one after the other.
func (s *Store) payOthers(ctx context.Context, sends []gift.Send) (results []store.GiftResult, err error) {
	var c *counter
	reads := func(all *pgx.Batch) {
		c = newCounter()
		c.queueReads(all, sends, s.instant())
	}
	writes := func(all *pgx.Batch) {
		if results = c.decide(sends); len(c.paid) > 0 {
			c.queue(all)
		}
	}
	if err := s.inTwoTrips(ctx, reads, writes); err != nil {
		return nil, err
	}
	s.sayTooMuch(ctx, results)
	return results, nil
}

// sayTooMuch says, not too often, for whom so much is pending that no more can be given to them:
// their account is damaged.
func (s *Store) sayTooMuch(ctx context.Context, results []store.GiftResult) {
	for i := range results {
		if limit, ok := errors.AsType[*ledger.LimitError](results[i].Err); ok && s.tooMuch.now() {
			s.config.Logger.ErrorContext(ctx, "so much is pending for somebody that nothing can be given to them until their account is put right; "+
				"see `ovation audit ledger`", "account", "pending/"+limit.Account.Owner, "balance", limit.Balance)
		}
	}
}

// counter is where sends are paid.
type counter struct {
	gift.Till
	states map[live.RoomID]room.State
	paid   []*gift.Sent
	spent  map[live.UserID]struct{}
	combos map[gift.ComboKey]struct{} // that are begun, or go on

	purses map[live.UserID]pgtype.TID // where balances are
	places map[gift.ComboKey]pgtype.TID
}

// newTill returns a till that knows nothing.
func newTill() gift.Till {
	return gift.Till{
		Sent: make(map[string]*gift.Sent), Balances: make(map[live.UserID]int64), Combos: make(map[gift.ComboKey]gift.Combo),
	}
}

func newCounter() *counter {
	c := &counter{
		Till: newTill(), states: make(map[live.RoomID]room.State), spent: make(map[live.UserID]struct{}), combos: make(map[gift.ComboKey]struct{}),
		purses: make(map[live.UserID]pgtype.TID), places: make(map[gift.ComboKey]pgtype.TID),
	}
	c.Pending = make(map[live.UserID]int64)
	return c
}

// queueReads has the ledger stand still, and reads what sends are decided by.
func (c *counter) queueReads(all *pgx.Batch, sends []gift.Send, instant *int64) {
	rooms, givers, receivers := make(map[live.RoomID]struct{}), make(map[live.UserID]struct{}), make(map[live.UserID]struct{})
	combos, ids := make(map[gift.ComboKey]struct{}), make([]string, len(sends))
	for i := range sends {
		rooms[sends[i].Room], givers[sends[i].Giver], receivers[sends[i].Receiver] = struct{}{}, struct{}{}, struct{}{}
		ids[i] = gift.TransactionID(sends[i].Giver, sends[i].RequestID)
		if key, combines := sends[i].Combo(); combines {
			combos[key] = struct{}{}
		}
	}
	all.Queue(statement("rooms that take gifts"), packAll(slices.Sorted(maps.Keys(rooms)))).Query(c.readStates)
	all.Queue(statement("hold ledger"), instant).QueryRow(func(row pgx.Row) error { return row.Scan(&c.Sequence, &c.At) })
	all.Queue(statement("gifts that were sent"), ids).Query(c.readSent)
	all.Queue(statement("balances of users"), packAll(slices.Collect(maps.Keys(givers)))).Query(c.readBalances)
	all.Queue(statement("pending of receivers"), packAll(slices.Collect(maps.Keys(receivers)))).Query(c.readPending)
	if len(combos) > 0 {
		all.Queue(statement("combos"), comboNames(slices.Collect(maps.Keys(combos)))...).Query(c.readCombos)
	}
}

// comboNames returns combos as statements take them.
func comboNames(keys []gift.ComboKey) []any {
	rooms, givers := make([]string, len(keys)), make([]string, len(keys))
	receivers, gifts := make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		rooms[i], givers[i], receivers[i], gifts[i] = pack(k.Room), pack(k.Giver), pack(k.Receiver), pack(k.Gift)
	}
	return []any{rooms, givers, receivers, gifts}
}

func (c *counter) readStates(rows pgx.Rows) error {
	var id string
	var state int16
	_, err := pgx.ForEachRow(rows, []any{&id, &state}, func() error {
		c.states[unpack[live.RoomID](id)] = room.State(state) //nolint:gosec // as it was written
		return nil
	})
	return err
}

func (c *counter) readSent(rows pgx.Rows) error {
	sent, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*gift.Sent, error) {
		var r sentRow
		var id, combo, request, call string
		var at, comboCount int64
		err := row.Scan(append(append([]any{&id, &at}, r.fields()...), &combo, &comboCount, &request, &call)...)
		sent := r.sent()
		sent.ID, sent.At, sent.RequestID, sent.Call = id, live.Timestamp(at), unpack[string](request), unpack[string](call)
		if combo != "" {
			sent.Combo = gift.Combo{ID: combo, Count: comboCount, Last: sent.At}
		}
		return sent, err
	})
	for _, one := range sent {
		c.Sent[one.ID] = one
	}
	return err
}

// sentRow is what was given, as it is read.
type sentRow struct {
	sequence                          uint64
	room, giver, name, receiver, gift string
	count, price, points              int64
}

// fields are where a row is read into, in the order of the statements.
func (r *sentRow) fields() []any {
	return []any{&r.sequence, &r.room, &r.giver, &r.name, &r.receiver, &r.gift, &r.count, &r.price, &r.points}
}

// sent returns what was given.
func (r *sentRow) sent() *gift.Sent {
	return &gift.Sent{
		Send: gift.Send{
			Room: unpack[live.RoomID](r.room), Giver: unpack[live.UserID](r.giver), GiverName: unpack[string](r.name),
			Receiver: unpack[live.UserID](r.receiver), Count: r.count,
			Gift: gift.Gift{ID: unpack[gift.ID](r.gift), Price: r.price, Points: r.points},
		},
		Sequence: r.sequence,
	}
}

func (c *counter) readBalances(rows pgx.Rows) error {
	var user string
	var place pgtype.TID
	var balance int64
	_, err := pgx.ForEachRow(rows, []any{&user, &place, &balance}, func() error {
		id := unpack[live.UserID](user)
		c.Balances[id], c.purses[id] = balance, place
		return nil
	})
	return err
}

func (c *counter) readPending(rows pgx.Rows) error {
	var user string
	var balance int64
	_, err := pgx.ForEachRow(rows, []any{&user, &balance}, func() error {
		c.Pending[unpack[live.UserID](user)] = balance
		return nil
	})
	return err
}

func (c *counter) readCombos(rows pgx.Rows) error {
	var place, giver, receiver, of, id string
	var row pgtype.TID
	var count, last int64
	_, err := pgx.ForEachRow(rows, []any{&place, &giver, &receiver, &of, &row, &id, &count, &last}, func() error {
		key := gift.ComboKey{
			Room: unpack[live.RoomID](place), Giver: unpack[live.UserID](giver),
			Receiver: unpack[live.UserID](receiver), Gift: unpack[gift.ID](of),
		}
		c.Combos[key], c.places[key] = gift.Combo{ID: id, Count: count, Last: live.Timestamp(last)}, row
		return nil
	})
	return err
}

// closed says why a room takes no gifts, nil if it does.
func (c *counter) closed(id live.RoomID) error {
	switch state, there := c.states[id]; {
	case !there:
		return notFound(id)
	case state == room.Ended:
		return ended(id)
	default:
		return nil
	}
}

// decide decides about each send.
func (c *counter) decide(sends []gift.Send) []store.GiftResult {
	results := make([]store.GiftResult, len(sends))
	for i := range sends {
		send := &sends[i]
		sent, repeated, err := c.Take(send, c.closed(send.Room))
		switch {
		case errors.Is(err, gift.ErrReused):
			results[i].Err = store.ErrRequestReused
			continue
		case err != nil:
			results[i].Err = err
			continue
		case !repeated:
			c.paid = append(c.paid, sent)
			c.spent[send.Giver] = struct{}{}
			if key, combines := send.Combo(); combines {
				c.combos[key] = struct{}{}
			}
		}
		results[i] = store.GiftResult{
			Sent: *sent, Transaction: sent.ID, Balance: c.Balances[send.Giver], Repeated: repeated && send.Repeats(sent),
		}
	}
	return results
}

// queue writes what was paid.
func (c *counter) queue(all *pgx.Batch) {
	//nolint:gosec // sequences are far from so large
	args := append([]any{int64(c.Sequence), int64(c.At)}, c.sent()...)
	purses, left := c.left()
	receivers, got := c.got()
	combos, on := c.lastCombos()
	args = append(append(args, purses, left, receivers, got), combos...)
	all.Queue(statement("pay"), append(args, on.places, on.ids, on.counts, len(purses)+len(on.places))...)
}

// sent returns what was given.
func (c *counter) sent() []any {
	n := len(c.paid)
	sequences, ids, given := make([]int64, n), make([]string, n), newSendColumns(n)
	combos, comboCounts := make([]string, n), make([]int64, n)
	for i, sent := range c.paid {
		sequences[i], ids[i] = int64(sent.Sequence), sent.ID //nolint:gosec // as above
		combos[i], comboCounts[i] = sent.Combo.ID, sent.Combo.Count
		given.set(i, &sent.Send)
	}
	return append(append([]any{sequences, ids}, given.all()...), combos, comboCounts)
}

// sendColumns is sends as statements take them.
type sendColumns struct {
	requests, rooms, givers, names, receivers, gifts []string
	counts, prices, points, coins                    []int64
	calls                                            []string
}

func newSendColumns(n int) *sendColumns {
	return &sendColumns{
		make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n),
		make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n),
		make([]string, n),
	}
}

func (c *sendColumns) set(i int, s *gift.Send) {
	c.requests[i], c.rooms[i], c.givers[i], c.names[i] = pack(s.RequestID), pack(s.Room), pack(s.Giver), pack(s.GiverName)
	c.receivers[i], c.gifts[i], c.calls[i] = pack(s.Receiver), pack(s.Gift.ID), pack(s.Call)
	c.counts[i], c.prices[i], c.points[i], c.coins[i] = s.Count, s.Gift.Price, s.Gift.Points, s.Coins()
}

// all returns the columns, in the order of the statements.
func (c *sendColumns) all() []any {
	return []any{c.requests, c.rooms, c.givers, c.names, c.receivers, c.gifts, c.counts, c.prices, c.points, c.coins, c.calls}
}

// left returns what givers have left, and where that is kept.
func (c *counter) left() (places []pgtype.TID, left []int64) {
	for user := range c.spent {
		if place, there := c.purses[user]; there { // who has none has paid nothing
			places, left = append(places, place), append(left, c.Balances[user])
		}
	}
	return places, left
}

// got returns what receivers are to have more.
func (c *counter) got() (receivers []string, coins []int64) {
	got := make(map[live.UserID]int64)
	for _, sent := range c.paid {
		got[sent.Receiver] += sent.Coins()
	}
	for user, n := range got {
		receivers, coins = append(receivers, pack(user)), append(coins, n)
	}
	return receivers, coins
}

// goneOn is combos that there were before.
type goneOn struct {
	places []pgtype.TID
	ids    []string
	counts []int64
}

// lastCombos returns the combos that are new, and those that go on. They were all begun, or
// went on, now.
func (c *counter) lastCombos() (begun []any, on goneOn) {
	var keys []gift.ComboKey
	var ids []string
	var counts []int64
	for key := range c.combos {
		combo := c.Combos[key]
		if place, there := c.places[key]; there {
			on.places, on.ids, on.counts = append(on.places, place), append(on.ids, combo.ID), append(on.counts, combo.Count)
		} else {
			keys, ids, counts = append(keys, key), append(ids, combo.ID), append(counts, combo.Count)
		}
	}
	return append(comboNames(keys), ids, counts), on
}
