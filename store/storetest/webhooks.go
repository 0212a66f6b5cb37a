package storetest

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

var webhooksTests = []test{
	{"WebhookIsKeptWhole", webhookIsKeptWhole},
	{"WebhookKeepsItsSecret", webhookKeepsItsSecret},
	{"ConsumerReadsInOneWay", consumerReadsInOneWay},
	{"WebhookIsOwnedForALease", webhookIsOwnedForALease},
	{"WebhookThatIsPausedIsNobodys", webhookThatIsPausedIsNobodys},
	{"WhatIsHeldHoldsTheCursor", whatIsHeldHoldsTheCursor},
	{"SettlementOfAnotherRevisionChangesNothing", settlementOfAnotherRevisionChangesNothing},
	{"DeadLettersAreSentAgain", deadLettersAreSentAgain},
	{"OldestDeadLettersGo", oldestDeadLettersGo},
	{"AcknowledgedEventsAreNotHeld", acknowledgedEventsAreNotHeld},
}

// aWebhook has something in every field.
var aWebhook = store.Webhook{
	URL: "https://example.com/hook?a=\u00e4", Secret: "a secret of sixteen \x00 \xc3\xa4",
	EventFilter: store.EventFilter{Rooms: []live.RoomID{"r", "r \x00"}, Kinds: []store.EventKind{5, 10}},
	Timeout:     3 * time.Second, GiveUpAfter: time.Hour,
}

// putHook puts a webhook.
func (s *rig) putHook(name string, w store.Webhook, start store.EventStart) store.EventConsumer {
	s.t.Helper()
	c, err := s.Webhooks.PutWebhook(s.t.Context(), name, w, start)
	return must(s, "PutWebhook", c, err)
}

// claimHooks claims webhooks, and returns them by name.
func (s *rig) claimHooks(node store.NodeID, limit int, lease time.Duration) []store.ClaimedWebhook {
	s.t.Helper()
	all, err := s.Webhooks.ClaimWebhooks(s.t.Context(), node, limit, lease)
	slices.SortFunc(all, func(a, b store.ClaimedWebhook) int { return cmp.Compare(a.Name, b.Name) })
	return must(s, "ClaimWebhooks", all, err)
}

// wantClaims compares the names of what a node owns.
func (s *rig) wantClaims(node store.NodeID, limit int, want ...string) []store.ClaimedWebhook {
	s.t.Helper()
	all := s.claimHooks(node, limit, time.Hour)
	var got []string
	for _, c := range all {
		got = append(got, c.Name)
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("node %q owns %q, want %q", node, got, want)
	}
	return all
}

// settle settles, as a node that owns a webhook.
func (s *rig) settleHook(c store.ClaimedWebhook, done store.Settlement) {
	s.t.Helper()
	done.Name, done.Revision = c.Name, c.Revision
	if done.Node == "" {
		done.Node = "n"
	}
	if err := s.Webhooks.SettleDeliveries(s.t.Context(), done); err != nil {
		s.t.Fatalf("SettleDeliveries: %v", err)
	}
}

// wantHeld compares what is held.
func (s *rig) wantHeld(name string, want ...store.Delivery) {
	s.t.Helper()
	got, err := s.Webhooks.HeldDeliveries(s.t.Context(), name)
	if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		s.t.Fatalf("of %q is held %+v, %v\nwant %+v", name, got, err, want)
	}
}

// letters returns dead letters.
func (s *rig) letters(name string, after int64, limit int) []store.DeadLetter {
	s.t.Helper()
	all, err := s.Webhooks.DeadLetters(s.t.Context(), name, after, limit)
	return must(s, "DeadLetters", all, err)
}

func webhookIsKeptWhole(t *testing.T, s *rig) {
	s.record(event("a", "r"))
	told := s.putHook("hook \x00", aWebhook, store.StartEarliest)
	shown := aWebhook
	shown.Secret = ""
	if told.Name != "hook \x00" || !told.Active || told.Lag != 1 || !reflect.DeepEqual(told.Webhook, &shown) {
		t.Errorf("PutWebhook = %+v, %+v", told, told.Webhook)
	}
	if got := s.consumer("hook \x00"); !reflect.DeepEqual(got, told) {
		t.Errorf("EventConsumer = %+v, want %+v", got, told)
	}
	claimed := s.wantClaims("n", 10, "hook \x00")[0]
	if claimed.Read != 0 || claimed.Revision == 0 || !reflect.DeepEqual(claimed.Webhook, aWebhook) {
		t.Errorf("ClaimWebhooks = %+v", claimed)
	}
}

