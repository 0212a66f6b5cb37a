package postgres

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
	guests []*guest
	of     map[guestKey]*guest
	ids    map[live.RoomID]bool // of the rooms
	rooms  map[live.RoomID]*visitRoom

	changed []changedStay
	closed  []visit.Visit
}

// guestKey is a user in a room.
type guestKey struct {
	room live.RoomID
	user live.UserID
}

// guest is a user in a room, with what is known of their visits.
type guest struct {
	guestKey
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

// stayRow is a row of visits: what was told, and what that comes to.
type stayRow struct {
	visit.Stay
	began, ended live.Timestamp
	inferred     bool
	anomaly      visit.Anomaly
	since        live.Timestamp
}

// changedStay is a row that is to be written.
type changedStay struct {
	room   int64
	viewer live.UserID
	row    stayRow
}

func newMerging(events []visit.Event) *merging {
	m := &merging{of: make(map[guestKey]*guest), ids: make(map[live.RoomID]bool)}
	for _, e := range events {
		if e.Fault(math.MaxInt64-visit.MaxAhead) == 0 {
			m.guest(guestKey{e.Room, e.User})
		}
	}
	return m
}

// guest returns one of those whose visits may change.
func (m *merging) guest(k guestKey) *guest {
	g := m.of[k]
	if g == nil {
		g = &guest{guestKey: k}
		m.of[k] = g
		m.guests = append(m.guests, g)
		m.ids[k.room] = true
	}
	return g
}

// queueReads locks and reads all that is decided by. It begins anew what was read before.
func (m *merging) queueReads(all *pgx.Batch, instant *int64, now *live.Timestamp) {
	m.rooms, m.changed, m.closed = make(map[live.RoomID]*visitRoom), nil, nil
	viewers := make(map[live.RoomID][]string, len(m.ids))
	for _, g := range m.guests {
		g.rows = nil
		viewers[g.room] = append(viewers[g.room], pack(g.user))
	}
	of := slices.Sorted(maps.Keys(m.ids))
	ids := packAll(of)
	all.Queue(statement("hold visit parts"), partsOf(m.guests))
	all.Queue(statement("visit rooms"), ids).Query(m.readRooms)
	for i, id := range of {
		all.Queue(statement("stays"), ids[i], viewers[id]).Query(func(rows pgx.Rows) error { return m.readStays(id, rows) })
	}
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

// readStays reads what is known of the users' visits to a room.
func (m *merging) readStays(id live.RoomID, rows pgx.Rows) error {
	var viewer, session string
	var anomaly int16
	var r stayRow
	_, err := pgx.ForEachRow(rows, []any{
		&viewer, &session, &r.Version, &r.Entered, &r.EnteredLast, &r.ExitedFirst, &r.Exited, &r.Seen,
		&r.began, &r.ended, &r.inferred, &anomaly, &r.since,
	}, func() error {
		read := r
		read.Session = unpack[live.SessionID](session)
		read.anomaly = visit.Anomaly(anomaly) //nolint:gosec // as it was written
		g := m.of[guestKey{id, unpack[live.UserID](viewer)}]
		g.rows = append(g.rows, read)
		return nil
	})
	return err
}

// unknown returns the rooms that have no visits yet, in order.
func (m *merging) unknown() (ids []string) {
	for _, id := range slices.Sorted(maps.Keys(m.ids)) {
		if m.rooms[id] == nil {
			ids = append(ids, pack(id))
		}
	}
	return ids
}

// merge merges events, and brings the users' visits up to date. It returns the events that
// cannot be merged.
func (m *merging) merge(events []visit.Event, now live.Timestamp) (faults []store.AsideVisit) {
	told := make(map[*guest][]visit.Event, len(m.guests))
	for _, e := range events {
		if reason, detail := m.fault(e, now); reason != 0 {
			faults = append(faults, store.AsideVisit{Event: e, Reason: reason, Detail: detail})
			continue
		}
		g := m.of[guestKey{e.Room, e.User}]
		told[g] = append(told[g], e)
	}
	for _, g := range m.guests {
		if r := m.rooms[g.room]; r != nil && r.state < pruned && (events == nil || told[g] != nil) {
			m.renew(g, r, told[g])
		}
	}
	return faults
}

// fault returns why an event cannot be merged, 0 if it can.
func (m *merging) fault(e visit.Event, now live.Timestamp) (visit.SetAside, string) {
	if reason := e.Fault(now); reason != 0 {
		return reason, ""
	}
	switch r := m.rooms[e.Room]; {
	case r == nil:
		return visit.RoomNotFound, ""
	case r.state >= pruned:
		return visit.TooOld, "the room's visits are kept no longer"
	default:
		return 0, ""
	}
}

// renew brings the visits of a user up to date with what was told.
func (m *merging) renew(g *guest, r *visitRoom, told []visit.Event) {
	slices.SortFunc(g.rows, func(a, b stayRow) int { return a.Key.Compare(b.Key) })
	stays := make([]visit.Stay, len(g.rows), len(g.rows)+len(told))
	for i, row := range g.rows {
		stays[i] = row.Stay
	}
	for _, e := range told {
		stays = visit.Merge(stays, e.Stay())
		r.change.Tell(e.At)
	}
	before, after := g.visits(), visit.Visits(g.room, g.user, stays, r.ending)
	r.change.Change(before, after)
	m.closed = append(m.closed, visit.Closed(before, after)...)
	was := g.rows
	for _, row := range rowsOf(stays, after) {
		if len(was) > 0 && was[0].Key == row.Key {
			if was[0] != row {
				m.changed = append(m.changed, changedStay{r.number, g.user, row})
			}
			was = was[1:]
			continue
		}
		m.changed = append(m.changed, changedStay{r.number, g.user, row})
	}
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
	since := visit.WatchedOf(visits).Since
	rows := make([]stayRow, len(stays))
	first := -1 // of those that are open
	for i, stay := range stays {
		rows[i].Stay = stay
		if len(visits) == 0 || visits[0].Key != stay.Key {
			continue
		}
		v := visits[0]
		visits = visits[1:]
		row := &rows[i]
		row.began, row.ended, row.inferred, row.anomaly = v.Began(), v.Exited, v.Inferred, v.Anomaly
		if v.Open() {
			row.ended = openEnd
			if first < 0 || v.Entered < rows[first].Entered {
				first = i
			}
		}
	}
	if first >= 0 {
		rows[first].since = since
	}
	return rows
}

// queueWrites writes what has changed. Rows that many change at once come last, and in order.
func (m *merging) queueWrites(all *pgx.Batch) {
	slices.SortFunc(m.changed, func(a, b changedStay) int {
		return cmp.Or(cmp.Compare(a.viewer, b.viewer), cmp.Compare(a.room, b.room), a.row.Key.Compare(b.row.Key))
	})
	for some := range slices.Chunk(m.changed, rowsAtOnce) {
		queueStays(all, some)
	}
	rooms := slices.SortedFunc(maps.Values(m.rooms), func(a, b *visitRoom) int { return cmp.Compare(a.number, b.number) })
	rooms = slices.DeleteFunc(rooms, func(r *visitRoom) bool { return r.state >= pruned })
	if len(m.changed) > 0 && len(rooms) > 0 {
		queueMinutes(all, rooms)
		queueLengths(all, rooms)
		queueRooms(all, rooms)
	}
}

// queueStays writes rows of visits.
func queueStays(all *pgx.Batch, changed []changedStay) {
	n := len(changed)
	rooms, versions := make([]int64, n), make([]int64, n)
	viewers, sessions := make([]string, n), make([]string, n)
	entered, enteredLast, exitedFirst, exited := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	seen, began, ended, since := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	inferred, anomalies := make([]bool, n), make([]int16, n)
	for i, c := range changed {
		r := c.row
		rooms[i], viewers[i], sessions[i], versions[i] = c.room, pack(c.viewer), pack(r.Session), int64(r.Version)
		entered[i], enteredLast[i] = int64(r.Entered), int64(r.EnteredLast)
		exitedFirst[i], exited[i], seen[i] = int64(r.ExitedFirst), int64(r.Exited), int64(r.Seen)
		began[i], ended[i], inferred[i] = int64(r.began), int64(r.ended), r.inferred
		anomalies[i], since[i] = int16(r.anomaly), int64(r.since)
	}
	all.Queue(statement("put visits"), rooms, viewers, sessions, versions, entered, enteredLast, exitedFirst, exited,
		seen, began, ended, inferred, anomalies, since)
}

// queueMinutes adds to the curves of rooms.
func queueMinutes(all *pgx.Batch, rooms []*visitRoom) {
	var of, minutes, enters, exits []int64
	for _, r := range rooms {
		for _, at := range r.change.TouchedMinutes() {
			n := r.change.Minutes[at]
			of, minutes = append(of, r.number), append(minutes, int64(at))
			enters, exits = append(enters, n.Enters), append(exits, n.Exits)
		}
	}
	if len(of) > 0 {
		all.Queue(statement("change visit minutes"), of, minutes, enters, exits)
	}
}

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
	all.Queue(statement("change visit rooms"), args...).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != int64(n) {
			return refuse(errRoomMoved)
		}
		return nil
	})
}
