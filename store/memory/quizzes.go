package memory

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/recent"
	"github.com/ovation-live/ovation/store"
)

// quizBook is the quizzes of a room. The zero value is none.
type quizBook struct {
	byID     map[quiz.ID]*quizState
	order    []*quizState // the oldest first
	running  *quizState
	requests recent.Memory[request, quiz.Quiz]
}

// quizState is a quiz and what became of its players. All of it but the quiz's tasks is
// under the room's lock.
type quizState struct {
	changing sync.Mutex // held while somebody thinks about a change, outside of the room's lock
	quiz     quiz.Quiz  // written under both locks
	parts    map[partKey]*keptPart
	tasks    quizTasks
	asked    map[string][]byte // what requests asked for
}

// place returns where the quiz is among those of its room.
func (q *quizState) place() store.QuizPlace {
	return store.QuizPlace{CreatedAt: q.quiz.CreatedAt, ID: q.quiz.Quiz}
}

// byPlace compares the places of quizzes, the oldest first.
func byPlace(a, b store.QuizPlace) int {
	return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
}

// find returns where a place is among the quizzes, or would be.
func (b *quizBook) find(p store.QuizPlace) (int, bool) {
	return slices.BinarySearchFunc(b.order, p, func(q *quizState, p store.QuizPlace) int { return byPlace(q.place(), p) })
}

// add adds a quiz.
func (b *quizBook) add(q quiz.Quiz) {
	if b.byID == nil {
		b.byID = make(map[quiz.ID]*quizState)
	}
	state := &quizState{quiz: q, parts: make(map[partKey]*keptPart)}
	b.byID[q.Quiz] = state
	at, _ := b.find(state.place())
	b.order = slices.Insert(b.order, at, state)
}

// pick returns a quiz; with no id the one that runs, or else the one that ended last.
func (b *quizBook) pick(id quiz.ID) *quizState {
	if id != "" {
		return b.byID[id]
	}
	if b.running != nil {
		return b.running
	}
	var last *quizState
	for _, q := range b.order {
		if q.quiz.State.Over() && (last == nil || q.quiz.EndedAt >= last.quiz.EndedAt) {
			last = q
		}
	}
	return last
}

// CreateQuiz implements store.Quizzes.
func (s *Store) CreateQuiz(
	ctx context.Context, q quiz.Quiz, requestID string, moves store.QuizMoves,
) (quiz.Quiz, error) {
	r, err := s.open(ctx, q.Room)
	if err != nil {
		return quiz.Quiz{}, err
	}
	defer r.mu.Unlock()
	now, key := s.now(), request{q.Creator, requestID}
	if first, ok := r.quizzes.requests.Get(key, now); ok && requestID != "" {
		return repeatedQuiz(first, q)
	}
	if r.quizzes.byID[q.Quiz] != nil {
		return quiz.Quiz{}, store.ErrQuizExists
	}
	q.Revision, q.CreatedAt = 1, now
	if err := s.books.post(moves.Of(q), now); err != nil {
		return quiz.Quiz{}, err
	}
	r.quizzes.add(q)
	if requestID != "" {
		r.quizzes.requests.Put(key, q, now, now.Add(rememberRequests))
	}
	r.publishQuiz(q)
	return q, nil
}

// repeatedQuiz answers a request that was made before.
func repeatedQuiz(first, again quiz.Quiz) (quiz.Quiz, error) {
	again.Revision, again.CreatedAt = first.Revision, first.CreatedAt
	if !reflect.DeepEqual(plainQuiz(first), plainQuiz(again)) {
		return quiz.Quiz{}, store.ErrRequestReused
	}
	return first, nil
}

// plainQuiz returns the quiz with nil for what is empty.
func plainQuiz(q quiz.Quiz) quiz.Quiz {
	if len(q.Rounds) == 0 {
		q.Rounds = nil
		return q
	}
	q.Rounds = slices.Clone(q.Rounds)
	for i := range q.Rounds {
		if one := &q.Rounds[i]; len(one.Labels) == 0 {
			one.Labels = nil
		}
		if one := &q.Rounds[i]; len(one.Options) == 0 {
			one.Options = nil
		}
	}
	return q
}

// publishQuiz tells every follower that a quiz was changed. The caller holds r.mu.
func (r *roomState) publishQuiz(q quiz.Quiz) {
	r.publish(store.Publication{Quiz: &store.QuizMark{ID: q.Quiz, Revision: q.Revision}})
}

// lockedQuiz returns a quiz's state under its room's lock, which the caller gives back.
func (s *Store) lockedQuiz(ctx context.Context, ref quiz.Ref) (*roomState, *quizState, error) {
	r, err := s.locked(ctx, ref.Room)
	if err != nil {
		return nil, nil, err
	}
	if q := r.quizzes.pick(ref.Quiz); q != nil {
		return r, q, nil
	}
	r.mu.Unlock()
	return nil, nil, store.ErrQuizNotFound
}

// Quiz implements store.Quizzes.
func (s *Store) Quiz(ctx context.Context, ref quiz.Ref) (quiz.Quiz, error) {
	r, q, err := s.lockedQuiz(ctx, ref)
	if err != nil {
		return quiz.Quiz{}, err
	}
	defer r.mu.Unlock()
	return q.quiz, nil
}