func webhookKeepsItsSecret(t *testing.T, s *rig) {
	without := aWebhook
	without.Secret = ""
	_, err := s.Webhooks.PutWebhook(t.Context(), "h", without, store.StartLatest)
	if !errors.Is(err, store.ErrNoSecret) {
		t.Errorf("a new one: %v, want ErrNoSecret", err)
	}
	s.wantNoConsumer("h")
	s.putHook("h", aWebhook, store.StartLatest)
	without.URL = "http://another.example"
	s.putHook("h", without, store.StartEarliest)
	got := s.wantClaims("n", 1, "h")[0].Webhook
	if got.Secret != aWebhook.Secret || got.URL != without.URL {
		t.Errorf("%+v", got)
	}
}

func consumerReadsInOneWay(t *testing.T, s *rig) {
	s.record(event("a", "r"))
	s.putHook("h", aWebhook, store.StartLatest)
	_, err := s.Consumers.OpenConsumer(t.Context(), opening("h", "o", store.StartLatest))
	if !errors.Is(err, store.ErrConsumerConflict) {
		t.Errorf("a stream of a webhook's consumer: %v", err)
	}
	_, err = s.Consumers.KeepConsumer(t.Context(), "h", "", time.Hour, 0)
	if !errors.Is(err, store.ErrConsumerReplaced) {
		t.Errorf("keeping a stream of a webhook's consumer: %v", err)
	}
	s.openAs("s", "o", store.StartEarliest)
	_, err = s.Webhooks.PutWebhook(t.Context(), "s", aWebhook, store.StartLatest)
	if !errors.Is(err, store.ErrConsumerConflict) {
		t.Errorf("a webhook of one that streams: %v", err)
	}
	if err := s.Consumers.CloseConsumer(t.Context(), "s", "o"); err != nil {
		t.Fatal(err)
	}
	s.putHook("s", aWebhook, store.StartLatest)
	s.wantAt("s", 0, 1) // its cursor stays
}

func webhookIsOwnedForALease(t *testing.T, s *rig) {
	clock := s.clock(t)
	for _, name := range []string{"a", "b", "c"} {
		s.putHook(name, aWebhook, store.StartLatest)
	}
	first := s.wantClaims("n", 2, "a", "b")
	s.wantClaims("m", 10, "c")
	clock.Advance(time.Hour - time.Microsecond)
	again := s.wantClaims("n", 0, "a", "b")
	if !reflect.DeepEqual(again, first) {
		t.Errorf("again it is %+v, want %+v", again, first)
	}
	clock.Advance(time.Microsecond)
	took := s.wantClaims("n", 10, "a", "b", "c")
	s.wantClaims("m", 10)
	if took[2].Revision <= first[1].Revision {
		t.Errorf("taken over it is %+v", took[2])
	}
	if err := s.Consumers.CloseConsumer(t.Context(), "a", "n"); err != nil {
		t.Fatal(err)
	}
	s.wantClaims("m", 10, "a")
}

func webhookThatIsPausedIsNobodys(_ *testing.T, s *rig) {
	s.putHook("h", aWebhook, store.StartLatest)
	s.wantClaims("n", 1, "h")
	paused := aWebhook
	paused.Paused = true
	if c := s.putHook("h", paused, store.StartLatest); c.Active {
		s.t.Errorf("%+v, want that it is not active", c)
	}
	s.wantClaims("n", 1)
	s.putHook("h", aWebhook, store.StartLatest)
	s.wantClaims("m", 1, "h")
}

// delivery returns one with something in every field.
func delivery(e store.Event, attempts int) store.Delivery {
	return store.Delivery{
		Event: e, Attempts: attempts, First: 7, Due: 1 << 52, LastStatus: 503, LastError: "503 \x00 unavailable",
	}
}

