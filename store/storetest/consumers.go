package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

var consumersTests = []test{
	{"ConsumerBeginsAtItsStart", consumerBeginsAtItsStart},
	{"ConsumerGoesForwardOnly", consumerGoesForwardOnly},
	{"WhatHasNotHappenedIsNotAcknowledged", whatHasNotHappenedIsNotAcknowledged},
	{"NewStreamReplacesTheOlder", newStreamReplacesTheOlder},
	{"StreamIsActiveForItsLease", streamIsActiveForItsLease},
	{"StreamPassesWhatItDoesNotAskFor", streamPassesWhatItDoesNotAskFor},
	{"ConsumersAreListedByName", consumersAreListedByName},
	{"ConsumerIsForgottenWhole", consumerIsForgottenWhole},
	{"PrunedEventsAreDropped", prunedEventsAreDropped},
	{"ConsumersAreAModel", consumersAreAModel},
}

// opening returns a stream of everything.
func opening(name, owner string, start store.EventStart) store.ConsumerOpening {
	return store.ConsumerOpening{Name: name, Owner: owner, Lease: time.Hour, Start: start}
}

// openAs opens a stream of everything.
func (s *rig) openAs(name, owner string, start store.EventStart) store.EventConsumer {
	s.t.Helper()
	c, err := s.Consumers.OpenConsumer(s.t.Context(), opening(name, owner, start))
	return must(s, "OpenConsumer", c, err)
}

// keep keeps a stream that has passed a position.
func (s *rig) keepAs(name, owner string, passed store.EventPosition) store.EventConsumer {
	s.t.Helper()
	c, err := s.Consumers.KeepConsumer(s.t.Context(), name, owner, time.Hour, passed)
	return must(s, "KeepConsumer", c, err)
}

// consumer returns a consumer.
func (s *rig) consumer(name string) store.EventConsumer {
	s.t.Helper()
	c, err := s.Consumers.EventConsumer(s.t.Context(), name)
	return must(s, "EventConsumer", c, err)
}

// acknowledge acknowledges and returns where the consumer is.
func (s *rig) acknowledge(name string, upTo store.EventPosition) store.EventConsumer {
	s.t.Helper()
	c, err := s.Consumers.AcknowledgeEvents(s.t.Context(), name, upTo)
	return must(s, "AcknowledgeEvents", c, err)
}

// wantAt compares how far a consumer is, and how many events are after that.
func (s *rig) wantAt(name string, at store.EventPosition, lag int64) {
	s.t.Helper()
	if c := s.consumer(name); c.Name != name || c.Acknowledged != at || c.Lag != lag || (c.Oldest == 0) != (lag == 0) {
		s.t.Fatalf("%q is %+v, want at %d, %d behind", name, c, at, lag)
	}
}

// wantNoConsumer checks that there is no such consumer.
func (s *rig) wantNoConsumer(name string) {
	s.t.Helper()
	if c, err := s.Consumers.EventConsumer(s.t.Context(), name); !errors.Is(err, store.ErrConsumerNotFound) {
		s.t.Fatalf("%q is %+v, %v", name, c, err)
	}
}

func consumerBeginsAtItsStart(_ *testing.T, s *rig) {
	s.openAs("early latest", "o", store.StartLatest)
	s.record(event("a", "r"), event("b", "r"))
	s.openAs("latest \x00", "o", store.StartLatest)
	s.openAs("earliest", "o", store.StartEarliest)
	s.record(event("c", "r"))
	s.wantAt("early latest", 0, 3)
	s.wantAt("latest \x00", 2, 1)
	s.wantAt("earliest", 0, 3)
	s.openAs("latest \x00", "o", store.StartEarliest) // it is known
	s.wantAt("latest \x00", 2, 1)
	s.openAs("earliest", "o", store.StartLatest)
	s.wantAt("earliest", 0, 3)
}

