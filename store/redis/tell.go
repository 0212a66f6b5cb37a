package redis

import (
	"context"
	"encoding/binary"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

var tellRoom = load("tell")

// TellQuiz implements paired.Hot.
func (s *Store) TellQuiz(ctx context.Context, id live.RoomID, mark store.QuizMark) error {
	body := binary.BigEndian.AppendUint64(nil, uint64(mark.Revision)) //nolint:gosec // revisions are not negative
	_, err := s.ask(ctx, tellRoom, id, rueidis.BinaryString(append(body, mark.ID...)))
	return err
}

// decodeQuizMark reads what was told of a quiz.
func decodeQuizMark(body []byte) (*store.QuizMark, error) {
	p := packed{rest: body}
	revision := int64(p.number(8)) //nolint:gosec // as it was written
	return &store.QuizMark{ID: quiz.ID(p.rest), Revision: revision}, p.err()
}
