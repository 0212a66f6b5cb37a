package postgres

import (
	"cmp"
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// survey calls f, which reads much, at one moment. It may be called again.
func (s *Store) survey(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	return s.reach(ctx, ample*s.config.Timeout, func(ctx context.Context) error {
		return s.transact(ctx, begins(oneMoment, ample*s.config.Timeout), f)
	})
}

// figures is a room's, as they are kept.
type figures struct {
	visit.Figures
	number int64 // 0: the room has no visits
	ending live.Timestamp
	now    live.Timestamp
}

// readFigures reads a room's figures.
func (s *Store) readFigures(ctx context.Context, tx pgx.Tx, id live.RoomID) (f figures, err error) {
	err = tx.QueryRow(ctx, statement("visit figures"), pack(id), s.instant()).Scan(
		&f.now, &f.number, &f.ending, &f.Visits, &f.Open, &f.Inferred, &f.Anomalies, &f.Users,
		&f.Watched, &f.Watching, &f.Since.Seconds, &f.Since.Micros, &f.Latest)
	return f, absent(err, id)
}

// Attendance implements store.Visits. What it had to count it keeps.
func (s *Store) Attendance(ctx context.Context, q store.AttendanceQuery) (a visit.Attendance, err error) {
	var c counting
	err = s.survey(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c = counting{}
		f, err := s.readFigures(ctx, tx, q.Room)
		if err != nil {
			return err
		}
		at := f.At(f.now)
		a = visit.Attendance{Unique: f.Users, Visits: f.Visits, Total: f.Total(at), AsOf: f.now}
		if f.number == 0 {
			return nil
		}
		steps, err := c.readSteps(ctx, tx, f.number)
		if err != nil {
			return err
		}
		a.Chart(steps, q.Curve, q.CurveFrom, cmp.Or(q.CurveUntil, visit.CurveEnd(f.ending, at)))
		if q.Retention {
			a.Retention, err = c.readRetention(ctx, tx, f, at)
		}
		return err
	})
	if err != nil {
		return visit.Attendance{}, err
	}
	if err := s.keepCounted(ctx, &c); err != nil {
		s.config.Logger.DebugContext(ctx, "what was counted of visits is not kept", "error", err)
	}
	return a, nil
}

// counting is what was counted of moments, and which of them are in many rows.
type counting struct {
	minutes         []countedMinute
	curve, watchers crowd
}

// countedMinute is what a minute of a room's curve was counted to, as of some changes.
type countedMinute struct {
	room    int64
	changes int64
	step    visit.Step
}

// readSteps reads a room's curve. Minutes that have changed since they were counted are
// counted.
func (c *counting) readSteps(ctx context.Context, tx pgx.Tx, room int64) (steps []visit.Step, err error) {
	rows, err := tx.Query(ctx, statement("visit minutes"), room)
	if err != nil {
		return nil, err
	}
	var stale []int
	var step visit.Step
	var changes int64
	var isStale bool
	_, err = pgx.ForEachRow(rows, []any{
		&step.At, &step.Enters, &step.Exits, &step.Rise, &step.RiseAt, &changes, &isStale,
	}, func() error {
		if isStale {
			stale = append(stale, len(steps))
			c.minutes = append(c.minutes, countedMinute{room: room, changes: changes, step: step})
		}
		steps = append(steps, step)
		return nil
	})
	if err != nil || len(stale) == 0 {
		return steps, err
	}
	if err := c.count(ctx, tx); err != nil {
		return nil, err
	}
	for i, at := range stale {
		steps[at] = c.minutes[i].step
	}
	return steps, nil
}

// count counts minutes by their moments.
func (c *counting) count(ctx context.Context, q querier) error {
	rooms, at := make([]int64, len(c.minutes)), make([]int64, len(c.minutes))
	for i, m := range c.minutes {
		rooms[i], at[i] = m.room, int64(m.step.At)
	}
	rows, err := q.Query(ctx, statement("visit moments"), rooms, at)
	if err != nil {
		return err
	}
	of := make([][2]visit.Moments, len(c.minutes))
	seen := make([]int, len(c.minutes))
	var place int64
	var kind int16
	var kept keptMoments
	_, err = pgx.ForEachRow(rows, []any{&place, &kind, &kept.at, &kept.changes}, func() error {
		m := &c.minutes[place-1]
		kept.minute = m.step.At
		of[place-1][kind] = kept.into(of[place-1][kind])
		seen[place-1]++
		c.curve.note(m.room, m.step.At, seen[place-1])
		return nil
	})
	for i := range c.minutes {
		step := &c.minutes[i].step
		*step = visit.StepOf(step.At, of[i][enterMoments], of[i][exitMoments])
	}
	return err
}

