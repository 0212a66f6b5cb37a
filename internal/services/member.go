package services

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// member is what a server of a cluster knows of one.
type member struct {
	id, primary string
	flags       []string
	ranges      []string // of slots, those that are being moved left out
}

// is tells whether the member has a flag: myself, master, slave, fail.
func (m member) is(flag string) bool { return slices.Contains(m.flags, flag) }

// has tells whether the member serves a slot.
func (m member) has(slot int) bool {
	return slices.ContainsFunc(m.ranges, func(r string) bool {
		first, last, found := strings.Cut(r, "-")
		if !found {
			last = first
		}
		from, _ := strconv.Atoi(first) // what Redis writes is a number
		to, _ := strconv.Atoi(last)
		return from <= slot && slot <= to
	})
}

// view returns what the server knows of the members that it has shaken hands with.
func (r *Redis) view(tb testing.TB) (all []member) {
	tb.Helper()
	for line := range strings.Lines(r.text(tb, "CLUSTER", "NODES")) {
		fields := strings.Fields(line)
		m := member{id: fields[0], flags: strings.Split(fields[2], ","), primary: fields[3]}
		if m.is("handshake") {
			continue
		}
		m.ranges = slices.DeleteFunc(fields[8:], func(s string) bool { return strings.HasPrefix(s, "[") })
		all = append(all, m)
	}
	return all
}

// self returns what the server knows of itself.
func (r *Redis) self(tb testing.TB) member {
	tb.Helper()
	all := r.view(tb)
	return all[slices.IndexFunc(all, func(m member) bool { return m.is("myself") })]
}

// serves tells whether the server runs and is the primary of a slot.
func (r *Redis) serves(tb testing.TB, slot int) bool {
	tb.Helper()
	if r.running == nil {
		return false
	}
	self := r.self(tb)
	return self.is("master") && self.has(slot)
}

// replicates tells whether the server runs and is a replica of a primary.
func (r *Redis) replicates(tb testing.TB, primary string) bool {
	tb.Helper()
	return r.running != nil && r.self(tb).primary == primary
}

// settled tells whether the server does not run, or sees all slots served and, as a replica,
// has what its primary has.
func (r *Redis) settled(tb testing.TB) bool {
	tb.Helper()
	return r.running == nil || strings.Contains(r.text(tb, "CLUSTER", "INFO"), "cluster_state:ok") &&
		!strings.Contains(r.text(tb, "INFO", "replication"), "master_link_status:down")
}

// text is Do of what is answered with a text.
func (r *Redis) text(tb testing.TB, args ...string) string {
	tb.Helper()
	return r.Do(tb, args...).(string)
}
