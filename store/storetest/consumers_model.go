package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// consumersModel is how far a stream and a webhook of one store should be.
type consumersModel struct {
	s             *rig
	id            live.RoomID
	base          store.EventPosition // latest when it began
	latest, floor store.EventPosition
	streamed      store.EventPosition // by the stream
	streamDropped int64
	read          store.EventPosition // by the webhook
	hookDropped   int64
	held          map[store.EventPosition]store.Delivery
	dead          map[int64]store.Delivery
	hook          store.ClaimedWebhook
}

func (m *consumersModel) stream() string { return "stream " + string(m.id) }
func (m *consumersModel) name() string   { return "hook " + string(m.id) }

// append records events.
func (m *consumersModel) append(t *rapid.T) {
	n := rapid.IntRange(1, 3).Draw(t, "events")
	m.s.record(several(fmt.Sprint(m.id, " ", m.latest), n)...)
	m.latest += store.EventPosition(n)
}

// somewhere draws a position that there is or was.
func (m *consumersModel) somewhere(t *rapid.T) store.EventPosition {
	return store.EventPosition(rapid.Int64Range(int64(m.base), int64(m.latest)).Draw(t, "position"))
}

// acknowledge acknowledges by the stream.
func (m *consumersModel) acknowledge(t *rapid.T) {
	at := m.somewhere(t)
	m.streamed = max(m.streamed, at)
	if rapid.Bool().Draw(t, "by passing") {
		m.s.keepAs(m.stream(), "o", at)
	} else {
		m.s.acknowledge(m.stream(), at)
	}
}

// prune prunes.
func (m *consumersModel) prune(t *rapid.T) {
	n := min(store.EventPosition(rapid.IntRange(1, 3).Draw(t, "limit")), m.latest-m.floor)
	if n == 0 {
		return
	}
	m.s.pass(time.Millisecond)
	m.s.prune(0, int(n), int(n))
	for _, c := range []struct {
		at      store.EventPosition
		dropped *int64
	}{{m.streamed, &m.streamDropped}, {m.read, &m.hookDropped}} {
		*c.dropped += int64(max(0, m.floor+n-max(m.floor, c.at)))
	}
	m.floor += n
}

// send reads on, and has what is read be held or not.
func (m *consumersModel) send(t *rapid.T) {
	page := m.s.page(store.EventQuery{After: m.read, Limit: rapid.IntRange(1, 3).Draw(t, "limit")})
	done := store.Settlement{Read: page.Next}
	for _, e := range page.Events {
		if rapid.Bool().Draw(t, "fails") {
			d := delivery(e, 1)
			done.Held = append(done.Held, d)
			m.held[e.Position] = d
		}
	}
	m.read = page.Next
	m.s.settleHook(m.hook, done)
}

// again has something that is held go well, fail again, or die.
func (m *consumersModel) again(t *rapid.T) {
	if len(m.held) == 0 {
		return
	}
	at := rapid.SampledFrom(keysOf(m.held)).Draw(t, "held")
	d, done := m.held[at], store.Settlement{}
	delete(m.held, at)
	switch rapid.IntRange(0, 2).Draw(t, "becomes") {
	case 0:
		done.Done = append(done.Done, at)
	case 1:
		d.Attempts++
		m.held[at], done.Held = d, append(done.Held, d)
	default:
		done.Dead = append(done.Dead, d)
	}
	m.s.settleHook(m.hook, done)
	if len(done.Dead) > 0 {
		all := m.s.letters(m.name(), 0, 1000)
		m.dead[all[len(all)-1].ID] = d
	}
}

// retry sends a dead letter again.
func (m *consumersModel) retry(t *rapid.T) {
	if len(m.dead) == 0 {
		return
	}
	id := rapid.SampledFrom(keysOf(m.dead)).Draw(t, "letter")
	e := m.dead[id].Event
	delete(m.dead, id)
	m.held[e.Position] = store.Delivery{Event: e, Again: true}
	if n, err := m.s.Webhooks.RetryDeadLetters(t.Context(), []int64{id}); n != 1 || err != nil {
		t.Fatalf("RetryDeadLetters = %d, %v", n, err)
	}
	m.claim(t)
}

// skip acknowledges by hand what the webhook was to take.
func (m *consumersModel) skip(t *rapid.T) {
	at := m.somewhere(t)
	m.read = max(m.read, at)
	for p, d := range m.held {
		if !d.Again && p <= at {
			delete(m.held, p)
		}
	}
	m.s.acknowledge(m.name(), at)
	m.claim(t)
}

// claim claims the webhook, now by this node and now by another.
func (m *consumersModel) claim(t *rapid.T) {
	for _, c := range m.s.claimHooks("n", 1000, time.Hour) {
		if c.Name == m.name() {
			if m.hook = c; c.Read != m.read {
				t.Fatalf("it was read up to %d, want %d", c.Read, m.read)
			}
			return
		}
	}
	t.Fatalf("%q is not there to be claimed", m.name())
}

// agree compares all of it.
func (m *consumersModel) agree(t *rapid.T) {
	cursor := m.read
	var held []store.Delivery
	for _, at := range keysOf(m.held) {
		if d := m.held[at]; !d.Again {
			cursor = min(cursor, at-1)
		}
		held = append(held, m.held[at])
	}
	m.s.wantHeld(m.name(), held...)
	m.wantTold(t, m.stream(), m.streamed, m.streamDropped)
	m.wantTold(t, m.name(), cursor, m.hookDropped)
	if c := m.s.consumer(m.name()); c.Held != len(m.held) || c.Dead != len(m.dead) {
		t.Fatalf("%+v, want %d held, %d dead", c, len(m.held), len(m.dead))
	}
}

// wantTold compares a consumer.
func (m *consumersModel) wantTold(t *rapid.T, name string, at store.EventPosition, dropped int64) {
	m.s.wantAt(name, at, int64(m.latest-max(at, m.floor)))
	if c := m.s.consumer(name); c.Latest != m.latest || c.Dropped != dropped {
		t.Fatalf("%+v, want the latest at %d, %d dropped", c, m.latest, dropped)
	}
}

// keysOf returns the keys of a map in order.
func keysOf[K int64 | store.EventPosition, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func consumersAreAModel(t *testing.T, s *rig) {
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		m := &consumersModel{s: s, id: id, held: map[store.EventPosition]store.Delivery{}, dead: map[int64]store.Delivery{}}
		s.pass(time.Millisecond)
		if _, err := s.Events.PruneEvents(t.Context(), 0, 100_000); err != nil { // what an earlier check left
			t.Fatal(err)
		}
		m.base = s.openAs(m.stream(), "o", store.StartLatest).Latest
		s.putHook(m.name(), aWebhook, store.StartLatest)
		m.latest, m.floor, m.streamed, m.read = m.base, m.base, m.base, m.base
		m.claim(t)
		t.Repeat(map[string]func(*rapid.T){
			"append": m.append, "acknowledge": m.acknowledge, "prune": m.prune, "send": m.send, "again": m.again,
			"retry": m.retry, "skip": m.skip, "claim": m.claim, "": m.agree,
		})
	})
}
