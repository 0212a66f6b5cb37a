package audience

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/account"
	"github.com/ovation-live/ovation/clients/cli/internal/latency"
	"github.com/ovation-live/ovation/clients/cli/internal/pace"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// headPeriod is how often the room's head is read.
const headPeriod = 250 * time.Millisecond

// headLimit is how long reading it may take.
const headLimit = 10 * time.Second

// headPatience is how long it may fail before the run is given up.
const headPatience = 2 * time.Minute

// Crowd is one run: an audience in a room.
type Crowd struct {
	options Options
	viewers []*viewer
	latency *latency.Recorder
	tasks   sync.WaitGroup
	kills   int // belongs to the killer until tasks are done
	final   atomic.Pointer[[]state]
}

// New gets an audience ready. Run must be called, once.
func New(options Options) *Crowd {
	c := &Crowd{options: options, latency: latency.NewRecorder()}
	for i := range options.Viewers {
		c.viewers = append(c.viewers, &viewer{number: i + 1, conns: newConnections(), latency: c.latency})
	}
	return c
}

// Run lets the viewers in and watches until the options or the context end it, or
// until nobody is left. The context's end is an interruption: the report says how
// things were. The error is that the room's head cannot be read, or that the room had
// ended before anybody got in.
func (c *Crowd) Run(ctx context.Context) (Report, error) {
	started := time.Now()
	begin, err := c.head(ctx)
	if err != nil {
		return Report{}, err
	}
	watching, leave := context.WithCancel(ctx)
	defer leave()
	c.tasks.Go(func() { c.admit(watching) })
	if c.options.KillEvery > 0 {
		c.tasks.Go(func() { c.kill(watching) })
	}
	end, err := c.attend(ctx, begin, started)
	states := c.states() // before they leave: how they stand is the point
	c.final.Store(&states)
	wall := time.Since(started)
	interrupted := ctx.Err() != nil
	leave()
	c.tasks.Wait()
	report := c.report(states, begin, end, wall)
	report.Interrupted = interrupted
	if err == nil {
		err = lateForAll(states)
	}
	return report, err
}

// lateForAll returns the error of a viewer if all came only after the room had ended.
func lateForAll(states []state) error {
	var late error
	for _, s := range states {
		if s.joined || !errors.Is(s.over, ovation.ErrRoomEnded) {
			return nil
		}
		late = s.over
	}
	return late
}

// admit lets one viewer in after the other, at the ramp's pace.
func (c *Crowd) admit(ctx context.Context) {
	started := time.Now()
	for i, v := range c.viewers {
		due := started.Add(time.Duration(float64(i) / c.options.Ramp * float64(time.Second)))
		if !pace.Sleep(ctx, time.Until(due)) {
			return
		}
		c.tasks.Go(func() { v.watch(ctx, c.options) })
	}
}

// kill breaks a random viewer's connection from time to time.
func (c *Crowd) kill(ctx context.Context) {
	for pace.Sleep(ctx, c.options.KillEvery) {
		victim := c.viewers[rand.IntN(len(c.viewers))] //nolint:gosec // any will do
		if victim.look().connected && victim.conns.kill() {
			c.kills++
		}
	}
}

// attend follows the room's head until the run is to end, and returns the last one.
func (c *Crowd) attend(ctx context.Context, begin *ovationv1.Cursor, started time.Time) (*ovationv1.Cursor, error) {
	watch := newWatch(c.options, begin, started)
	read := started
	for ctx.Err() == nil {
		head, err := c.head(ctx)
		now := time.Now()
		switch {
		case err == nil:
			read = now
			watch.saw(head, now)
			if watch.over(now, c.settled) || c.deserted() {
				return watch.head, nil
			}
		case now.Sub(read) > headPatience: // until then: a room that cannot be seen may be moving
			return watch.head, err
		}
		pace.Sleep(ctx, headPeriod)
	}
	return watch.head, nil
}

// head reads the room's head.
func (c *Crowd) head(ctx context.Context) (*ovationv1.Cursor, error) {
	ctx, cancel := context.WithTimeout(ctx, headLimit)
	defer cancel()
	return c.options.Head(ctx)
}

// settled says whether every viewer that is there has read up to the head.
func (c *Crowd) settled(head *ovationv1.Cursor) bool {
	for _, v := range c.viewers {
		s := v.look()
		if s.over != nil {
			continue
		}
		if behind, same := s.account.Behind(head); !s.joined || !same || behind > 0 {
			return false
		}
	}
	return true
}

// deserted says whether every viewer's stay is over.
func (c *Crowd) deserted() bool {
	for _, v := range c.viewers {
		if v.look().over == nil {
			return false
		}
	}
	return true
}

// states returns how every viewer is, or was when the run ended.
func (c *Crowd) states() []state {
	if final := c.final.Load(); final != nil {
		return *final
	}
	states := make([]state, len(c.viewers))
	for i, v := range c.viewers {
		states[i] = v.look()
	}
	return states
}

// Progress is how a run is going. It may be called at any time, from anywhere.
type Progress struct {
	// Connected is how many viewers events flow to.
	Connected int
	// Gone is how many stays are over.
	Gone int
	// Counts is what all books say together.
	Counts account.Counts
}

// Progress says how it is going.
func (c *Crowd) Progress() Progress {
	progress := Progress{}
	for _, s := range c.states() {
		if s.connected {
			progress.Connected++
		}
		if s.over != nil {
			progress.Gone++
		}
		progress.Counts.Add(s.account.Counts())
	}
	return progress
}
