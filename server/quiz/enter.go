package quiz

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
)

// Whoever is in the room while an entry question takes answers becomes a player. Each node
// notes it of those whose streams it serves, and of whoever comes; the node that asks the
// question notes it of all who are there without a stream.

const (
	// membersAtOnce is how many members of a room are read at a time.
	membersAtOnce = 1000
	// enterAgain is how long it takes until members are read again that could not be.
	enterAgain = 200 * time.Millisecond
)

// admit notes who is in the room of an entry question that was just asked. It does not wait
// for it.
func (s *Service) admit(q quiz.Quiz) {
	round := q.Round(q.Current)
	if q.State != quiz.Asked || int(q.Current) > q.Rules.EntryQuestions {
		return
	}
	s.reads.Go(func() {
		after := live.UserID("")
		for more := true; more && s.ctx.Err() == nil && s.now() <= round.ClosesAt; {
			next, err := s.admitSome(s.ctx, &q, after)
			if err == nil {
				after, more = next, next != ""
				continue
			}
			select {
			case <-time.After(enterAgain):
			case <-s.ctx.Done():
			}
		}
	})
}

// admitSome notes some members of a room, after one of them, and returns the last; "" if
// there are no more.
func (s *Service) admitSome(ctx context.Context, q *quiz.Quiz, after live.UserID) (last live.UserID, err error) {
	members, err := s.presence.Members(ctx, q.Room, after, membersAtOnce)
	if err != nil {
		return "", err
	}
	viewers, err := s.viewersAmong(ctx, q.Room, members)
	if err != nil {
		return "", err
	}
	at := s.now()
	for shard, users := range quiz.ByShard(viewers) {
		notes := make([]quiz.Note, len(users))
		for i, user := range users {
			notes[i] = quiz.Note{Kind: quiz.Entered, User: user, At: at}
		}
		slot := quiz.Slot{Ref: q.Ref, Question: q.Current, Shard: shard}
		if err := s.Note(ctx, slot, notes); err != nil {
			return "", err
		}
	}
	if len(members) < membersAtOnce {
		return "", nil
	}
	return members[len(members)-1].User, nil
}

// viewersAmong returns those members of a room who neither lead it nor keep order in it.
func (s *Service) viewersAmong(ctx context.Context, id live.RoomID, members []room.Member) ([]live.UserID, error) {
	var viewers []live.UserID
	for _, m := range members {
		if m.Role == live.RoleViewer {
			viewers = append(viewers, m.User)
		}
	}
	if len(viewers) == 0 {
		return nil, nil
	}
	standings, err := s.sanctions.Standings(ctx, id, viewers)
	if err != nil {
		return nil, err
	}
	plain := viewers[:0]
	for i, user := range viewers {
		if standings[i].Role(live.RoleViewer) == live.RoleViewer {
			plain = append(plain, user)
		}
	}
	return plain, nil
}
