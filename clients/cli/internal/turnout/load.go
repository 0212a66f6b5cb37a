package turnout

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/clients/cli/internal/pace"
	"github.com/ovation-live/ovation/clients/cli/internal/turns"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// What is called, for short.
type (
	audience = ovationv1connect.AudienceServiceClient
	rooms    = ovationv1connect.RoomServiceClient
	feed     = ovationv1connect.FeedServiceClient
)

// Options says how to load.
type Options struct {
	Room      string
	Reporters int     // that report side by side
	Batch     int     // events a call
	Shuffle   bool    // in any order
	Duplicate float64 // how many of the events are sent again
	Seed      uint64
	RetryFor  time.Duration // for how long a call is repeated that fails
	WaitFor   time.Duration // for how long it is waited until all is merged
	End       bool          // the room, when all is sent; else it goes on
	Nodes     []*ovation.Client
}

// Load is one load.
type Load struct {
	options Options
	log     *Log
	turns   *turns.Turns
	sent    atomic.Int64
	retries atomic.Int64
	checked atomic.Int64
	stage   atomic.Pointer[string]

	mu    sync.Mutex
	aside []string
}

// New returns a load of a log.
func New(log *Log, o Options) *Load {
	l := &Load{options: o, log: log, turns: turns.New(len(o.Nodes))}
	l.say("sending")
	for _, e := range log.Events {
		e.RoomId = o.Room
	}
	return l
}

func (l *Load) say(stage string) { l.stage.Store(&stage) }

// Progress returns what is being done, how many events were sent, and how many users were
// compared.
func (l *Load) Progress() (stage string, sent, compared int64) {
	return *l.stage.Load(), l.sent.Load(), l.checked.Load()
}

// Run sends the events, waits until they are merged, and compares.
func (l *Load) Run(ctx context.Context) (Report, error) {
	r := Report{
		Room: l.options.Room, Lines: l.log.Lines, Enters: l.log.Enters, Leaves: l.log.Leaves,
		Doubled: l.log.Doubled, Missing: l.log.Missing, Same: true,
	}
	if err := l.vacant(ctx); err != nil {
		return r, err
	}
	events := l.shuffled()
	r.Again = int64(len(events) - len(l.log.Events))
	begun := time.Now()
	if err := l.send(ctx, events); err != nil {
		return r, err
	}
	r.Sent, r.SendSecond = l.sent.Load(), time.Since(begun).Seconds()
	end := int64(0)
	if l.options.End {
		var err error
		if end, err = l.end(ctx); err != nil {
			return r, err
		}
	}
	begun = time.Now()
	if err := l.merged(ctx, end != 0); err != nil {
		return r, err
	}
	r.MergeAfter = time.Since(begun).Seconds()
	l.say("comparing")
	err := l.compare(ctx, NewDirect(l.log.Events, end), &r)
	r.Retries = l.retries.Load()
	return r, err
}

// vacant returns nil if the room has no visits yet.
func (l *Load) vacant(ctx context.Context) error {
	got, err := ask(ctx, l, audience.GetAttendance, &ovationv1.GetAttendanceRequest{RoomId: l.options.Room})
	if err == nil && got.GetAttendance().GetVisits() > 0 {
		err = fmt.Errorf("room %s has %d visits already: its figures would not be the log's; choose another room",
			l.options.Room, got.GetAttendance().GetVisits())
	}
	return err
}

// shuffled returns the events to send: some of them twice, in any order if asked for.
func (l *Load) shuffled() []*ovationv1.VisitEvent {
	random := rand.New(rand.NewPCG(l.options.Seed, 1)) //nolint:gosec // the same seed sends the same
	events := slices.Clone(l.log.Events)
	for _, e := range l.log.Events {
		if random.Float64() < l.options.Duplicate {
			events = append(events, e)
		}
	}
	if l.options.Shuffle {
		random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	}
	return events
}

// send sends events in batches, by all reporters side by side.
func (l *Load) send(ctx context.Context, events []*ovationv1.VisitEvent) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(l.options.Reporters)
	for batch := range slices.Chunk(events, l.options.Batch) {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return l.sendBatch(ctx, batch) })
	}
	return group.Wait()
}

func (l *Load) sendBatch(ctx context.Context, batch []*ovationv1.VisitEvent) error {
	got, err := ask(ctx, l, audience.ReportVisits, &ovationv1.ReportVisitsRequest{Events: batch})
	if err != nil {
		return err
	}
	l.sent.Add(int64(len(batch)))
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range got.GetSetAside() {
		l.aside = append(l.aside, a.GetDetail())
	}
	return nil
}

// end ends the room, and returns when that was. A try whose answer was lost may have ended
// it: the next is told the same instant.
func (l *Load) end(ctx context.Context) (int64, error) {
	l.say("ending the room")
	got, err := call(ctx, l, (*ovation.Client).Rooms, rooms.EndRoom, &ovationv1.EndRoomRequest{RoomId: l.options.Room})
	return got.GetRoom().GetEndedAt(), err
}

// serverClock returns the server's clock, in µs.
func (l *Load) serverClock(ctx context.Context) (int64, error) {
	got, err := call(ctx, l, (*ovation.Client).Feed, feed.SyncClock, &ovationv1.SyncClockRequest{})
	return got.GetReceivedAt(), err
}

// lookEvery is how often it is looked whether all is merged.
const lookEvery = 100 * time.Millisecond

// merged waits until all that was sent is merged, and nothing is open in a room that has
// ended.
func (l *Load) merged(ctx context.Context, ended bool) error {
	l.say("waiting until all is merged")
	sent, err := l.serverClock(ctx)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(l.options.WaitFor)
	for {
		got, err := ask(ctx, l, audience.GetAttendance, &ovationv1.GetAttendanceRequest{RoomId: l.options.Room})
		if err != nil {
			return err
		}
		done := got.GetAttendance().GetAsOf() > sent
		if done && ended {
			w, err := ask(ctx, l, audience.GetWatchTime, &ovationv1.GetWatchTimeRequest{RoomId: l.options.Room})
			if err != nil {
				return err
			}
			done = w.GetWatchTime().GetOpen() == 0
		}
		switch {
		case done:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("the events are not merged after %v: see the server's log, and ovation_visit_waiting_events", l.options.WaitFor)
		case !pace.Sleep(ctx, lookEvery):
			return ctx.Err()
		}
	}
}

// callWithin is how long one try may take: a node that is gone takes no longer.
const callWithin = 10 * time.Second

// ask makes a call of the audience service.
func ask[Request, Response any](
	ctx context.Context, l *Load, method func(audience, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	return call(ctx, l, (*ovation.Client).Audience, method, request)
}

// call makes a call by one node after the other until one answers, for a time.
func call[Service, Request, Response any](
	ctx context.Context, l *Load, service func(*ovation.Client) Service,
	method func(Service, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	deadline := time.Now().Add(l.options.RetryFor)
	for {
		response, err := turns.Try(ctx, l.turns, callWithin, func(ctx context.Context, i int) (*Response, error) {
			return method(service(l.options.Nodes[i]), ctx, request)
		})
		if !turns.Again(ctx, err, deadline) {
			return response, err
		}
		l.retries.Add(1)
	}
}
