package quiz

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/auth"
)

// Grant is revives for some users.
type Grant struct {
	Users     []live.UserID
	Count     int
	RequestID string
}

// Grant gives users revives that count for questions asked from now on. The same request
// gives once, for as long as the quiz exists. Errors of auth, *quiz.WrongStateError,
// store.ErrRoomNotFound, store.ErrRoomEnded, store.ErrQuizNotFound, store.ErrRequestReused.
func (s *Service) Grant(ctx context.Context, p auth.Principal, ref quiz.Ref, g Grant) error {
	if err := s.leading(ctx, p, ref.Room); err != nil {
		return err
	}
	q, err := s.find(ctx, ref)
	if err != nil {
		return err
	}
	if q.State.Over() || q.Finishing {
		return &quiz.WrongStateError{State: q.State}
	}
	id, again := s.config.NewID(), false
	if g.RequestID != "" {
		sum := sha256.Sum256([]byte(requestKey(p, g.RequestID)))
		id = hex.EncodeToString(sum[:16])
		first, err := s.quizzes.ClaimQuizRequest(ctx, ref, id, g.digest())
		if err != nil {
			return err
		}
		again = !first
	}
	at := s.now()
	for shard, users := range quiz.ByShard(g.Users) {
		of := granting{quiz.Grant{ID: id, At: at, Count: g.Count}, shard, again}
		if err := s.grant(ctx, &q, of, users); err != nil {
			return err
		}
	}
	return nil
}

// digest tells the grant from others, in whatever order its users are.
func (g *Grant) digest() []byte {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, g.Count) // a hash takes everything
	for _, user := range slices.Sorted(slices.Values(g.Users)) {
		_, _ = fmt.Fprintf(h, "%q\n", user)
	}
	return h.Sum(nil)
}

// granting is what the users of a shard are given; again: perhaps they were already.
type granting struct {
	quiz.Grant
	shard int
	again bool
}

// grant gives users of one shard revives, in the first slot that is not sealed. Who has the
// grant in an earlier one has it.
func (s *Service) grant(ctx context.Context, q *quiz.Quiz, g granting, users []live.UserID) (err error) {
	n := max(1, q.Current)
	if g.again {
		for m := quiz.Number(1); m < n; m++ {
			if users, err = s.without(ctx, q, m, g, users); err != nil {
				return err
			}
		}
	}
	for ; len(users) > 0 && n <= q.Current+1; n++ {
		notes := make([]quiz.Note, len(users))
		for i, user := range users {
			notes[i] = quiz.Note{Kind: quiz.Granted, User: user, At: g.At, ID: g.ID, Count: g.Count}
		}
		slot := quiz.Slot{Ref: q.Ref, Question: n, Shard: g.shard}
		l := &s.intakes.of(questionKey{q.Ref, n}).lanes[g.shard]
		late, err := s.putNotes(ctx, l, slot, notes)
		if err != nil || !late {
			return err
		}
		if users, err = s.without(ctx, q, n, g, users); err != nil {
			return err
		}
	}
	if len(users) > 0 { // the quiz went on meanwhile
		return &quiz.WrongStateError{State: q.State}
	}
	return nil
}

// without returns those users who do not have a grant in a slot that is sealed.
func (s *Service) without(
	ctx context.Context, q *quiz.Quiz, n quiz.Number, g granting, users []live.UserID,
) ([]live.UserID, error) {
	evidence, err := s.collected(ctx, q, quiz.Slot{Ref: q.Ref, Question: n, Shard: g.shard})
	if err != nil {
		return nil, err
	}
	var lack []live.UserID
	for _, user := range users {
		e, _ := evidenceIn(evidence, user)
		if !slices.ContainsFunc(e.Grants, func(had quiz.Grant) bool { return had.ID == g.ID }) {
			lack = append(lack, user)
		}
	}
	return lack, nil
}

// collected returns what is in a slot that is sealed.
func (s *Service) collected(ctx context.Context, q *quiz.Quiz, slot quiz.Slot) ([]quiz.Evidence, error) {
	if slot.Question <= sealed(q) {
		part, err := s.part(ctx, q, slot.Question, slot.Shard)
		return part.Evidence, err
	}
	_, evidence, err := s.answers.Seal(ctx, slot)
	return evidence, err
}
