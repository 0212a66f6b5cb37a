package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// SettleGifts implements store.Gifts. Who settles holds the cursor; the ledger goes on, until
// all that is left to write is what moves coins, and the events. No settlement has a number that
// there was: if one would, nothing was done, and all is settled with the numbers looked for.
func (s *Store) SettleGifts(
	ctx context.Context, every time.Duration, limit int, record store.GiftRecorder,
) (store.GiftSettling, error) {
	how := settling{every: every, limit: limit, record: record}
	done, err := s.settle(ctx, how)
	if errors.Is(err, errThereAlready) {
		how.renumbers = true
		done, err = s.settle(ctx, how)
	}
	if err != nil {
		return store.GiftSettling{}, err
	}
	return done, nil
}

// settling is how gifts are to be settled.
type settling struct {
	every     time.Duration
	limit     int
	record    store.GiftRecorder
	renumbers bool // asks the ledger which numbers of settlements there are
}

// settle settles gifts, or fails with errThereAlready.
func (s *Store) settle(ctx context.Context, how settling) (done store.GiftSettling, err error) {
	err = s.labour(ctx, func(ctx context.Context, tx pgx.Tx) error {
		done = store.GiftSettling{}
		var c cursor
		err := tx.QueryRow(ctx, statement("hold gift cursor"), s.instant()).Scan(&c.settled, &c.at, &c.more, &c.latest, &c.now)
		if none(err) {
			err = s.isHeld(ctx, tx)
			done.Busy = err == nil
			return err
		}
		if err == nil && c.early(how.every) {
			done.Busy = true
			return nil
		}
		if err != nil {
			return err
		}
		all, err := c.readCandidates(ctx, tx, how.limit+1)
		if err != nil {
			return err
		}
		done, err = s.settleCandidates(ctx, tx, c, all, how)
		return err
	})
	return done, err
}

// Why nothing is settled where a row is gone.
var (
	errNoCursor = errors.New("postgres: gift_cursor has no row, so gifts are paid and none is settled: " +
		"make it anew as Ovation's docs/OPERATIONS.md says under \"Gifts and coins\"")
	errNoHead = errors.New("postgres: ledger_head has no row, so nothing is paid, and none is settled: " +
		"give it one with the latest sequence and at of ledger_transactions")
)

// isHeld returns nil if the cursor that was not to be had is another's. If it is gone, or the
// ledger's head, it returns an error and says so to operators, though not too often.
func (s *Store) isHeld(ctx context.Context, tx pgx.Tx) error {
	var cursor, head bool
	if err := tx.QueryRow(ctx, statement("gift cursor and ledger head are there")).Scan(&cursor, &head); err != nil || cursor && head {
		return err
	}
	gone := errNoCursor
	if cursor {
		gone = errNoHead
	}
	if s.noCursor.now() {
		s.config.Logger.ErrorContext(ctx, "gifts cannot be settled", "error", gone)
	}
	return refuse(gone)
}

// cursor says up to where gifts are settled.
type cursor struct {
	settled int64
	at      live.Timestamp // when that was
	more    bool           // that was not all there was
	latest  int64          // the ledger's
	now     live.Timestamp // not before that
}

// early says whether it is too early to settle.
func (c *cursor) early(every time.Duration) bool {
	return !c.more && c.at != 0 && c.now.Sub(c.at) < every
}

// settleCandidates settles what can be, at most the limit of what is new, and sets the rest aside.
func (s *Store) settleCandidates(
	ctx context.Context, tx pgx.Tx, c cursor, all *candidates, how settling,
) (done store.GiftSettling, err error) {
	more := len(all.fresh) > how.limit
	all.fresh = all.fresh[:min(len(all.fresh), how.limit)]
	if err := all.cover(ctx, tx); err != nil {
		return done, err
	}
	old, fresh := all.sound(all.old), all.sound(all.fresh)
	sends := slices.Concat(old, fresh)
	if len(sends) == 0 && len(all.fresh) == 0 {
		return done, nil
	}
	batch := gift.AddUp(sends)
	upto := max(uint64(c.settled), batch.Upto) //nolint:gosec // as it was written
	if whole := batch.Sends == len(sends); whole && len(all.fresh) > 0 {
		upto = all.fresh[len(all.fresh)-1].Sequence
	} else if !whole {
		more = true
	}
	var aside pgx.Batch
	done = store.GiftSettling{Sends: batch.Sends, More: more, Aside: all.queueAside(&aside, upto, old[:min(len(old), batch.Sends)], c.now)}
	if len(fresh) > 0 {
		if done.Lag, err = c.lag(ctx, tx, fresh[0]); err != nil {
			return done, err
		}
	}
	if batch.Sends > 0 {
		if err := s.settleGifts(ctx, tx, batch, c.now, how); err != nil {
			return done, err
		}
	}
	aside.Queue(statement("move gift cursor"), int64(upto), int64(c.now), done.More) //nolint:gosec // sequences are far from so large
	return done, tx.SendBatch(ctx, &aside).Close()
}

