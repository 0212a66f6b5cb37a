// Package recent remembers what was done lately, so that doing it again can be told
// from doing it for the first time.
package recent

import "github.com/ovation-live/ovation/live"

// Memory remembers values by key until a given instant. The zero value is empty and
// ready to use. It is not safe for concurrent use. Instants handed to it should not
// go back: what was over at one of them may be forgotten for all.
type Memory[K comparable, V any] struct {
	values map[K]remembered[V]
	queue  []expiry[K] // in order of Put
}

type remembered[V any] struct {
	value V
	until live.Timestamp
}

type expiry[K comparable] struct {
	key   K
	until live.Timestamp
}

// Get returns what is remembered for key at now.
func (m *Memory[K, V]) Get(key K, now live.Timestamp) (V, bool) {
	if r, ok := m.values[key]; ok && r.until > now {
		return r.value, true
	}
	var none V
	return none, false
}

// Put remembers a value until the given instant, and forgets what is over at now.
func (m *Memory[K, V]) Put(key K, value V, now, until live.Timestamp) {
	m.forget(now)
	if m.values == nil {
		m.values = make(map[K]remembered[V])
	}
	m.values[key] = remembered[V]{value, until}
	m.queue = append(m.queue, expiry[K]{key, until})
}

// Len returns how many keys are held, those included that are over and were not
// forgotten yet.
func (m *Memory[K, V]) Len() int { return len(m.values) }

// forget drops from the front of the queue what is over at now. A key that was put
// anew has a later entry in the queue and stays.
func (m *Memory[K, V]) forget(now live.Timestamp) {
	n := 0
	for ; n < len(m.queue) && m.queue[n].until <= now; n++ {
		if key := m.queue[n].key; m.values[key].until <= now {
			delete(m.values, key)
		}
	}
	m.queue = m.queue[n:]
}
