//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ovation-live/ovation/bench/internal/load"
	"github.com/ovation-live/ovation/bench/internal/process"
)

const (
	readyWithin    = time.Minute
	settleWithin   = 10 * time.Second
	completeWithin = 30 * time.Second
	look           = 10 * time.Millisecond
	// idleFor and idleCPU are when a server counts as idle.
	idleFor, idleCPU = 200 * time.Millisecond, 10 * time.Millisecond
)

// watched is what it cost a server to deliver.
type watched struct {
	cpu       time.Duration
	took      time.Duration
	published published
	came      load.Tally
	expected  int64 // messages, or frames where there are no messages
	missing   int64 // of these
	broken    int
}

// watch starts a contender, lets viewers in, publishes, and says what that cost.
func (b *bench) watch(ctx context.Context, c contender, viewers int, o order, what string) (w watched, err error) {
	err = b.with(ctx, c, func(in instance, poller *load.Poller) error {
		crowd := load.NewCrowd(poller, in.dialect())
		if err := enter(ctx, crowd, in.process().Public, viewers); err != nil {
			return err
		}
		if err := settle(ctx, in.process()); err != nil {
			return err
		}
		warm := o
		warm.count = max(min(o.count/4, int(o.rate)), 1)
		if _, err := deliver(ctx, in, crowd, int64(viewers), warm); err != nil {
			return err
		}
		stop := b.profile(ctx, in.process(), c.name+" "+what)
		w, err = deliver(ctx, in, crowd, int64(viewers), o)
		return errors.Join(err, stop())
	})
	return w, err
}

// with starts a contender and what viewers and callers share, and calls f.
func (b *bench) with(ctx context.Context, c contender, f func(in instance, poller *load.Poller) error) error {
	in, err := c.start(ctx, b)
	if err != nil {
		return err
	}
	defer in.process().Stop()
	poller, err := load.NewPoller()
	if err != nil {
		return err
	}
	err = f(in, poller)
	return errors.Join(err, poller.Close())
}

// enter connects viewers and waits until all have their first frame.
func enter(ctx context.Context, crowd *load.Crowd, address netip.AddrPort, viewers int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWithin, errors.New("viewers did not get their first frame"))
	defer cancel()
	for range viewers {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := crowd.Add(address); err != nil {
			return err
		}
	}
	return wait(ctx, func() (bool, error) {
		s := crowd.Standing(0)
		return s.Ready == viewers, s.Fault
	})
}

// settle waits until a server has nothing left to do, or for as long as that may take.
func settle(ctx context.Context, p *process.Process) error {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	before := time.Duration(-1)
	for {
		now, err := p.CPU()
		if err != nil {
			return err
		}
		if before >= 0 && now-before <= idleCPU {
			return nil
		}
		before = now
		if until(ctx, time.Now().Add(idleFor)) != nil {
			return nil // it is never idle: then so be it
		}
	}
}

// wait looks again and again.
func wait(ctx context.Context, done func() (bool, error)) error {
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if until(ctx, time.Now().Add(look)) != nil {
			return context.Cause(ctx)
		}
	}
}

// deliver publishes and waits until all of it has come, or no more is to be expected.
func deliver(ctx context.Context, in instance, crowd *load.Crowd, viewers int64, o order) (w watched, err error) {
	before := crowd.Standing(0)
	cpu, err := in.process().CPU()
	if err != nil {
		return w, err
	}
	begun := time.Now()
	if w.published, err = in.publish(ctx, o); err != nil {
		return w, fmt.Errorf("publishing: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	after := before
	err = wait(bounded, func() (bool, error) {
		now := crowd.Standing(w.published.mark)
		stuck := now.Broken == int(viewers)
		after, now.Tally = now, now.Less(before.Tally)
		return stuck || in.complete(w.published, viewers, now), nil
	})
	if err != nil && ctx.Err() != nil { // that it did not come in time is a result
		return w, err
	}
	w.took = time.Since(begun)
	spent, err := in.process().CPU()
	w.cpu = spent - cpu
	w.came, w.broken = after.Less(before.Tally), after.Broken
	w.expected = w.published.messages * viewers
	w.missing = max(w.expected-w.came.Messages-w.came.Dropped, 0)
	if w.published.mark > 0 {
		w.expected, w.missing = viewers, int64(after.Behind)
	}
	return w, err
}

// profile keeps a CPU profile of a server, if that is asked for; stop waits for its end.
func (b *bench) profile(ctx context.Context, p *process.Process, name string) (stop func() error) {
	if b.flags.Profile == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		done <- b.keep(ctx, p, name, fmt.Sprintf("profile?seconds=%d", max(int(b.flags.For.Seconds()), 1)))
	}()
	return func() error { return <-done }
}

// keep keeps a profile of a server, if that is asked for.
func (b *bench) keep(ctx context.Context, p *process.Process, name, profile string) error {
	if b.flags.Profile == "" {
		return nil
	}
	contents, err := p.Profile(ctx, profile)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.flags.Profile, 0o750); err != nil {
		return err
	}
	name = strings.NewReplacer(" ", "-", ",", "").Replace(name)
	return os.WriteFile(filepath.Join(b.flags.Profile, name+".prof"), contents, 0o600)
}