// lag says how long ago the first of what is settled was paid.
func (c *cursor) lag(ctx context.Context, tx pgx.Tx, first *gift.Sent) (time.Duration, error) {
	var paid live.Timestamp
	//nolint:gosec // sequences are far from so large
	err := tx.QueryRow(ctx, statement("instant of a transaction"), int64(first.Sequence)).Scan(&paid)
	return max(0, c.now.Sub(paid)), err
}

// settleGifts settles a batch.
func (s *Store) settleGifts(ctx context.Context, tx pgx.Tx, batch *gift.Batch, now live.Timestamp, how settling) error {
	on, err := s.readGiftBooks(ctx, tx, batch)
	if err == nil && how.renumbers {
		err = s.renumber(ctx, tx, batch, on.Receivers)
	}
	if err != nil {
		return err
	}
	on.At = now
	batch.Settle(on)
	var all pgx.Batch
	if err := queueGiftBooks(&all, batch, on); err != nil {
		return refuse(err)
	}
	if err := tx.SendBatch(ctx, &all).Close(); err != nil {
		return err
	}
	var moves []ledger.Transaction
	var events []store.Event
	for _, part := range batch.Parts {
		paid := part.Settlement()
		moves = append(moves, paid.Transaction())
		events = append(events, how.record(paid, part.Reached)...)
	}
	if err := s.postNew(ctx, tx, moves); err != nil || len(events) == 0 {
		return err
	}
	return s.appendEvents(ctx, tx, events)
}

// scopeNames returns scopes as statements take them.
func scopeNames(scopes []gift.Scope) (rooms, receivers []string) {
	rooms, receivers = make([]string, len(scopes)), make([]string, len(scopes))
	for i, scope := range scopes {
		rooms[i], receivers[i] = pack(scope.Room), pack(scope.Receiver)
	}
	return rooms, receivers
}

// readGiftBooks reads what a batch is settled on. Nobody else changes it meanwhile.
func (s *Store) readGiftBooks(ctx context.Context, tx pgx.Tx, batch *gift.Batch) (*gift.Books, error) {
	r := &giftReader{Books: gift.Books{
		Receivers: make(map[live.UserID]uint64), Tallies: make(map[gift.Scope]gift.Tally),
		Givers: make(map[gift.Scope]map[live.UserID]gift.Giver),
	}}
	scopes := batch.Scopes()
	rooms, receivers := scopeNames(scopes)
	var ofRooms, ofReceivers, givers []string
	for i, scope := range scopes {
		for _, user := range batch.Givers(scope) {
			ofRooms, ofReceivers, givers = append(ofRooms, rooms[i]), append(ofReceivers, receivers[i]), append(givers, pack(user))
		}
	}
	var all pgx.Batch
	all.Queue(statement("open tallies"), rooms, receivers)
	all.Queue(statement("tallies to settle"), rooms, receivers).Query(r.tallies)
	all.Queue(statement("settlements of receivers"), receivers).Query(r.receivers)
	all.Queue(statement("givers to settle"), ofRooms, ofReceivers, givers).Query(r.givers)
	if err := tx.SendBatch(ctx, &all).Close(); err != nil {
		return nil, err
	}
	if err := s.rebuildTops(ctx, tx, r); err != nil {
		return nil, err
	}
	goals, err := readGoals(ctx, tx, "goals to settle", rooms)
	r.Goals = goals
	return &r.Books, err
}

// giftReader reads what a batch is settled on.
type giftReader struct {
	gift.Books
	damaged []gift.Scope // whose top lists cannot be read
}

func (r *giftReader) tallies(rows pgx.Rows) error {
	var room, receiver string
	var row tallyRow
	_, err := pgx.ForEachRow(rows, append([]any{&room, &receiver}, row.fields()...), func() error {
		scope := gift.Scope{Room: unpack[live.RoomID](room), Receiver: unpack[live.UserID](receiver)}
		tally, err := row.tally()
		r.Tallies[scope] = tally
		if err != nil {
			r.damaged = append(r.damaged, scope)
		}
		return nil
	})
	return err
}

func (r *giftReader) receivers(rows pgx.Rows) error {
	var user string
	var n int64
	_, err := pgx.ForEachRow(rows, []any{&user, &n}, func() error {
		r.Receivers[unpack[live.UserID](user)] = uint64(max(n, 0))
		return nil
	})
	return err
}

