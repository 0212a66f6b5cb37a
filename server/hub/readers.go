package hub

import (
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/wire"
)

const (
	// maxReaders is of how many sessions without a stream a room's node knows what they have.
	// Beyond, all are forgotten: they are given again what they have.
	maxReaders = 100_000
	// keptQuizAnswers is how many answers with frames of a quiz are kept.
	keptQuizAnswers = 64
	// quizAnswerFrames is how many frames an answer that is kept may have.
	quizAnswerFrames = 8
)

// readers is what sessions without a stream have of what is shown in a room, as long as
// something is. The zero value is empty and ready to use; it may be used concurrently.
type readers struct {
	mu      sync.Mutex
	watches map[readerID]*watch
	answers map[quizAnswer]*wire.Frame
}

// readerID names a session, which is its user's alone.
type readerID struct {
	user    live.UserID
	session live.SessionID
}

// quizAnswer is what an answer with frames is made of.
type quizAnswer struct {
	answer *wire.Frame // without them
	frames [quizAnswerFrames]*wire.QuizFrame
}

// of returns a session's watch. The caller holds r.mu.
func (r *readers) of(v viewer) *watch {
	id := readerID{v.user, v.session}
	w := r.watches[id]
	if w == nil {
		if r.watches == nil || len(r.watches) >= maxReaders {
			r.watches = make(map[readerID]*watch)
		}
		w = new(watch)
		r.watches[id] = w
	}
	return w
}

// given is what a session without a stream is given.
type given struct {
	frames []*wire.QuizFrame
	due    bool          // some of them now
	again  time.Duration // until some are again; 0: never
}

// give returns the frames that a viewer has not acknowledged. Those that are due are
// given with this.
func (r *readers) give(s *shows, v viewer, now live.Timestamp) (g given) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.of(v)
	w.advance(s)
	overdue, _ := w.overdue(s, v, now)
	w.due |= overdue
	for _, sh := range s.list {
		if sh.Once || w.heard&sh.bit != 0 {
			continue
		}
		if frame, _ := sh.to(v.user, v.role); frame != nil {
			g.frames = append(g.frames, frame)
			g.due = g.due || w.due&sh.bit != 0
		}
	}
	if w.take(s, v, nil); g.due {
		w.at = now
	}
	_, g.again = w.overdue(s, v, now)
	return g
}

// acknowledge notes that frames have arrived at a session.
func (r *readers) acknowledge(s *shows, v viewer, bits uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of(v).acknowledge(s, bits)
}

// heard returns the bits of what a session has acknowledged.
func (r *readers) heard(s *shows, v viewer) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, ok := r.watches[readerID{v.user, v.session}]
	if !ok {
		return 0
	}
	w.advance(s)
	return w.heard
}

// users returns the users of the sessions.
func (r *readers) users() []live.UserID {
	r.mu.Lock()
	defer r.mu.Unlock()
	users := make([]live.UserID, 0, len(r.watches))
	for id := range r.watches {
		users = append(users, id.user)
	}
	return users
}

// answer returns an answer with frames: the same for all who get the same.
func (r *readers) answer(p Pulled) *wire.Frame {
	key := quizAnswer{answer: p.Answer}
	if copy(key.frames[:], p.Quiz) < len(p.Quiz) {
		return wire.PullAnswerWith(p.Batch, p.Heads, p.Quiz)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer, ok := r.answers[key]; ok {
		return answer
	}
	if r.answers == nil || len(r.answers) >= keptQuizAnswers {
		r.answers = make(map[quizAnswer]*wire.Frame)
	}
	answer := wire.PullAnswerWith(p.Batch, p.Heads, p.Quiz)
	r.answers[key] = answer
	return answer
}

// forget drops everything.
func (r *readers) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watches, r.answers = nil, nil
}
