package postgres

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// visitParts is how many parts of users are locked apart.
const visitParts = 64

// openEnd is when what is open ended.
const openEnd = math.MaxInt64

// merging is users in rooms whose visits may change: as they were read, and what becomes of
// them.
type merging struct {
	guests []guest // in order of users and rooms, which is that of what is kept
	most   int     // visits of a user in a room
	rooms  map[live.RoomID]*visitRoom

	added, changed []changedStay
	closed         []visit.Visit
}

// guestKey is a user in a room.
type guestKey struct {
	room live.RoomID
	user live.UserID
}

// guest is a user in a room, with what is told and what is known of their visits.
type guest struct {
	guestKey
	told []visit.Event
	rows []stayRow
}

// visitRoom is a room that has visits, and what is to be added to its figures.
type visitRoom struct {
	number int64
	ending live.Timestamp
	state  int16
	change *visit.Figures
}

// pruned is the first state of rooms that take no more events.
const pruned = 3

// stayRow is a row of visits: what was told, what that comes to, and where it is.
type stayRow struct {
	visit.Stay
	at           pgtype.TID
	began, ended live.Timestamp
	inferred     bool
	anomaly      visit.Anomaly
}

// changedStay is a row that is to be written.
type changedStay struct {
	room   int64
	viewer live.UserID
	row    stayRow
}

// newMerging returns what events change, each user's in a room together.
func newMerging(events []visit.Event, most int) *merging {
	events = slices.DeleteFunc(slices.Clone(events), nobodys)
	slices.SortFunc(events, func(a, b visit.Event) int { return guestOf(a).compare(guestOf(b)) })
	m := &merging{most: most}
	for len(events) > 0 {
		k, n := guestOf(events[0]), 1
		for n < len(events) && guestOf(events[n]) == k {
			n++
		}
		m.guests = append(m.guests, guest{guestKey: k, told: events[:n:n]})
		events = events[n:]
	}
	return m
}

// nobodys says whether an event is of nobody who may have visits.
func nobodys(e visit.Event) bool { return e.Fault(math.MaxInt64-visit.MaxAhead) != 0 }

func guestOf(e visit.Event) guestKey { return guestKey{e.Room, e.User} }

func (k guestKey) compare(other guestKey) int {
	return cmp.Or(cmp.Compare(k.user, other.user), cmp.Compare(k.room, other.room))
}

// ids returns the rooms, in order.
func (m *merging) ids() []live.RoomID {
	ids := make(map[live.RoomID]struct{})
	for i := range m.guests {
		ids[m.guests[i].room] = struct{}{}
	}
	return slices.Sorted(maps.Keys(ids))
}

// queueReads locks and reads all that is decided by. It begins anew what was read before.
func (m *merging) queueReads(all *pgx.Batch, instant *int64, now *live.Timestamp) {
	m.rooms, m.added, m.changed, m.closed = make(map[live.RoomID]*visitRoom), nil, nil, nil
	rooms, viewers := make([]string, len(m.guests)), make([]string, len(m.guests))
	for i := range m.guests {
		g := &m.guests[i]
		g.rows = nil
		rooms[i], viewers[i] = pack(g.room), pack(g.user)
	}
	all.Queue(statement("hold visit parts"), partsOf(m.guests))
	all.Queue(statement("visit rooms"), packAll(m.ids())).Query(m.readRooms)
	all.Queue(statement("stays"), rooms, viewers).Query(m.readStays)
	all.Queue(statement("instant"), instant).QueryRow(func(row pgx.Row) error { return row.Scan(now) })
}

// readRooms reads rooms.
func (m *merging) readRooms(rows pgx.Rows) error {
	var id string
	var r visitRoom
	_, err := pgx.ForEachRow(rows, []any{&id, &r.number, &r.ending, &r.state}, func() error {
		read := r
		read.change = visit.NewFigures()
		m.rooms[unpack[live.RoomID](id)] = &read
		return nil
	})
	return err
}

// readStays reads what is known of the users' visits.
func (m *merging) readStays(rows pgx.Rows) error {
	var place int64
	var session string
	var anomaly int16
	var r stayRow
	_, err := pgx.ForEachRow(rows, []any{
		&place, &r.at, &session, &r.Version, &r.Entered, &r.EnteredLast, &r.ExitedFirst, &r.Exited, &r.Seen,
		&r.began, &r.ended, &r.inferred, &anomaly,
	}, func() error {
		read := r
		read.Session = unpack[live.SessionID](session)
		read.anomaly = visit.Anomaly(anomaly) //nolint:gosec // as it was written
		g := &m.guests[place-1]
		g.rows = append(g.rows, read)
		return nil
	})
	return err
}

