package redis

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

var (
	reportsPut    = load("reports_put")
	reportsTake   = load("reports_take")
	reportsSettle = load("reports_settle")
	reportsCount  = load("reports_count")
)

var _ store.Reports = (*Store)(nil)

const (
	// reportParts is how many parts the queue has, by user: a cluster shares them. A number
	// that is another in a later build leaves parts unread.
	reportParts = 16
	// reportsTogether is how many events are in an entry at most.
	reportsTogether = 1000
)

// reportKeys names what is kept of a part of the queue, which has a tag that no room has.
func (s *Store) reportKeys(part int) []string {
	prefix := s.config.Prefix + "{%reports" + strconv.Itoa(part) + "}:"
	return []string{prefix + "queue", prefix + "taken", prefix + "count"}
}

// Report implements store.Reports. What fails may have put some of the events.
func (s *Store) Report(ctx context.Context, events []visit.Event) error {
	if len(events) == 0 {
		return ctx.Err()
	}
	var parts [reportParts][]visit.Event
	for _, e := range events {
		p := visit.Part(e.User, reportParts)
		parts[p] = append(parts[p], e)
	}
	var group errgroup.Group
	for p, of := range parts {
		if len(of) > 0 {
			group.Go(func() error { return s.reportPart(ctx, p, of) })
		}
	}
	return group.Wait()
}

// reportPart puts events of one part.
func (s *Store) reportPart(ctx context.Context, part int, events []visit.Event) error {
	for some := range slices.Chunk(events, reportsTogether) {
		args := []string{decimal(len(some)), rueidis.BinaryString(packEvents(some))}
		if _, _, err := s.runWith(ctx, reportsPut, s.reportKeys(part), args); err != nil {
			return err
		}
	}
	return nil
}

// takes counts who takes: each begins some parts after the one before, so that those who take
// at once get events of different parts. Merging these, they do not wait for each other.
var takes atomic.Uint32

// apart is how many parts lie between the beginnings of two who take.
const apart = 7

// TakeReports implements store.Reports. It looks at no more parts than it takes to have a fair
// share of the limit. While there are events of some parts, what fails of others is no error.
func (s *Store) TakeReports(
	ctx context.Context, node store.NodeID, limit int, lease time.Duration,
) (taken []store.Reported, err error) {
	empty := s.emptyParts(ctx)
	first, left := int(takes.Add(1)%reportParts)*apart, limit
	for i := 0; i < reportParts && left > limit*3/4; i++ {
		part := (first + i) % reportParts
		if empty[part] {
			continue
		}
		some, n, fault := s.takePart(ctx, part, node, left, lease)
		taken = append(taken, some...)
		left -= n
		err = firstOf(err, fault)
	}
	if len(taken) > 0 {
		return taken, nil
	}
	return nil, err
}

// emptyParts says which parts have nothing, in one trip: mostly that is all of them. Of what it
// cannot find out it says nothing.
func (s *Store) emptyParts(ctx context.Context) (empty [reportParts]bool) {
	commands := make(rueidis.Commands, reportParts)
	for p := range commands {
		commands[p] = s.client.B().Xlen().Key(s.reportKeys(p)[0]).Build()
	}
	_ = s.reachKey(ctx, s.reportKeys(0)[0], func(ctx context.Context) (first error) {
		for p, result := range s.client.DoMulti(ctx, commands...) {
			n, err := result.AsInt64()
			if empty[p] = err == nil && n == 0; p == 0 {
				first = err
			}
		}
		return first
	})
	return empty
}

// takePart takes events of one part, and says how many.
func (s *Store) takePart(
	ctx context.Context, part int, node store.NodeID, limit int, lease time.Duration,
) (taken []store.Reported, n int, err error) {
	_, list, err := s.runWith(ctx, reportsTake, s.reportKeys(part),
		[]string{string(node), decimal(limit), decimal(lease.Microseconds())})
	if err != nil {
		return nil, 0, err
	}
	if len(list)%3 != 0 {
		return nil, 0, errMalformed
	}
	for entry := range slices.Chunk(list, 3) {
		r, err := reportedFrom(part, entry)
		if err != nil { // it comes again, and goes to who can read it
			s.config.Logger.ErrorContext(ctx, "events of visits cannot be read", "part", part, "entry", r.ID, "error", err)
			continue
		}
		taken, n = append(taken, r), n+len(r.Events)
	}
	return taken, n, nil
}