func (r *giftReader) givers(rows pgx.Rows) error {
	var room, receiver, user, name string
	var coins, gifts int64
	_, err := pgx.ForEachRow(rows, []any{&room, &receiver, &user, &name, &coins, &gifts}, func() error {
		scope := gift.Scope{Room: unpack[live.RoomID](room), Receiver: unpack[live.UserID](receiver)}
		if r.Givers[scope] == nil {
			r.Givers[scope] = make(map[live.UserID]gift.Giver)
		}
		giver := gift.Giver{User: unpack[live.UserID](user), Name: unpack[string](name), Coins: coins, Gifts: gifts}
		r.Givers[scope][giver.User] = giver
		return nil
	})
	return err
}

// tallyRow is a tally as it is read.
type tallyRow struct {
	gift.Tally
	top string
}

// fields are where a row is read into, in the order of the statements.
func (r *tallyRow) fields() []any {
	return []any{&r.Coins, &r.Gifts, &r.Points, &r.Givers, &r.top, &r.Revision, &r.Settled}
}

// keptGiver is one who gave, as top lists keep them.
type keptGiver struct {
	User  live.UserID `json:"user"`
	Name  string      `json:"name,omitempty"`
	Coins int64       `json:"coins"`
	Gifts int64       `json:"gifts"`
}

// tally returns the tally of a row. If its top list cannot be read it has none, and the error
// says why.
func (r *tallyRow) tally() (gift.Tally, error) {
	tally := r.Tally
	var top []keptGiver
	if err := json.Unmarshal([]byte(r.top), &top); err != nil {
		return tally, err
	}
	for _, giver := range top {
		tally.Top = append(tally.Top, gift.Giver(giver))
	}
	return tally, nil
}

// keptTop returns a top list as it is kept.
func keptTop(top []gift.Giver) (string, error) {
	kept := make([]keptGiver, len(top))
	for i, giver := range top {
		kept[i] = keptGiver(giver)
	}
	text, err := json.Marshal(kept)
	return string(text), err
}

// queueGiftBooks writes what became of the books with a batch.
func queueGiftBooks(all *pgx.Batch, batch *gift.Batch, on *gift.Books) error {
	receivers := slices.Collect(maps.Keys(on.Receivers))
	settlements := make([]int64, len(receivers))
	for i, user := range receivers {
		settlements[i] = int64(on.Receivers[user]) //nolint:gosec // far from so many
	}
	all.Queue(statement("settle receivers"), packAll(receivers), settlements)
	if err := queueTallies(all, batch.Scopes(), on); err != nil {
		return err
	}
	queueGivers(all, batch, on)
	queueGoals(all, batch, on)
	return nil
}

// queueTallies writes tallies.
func queueTallies(all *pgx.Batch, scopes []gift.Scope, on *gift.Books) error {
	rooms, receivers := scopeNames(scopes)
	n := len(scopes)
	coins, gifts, points, givers := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	tops, revisions, settled := make([]string, n), make([]int64, n), make([]int64, n)
	for i, scope := range scopes {
		t := on.Tallies[scope]
		coins[i], gifts[i], points[i], givers[i] = t.Coins, t.Gifts, t.Points, t.Givers
		revisions[i], settled[i] = t.Revision, int64(t.Settled)
		top, err := keptTop(t.Top)
		if err != nil {
			return err
		}
		tops[i] = top
	}
	all.Queue(statement("settle tallies"), rooms, receivers, coins, gifts, points, givers, tops, revisions, settled)
	return nil
}

// queueGivers writes who gave how much.
func queueGivers(all *pgx.Batch, batch *gift.Batch, on *gift.Books) {
	var rooms, receivers, givers, names []string
	var coins, gifts []int64
	flush := func() {
		if len(givers) > 0 {
			all.Queue(statement("settle givers"), rooms, receivers, givers, names, coins, gifts)
		}
		rooms, receivers, givers, names, coins, gifts = nil, nil, nil, nil, nil, nil
	}
	for _, scope := range batch.Scopes() {
		for _, user := range batch.Givers(scope) {
			giver := on.Givers[scope][user]
			rooms, receivers = append(rooms, pack(scope.Room)), append(receivers, pack(scope.Receiver))
			givers, names = append(givers, pack(user)), append(names, pack(giver.Name))
			coins, gifts = append(coins, giver.Coins), append(gifts, giver.Gifts)
			if len(givers) == rowsAtOnce {
				flush()
			}
		}
	}
	flush()
}

// queueGoals writes how far the goals are of rooms in which something was given.
func queueGoals(all *pgx.Batch, batch *gift.Batch, on *gift.Books) {
	var rooms, ids []string
	var progress, reached []int64
	for _, scope := range batch.Scopes() {
		if scope.Receiver != "" {
			continue
		}
		for _, goal := range on.Goals[scope.Room] {
			rooms, ids = append(rooms, pack(scope.Room)), append(ids, pack(goal.ID))
			progress, reached = append(progress, goal.Progress), append(reached, int64(goal.Reached))
		}
	}
	if len(ids) > 0 {
		all.Queue(statement("settle goals"), rooms, ids, progress, reached)
	}
}
