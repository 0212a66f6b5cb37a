// Package replay plays a chat log into a room, at the log's own pace or any other.
package replay

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/chatlog"
	"github.com/ovation-live/ovation/clients/cli/internal/lanes"
	"github.com/ovation-live/ovation/clients/cli/internal/pace"
)

// pendingPerWorker is how many messages may wait for each that is being sent.
const pendingPerWorker = 16

// Options say how a log is played. All fields but Window, MaxGap, GiveUpAfter, Muter and
// Malformed must be set.
type Options struct {
	// Room is where it is played.
	Room string
	// Run names the replay: with the line it makes a message's id, so that the same
	// run twice within the server's memory doubles nothing.
	Run string
	// Window is the part that is played.
	Window Window
	// Speed is how many times faster than the log; 0: as fast as possible.
	Speed float64
	// MaxGap cuts longer gaps of the log; 0 keeps them.
	MaxGap time.Duration
	// Concurrency is how many messages are on their way at a time.
	Concurrency int
	// Timeout is how long one try may take.
	Timeout time.Duration
	// RetryFor is how long a message that fails is tried again.
	RetryFor time.Duration
	// GiveUpAfter is for how long nothing may be answered before the run ends; 0: for ever.
	GiveUpAfter time.Duration
	// Senders are the connections to use.
	Senders []Sender
	// Muter mutes whom the log mutes; nil: mutes are skipped.
	Muter Muter
	// Malformed is told of each line that is no entry.
	Malformed func(*chatlog.MalformedError)
}

// Replay is one play of a log.
type Replay struct {
	options  Options
	schedule *pace.Schedule
	lanes    *lanes.Lanes
	tally    *tally
	seed     maphash.Seed
	started  atomic.Int64 // Unix nanoseconds; 0: not yet
	due      atomic.Int64 // of the entry at hand

	end context.CancelCauseFunc // ends the run, which has begun; the first cause counts
}

// endedError is the cause of a run's end that is a fault. Any other is an interruption.
type endedError struct{ error }

// New prepares a replay. Run must be called, once.
func New(options Options) *Replay {
	return &Replay{
		options:  options,
		schedule: pace.New(options.Speed, options.MaxGap),
		lanes:    lanes.New(options.Concurrency, options.Concurrency*pendingPerWorker),
		tally:    newTally(),
		seed:     maphash.MakeSeed(),
	}
}

// Progress is how far a replay is. It may be called at any time, from anywhere.
type Progress struct {
	// Sent is how many messages have been dealt with.
	Sent int
	// Elapsed is how much of the plan's length has been played.
	Elapsed time.Duration
	// Silent is for how long nothing has been answered.
	Silent time.Duration
}

// Progress says how far it is.
func (r *Replay) Progress() Progress {
	progress := Progress{Sent: r.tally.progress(), Silent: r.tally.silent()}
	if started := r.started.Load(); started > 0 {
		progress.Elapsed = min(time.Since(time.Unix(0, started)), time.Duration(r.due.Load()))
	}
	return progress
}

// Run plays the log. When the context ends it sends nothing more, waits for what is
// on its way, and returns the report all the same, marked as interrupted. The error
// is one that ended the run: of the log's source, or of a send that no other would
// fare better than.
func (r *Replay) Run(ctx context.Context, log io.Reader) (Report, error) {
	ctx, r.end = context.WithCancelCause(ctx)
	defer r.end(nil)
	started := time.Now()
	r.started.Store(started.UnixNano())
	covered := span{}
	err := walk(ctx, log, r.options.Window, visitor{
		entry: func(entry chatlog.Entry) error {
			covered.include(entry.Millis)
			return r.play(ctx, entry, started)
		},
		malformed: r.malformed,
		outside:   r.tally.outside,
	})
	r.lanes.Close()
	wall := time.Since(started)

	report := r.report(wall, covered.length())
	report.Interrupted = errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if report.Interrupted {
		err = nil
	}
	return report, errors.Join(faultOf(ctx), err)
}

// faultOf returns the fault that ended a run, nil if none did.
func faultOf(ctx context.Context) error {
	if ended, ok := errors.AsType[endedError](context.Cause(ctx)); ok {
		return ended.error
	}
	return nil
}

func (r *Replay) malformed(err *chatlog.MalformedError) {
	r.tally.malformed()
	if r.options.Malformed != nil {
		r.options.Malformed(err)
	}
}

// play waits for the entry's time and queues it behind its user's others.
func (r *Replay) play(ctx context.Context, entry chatlog.Entry, started time.Time) error {
	r.tally.line()
	due := r.schedule.Due(entry.Millis)
	r.due.Store(int64(due))
	if skipped := r.options.skip(entry); skipped != "" {
		r.tally.skipped(skipped)
		return nil
	}
	if r.options.Speed > 0 && !pace.Sleep(ctx, time.Until(started.Add(due))) {
		r.tally.unsent()
		return ctx.Err()
	}
	call := r.callOf(entry)
	err := r.lanes.Submit(ctx, entry.User, func() { r.send(ctx, call, started.Add(due)) })
	if err != nil {
		r.tally.unsent()
	}
	return err
}

// callOf is what an entry that is not skipped comes to.
func (r *Replay) callOf(entry chatlog.Entry) call {
	if entry.Type == chatlog.TypeMute {
		return &muting{muter: r.options.Muter, request: r.options.mute(entry)}
	}
	return &sending{sender: r.sender(entry.User), request: r.options.message(entry)}
}

// send makes one call and counts what comes of it. One that is on its way when the run
// ends is waited for, but not tried again.
func (r *Replay) send(ctx context.Context, call call, due time.Time) {
	if ctx.Err() != nil {
		r.tally.unsent()
		return
	}
	began := time.Now()
	if r.options.Speed > 0 {
		r.tally.late(began.Sub(due))
	}
	patience := patience{timeout: r.options.Timeout, retryFor: r.options.RetryFor, tried: r.tried}
	retries, err := patience.make(ctx, call)
	r.tally.sent(call, err, retries, time.Since(began))
	if err != nil && endsRun(err) && !call.optional(err) {
		r.end(endedError{err})
	}
}

// tried notes what came of one try, and ends a run of which nothing is answered any more.
func (r *Replay) tried(err error) {
	silent := r.tally.tried(err, time.Now())
	if limit := r.options.GiveUpAfter; limit > 0 && silent >= limit {
		r.end(endedError{fmt.Errorf("nothing was answered for %v: %w", limit, err)})
	}
}

// sender picks the connection of a user.
func (r *Replay) sender(user string) Sender {
	return r.options.Senders[maphash.String(r.seed, user)%uint64(len(r.options.Senders))]
}

// span is from the earliest to the latest of some log times.
type span struct {
	started     bool
	first, last int64
}

func (s *span) include(millis int64) {
	if !s.started {
		s.started, s.first, s.last = true, millis, millis
	}
	s.first, s.last = min(s.first, millis), max(s.last, millis)
}

func (s *span) length() time.Duration {
	return time.Duration(min(s.last-s.first, maxMillis)) * time.Millisecond
}

// maxMillis is the longest Duration in milliseconds.
const maxMillis = int64(1<<63-1) / int64(time.Millisecond)
