//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/bench/internal/load"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

const (
	// visitBatch is how many events a call carries, and reporters how many call at once.
	visitBatch, reporters = 1000, 8
	// mergedWithin is how long it may take until all is merged.
	mergedWithin = 2 * time.Minute
	// mergedLook is how often it is looked whether it is: looking costs the server too.
	mergedLook = 100 * time.Millisecond
)

// visits measures how many events of visits a server takes in and merges, from the first
// call to when every figure has all of them.
func visits(ctx context.Context, b *bench) error {
	on := []contender{visitsOn(embedded)}
	if b.flags.RedisURL != "" {
		on = append(on, visitsOn(shared, "--redis-url", b.flags.RedisURL, "--postgres-url", b.flags.PostgresURL))
	}
	part := fmt.Sprintf("%d events, %d a call, %d calls at once", b.flags.VisitEvents, visitBatch, reporters)
	return b.turns(ctx, on, func(c contender) error {
		return b.with(ctx, c, func(in instance, _ *load.Poller) error {
			o := in.(*ovation) //nolint:forcetypeassert // what visitsOn starts
			stop := b.profile(ctx, o.process(), c.name+" visits")
			if err := b.visited(ctx, part, c.name, o); err != nil {
				return err
			}
			return stop()
		})
	})
}

// visitsOn returns Ovation's server with a room.
func visitsOn(name string, args ...string) contender {
	return contender{name: name, server: "ovation", start: func(ctx context.Context, b *bench) (instance, error) {
		o, err := startOvation(ctx, b, args...)
		if err != nil {
			return nil, err
		}
		if err := o.createRoom(ctx, o.room, usualRounds); err != nil {
			o.Stop()
			return nil, err
		}
		return o, nil
	}}
}

// visited reports visits, waits until they are merged, and notes what that took.
func (b *bench) visited(ctx context.Context, part, name string, o *ovation) error {
	signed, err := token.Mint(secret, token.Claims{User: "backend", Role: live.RoleBackend, Rooms: []live.RoomID{token.AnyRoom}})
	if err != nil {
		return err
	}
	audience := ovationv1connect.NewAudienceServiceClient(caller(signed), "http://"+o.process().Public.String())
	cpu, err := o.process().CPU()
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := o.reportVisits(ctx, audience, b.flags.VisitEvents); err != nil {
		return err
	}
	taken := time.Since(begun)
	if err := o.visitsMerged(ctx, audience, b.flags.VisitEvents/2); err != nil {
		return err
	}
	took := time.Since(begun)
	spent, err := o.process().CPU()
	events := float64(b.flags.VisitEvents)
	b.report.add("visits", part, name,
		reading{"CPU microseconds per event", (spent - cpu).Seconds() * 1e6 / events},
		reading{"events taken in a second", events / taken.Seconds()},
		reading{"events merged a second, from the first call", events / took.Seconds()},
		reading{"server's share of the CPU time there is", (spent - cpu).Seconds() / took.Seconds() / float64(runtime.NumCPU())})
	return err
}

// reportVisits reports enters and exits, each user's of an hour ago.
func (o *ovation) reportVisits(ctx context.Context, audience ovationv1connect.AudienceServiceClient, events int) error {
	var next atomic.Int64
	var group sync.WaitGroup
	faults := make([]error, reporters)
	at := time.Now().Add(-time.Hour).UnixMicro()
	for n := range reporters {
		group.Go(func() {
			for faults[n] == nil {
				first := int(next.Add(visitBatch)) - visitBatch
				if first >= events {
					return
				}
				batch := o.visitEvents(first, min(visitBatch, events-first), at)
				_, faults[n] = audience.ReportVisits(ctx, &ovationv1.ReportVisitsRequest{Events: batch})
			}
		})
	}
	group.Wait()
	return errors.Join(faults...)
}

// visitEvents makes some of the events: an enter and an exit of each user.
func (o *ovation) visitEvents(first, count int, at int64) []*ovationv1.VisitEvent {
	batch := make([]*ovationv1.VisitEvent, count)
	for i := range batch {
		user, exit := (first+i)/2, int64((first+i)%2)
		batch[i] = &ovationv1.VisitEvent{
			RoomId: o.room, UserId: fmt.Sprint("user-", user), SessionId: "bench", Version: 1 + exit,
			At: at + int64(user%1_800)*1_000_000 + exit*int64(user%1_500)*1_000_000,
		}
	}
	return batch
}

// visitsMerged waits until the room's figures have all visits.
func (o *ovation) visitsMerged(ctx context.Context, audience ovationv1connect.AudienceServiceClient, want int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, mergedWithin, fmt.Errorf("not all visits are merged after %v", mergedWithin))
	defer cancel()
	return wait(ctx, func() (bool, error) {
		w, err := audience.GetAttendance(ctx, &ovationv1.GetAttendanceRequest{RoomId: o.room})
		if err != nil {
			return false, err
		}
		a := w.GetAttendance()
		if a.GetVisits() == int64(want) && a.GetUniqueUsers() == int64(want) {
			return true, nil
		}
		return false, until(ctx, time.Now().Add(mergedLook))
	})
}
