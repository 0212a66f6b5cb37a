package hub

import (
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
)

const (
	// sendAgain is how long a session has to acknowledge a frame of a quiz before it is
	// sent again, give or take a quarter, which is the session's own: those who were told
	// together are not told again together.
	sendAgain = 2 * time.Second
	// patientAfter is how old a frame is when it is sent again less often.
	patientAfter = 30 * time.Second
	// sendAgainLater is how often then.
	sendAgainLater = 10 * time.Second
)

// Show is a frame of a quiz that is before a room's viewers.
type Show struct {
	ID    string
	Frame *wire.QuizFrame // for everyone; nil: Own
	Own   *Own            // of each viewer their own
	Staff bool            // to hosts and moderators only
	Once  bool            // neither sent again nor waited for
}

// Own is a frame that is not the same for every viewer. The zero value knows nobody; it
// may be used concurrently.
type Own struct {
	mu     sync.RWMutex
	frames map[live.UserID]*wire.QuizFrame // nil: there is nothing for them
	wanted map[live.UserID]struct{}        // asked for in vain
}

// Set says what the frame is to some users; nil: there is none for them.
func (o *Own) Set(frames map[live.UserID]*wire.QuizFrame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.frames == nil {
		o.frames = make(map[live.UserID]*wire.QuizFrame, len(frames))
	}
	for user, frame := range frames {
		o.frames[user] = frame
		delete(o.wanted, user)
	}
}

// Unknown returns those of some users, and of those who were asked for in vain, of whom
// nothing was said. It returns them again until something is.
func (o *Own) Unknown(users []live.UserID) []live.UserID {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, user := range users {
		if _, known := o.frames[user]; !known {
			o.add(user)
		}
	}
	return slices.Collect(maps.Keys(o.wanted))
}

// add notes that a user is to be known. The caller holds o.mu.
func (o *Own) add(user live.UserID) {
	if o.wanted == nil {
		o.wanted = make(map[live.UserID]struct{})
	}
	o.wanted[user] = struct{}{}
}

// Knows says whether it is known what the frame is to a user.
func (o *Own) Knows(user live.UserID) bool {
	_, known := o.of(user)
	return known
}

// Of returns what the frame is to a user; nil, if it is nothing or that is not known.
func (o *Own) Of(user live.UserID) *wire.QuizFrame {
	frame, _ := o.of(user)
	return frame
}

// of returns what the frame is to a user, if that is known.
func (o *Own) of(user live.UserID) (frame *wire.QuizFrame, known bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	frame, known = o.frames[user]
	return frame, known
}

// want notes that a user is to be known.
func (o *Own) want(user live.UserID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.frames[user]; !known {
		o.add(user)
	}
}

// shown is a frame that is before the viewers.
type shown struct {
	Show
	number uint64 // 1, 2, 3 ... in the order in which they came
	bit    uint64 // its own among those that are shown
	at     live.Timestamp
}

// to returns what the frame is to a viewer: nil, if nothing. It is not known yet of one
// who is wanted then.
func (sh *shown) to(user live.UserID, role live.Role) (frame *wire.QuizFrame, known bool) {
	switch {
	case sh.Staff && !isStaff(role):
		return nil, true
	case sh.Own == nil:
		return sh.Frame, true
	}
	if frame, known = sh.Own.of(user); !known {
		sh.Own.want(user)
	}
	return frame, known
}

// isStaff says whether what hosts and moderators see is for somebody. Backends ask for it.
func isStaff(role live.Role) bool { return role == live.RoleHost || role == live.RoleModerator }

// shows is the frames that are before a room's viewers, in order. It is immutable, and
// nil where there are none.
type shows struct {
	list []*shown
	last uint64 // the number of the latest that there ever was
	bits uint64 // all of theirs
}

// with returns the frames that are shown instead of these, and whether that changes
// anything. Those that stay keep their numbers. There are at most as many as a watch has
// bits, 64; a quiz has fewer than ten at a time.
func (s *shows) with(list []Show, last uint64, now live.Timestamp) (next *shows, changed bool) {
	var before []*shown
	if s != nil {
		before = s.list
	}
	next = &shows{last: last}
	taken := uint64(0)
	for _, sh := range before {
		taken |= sh.bit
		if slices.ContainsFunc(list, func(l Show) bool { return l.ID == sh.ID }) {
			next.add(sh)
		}
	}
	changed = len(next.list) < len(before)
	for _, l := range list {
		if next.find(l.ID) != nil || ^taken == 0 {
			continue
		}
		bit := ^taken & -^taken // the lowest that is free
		taken |= bit
		next.last++
		next.add(&shown{Show: l, number: next.last, bit: bit, at: now})
		changed = true
	}
	if len(next.list) == 0 {
		return nil, changed
	}
	return next, changed
}

