package visit

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/ovation-live/ovation/live"
)

// MaxAhead is how far in the future an event may be: clocks differ.
const MaxAhead = 5 * 60 * 1_000_000 // µs

// Enters says whether the version is that of an enter.
func (v Version) Enters() bool { return v%2 != 0 }

// Fault returns why an event cannot be merged, whatever the room, and 0 if it can.
func (e Event) Fault(now live.Timestamp) SetAside {
	switch {
	case e.Room == "", e.User == "", e.Session == "", e.Version < 1, e.At < 1:
		return Malformed
	case e.At > now+MaxAhead:
		return InFuture
	default:
		return 0
	}
}

// Key returns the visit that an event is of.
func (e Event) Key() Key {
	if e.Version.Enters() {
		return Key{e.Session, e.Version}
	}
	return Key{e.Session, e.Version - 1}
}

// Stay returns what an event tells of its visit.
func (e Event) Stay() Stay {
	s := Stay{Key: e.Key()}
	switch {
	case e.Version.Enters():
		s.Entered, s.EnteredLast = e.At, e.At
	case e.Inferred:
		s.Seen = e.At
	default:
		s.ExitedFirst, s.Exited = e.At, e.At
	}
	return s
}

// Join returns what two stays of one visit tell together.
func Join(a, b Stay) Stay {
	return Stay{
		Key:         a.Key,
		Entered:     earlier(a.Entered, b.Entered),
		EnteredLast: max(a.EnteredLast, b.EnteredLast),
		ExitedFirst: earlier(a.ExitedFirst, b.ExitedFirst),
		Exited:      max(a.Exited, b.Exited),
		Seen:        max(a.Seen, b.Seen),
	}
}

// earlier returns the earlier of two instants that were told.
func earlier(a, b live.Timestamp) live.Timestamp {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Compare orders keys by session, then by version.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Session, other.Session), cmp.Compare(k.Version, other.Version))
}

// Merge puts stays of a user in a room among those that are known, which are in order of
// their keys, and returns all. It sorts what is told, and passes over both once, however many
// there are of either.
func Merge(known, told []Stay) []Stay {
	slices.SortFunc(told, func(a, b Stay) int { return a.Key.Compare(b.Key) })
	all := make([]Stay, 0, len(known)+len(told))
	for len(known) > 0 || len(told) > 0 {
		var s Stay
		if len(told) == 0 || len(known) > 0 && known[0].Key.Compare(told[0].Key) <= 0 {
			s, known = known[0], known[1:]
		} else {
			s, told = told[0], told[1:]
		}
		if last := len(all) - 1; last >= 0 && all[last].Key == s.Key {
			all[last] = Join(all[last], s)
		} else {
			all = append(all, s)
		}
	}
	return all
}

// Admit divides what is told of a user in a room, whose known stays are in order of their keys:
// what is of visits that are known, or with which they are not more than so many, and the rest.
func Admit(known []Stay, told []Event, most int) (admitted, refused []Event) {
	if len(known)+len(told) <= most {
		return told, nil
	}
	fresh := make(map[Key]struct{})
	for _, e := range told {
		key := e.Key()
		_, there := slices.BinarySearchFunc(known, key, func(s Stay, k Key) int { return s.Key.Compare(k) })
		if _, soon := fresh[key]; !there && !soon {
			if len(known)+len(fresh) >= most {
				refused = append(refused, e)
				continue
			}
			fresh[key] = struct{}{}
		}
		admitted = append(admitted, e)
	}
	return admitted, refused
}

// StaysOf returns what events tell of their visits.
func StaysOf(events []Event) []Stay {
	stays := make([]Stay, len(events))
	for i, e := range events {
		stays[i] = e.Stay()
	}
	return stays
}

// Part returns which of n parts a user's events belong to.
func Part(user live.UserID, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(user))      // a hash takes everything
	return int(h.Sum32() % uint32(n)) //nolint:gosec // parts are few
}

// Digest tells an event from others, by all that it says.
func (e Event) Digest() string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q %q %d %d %t", e.Room, e.User, e.Session, e.Version, e.At, e.Inferred) // a hash takes everything
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:15]))
}

// AsideID returns the id of an event that is set aside at an instant: in order of the
// instants.
func (e Event) AsideID(at live.Timestamp) string {
	return fmt.Sprintf("%016x%s", int64(at), e.Digest())
}