func whatIsHeldHoldsTheCursor(_ *testing.T, s *rig) {
	s.record(several("e", 5)...)
	all := s.events(store.EventQuery{Limit: 10})
	s.putHook("h", aWebhook, store.StartEarliest)
	c := s.wantClaims("n", 1, "h")[0]
	s.settleHook(c, store.Settlement{Read: 1})
	s.wantAt("h", 1, 4)
	second, fourth := delivery(all[1], 1), delivery(all[3], 0)
	s.settleHook(c, store.Settlement{Read: 4, Held: []store.Delivery{fourth, second}})
	s.wantHeld("h", second, fourth)
	s.wantAt("h", 1, 4)
	second.Attempts = 2
	s.settleHook(c, store.Settlement{Read: 4, Held: []store.Delivery{second}})
	s.wantHeld("h", second, fourth)
	s.settleHook(c, store.Settlement{Read: 5, Done: []store.EventPosition{2}})
	s.wantHeld("h", fourth)
	s.wantAt("h", 3, 2)
	s.settleHook(c, store.Settlement{Done: []store.EventPosition{4}})
	s.wantHeld("h")
	s.wantAt("h", 5, 0)
	s.settleHook(c, store.Settlement{Read: 99}) // nobody has read what there is not
	s.wantAt("h", 5, 0)
	s.record(event("next", "r"))
	s.wantAt("h", 5, 1)
}

func settlementOfAnotherRevisionChangesNothing(t *testing.T, s *rig) {
	s.record(several("e", 3)...)
	all := s.events(store.EventQuery{Limit: 10})
	s.putHook("h", aWebhook, store.StartEarliest)
	c := s.wantClaims("n", 1, "h")[0]
	refused := func(why string, node store.NodeID, revision int64) {
		t.Helper()
		err := s.Webhooks.SettleDeliveries(t.Context(), store.Settlement{
			Name: "h", Node: node, Revision: revision, Read: 3, Held: []store.Delivery{{Event: all[0]}},
			Dead: []store.Delivery{{Event: all[1]}},
		})
		if !errors.Is(err, store.ErrConsumerReplaced) {
			t.Errorf("%s: %v, want ErrConsumerReplaced", why, err)
		}
	}
	refused("another node", "m", c.Revision)
	refused("another revision", "n", c.Revision-1)
	s.putHook("h", aWebhook, store.StartLatest)
	refused("it was put again", "n", c.Revision)
	c = s.wantClaims("n", 1, "h")[0]
	s.acknowledge("h", 1)
	refused("somebody acknowledged", "n", c.Revision)
	if err := s.Consumers.DeleteConsumer(t.Context(), "h"); err != nil {
		t.Fatal(err)
	}
	refused("it is gone", "n", c.Revision)
	s.wantHeld("h")
	if got := s.letters("", 0, 10); len(got) > 0 {
		t.Errorf("dead letters %+v", got)
	}
}

func oldestDeadLettersGo(t *testing.T, s *rig) {
	s.record(several("e", 6)...)
	all := s.events(store.EventQuery{Limit: 10})
	s.putHook("h", aWebhook, store.StartEarliest)
	s.putHook("i", aWebhook, store.StartEarliest)
	for i, claim := range s.wantClaims("n", 2, "h", "i") {
		var dead []store.Delivery
		for _, e := range all[:6-4*i] { // six, and two
			dead = append(dead, delivery(e, 1))
		}
		s.settleHook(claim, store.Settlement{Read: 6, Dead: dead})
	}
	prune := func(keep, limit, want int, left ...store.EventPosition) {
		t.Helper()
		if n, err := s.Webhooks.PruneDeadLetters(t.Context(), keep, limit); n != want || err != nil {
			t.Errorf("PruneDeadLetters(%d, %d) = %d, %v; want %d", keep, limit, n, err, want)
		}
		var got []store.EventPosition
		for _, l := range s.letters("h", 0, 10) {
			got = append(got, l.Event.Position)
		}
		if !slices.Equal(got, left) || s.consumer("h").Dead != len(left) {
			t.Errorf("left are %v, want %v", got, left)
		}
	}
	prune(6, 10, 0, 1, 2, 3, 4, 5, 6)
	prune(3, 2, 2, 3, 4, 5, 6)
	prune(3, 2, 1, 4, 5, 6)
	prune(3, 2, 0, 4, 5, 6)
	if got := s.letters("i", 0, 10); len(got) != 2 {
		t.Errorf("of the other %+v", got)
	}
	prune(0, 10, 5)
}