// keepCounted keeps what minutes were counted to, where they have not changed since and
// nobody else is at them.
func (s *Store) keepCounted(ctx context.Context, c *counting) error {
	if len(c.minutes) == 0 && len(c.watchers.rooms) == 0 {
		return nil
	}
	n := len(c.minutes)
	rooms, at, rises := make([]int64, n), make([]int64, n), make([]int64, n)
	riseAt, changes := make([]int64, n), make([]int64, n)
	for i, m := range c.minutes {
		rooms[i], at[i], rises[i] = m.room, int64(m.step.At), m.step.Rise
		riseAt[i], changes[i] = int64(m.step.RiseAt), m.changes
	}
	return s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, statement("count visit minutes"), rooms, at, rises, riseAt, changes); err != nil {
			return err
		}
		if err := c.curve.fold(ctx, tx, enterMoments, exitMoments); err != nil {
			return err
		}
		return c.watchers.fold(ctx, tx, watcherMoments)
	})
}

// staleAtOnce is how many minutes are counted at once that nobody has asked for.
const staleAtOnce = 100

// countStale counts minutes that have changed and are over, the oldest first.
func (s *Store) countStale(ctx context.Context) error {
	var c counting
	err := s.survey(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c = counting{}
		rows, err := tx.Query(ctx, statement("stale visit minutes"), s.instant(), staleAtOnce)
		if err != nil {
			return err
		}
		var m countedMinute
		_, err = pgx.ForEachRow(rows, []any{&m.room, &m.step.At, &m.step.Enters, &m.step.Exits, &m.changes}, func() error {
			c.minutes = append(c.minutes, m)
			return nil
		})
		if err != nil || len(c.minutes) == 0 {
			return err
		}
		return c.count(ctx, tx)
	})
	if err != nil {
		return err
	}
	c.watchers = c.curve // as many, about
	return s.keepCounted(ctx, &c)
}

// readRetention reads how many users watched for how long.
func (c *counting) readRetention(ctx context.Context, tx pgx.Tx, f figures, at live.Timestamp) ([]int64, error) {
	users := make(map[int]int64)
	rows, err := tx.Query(ctx, statement("visit lengths"), f.number)
	if err != nil {
		return nil, err
	}
	var minutes int
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&minutes, &n}, func() error {
		users[minutes] += n
		return nil
	})
	if err != nil || f.Watching == 0 {
		return visit.Retention(users), err
	}
	err = c.readWatchers(ctx, tx, f.number, func(m visit.Moments) { m.Lengths(users, at) })
	return visit.Retention(users), err
}

// readWatchers reads since when those watch who have an open visit.
func (c *counting) readWatchers(ctx context.Context, tx pgx.Tx, room int64, add func(visit.Moments)) error {
	rows, err := tx.Query(ctx, statement("watchers"), room)
	if err != nil {
		return err
	}
	seen := make(map[live.Timestamp]int)
	var kept keptMoments
	var moments visit.Moments
	_, err = pgx.ForEachRow(rows, []any{&kept.minute, &kept.at, &kept.changes}, func() error {
		moments = kept.into(moments[:0])
		add(moments)
		seen[kept.minute]++
		c.watchers.note(room, kept.minute, seen[kept.minute])
		return nil
	})
	return err
}

// Watch implements store.Visits. Of everyone in a room, from the beginning until now, it is
// among the room's figures.
func (s *Store) Watch(ctx context.Context, q store.WatchQuery) (w visit.Watch, err error) {
	err = s.survey(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var f figures
		if q.Room != "" {
			if f, err = s.readFigures(ctx, tx, q.Room); err != nil {
				return err
			}
			if f.number == 0 {
				return nil
			}
		} else if err := tx.QueryRow(ctx, statement("instant"), s.instant()).Scan(&f.now); err != nil {
			return err
		}
		if q.Room != "" && q.User == "" && q.From == 0 && q.Until == 0 && q.Zone == nil {
			w, err = watchOfRoom(ctx, tx, f)
		} else {
			w, err = sumWatch(ctx, tx, q, f)
		}
		return err
	})
	return w, err
}

// watchOfRoom returns how long all users watched a room.
func watchOfRoom(ctx context.Context, tx pgx.Tx, f figures) (visit.Watch, error) {
	at := f.At(f.now)
	w := visit.Watch{
		Total: f.Total(at), Visits: f.Visits, Users: f.Users, Open: f.Open, Inferred: f.Inferred, Anomalies: f.Anomalies,
	}
	err := tx.QueryRow(ctx, statement("first and last visit"), f.number).Scan(&w.First, &w.Last)
	if f.Open > 0 {
		w.Last = at
	}
	return w, err
}