func consumerGoesForwardOnly(t *testing.T, s *rig) {
	s.record(event("a", "r"), event("b", "r"), event("c", "r"))
	_, err := s.Consumers.AcknowledgeEvents(t.Context(), "one", 1)
	if !errors.Is(err, store.ErrConsumerNotFound) {
		t.Errorf("%v, want ErrConsumerNotFound", err)
	}
	s.openAs("one", "o", store.StartEarliest)
	for _, step := range []struct{ upTo, at store.EventPosition }{{0, 0}, {2, 2}, {1, 2}, {2, 2}, {3, 3}, {1, 3}} {
		if c := s.acknowledge("one", step.upTo); c.Acknowledged != step.at || c.Latest != 3 {
			t.Errorf("having acknowledged %d it is %+v, want at %d", step.upTo, c, step.at)
		}
		s.wantAt("one", step.at, int64(3-step.at))
	}
}

func whatHasNotHappenedIsNotAcknowledged(t *testing.T, s *rig) {
	s.record(event("a", "r"))
	s.openAs("c", "o", store.StartEarliest)
	for range 2 {
		if _, err := s.Consumers.AcknowledgeEvents(t.Context(), "c", 2); !errors.Is(err, store.ErrEventPosition) {
			t.Errorf("%v, want ErrEventPosition", err)
		}
	}
	s.wantAt("c", 0, 1)
}

func newStreamReplacesTheOlder(t *testing.T, s *rig) {
	_, err := s.Consumers.KeepConsumer(t.Context(), "c", "first", time.Hour, 0)
	if !errors.Is(err, store.ErrConsumerNotFound) {
		t.Errorf("%v, want ErrConsumerNotFound", err)
	}
	s.openAs("c", "first", store.StartLatest)
	s.keepAs("c", "first", 0)
	s.openAs("c", "second", store.StartLatest)
	_, err = s.Consumers.KeepConsumer(t.Context(), "c", "first", time.Hour, 0)
	if !errors.Is(err, store.ErrConsumerReplaced) {
		t.Errorf("%v, want ErrConsumerReplaced", err)
	}
	if err := s.Consumers.CloseConsumer(t.Context(), "c", "first"); err != nil {
		t.Errorf("CloseConsumer by another: %v", err)
	}
	if c := s.keepAs("c", "second", 0); !c.Active {
		t.Errorf("%+v, want that it is active", c)
	}
	if err := s.Consumers.CloseConsumer(t.Context(), "c", "second"); err != nil {
		t.Errorf("CloseConsumer: %v", err)
	}
	if c := s.consumer("c"); c.Active {
		t.Errorf("%+v, want that it is not active", c)
	}
}

func streamIsActiveForItsLease(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.openAs("c", "o", store.StartLatest)
	clock.Advance(time.Hour - time.Microsecond)
	if c := s.consumer("c"); !c.Active {
		t.Errorf("%+v before the lease's end", c)
	}
	s.keepAs("c", "o", 0)
	clock.Advance(time.Hour - time.Microsecond)
	if c := s.consumer("c"); !c.Active {
		t.Errorf("%+v before the second lease's end", c)
	}
	clock.Advance(time.Microsecond)
	if c := s.consumer("c"); c.Active {
		t.Errorf("%+v after the lease's end", c)
	}
	if c := s.keepAs("c", "o", 0); !c.Active { // nobody else came
		t.Errorf("%+v having been kept late", c)
	}
}

func streamPassesWhatItDoesNotAskFor(_ *testing.T, s *rig) {
	s.record(event("a", "r"), event("b", "r"), event("c", "r"))
	s.openAs("c", "o", store.StartEarliest)
	s.keepAs("c", "o", 2)
	s.wantAt("c", 2, 1)
	s.keepAs("c", "o", 1)
	s.wantAt("c", 2, 1)
	s.keepAs("c", "o", 1000) // it cannot have
	s.wantAt("c", 3, 0)
}

func consumersAreListedByName(t *testing.T, s *rig) {
	names := []string{"A", "a", "b", "b \x00", "b \x01", "\u00e4"}
	for _, i := range []int{3, 1, 5, 0, 4, 2} {
		s.openAs(names[i], "o", store.StartLatest)
	}
	for size := 1; size <= 7; size++ {
		var got []string
		for after, more := "", true; more; {
			all, err := s.Consumers.EventConsumers(t.Context(), after, size)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				got, after = append(got, c.Name), c.Name
			}
			more = len(all) == size
		}
		if !reflect.DeepEqual(got, names) {
			t.Errorf("pages of %d: %q, want %q", size, got, names)
		}
	}
}

