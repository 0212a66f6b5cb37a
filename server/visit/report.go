package visit

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

const (
	// maxUser and maxSession are how many bytes an event's ids may have.
	maxUser, maxSession = 128, 64
	maxRoom             = 64
	// maxKept is how many bytes of an id are kept of what is set aside: more than any may have,
	// so that what was cut is still refused when it is replayed.
	maxKept = 256
	// busyRetry is when a call may succeed again for which too much waits: nodes merge much
	// in that time.
	busyRetry = 2 * time.Second
)

// Report takes events of another system in. Those that break a rule of their own are set
// aside, ids that are too long cut, and returned; how many were not is returned too, and those
// are durable. Errors of auth, *BusyError.
func (s *Service) Report(ctx context.Context, p auth.Principal, events []visit.Event) (int, []store.AsideVisit, error) {
	if p.Role != live.RoleBackend {
		return 0, nil, auth.ErrRoleForbidden
	}
	good, bad := sift(p, events, now())
	if n := int(s.waiting.about()) + len(good); n > s.config.MaxWaiting {
		retry := busyRetry + rand.N(busyRetry) //nolint:gosec // spreads load, hides nothing
		return 0, nil, &BusyError{Waiting: n, Max: s.config.MaxWaiting, RetryAfter: retry.Truncate(time.Millisecond)}
	}
	// First those that are set aside, once each however often the call is made: what of the others
	// is in the queue would be there again with each call that fails.
	var aside []store.AsideVisit
	if len(bad) > 0 {
		var err error
		if aside, err = s.visits.SetAside(ctx, bad); err != nil {
			return 0, nil, err
		}
		s.metrics.setAside(aside)
	}
	if len(good) > 0 {
		if err := s.reports.Report(ctx, good); err != nil {
			return 0, nil, err
		}
		s.took(fromCallers, len(good))
	}
	return len(good), aside, nil
}

// sift divides events into those to merge and those to set aside.
func sift(p auth.Principal, events []visit.Event, now live.Timestamp) (good []visit.Event, bad []store.AsideVisit) {
	good = make([]visit.Event, 0, len(events))
	for _, e := range events {
		if reason, detail := fault(p, e, now); reason != 0 {
			bad = append(bad, store.AsideVisit{Event: cut(e), Reason: reason, Detail: detail})
			continue
		}
		good = append(good, e)
	}
	return good, bad
}

// cut returns an event with no more of its ids than is kept.
func cut(e visit.Event) visit.Event {
	e.Room, e.User, e.Session = beginning(e.Room), beginning(e.User), beginning(e.Session)
	return e
}

// beginning returns of an id at most maxKept bytes, in whole characters. It is a copy: what
// it is cut from may be large, and is not to be held.
func beginning[ID ~string](id ID) ID {
	if len(id) <= maxKept {
		return id
	}
	n := maxKept
	for n > maxKept-utf8.UTFMax && !utf8.RuneStart(id[n]) {
		n--
	}
	return ID(strings.Clone(string(id[:n])))
}

// earliest is the first instant of the year 2000: what is told of times before is in other
// units than microseconds.
const earliest = 946_684_800_000_000

// fault returns why an event is not taken, and 0 if it is.
func fault(p auth.Principal, e visit.Event, now live.Timestamp) (reason visit.SetAside, detail string) {
	switch {
	case !roomID(string(e.Room)):
		detail = "room_id is not of the form of a room's id: 1-64 of letters, digits, and . _ : - beginning with a letter or digit"
	case e.User == "" || len(e.User) > maxUser:
		detail = "user_id needs 1-128 bytes"
	case e.Session == "" || len(e.Session) > maxSession:
		detail = "session_id needs 1-64 bytes"
	case e.Version < 1:
		detail = "version needs to be 1 or more"
	case e.At < earliest:
		detail = "at is before the year 2000: is it in microseconds?"
	case !p.Covers(e.Room):
		return visit.RoomNotFound, "the caller's token does not cover the room"
	case e.Fault(now) == visit.InFuture:
		return visit.InFuture, visit.InFuture.Detail()
	default:
		return 0, ""
	}
	return visit.Malformed, detail
}

// roomID says whether an id is of the form that rooms' ids have.
func roomID(id string) bool {
	if id == "" || len(id) > maxRoom {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case i > 0 && (c == '.' || c == '_' || c == ':' || c == '-'):
		default:
			return false
		}
	}
	return true
}