// sumWatch adds visits up.
func sumWatch(ctx context.Context, tx pgx.Tx, q store.WatchQuery, f figures) (visit.Watch, error) {
	from, until := int64(q.From), int64(cmp.Or(q.Until, math.MaxInt64))
	var rows pgx.Rows
	var err error
	switch {
	case q.User != "" && q.Room != "":
		rows, err = tx.Query(ctx, statement("watch viewer in room"), pack(q.User), from, until, f.number)
	case q.User != "":
		rows, err = tx.Query(ctx, statement("watch viewer"), pack(q.User), from, until)
	case q.Room != "":
		rows, err = tx.Query(ctx, statement("watch room"), f.number, from, until)
	default:
		rows, err = tx.Query(ctx, statement("watch all"), from, until)
	}
	if err != nil {
		return visit.Watch{}, err
	}
	sum := newSumming(q, f.now)
	for rows.Next() {
		v, latest, err := shownVisit(rows)
		if err != nil {
			rows.Close()
			return visit.Watch{}, err
		}
		sum.add(v, latest)
	}
	return sum.done(), rows.Err()
}

// summing adds visits up that come in order of their users, and rooms.
type summing struct {
	*visit.Summary
	now, latest live.Timestamp
	of          []visit.Visit // one user's in one room
	came        live.UserID   // the latest who counts
	users       int64
}

func newSumming(q store.WatchQuery, now live.Timestamp) *summing {
	return &summing{Summary: visit.NewSummary(q.From, q.Until, q.Zone), now: now}
}

// add adds a visit to a room of which something was told at an instant, but nothing later.
func (s *summing) add(v visit.Visit, latest live.Timestamp) {
	if len(s.of) > 0 && (s.of[0].User != v.User || s.of[0].Room != v.Room) {
		s.flush()
	}
	s.of, s.latest = append(s.of, v), latest
}

// flush adds what there is of one user in one room.
func (s *summing) flush() {
	if len(s.of) == 0 {
		return
	}
	if s.Add(s.of, max(s.now, s.latest)) && (s.users == 0 || s.came != s.of[0].User) {
		s.came = s.of[0].User
		s.users++
	}
	s.of = s.of[:0]
}

// done returns what it comes to.
func (s *summing) done() visit.Watch {
	s.flush()
	return s.Watch(s.users)
}

// shownVisit reads a visit, and the latest that was told of its room.
func shownVisit(row pgx.CollectableRow) (v visit.Visit, latest live.Timestamp, err error) {
	var room, viewer, session string
	var anomaly int16
	err = row.Scan(&room, &latest, &viewer, &session, &v.Version, &v.Entered, &v.Exited, &v.Inferred, &anomaly)
	v.Room, v.User, v.Session = unpack[live.RoomID](room), unpack[live.UserID](viewer), unpack[live.SessionID](session)
	v.Anomaly = visit.Anomaly(anomaly) //nolint:gosec // as it was written
	if v.Exited == openEnd {
		v.Exited = 0
	}
	return v, latest, err
}

// Visits implements store.Visits.
func (s *Store) Visits(ctx context.Context, q store.VisitQuery) (visits []visit.Visit, err error) {
	err = s.survey(ctx, func(ctx context.Context, tx pgx.Tx) error {
		visits = nil
		var f figures
		if q.Room != "" {
			if f, err = s.readFigures(ctx, tx, q.Room); err != nil || f.number == 0 {
				return err
			}
		}
		if q.Until != 0 && q.From >= q.Until {
			return nil // nothing lies within
		}
		name, args := visitsAsked(q, f.number)
		rows, err := tx.Query(ctx, statement(name), args...)
		if err != nil {
			return err
		}
		visits, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (visit.Visit, error) {
			v, _, err := shownVisit(row)
			return v, err
		})
		return err
	})
	return visits, err
}

// visitsAsked returns the statement for a query, and what it takes.
func visitsAsked(q store.VisitQuery, room int64) (name string, args []any) {
	var after visit.Visit
	if q.After != nil {
		after = *q.After
	}
	from, until, began := int64(q.From), int64(cmp.Or(q.Until, math.MaxInt64)), int64(after.Began())
	if q.User != "" {
		return "visits of viewer", []any{
			pack(q.User), room, from, until, began, pack(after.Session), int64(after.Version), pack(after.Room),
			q.OnlyAnomalies, q.OnlyOpen, q.Limit,
		}
	}
	args = []any{room, from, until, began, pack(after.User), pack(after.Session), int64(after.Version), q.Limit}
	switch {
	case q.OnlyAnomalies:
		return "anomalous visits of room", append(args, q.OnlyOpen)
	case q.OnlyOpen:
		return "open visits of room", args
	default:
		return "visits of room", args
	}
}