// reportedFrom reads an entry: its id, how often it was taken, its events.
func reportedFrom(part int, entry []rueidis.RedisMessage) (r store.Reported, err error) {
	id, err := entry[0].ToString()
	if err != nil {
		return r, err
	}
	r.ID = strconv.Itoa(part) + "/" + id
	times, err := entry[1].AsInt64()
	if err != nil {
		return r, err
	}
	b, err := entry[2].AsBytes()
	if err != nil {
		return r, err
	}
	r.Taken = int(times)
	r.Events, err = unpackEvents(b)
	return r, err
}

// SettleReports implements store.Reports.
func (s *Store) SettleReports(ctx context.Context, taken []store.Reported) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var parts [reportParts][]string
	for _, r := range taken {
		name, id, ok := strings.Cut(r.ID, "/")
		part, err := strconv.Atoi(name)
		if !ok || err != nil || part < 0 || part >= reportParts {
			return fmt.Errorf("redis: there are no reports %q", r.ID)
		}
		parts[part] = append(parts[part], id)
	}
	var group errgroup.Group
	for p, ids := range parts {
		if len(ids) > 0 {
			group.Go(func() error {
				_, _, err := s.runWith(ctx, reportsSettle, s.reportKeys(p), ids)
				return err
			})
		}
	}
	return group.Wait()
}

// ReportsWaiting implements store.Reports.
func (s *Store) ReportsWaiting(ctx context.Context) (n int64, oldest live.Timestamp, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	var group errgroup.Group
	var counts, instants [reportParts]int64
	empty := s.emptyParts(ctx)
	for p := range reportParts {
		if empty[p] {
			continue
		}
		group.Go(func() error {
			_, list, err := s.runWith(ctx, reportsCount, s.reportKeys(p), nil)
			if err != nil {
				return err
			}
			if len(list) != 2 {
				return errMalformed
			}
			var fault error
			counts[p], err = list[0].AsInt64()
			instants[p], fault = list[1].AsInt64()
			return firstOf(err, fault)
		})
	}
	if err := group.Wait(); err != nil {
		return 0, 0, err
	}
	for p, at := range instants {
		n += counts[p]
		if at != 0 && (oldest == 0 || live.Timestamp(at) < oldest) {
			oldest = live.Timestamp(at)
		}
	}
	return n, oldest, nil
}

// eventsVersion is how events are packed. Later builds read it.
const eventsVersion = 1

// packEvents packs events: after the version of each whether it is inferred, its room, user
// and session after their lengths, its version and when it was.
func packEvents(events []visit.Event) []byte {
	b := make([]byte, 0, 1+64*len(events))
	b = append(b, eventsVersion)
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, e := range events {
		inferred := byte(0)
		if e.Inferred {
			inferred = 1
		}
		b = append(b, inferred)
		text(string(e.Room))
		text(string(e.User))
		text(string(e.Session))
		b = binary.AppendVarint(b, int64(e.Version))
		b = binary.AppendVarint(b, int64(e.At))
	}
	return b
}

// unpackEvents returns events that were packed.
func unpackEvents(b []byte) (events []visit.Event, err error) {
	p := packed{rest: b}
	if version := p.number(1); version != eventsVersion {
		return nil, fmt.Errorf("%w: packed as %d, this build reads %d", errMalformed, version, eventsVersion)
	}
	for len(p.rest) > 0 && !p.short {
		e := visit.Event{Inferred: p.number(1) == 1}
		e.Room, e.User, e.Session = live.RoomID(p.variable()), live.UserID(p.variable()), live.SessionID(p.variable())
		e.Version, e.At = visit.Version(p.varint()), live.Timestamp(p.varint())
		events = append(events, e)
	}
	return events, p.err()
}

// variable returns the next text, which comes after its length.
func (p *packed) variable() string {
	n, size := binary.Uvarint(p.rest)
	if size <= 0 {
		p.rest, p.short = nil, true
		return ""
	}
	p.rest = p.rest[size:]
	return p.text(n)
}

// varint returns the next number of a variable length.
func (p *packed) varint() int64 {
	n, size := binary.Varint(p.rest)
	if size <= 0 {
		p.rest, p.short = nil, true
		return 0
	}
	p.rest = p.rest[size:]
	return n
}