func deadLettersAreSentAgain(t *testing.T, s *rig) {
	s.record(several("e", 4)...)
	all := s.events(store.EventQuery{Limit: 10})
	s.putHook("h", aWebhook, store.StartEarliest)
	s.putHook("i", aWebhook, store.StartEarliest)
	claims := s.wantClaims("n", 2, "h", "i")
	s.settleHook(claims[0], store.Settlement{Read: 4, Held: []store.Delivery{delivery(all[0], 1), delivery(all[2], 1)}})
	s.settleHook(claims[0], store.Settlement{Dead: []store.Delivery{delivery(all[0], 2), delivery(all[1], 3)}})
	s.settleHook(claims[1], store.Settlement{Dead: []store.Delivery{delivery(all[3], 4)}})
	s.wantHeld("h", delivery(all[2], 1))
	letters := s.letters("", 0, 10)
	if len(letters) != 3 || !reflect.DeepEqual(letters[1].Delivery, delivery(all[1], 3)) || letters[2].Consumer != "i" {
		t.Fatalf("dead letters %+v", letters)
	}
	if got := s.letters("h", letters[0].ID, 10); len(got) != 1 || got[0].ID != letters[1].ID || got[0].GivenUp == 0 {
		t.Errorf("of one, after the first: %+v", got)
	}
	if c := s.consumer("h"); c.Dead != 2 || c.Held != 1 || c.Acknowledged != 2 {
		t.Errorf("%+v", c)
	}
	ids := []int64{letters[0].ID, letters[0].ID, 1 << 40, letters[2].ID}
	if n, err := s.Webhooks.RetryDeadLetters(t.Context(), ids); n != 2 || err != nil {
		t.Errorf("RetryDeadLetters = %d, %v; want 2", n, err)
	}
	if n, err := s.Webhooks.RetryDeadLetters(t.Context(), ids); n != 0 || err != nil {
		t.Errorf("RetryDeadLetters again = %d, %v; want 0", n, err)
	}
	s.wantHeld("h", store.Delivery{Event: all[0], Again: true}, delivery(all[2], 1))
	s.wantHeld("i", store.Delivery{Event: all[3], Again: true})
	s.wantAt("h", 2, 2) // a cursor does not go back
	again := s.wantClaims("n", 2, "h", "i")
	if again[0].Revision == claims[0].Revision {
		t.Error("whoever sends is not told")
	}
	s.settleHook(again[0], store.Settlement{Dead: []store.Delivery{{Event: all[0], Again: true, Attempts: 1}}})
	if got := s.letters("h", 0, 10); len(got) != 2 || got[1].Event.ID != all[0].ID || got[1].ID <= letters[2].ID {
		t.Errorf("having failed again: %+v", got)
	}
}

func acknowledgedEventsAreNotHeld(_ *testing.T, s *rig) {
	s.record(several("e", 4)...)
	all := s.events(store.EventQuery{Limit: 10})
	s.putHook("h", aWebhook, store.StartEarliest)
	c := s.wantClaims("n", 1, "h")[0]
	s.settleHook(c, store.Settlement{Read: 3, Held: []store.Delivery{delivery(all[0], 1), delivery(all[2], 1)}})
	s.acknowledge("h", 2)
	s.wantHeld("h", delivery(all[2], 1))
	s.wantAt("h", 2, 2)
	s.acknowledge("h", 4)
	s.wantHeld("h")
	s.wantAt("h", 4, 0)
	if again := s.wantClaims("n", 1, "h")[0]; again.Revision == c.Revision || again.Read != 4 {
		s.t.Errorf("whoever sends is told %+v", again)
	}
}
