package quiz

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// Draft describes a quiz to create.
type Draft struct {
	Ref       quiz.Ref // without an id: make one
	Title     string
	Rules     quiz.Rules
	Questions []quiz.Question
	RequestID string
}

// Create creates a quiz, and sets its pot aside. Errors of auth, *quiz.InvalidError,
// *ledger.InsufficientError, store.ErrRoomNotFound, store.ErrRoomEnded,
// store.ErrQuizExists, store.ErrRequestReused.
func (s *Service) Create(ctx context.Context, p auth.Principal, d Draft) (quiz.Quiz, error) {
	if err := host(p, d.Ref.Room); err != nil {
		return quiz.Quiz{}, err
	}
	if d.Ref.Quiz == "" {
		d.Ref.Quiz = s.idFor(p, d)
	}
	q := quiz.Quiz{Ref: d.Ref, Title: live.CleanLine(d.Title), Rules: d.Rules}
	if p.Role == live.RoleHost {
		q.Creator = p.User
	}
	for _, question := range d.Questions {
		q.Rounds = append(q.Rounds, quiz.Round{Question: question})
	}
	q, err := quiz.New(q)
	if err != nil {
		return quiz.Quiz{}, err
	}
	begun := time.Now()
	created, err := s.quizzes.CreateQuiz(ctx, q, requestKey(p, d.RequestID), quiz.SetAside)
	if err == nil {
		s.begin(ctx, created.Ref, time.Since(begun) < atOnce && s.now().Sub(created.CreatedAt).Abs() < atOnce)
	}
	return created, err
}

// atOnce is how long after a quiz was created it is sure that nobody has done anything in it.
const atOnce = time.Second

// begin begins what is kept of a quiz's players. Where that fails it begins by itself, and
// may look as if something was lost before: then slots are sealed a little later.
func (s *Service) begin(ctx context.Context, ref quiz.Ref, created bool) {
	ctx, cancel := context.WithTimeout(ctx, putWithin)
	defer cancel()
	if err := s.answers.OpenAnswers(ctx, ref, created); err != nil {
		s.logger.DebugContext(ctx, "what is kept of a quiz's players begins later", "room_id", string(ref.Room), "error", err)
	}
}

// idFor makes the id of a quiz whose creator leaves it to us: one that a repeated request
// finds again.
func (s *Service) idFor(p auth.Principal, d Draft) quiz.ID {
	if d.RequestID == "" {
		return quiz.ID("q-" + strings.ToLower(s.config.NewID()))
	}
	sum := sha256.Sum256([]byte(requestKey(p, d.RequestID)))
	return quiz.ID("q-" + hex.EncodeToString(sum[:13]))
}

// requestKey scopes a request id to its caller; no id stays none.
func requestKey(p auth.Principal, id string) string {
	if id == "" {
		return ""
	}
	return strconv.Quote(string(p.User)) + id
}

// Get returns a quiz as the caller may see it, and the instant; with no id the room's
// running one, or the one that ended last. Errors of auth, store.ErrRoomNotFound,
// store.ErrQuizNotFound.
func (s *Service) Get(ctx context.Context, p auth.Principal, ref quiz.Ref) (quiz.Quiz, live.Timestamp, error) {
	if err := p.In(ref.Room); err != nil {
		return quiz.Quiz{}, 0, err
	}
	q, err := s.find(ctx, ref)
	if err == nil && q.State == quiz.Draft && !leads(p) {
		err = store.ErrQuizNotFound
	}
	if err != nil {
		return quiz.Quiz{}, 0, err
	}
	if p.Role.Staff() {
		q, err = s.withCounts(ctx, q)
	}
	return seen(p, q), s.now(), err
}

// quizList lists a room's quizzes.
func quizList(id live.RoomID) page.List { return page.List("quizzes " + id) }

// List returns a page of a room's quizzes as the caller may see them, the newest first,
// and the token of the next. Errors of auth, page.ErrToken, store.ErrRoomNotFound.
func (s *Service) List(
	ctx context.Context, p auth.Principal, id live.RoomID, size int, token string,
) ([]quiz.Quiz, string, error) {
	if err := p.In(id); err != nil {
		return nil, "", err
	}
	list := quizList(id)
	last, err := list.After(token)
	if err != nil {
		return nil, "", err
	}
	after, err := placeFrom(last)
	if err != nil {
		return nil, "", err
	}
	var visible []quiz.Quiz
	for len(visible) <= size {
		found, err := s.quizzes.Quizzes(ctx, id, after, size+1)
		if err != nil {
			return nil, "", err
		}
		for _, q := range found {
			after = store.QuizPlace{CreatedAt: q.CreatedAt, ID: q.Quiz}
			if q.State != quiz.Draft || leads(p) {
				visible = append(visible, seen(p, q))
			}
		}
		if len(found) <= size {
			break
		}
	}
	visible, next := page.Cut(list, visible, size, placeTo)
	return visible, next, nil
}

// placeTo writes a quiz's place in the list.
func placeTo(q quiz.Quiz) string {
	return strconv.FormatInt(int64(q.CreatedAt), 36) + " " + string(q.Quiz)
}

// placeFrom reads what placeTo wrote; nothing is the list's beginning. page.ErrToken.
func placeFrom(last string) (store.QuizPlace, error) {
	if last == "" {
		return store.QuizPlace{}, nil
	}
	at, id, ok := strings.Cut(last, " ")
	t, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil || t <= 0 || id == "" {
		return store.QuizPlace{}, page.ErrToken
	}
	return store.QuizPlace{CreatedAt: live.Timestamp(t), ID: quiz.ID(id)}, nil
}