func consumerIsForgottenWhole(t *testing.T, s *rig) {
	s.record(event("a", "r"))
	s.putHook("c", aWebhook, store.StartEarliest)
	claimed := s.claimHooks("n", 10, time.Hour)[0]
	s.settleHook(claimed, store.Settlement{
		Read: 1, Held: []store.Delivery{{Event: s.events(store.EventQuery{Limit: 1})[0]}},
	})
	for range 2 {
		if err := s.Consumers.DeleteConsumer(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		s.wantNoConsumer("c")
	}
	s.openAs("c", "o", store.StartEarliest)
	s.wantAt("c", 0, 1)
	if c := s.consumer("c"); c.Held != 0 || c.Webhook != nil {
		t.Errorf("%+v, want a new one", c)
	}
}

func prunedEventsAreDropped(t *testing.T, s *rig) {
	s.record(event("a", "r"), event("b", "r"), event("c", "r"))
	s.openAs("none", "o", store.StartEarliest)
	s.openAs("one", "o", store.StartEarliest)
	s.openAs("all", "o", store.StartLatest)
	s.acknowledge("one", 1)
	s.pass(time.Millisecond)
	s.prune(0, 2, 2)
	s.record(event("d", "r"))
	for name, want := range map[string]struct {
		at           store.EventPosition
		lag, dropped int64
	}{"none": {0, 2, 2}, "one": {1, 2, 1}, "all": {3, 1, 0}} {
		s.wantAt(name, want.at, want.lag)
		if c := s.consumer(name); c.Dropped != want.dropped {
			t.Errorf("%q has dropped %d, want %d", name, c.Dropped, want.dropped)
		}
	}
	s.openAs("later", "o", store.StartEarliest)
	s.wantAt("later", 2, 2)
}

// consumersCalls is every method of Consumers and Webhooks.
var consumersCalls = []call{
	{"OpenConsumer", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Consumers.OpenConsumer(ctx, opening("new", "o", store.StartLatest))
		return err
	}},
	{"KeepConsumer", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Consumers.KeepConsumer(ctx, "old", "", time.Hour, 1)
		return err
	}},
	{"CloseConsumer", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return s.Consumers.CloseConsumer(ctx, "old", "")
	}},
	{"EventConsumer", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Consumers.EventConsumer(ctx, "old")
		return err
	}},
	{"EventConsumers", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Consumers.EventConsumers(ctx, "", 10)
		return err
	}},
	{"AcknowledgeEvents", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Consumers.AcknowledgeEvents(ctx, "old", 1)
		return err
	}},
	{"DeleteConsumer", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return s.Consumers.DeleteConsumer(ctx, "old")
	}},
	{"PutWebhook", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Webhooks.PutWebhook(ctx, "new", aWebhook, store.StartLatest)
		return err
	}},
	{"ClaimWebhooks", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Webhooks.ClaimWebhooks(ctx, "n", 1, time.Hour)
		return err
	}},
	{"HeldDeliveries", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Webhooks.HeldDeliveries(ctx, "old")
		return err
	}},
	{"SettleDeliveries", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return s.Webhooks.SettleDeliveries(ctx, store.Settlement{Name: "old"})
	}},
	{"DeadLetters", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Webhooks.DeadLetters(ctx, "", 0, 10)
		return err
	}},
	{"RetryDeadLetters", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Webhooks.RetryDeadLetters(ctx, []int64{1})
		return err
	}},
	{"PruneDeadLetters", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Webhooks.PruneDeadLetters(ctx, 0, 10)
		return err
	}},
}

// several returns events with ids of their own.
func several(name string, n int) []store.Event {
	all := make([]store.Event, n)
	for i := range all {
		all[i] = event(fmt.Sprint(name, " ", i), "r")
	}
	return all
}
