package quiz

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ovation-live/ovation/live"
)

// Merge puts together what is known of one user in one slot. It does not matter in which
// order, or how often, facts are merged: it is commutative, associative and idempotent. Of
// answers the one that was received first counts.
func Merge(a, b Evidence) Evidence {
	m := Evidence{
		User:    cmp.Or(a.User, b.User),
		Entered: earliest(a.Entered, b.Entered),
		Revived: earliest(a.Revived, b.Revived),
		Grants:  mergeGrants(a.Grants, b.Grants),
	}
	m.Delivered, m.Session = a.Delivered, a.Session
	if b.deliveredBefore(&a) {
		m.Delivered, m.Session = b.Delivered, b.Session
	}
	m.Option, m.Received, m.Stored = a.Option, a.Received, a.Stored
	if b.answeredBefore(&a) {
		m.Option, m.Received, m.Stored = b.Option, b.Received, b.Stored
	}
	return m
}

// deliveredBefore says whether e has a delivery that comes before the other's.
func (e *Evidence) deliveredBefore(o *Evidence) bool {
	if e.Delivered == 0 || o.Delivered == 0 {
		return e.Delivered != 0
	}
	return cmp.Or(cmp.Compare(e.Delivered, o.Delivered), strings.Compare(string(e.Session), string(o.Session))) < 0
}

// answeredBefore says whether e has an answer that comes before the other's.
func (e *Evidence) answeredBefore(o *Evidence) bool {
	if e.Option == 0 || o.Option == 0 {
		return e.Option != 0
	}
	return cmp.Or(cmp.Compare(e.Received, o.Received), cmp.Compare(e.Stored, o.Stored), cmp.Compare(e.Option, o.Option)) < 0
}

// earliest returns the earlier of two instants, of which either may be none.
func earliest(a, b live.Timestamp) live.Timestamp {
	if a == 0 || b == 0 {
		return a + b
	}
	return min(a, b)
}

// mergeGrants returns the grants of both, in order of their ids, each once.
func mergeGrants(a, b []Grant) []Grant {
	if len(a)+len(b) == 0 {
		return nil
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(g, h Grant) int {
		return cmp.Or(strings.Compare(g.ID, h.ID), cmp.Compare(g.At, h.At), cmp.Compare(g.Count, h.Count))
	})
	return slices.CompactFunc(all, func(g, h Grant) bool { return g.ID == h.ID })
}

// Collect puts evidence of one slot in order of user, each once. It takes the list over.
func Collect(list []Evidence) []Evidence {
	if inOrder(list) {
		return list
	}
	slices.SortFunc(list, func(a, b Evidence) int { return cmp.Compare(a.User, b.User) })
	merged := list[:0]
	for _, e := range list {
		if last := len(merged) - 1; last >= 0 && merged[last].User == e.User {
			merged[last] = Merge(merged[last], e)
		} else {
			merged = append(merged, e)
		}
	}
	clear(list[len(merged):])
	return merged
}

// inOrder says whether evidence is in order of user already, each once.
func inOrder(list []Evidence) bool {
	for i := 1; i < len(list); i++ {
		if list[i-1].User >= list[i].User {
			return false
		}
	}
	return true
}

// Slot returns in which question's slot a note belongs that is made while another is the
// one that was asked last: what counts from the next one on is in the next one's.
func (k NoteKind) Slot(current Number) Number {
	if k == Granted || k == Revive {
		return current + 1
	}
	return current
}