// unknown returns the rooms that have no visits yet, in order.
func (m *merging) unknown() (ids []string) {
	for _, id := range m.ids() {
		if m.rooms[id] == nil {
			ids = append(ids, pack(id))
		}
	}
	return ids
}

// merge merges events, and brings the users' visits up to date. It returns the events that
// cannot be merged.
func (m *merging) merge(events []visit.Event, now live.Timestamp) (faults []store.AsideVisit) {
	for _, e := range events {
		if reason := m.fault(e, now); reason != 0 {
			faults = append(faults, store.AsideFor(e, reason))
		}
	}
	for i := range m.guests {
		g := &m.guests[i]
		told := g.told
		if len(faults) > 0 {
			told = slices.DeleteFunc(slices.Clone(told), func(e visit.Event) bool { return m.fault(e, now) != 0 })
		}
		if r := m.rooms[g.room]; r != nil && r.state < pruned && (events == nil || len(told) > 0) {
			for _, e := range m.renew(g, r, told) {
				faults = append(faults, store.AsideFor(e, visit.TooMany))
			}
		}
	}
	return faults
}

// fault returns why an event cannot be merged, 0 if it can.
func (m *merging) fault(e visit.Event, now live.Timestamp) visit.SetAside {
	if reason := e.Fault(now); reason != 0 {
		return reason
	}
	switch r := m.rooms[e.Room]; {
	case r == nil:
		return visit.RoomNotFound
	case r.state >= pruned:
		return visit.TooOld
	default:
		return 0
	}
}

// renew brings the visits of a user up to date with what was told, and returns what is too
// much.
func (m *merging) renew(g *guest, r *visitRoom, told []visit.Event) (refused []visit.Event) {
	slices.SortFunc(g.rows, func(a, b stayRow) int { return a.Key.Compare(b.Key) })
	stays := make([]visit.Stay, len(g.rows))
	for i, row := range g.rows {
		stays[i] = row.Stay
	}
	told, refused = visit.Admit(stays, told, m.most)
	stays = visit.Merge(stays, visit.StaysOf(told))
	for _, e := range told {
		r.change.Tell(e.At)
	}
	before, after := g.visits(), visit.Visits(g.room, g.user, stays, r.ending)
	r.change.Change(before, after)
	m.closed = append(m.closed, visit.Closed(before, after)...)
	was := g.rows
	for _, row := range rowsOf(stays, after) {
		if len(was) == 0 || was[0].Key != row.Key {
			m.added = append(m.added, changedStay{r.number, g.user, row})
			continue
		}
		row.at = was[0].at
		if was[0] != row {
			m.changed = append(m.changed, changedStay{r.number, g.user, row})
		}
		was = was[1:]
	}
	return refused
}

// visits returns the visits as they were read.
func (g *guest) visits() []visit.Visit {
	visits := make([]visit.Visit, 0, len(g.rows))
	for _, row := range g.rows {
		if row.began == 0 {
			continue
		}
		v := visit.Visit{
			Room: g.room, User: g.user, Key: row.Key, Entered: row.Entered, Exited: row.ended,
			Inferred: row.inferred, Anomaly: row.anomaly,
		}
		if row.ended == openEnd {
			v.Exited = 0
		}
		visits = append(visits, v)
	}
	return visits
}

// rowsOf returns a user's rows, by their stays and what these come to. Both are in order of
// their keys.
func rowsOf(stays []visit.Stay, visits []visit.Visit) []stayRow {
	rows := make([]stayRow, len(stays))
	for i, stay := range stays {
		row := &rows[i]
		row.Stay = stay
		if len(visits) == 0 || visits[0].Key != stay.Key {
			continue
		}
		v := visits[0]
		visits = visits[1:]
		row.began, row.ended, row.inferred, row.anomaly = v.Began(), v.Exited, v.Inferred, v.Anomaly
		if v.Open() {
			row.ended = openEnd
		}
	}
	return rows
}

// visitColumns are the columns of visits, as rows are added.
var visitColumns = []string{
	"room", "viewer", "session", "version", "entered", "entered_last", "exited_first", "exited", "seen", "began", "ended",
	"inferred", "anomaly",
}

// addRows adds rows of visits. COPY takes half of the time of an INSERT.
func (m *merging) addRows(ctx context.Context, tx pgx.Tx) error {
	for some := range slices.Chunk(m.added, rowsAtOnce) {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"visits"}, visitColumns, pgx.CopyFromSlice(len(some), func(i int) ([]any, error) {
			return some[i].columns(), nil
		})); err != nil {
			return err
		}
	}
	return nil
}

