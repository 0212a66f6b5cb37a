// Package checkup looks at what a deployment is made of, a server, Redis, Postgres, and says
// what is not as it should be, and what to change. It changes nothing itself.
package checkup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Status is how grave a finding is.
type Status string

// The statuses.
const (
	OK   Status = "ok"
	Warn Status = "warn" // it works, and something will be lost or slow
	Fail Status = "fail" // it does not work, or what is promised is not kept
)

// Finding is what one check came to.
type Finding struct {
	Part   string `json:"part"` // server, redis or postgres
	At     string `json:"at"`   // which; without a password
	Check  string `json:"check"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"` // what to change; empty if nothing
}

// verdict is what a check says.
type verdict struct {
	status Status
	found  string
	remedy string
}

// good says that something is as it should be.
func good(format string, args ...any) verdict {
	return verdict{status: OK, found: fmt.Sprintf(format, args...)}
}

// bad says that it is not; mend adds what to change.
func bad(format string, args ...any) verdict {
	return verdict{status: Fail, found: fmt.Sprintf(format, args...)}
}

// doubtful says that it had better be different.
func doubtful(format string, args ...any) verdict {
	return verdict{status: Warn, found: fmt.Sprintf(format, args...)}
}

// mend adds what to change.
func (v verdict) mend(format string, args ...any) verdict {
	v.remedy = fmt.Sprintf(format, args...)
	return v
}

// check is one question to what is open.
type check[T any] struct {
	name string
	ask  func(of T, ctx context.Context) verdict // a method of T
}

// Part is something to check. Those of this package are made by Server, Redis and Postgres.
type Part interface {
	// Name says what it is, and where, for people.
	Name() string
	// check asks all that there is to ask, and reports each answer.
	check(ctx context.Context, e examiner)
}

// examiner asks, within a time for each question, and reports.
type examiner struct {
	timeout time.Duration
	report  func(Finding)
}

// All checks the parts, one after the other, and reports each finding as it is made. A
// question may take as long as timeout.
func All(ctx context.Context, timeout time.Duration, parts []Part, report func(Finding)) {
	for _, part := range parts {
		if ctx.Err() != nil {
			return
		}
		part.check(ctx, examiner{timeout, report})
	}
}

// ask asks all questions, until ctx is over.
func ask[T any](ctx context.Context, e examiner, part, at string, of T, checks []check[T]) {
	for _, c := range checks {
		if ctx.Err() != nil {
			return
		}
		e.tell(part, at, c.name, e.bounded(ctx, func(ctx context.Context) verdict { return c.ask(of, ctx) }))
	}
}

// bounded asks one question.
func (e examiner) bounded(ctx context.Context, ask func(context.Context) verdict) verdict {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	return ask(ctx)
}

// tell reports a verdict.
func (e examiner) tell(part, at, name string, v verdict) {
	e.report(Finding{part, at, name, v.status, v.found, v.remedy})
}

// reason is an error in one line.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// What clocks may differ by: beyond the first it is noticed in what is measured, beyond the
// second tokens are refused that are good.
const (
	skewNoticed = time.Second
	skewHarmful = 5 * time.Second
)

// clocks judges by how much another clock is ahead of this machine's, as it was read between
// sent and back.
func clocks(theirs, sent, back time.Time) verdict {
	bound := back.Sub(sent) / 2
	offset := theirs.Sub(sent.Add(bound))
	by := offset.Abs() - bound // at least
	switch text := apart(offset, bound); {
	case by > skewHarmful:
		return bad("%s", text).mend("synchronise clocks with NTP (chrony, systemd-timesyncd) there and here")
	case by > skewNoticed:
		return doubtful("%s", text).mend("synchronise clocks with NTP (chrony, systemd-timesyncd) there and here")
	default:
		return good("%s", text)
	}
}

// apart says by how much clocks differ.
func apart(offset, bound time.Duration) string {
	way := "ahead of"
	if offset < 0 {
		way = "behind"
	}
	return fmt.Sprintf("the clock is %s %s this machine's, give or take %s",
		offset.Abs().Round(time.Microsecond), way, bound.Round(time.Microsecond))
}
