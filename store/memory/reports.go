package memory

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// reportsTogether is how many events are in an entry of the queue at most.
const reportsTogether = 1000

// reports is the queue of events of visits. The zero value is empty and ready to use.
type reports struct {
	mu      sync.Mutex
	last    int
	entries []*reportEntry // the oldest first
}

// reportEntry is events that were put into the queue together.
type reportEntry struct {
	store.Reported
	put   live.Timestamp
	until live.Timestamp // when the lease is over
}

// Report implements store.Reports.
func (s *Store) Report(ctx context.Context, events []visit.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now, r := s.now(), &s.reports
	r.mu.Lock()
	defer r.mu.Unlock()
	for some := range slices.Chunk(events, reportsTogether) {
		r.last++
		r.entries = append(r.entries, &reportEntry{
			Reported: store.Reported{ID: strconv.Itoa(r.last), Events: slices.Clone(some)}, put: now,
		})
	}
	return nil
}

// TakeReports implements store.Reports.
func (s *Store) TakeReports(
	ctx context.Context, _ store.NodeID, limit int, lease time.Duration,
) ([]store.Reported, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now, r := s.now(), &s.reports
	r.mu.Lock()
	defer r.mu.Unlock()
	var taken []store.Reported
	for _, e := range r.entries {
		if limit <= 0 {
			break
		}
		if e.Taken > 0 && e.until > now {
			continue
		}
		e.Taken++
		e.until = now.Add(lease)
		limit -= len(e.Events)
		taken = append(taken, e.Reported)
	}
	return taken, nil
}

// SettleReports implements store.Reports.
func (s *Store) SettleReports(ctx context.Context, taken []store.Reported) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	settled := make(map[string]struct{}, len(taken))
	for _, t := range taken {
		settled[t.ID] = struct{}{}
	}
	r := &s.reports
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = slices.DeleteFunc(r.entries, func(e *reportEntry) bool {
		_, done := settled[e.ID]
		return done
	})
	return nil
}

// ReportsWaiting implements store.Reports.
func (s *Store) ReportsWaiting(ctx context.Context) (n int64, oldest live.Timestamp, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	r := &s.reports
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		n += int64(len(e.Events))
	}
	if len(r.entries) > 0 {
		oldest = r.entries[0].put
	}
	return n, oldest, nil
}