// columns returns a row as it is added.
func (c *changedStay) columns() []any {
	r := &c.row
	return []any{
		c.room, pack(c.viewer), pack(r.Session), int64(r.Version), int64(r.Entered), int64(r.EnteredLast), int64(r.ExitedFirst),
		int64(r.Exited), int64(r.Seen), int64(r.began), int64(r.ended), r.inferred, int16(r.anomaly),
	}
}

// queueWrites writes what else has changed. Rows that many change at once come last, and in order.
func (m *merging) queueWrites(all *pgx.Batch) {
	for some := range slices.Chunk(m.changed, rowsAtOnce) {
		all.Queue(statement("change visits"), columnsOf(some).all()...).Exec(asRead(len(some)))
	}
	rooms := slices.SortedFunc(maps.Values(m.rooms), func(a, b *visitRoom) int { return cmp.Compare(a.number, b.number) })
	rooms = slices.DeleteFunc(rooms, func(r *visitRoom) bool { return r.state >= pruned })
	if len(m.added)+len(m.changed) > 0 && len(rooms) > 0 {
		queueMoments(all, rooms)
		queueLengths(all, rooms)
		queueRooms(all, rooms)
	}
}

// asRead returns what says that rows are no longer as they were read if a statement has
// changed another number of them.
func asRead(n int) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != int64(n) {
			return refuse(errRoomMoved)
		}
		return nil
	}
}

// stayColumns is rows of visits as the statement takes them that changes them.
type stayColumns struct {
	versions                                  []int64
	places                                    []pgtype.TID
	entered, enteredLast, exitedFirst, exited []int64
	seen, began, ended                        []int64
	inferred                                  []bool
	anomalies                                 []int16
}

// columnsOf returns the columns of rows.
func columnsOf(rows []changedStay) *stayColumns {
	n := len(rows)
	numbers := make([]int64, 8*n)
	column := func() []int64 {
		c := numbers[:n:n]
		numbers = numbers[n:]
		return c
	}
	c := &stayColumns{
		versions: column(), places: make([]pgtype.TID, n),
		entered: column(), enteredLast: column(), exitedFirst: column(), exited: column(),
		seen: column(), began: column(), ended: column(), inferred: make([]bool, n), anomalies: make([]int16, n),
	}
	for i, one := range rows {
		c.set(i, one)
	}
	return c
}

func (c *stayColumns) set(i int, one changedStay) {
	r := &one.row
	c.places[i], c.versions[i] = r.at, int64(r.Version)
	c.entered[i], c.enteredLast[i] = int64(r.Entered), int64(r.EnteredLast)
	c.exitedFirst[i], c.exited[i], c.seen[i] = int64(r.ExitedFirst), int64(r.Exited), int64(r.Seen)
	c.began[i], c.ended[i] = int64(r.began), int64(r.ended)
	c.inferred[i], c.anomalies[i] = r.inferred, int16(r.anomaly)
}

// facts returns what is told and what it comes to.
func (c *stayColumns) facts() []any {
	return []any{
		c.entered, c.enteredLast, c.exitedFirst, c.exited, c.seen, c.began, c.ended, c.inferred, c.anomalies,
	}
}

// all returns the columns as the statement takes them.
func (c *stayColumns) all() []any { return append([]any{c.places, c.versions}, c.facts()...) }

// queueLengths adds to how many users watched for how long.
func queueLengths(all *pgx.Batch, rooms []*visitRoom) {
	var of, users []int64
	var minutes []int32
	for _, r := range rooms {
		for _, m := range slices.Sorted(maps.Keys(r.change.Lengths)) {
			if n := r.change.Lengths[m]; n != 0 {
				of, minutes, users = append(of, r.number), append(minutes, int32(m)), append(users, n) //nolint:gosec // up to visit.MaxLength
			}
		}
	}
	if len(of) > 0 {
		all.Queue(statement("change visit lengths"), of, minutes, users)
	}
}

// queueRooms adds to the figures of rooms, if they are what they were when they were read.
func queueRooms(all *pgx.Batch, rooms []*visitRoom) {
	n := len(rooms)
	columns := make([][]int64, 12)
	for i := range columns {
		columns[i] = make([]int64, n)
	}
	for i, r := range rooms {
		f := r.change
		for column, value := range []int64{
			r.number, int64(r.ending), f.Visits, f.Open, f.Inferred, f.Anomalies, f.Users, int64(f.Watched), f.Watching,
			f.Since.Seconds, f.Since.Micros, int64(f.Latest),
		} {
			columns[column][i] = value
		}
	}
	args := make([]any, len(columns))
	for i, column := range columns {
		args[i] = column
	}
	all.Queue(statement("hold visit rooms"), columns[0])
	all.Queue(statement("change visit rooms"), args...).Exec(asRead(n))
}
