package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

// The kinds of moments that are kept of visits: when they began, when they ended, and since
// when those with an open one watch.
const (
	enterMoments = int16(iota)
	exitMoments
	watcherMoments
)

// crowded is from how many rows of a minute one is made.
const crowded = 32

// addedMoments is rows of moments, as a statement takes them.
type addedMoments struct {
	rooms, minutes []int64
	kinds          []int16
	first, last    []int32 // where each has its moments in those of all, from 1
	at, changes    []int32
}

// queueMoments adds to the moments of rooms, and to their curves.
func queueMoments(all *pgx.Batch, rooms []*visitRoom) {
	var added addedMoments
	var of, minutes, enters, exits []int64
	for _, r := range rooms {
		flows := r.change.Flows()
		for _, at := range slices.Sorted(maps.Keys(flows)) {
			of, minutes = append(of, r.number), append(minutes, int64(at))
			enters, exits = append(enters, flows[at].Enters), append(exits, flows[at].Exits)
		}
		added.add(r.number, enterMoments, r.change.Enters)
		added.add(r.number, exitMoments, r.change.Exits)
		added.add(r.number, watcherMoments, r.change.Watchers)
	}
	if len(added.rooms) > 0 {
		all.Queue(statement("add visit moments"), added.args()...)
	}
	if len(of) > 0 {
		all.Queue(statement("change visit minutes"), of, minutes, enters, exits)
	}
}

// add adds a row for each minute.
func (a *addedMoments) add(room int64, kind int16, moments visit.Moments) {
	moments.Sum().ByMinute(func(minute live.Timestamp, in visit.Moments) {
		a.rooms, a.kinds, a.minutes = append(a.rooms, room), append(a.kinds, kind), append(a.minutes, int64(minute))
		a.first = append(a.first, int32(len(a.at))+1) //nolint:gosec // a step has not that many
		for _, m := range in {
			a.at, a.changes = append(a.at, int32(m.At-minute)), append(a.changes, int32(m.By)) //nolint:gosec // within a minute
		}
		a.last = append(a.last, int32(len(a.at))) //nolint:gosec // a step has not that many
	})
}

func (a *addedMoments) args() []any {
	return []any{a.rooms, a.kinds, a.minutes, a.first, a.last, a.at, a.changes}
}

// keptMoments is a row of moments as it is read.
type keptMoments struct {
	minute      live.Timestamp
	at, changes []int32
}

// into adds them to others.
func (k *keptMoments) into(moments visit.Moments) visit.Moments {
	moments = slices.Grow(moments, len(k.at))
	for i, at := range k.at {
		moments = append(moments, visit.Net{At: k.minute + live.Timestamp(at), By: int64(k.changes[i])})
	}
	return moments
}

// crowd is minutes of rooms whose moments are in many rows.
type crowd struct{ rooms, minutes []int64 }

// note counts a row of a minute, of which there are so many with it.
func (c *crowd) note(room int64, minute live.Timestamp, rows int) {
	if rows == crowded {
		c.rooms, c.minutes = append(c.rooms, room), append(c.minutes, int64(minute))
	}
}

// fold makes one row of many, of some kinds.
func (c *crowd) fold(ctx context.Context, tx pgx.Tx, kinds ...int16) error {
	if len(c.rooms) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, statement("fold visit moments"), c.rooms, c.minutes, kinds)
	return err
}