// add appends a frame to a value that is being made.
func (s *shows) add(sh *shown) {
	s.list = append(s.list, sh)
	s.bits |= sh.bit
}

// since says whether there are frames after a number for everyone, and for hosts and
// moderators alone.
func (s *shows) since(number uint64) (forAll, forStaff bool) {
	if s == nil {
		return false, false
	}
	for _, sh := range s.list {
		forAll = forAll || sh.number > number && !sh.Staff
		forStaff = forStaff || sh.number > number && sh.Staff
	}
	return forAll, forStaff
}

// once returns the bits of the frames that nobody is greeted with.
func (s *shows) once() (bits uint64) {
	for _, sh := range s.list {
		if sh.Once {
			bits |= sh.bit
		}
	}
	return bits
}

// find returns the frame of an id, nil if it is not shown.
func (s *shows) find(id string) *shown {
	for _, sh := range s.list {
		if sh.ID == id {
			return sh
		}
	}
	return nil
}

// bitsOf returns the bits of the frames of some ids.
func (s *shows) bitsOf(ids []string) (bits uint64) {
	for _, id := range ids {
		if sh := s.find(id); sh != nil {
			bits |= sh.bit
		}
	}
	return bits
}

// watch is what one session has of the frames that are shown. It is under its owner's
// lock.
type watch struct {
	known uint64         // the number up to which frames are taken into account
	due   uint64         // bits of what is to be given
	heard uint64         // bits of what was acknowledged
	at    live.Timestamp // when something was given last
}

// advance takes frames into account that are new.
func (w *watch) advance(s *shows) {
	for _, sh := range s.list {
		if sh.number > w.known {
			w.due |= sh.bit
			w.heard &^= sh.bit
		}
	}
	w.known = s.last
	w.due &= s.bits
}

// acknowledge takes note of frames that have arrived.
func (w *watch) acknowledge(s *shows, bits uint64) {
	w.advance(s)
	w.heard |= bits
	w.due &^= bits
}

// take appends the frames that are due to a viewer, which they are no longer. One that is
// not known yet stays due.
func (w *watch) take(s *shows, v viewer, frames []*wire.QuizFrame) []*wire.QuizFrame {
	for _, sh := range s.list {
		if w.due&sh.bit == 0 {
			continue
		}
		frame, known := sh.to(v.user, v.role)
		if known {
			w.due &^= sh.bit
		}
		if frame != nil {
			frames = append(frames, frame)
		}
	}
	return frames
}

// missing returns the bits of the frames that a viewer was given and has not acknowledged.
func (w *watch) missing(s *shows, v viewer) (bits uint64, youngest live.Timestamp) {
	for _, sh := range s.list {
		if sh.Once || sh.bit&(w.heard|w.due) != 0 {
			continue
		}
		if frame, _ := sh.to(v.user, v.role); frame != nil {
			bits |= sh.bit
			youngest = max(youngest, sh.at)
		}
	}
	return bits, youngest
}

// overdue returns the bits of the frames that are to be given to a viewer again, or when
// that is so, if it is not yet; 0: never.
func (w *watch) overdue(s *shows, v viewer, now live.Timestamp) (bits uint64, in time.Duration) {
	if s.bits&^(w.heard|w.due) == 0 {
		return 0, 0
	}
	bits, youngest := w.missing(s, v)
	if bits == 0 {
		return 0, 0
	}
	wait := v.patience(now.Sub(youngest)) - now.Sub(w.at)
	if wait > 0 && now >= w.at { // else the clock was put back
		return 0, wait
	}
	return bits, 0
}

// viewer is whose watch it is.
type viewer struct {
	user    live.UserID
	session live.SessionID
	role    live.Role
}

// viewerOf returns the viewer of a session.
func viewerOf(s room.Session) viewer { return viewer{s.User, s.ID, s.Role} }

// patience is how long a session has to acknowledge a frame of some age.
func (v viewer) patience(age time.Duration) time.Duration {
	every := sendAgain
	if age >= patientAfter {
		every = sendAgainLater
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(v.session))
	return every*3/4 + every/2*time.Duration(h.Sum32()%1024)/1024
}