// Quizzes implements store.Quizzes.
func (s *Store) Quizzes(
	ctx context.Context, id live.RoomID, after store.QuizPlace, limit int,
) ([]quiz.Quiz, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	at := len(r.quizzes.order)
	if after != (store.QuizPlace{}) {
		at, _ = r.quizzes.find(after)
	}
	var all []quiz.Quiz
	for at--; at >= 0 && len(all) < limit; at-- {
		all = append(all, r.quizzes.order[at].quiz)
	}
	return all, nil
}

// RunningQuizzes implements store.Quizzes.
func (s *Store) RunningQuizzes(ctx context.Context, ids []live.RoomID) (map[live.RoomID]store.QuizMark, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	marks := make(map[live.RoomID]store.QuizMark)
	for _, id := range ids {
		if r := s.get(id); r != nil {
			r.mu.Lock()
			if q := r.quizzes.running; q != nil {
				marks[id] = store.QuizMark{ID: q.quiz.Quiz, Revision: q.quiz.Revision}
			}
			r.mu.Unlock()
		}
	}
	return marks, nil
}

// ChangeQuiz implements store.Quizzes. While change thinks the room goes on.
func (s *Store) ChangeQuiz(
	ctx context.Context, ref quiz.Ref, change func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error),
) (quiz.Quiz, error) {
	r, q, err := s.lockedQuiz(ctx, ref)
	if err != nil {
		return quiz.Quiz{}, err
	}
	r.mu.Unlock()
	q.changing.Lock()
	defer q.changing.Unlock()
	now := s.now()
	c, err := change(q.quiz, now)
	if err != nil {
		return quiz.Quiz{}, err
	}
	before := q.quiz
	c.Quiz.Ref, c.Quiz.CreatedAt, c.Quiz.Revision = before.Ref, before.CreatedAt, before.Revision
	differs := !reflect.DeepEqual(plainQuiz(c.Quiz), plainQuiz(before))
	if differs {
		c.Quiz.Revision++
	}
	if err := s.write(r, q, c, now); err != nil {
		return quiz.Quiz{}, err
	}
	return c.Quiz, nil
}

// write writes what a quiz is changed to, all or nothing, and publishes it if it is another
// revision. The caller holds q.changing.
func (s *Store) write(r *roomState, q *quizState, c store.QuizChange, now live.Timestamp) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forgotten {
		return &store.RoomError{Room: r.id, Err: store.ErrRoomNotFound}
	}
	other := r.quizzes.running
	if c.Quiz.State.Running() && other != nil && other != q {
		return &store.QuizRunningError{ID: other.quiz.Quiz}
	}
	if err := s.books.post(c.Moves, now); err != nil {
		return err
	}
	if c.Event != nil {
		s.events.append([]store.Event{*c.Event}, now)
	}
	another := c.Quiz.Revision != q.quiz.Revision
	if c.Quiz.State.Over() && !q.quiz.State.Over() {
		s.overs.add(overQuiz{r, q}, now)
	}
	q.quiz = c.Quiz
	r.quizzes.runs(q)
	q.again(c.Tasks)
	s.tasks.change(q, c.Tasks, q.quiz.State.Over())
	if another {
		r.publishQuiz(q.quiz)
	}
	return nil
}

// runs notes whether a quiz runs.
func (b *quizBook) runs(q *quizState) {
	switch {
	case q.quiz.State.Running():
		b.running = q
	case b.running == q:
		b.running = nil
	}
}

// end forgets the requests of a room that has ended: it refuses repeats too.
func (b *quizBook) end() { b.requests = recent.Memory[request, quiz.Quiz]{} }

// ClaimQuizRequest implements store.Quizzes.
func (s *Store) ClaimQuizRequest(ctx context.Context, ref quiz.Ref, id string, asks []byte) (first bool, err error) {
	r, q, err := s.lockedQuiz(ctx, ref)
	if err != nil {
		return false, err
	}
	defer r.mu.Unlock()
	known, ok := q.asked[id]
	switch {
	case !ok:
		if q.asked == nil {
			q.asked = make(map[string][]byte)
		}
		q.asked[id] = slices.Clone(asks)
		return true, nil
	case !slices.Equal(known, asks):
		return false, store.ErrRequestReused
	}
	return false, nil
}

// overQuiz is a quiz that is over, in its room.
type overQuiz struct {
	room *roomState
	quiz *quizState
}

// forgetQuiz drops a quiz that is over.
func (s *Store) forgetQuiz(over overQuiz) {
	r, q := over.room, over.quiz
	r.mu.Lock()
	defer r.mu.Unlock()
	id := q.quiz.Quiz
	if r.forgotten || r.quizzes.byID[id] != q {
		return
	}
	delete(r.quizzes.byID, id)
	if at, found := r.quizzes.find(q.place()); found {
		r.quizzes.order = slices.Delete(r.quizzes.order, at, at+1)
	}
	s.tasks.change(q, nil, true)
	s.answers.drop(q.quiz.Ref)
}

// forgetQuizzes drops what there is of a room's quizzes outside of it.
func (s *Store) forgetQuizzes(r *roomState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgotten = true
	for id, q := range r.quizzes.byID {
		s.tasks.change(q, nil, true)
		s.answers.drop(quiz.Ref{Room: r.id, Quiz: id})
	}
}
