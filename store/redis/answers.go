package redis

import (
	"context"
	"encoding/binary"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

var (
	openBook   = load("slot", "open")
	putAnswers = load("slot", "answers")
	putNotes   = load("slot", "notes")
	slotAlive  = load("slot", "alive")
	evidenceOf = load("slot", "evidence")
)

var _ store.Answers = (*Store)(nil)

// answerLength is how many bytes an answer takes besides its user: the option and when it
// was received.
const answerLength = 1 + 8

// OpenAnswers implements store.Answers.
func (s *Store) OpenAnswers(ctx context.Context, ref quiz.Ref, created bool) error {
	return eachShard(func(shard int) error {
		code, _, err := s.runSlot(ctx, openBook, quiz.Slot{Ref: ref, Shard: shard}, truth(created))
		return firstOf(err, slotRefusal(code))
	})
}

// PutAnswers implements store.Answers.
func (s *Store) PutAnswers(
	ctx context.Context, slot quiz.Slot, entry bool, answers []quiz.Answer,
) (store.SlotLife, []quiz.Receipt, error) {
	return s.putAnswers(ctx, slot, entry, false, answers)
}

// PutAnswersAgain implements store.Answers.
func (s *Store) PutAnswersAgain(
	ctx context.Context, slot quiz.Slot, entry bool, answers []quiz.Answer,
) (store.SlotLife, []quiz.Receipt, error) {
	return s.putAnswers(ctx, slot, entry, true, answers)
}

// putAnswers puts answers, perhaps again.
func (s *Store) putAnswers(
	ctx context.Context, slot quiz.Slot, entry, again bool, answers []quiz.Answer,
) (store.SlotLife, []quiz.Receipt, error) {
	args := make([]string, 3, 3+len(answers))
	packed := make([]byte, 0, answerLength*len(answers))
	for _, a := range answers {
		args = append(args, string(a.User))
		packed = append(packed, byte(a.Option))
		packed = binary.BigEndian.AppendUint64(packed, uint64(a.Received)) //nolint:gosec // instants are not negative
	}
	args[0], args[1], args[2] = truth(entry), truth(again), rueidis.BinaryString(packed)
	code, list, err := s.runSlot(ctx, putAnswers, slot, args...)
	if err != nil {
		return "", nil, err
	}
	if err := slotRefusal(code); err != nil {
		return "", nil, err
	}
	f := fieldsOf(list)
	life, verdicts, repeated := f.text(), f.bytes(), f.bytes()
	if f.err != nil {
		return "", nil, f.err
	}
	receipts, err := receiptsOf(answers, verdicts, repeated)
	return store.SlotLife(life), receipts, err
}

// receiptsOf returns what became of answers: verdicts are a byte of each, and repeated is
// the answers that count of those that were.
func receiptsOf(answers []quiz.Answer, verdicts, repeated []byte) ([]quiz.Receipt, error) {
	if len(verdicts) != len(answers) {
		return nil, errMalformed
	}
	receipts, kept := make([]quiz.Receipt, len(answers)), packed{rest: repeated}
	for i, v := range verdicts {
		r := &receipts[i]
		switch r.Verdict = quiz.Verdict(v); r.Verdict {
		case quiz.Taken:
			r.Option, r.Received = answers[i].Option, answers[i].Received
		case quiz.Repeated:
			r.Option, r.Received = quiz.Option(kept.number(1)), kept.instant() //nolint:gosec // of one byte
		case quiz.TooLate, quiz.NotPlaying:
		default:
			return nil, errMalformed
		}
	}
	return receipts, kept.end()
}

// instant returns the next instant.
func (p *packed) instant() live.Timestamp {
	return live.Timestamp(p.number(8)) //nolint:gosec // as it was written
}

// PutNotes implements store.Answers.
func (s *Store) PutNotes(
	ctx context.Context, slot quiz.Slot, notes []quiz.Note,
) (life store.SlotLife, sealed bool, err error) {
	args := make([]string, 0, 2*len(notes))
	for _, n := range notes {
		args = append(args, noteName(n), packNote(n))
	}
	code, list, err := s.runSlot(ctx, putNotes, slot, args...)
	if err != nil {
		return "", false, err
	}
	if err := slotRefusal(code); err != nil {
		return "", false, err
	}
	f := fieldsOf(list)
	life, sealed = store.SlotLife(f.text()), f.text() == "1"
	return life, sealed, f.err
}

// SlotLives implements store.Answers.
func (s *Store) SlotLives(
	ctx context.Context, ref quiz.Ref, n quiz.Number,
) (lives [quiz.Shards]store.SlotLife, err error) {
	err = eachShard(func(shard int) error {
		code, list, err := s.runSlot(ctx, slotAlive, quiz.Slot{Ref: ref, Question: n, Shard: shard})
		if err != nil {
			return err
		}
		f := fieldsOf(list)
		lives[shard] = store.SlotLife(f.text())
		return firstOf(slotRefusal(code), f.err)
	})
	return lives, err
}

// firstOf returns the first error that is one.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// AnswerCounts implements store.Answers.
func (s *Store) AnswerCounts(
	ctx context.Context, ref quiz.Ref, n quiz.Number,
) (sum [quiz.MaxOptions]int64, err error) {
	var counts [quiz.Shards][quiz.MaxOptions]int64
	err = eachShard(func(shard int) (err error) {
		book := s.shardKeysOf(ref, shard).book()
		return s.reachKey(ctx, book, func(ctx context.Context) error {
			command := s.client.B().Hget().Key(book).Field("c" + decimal(n)).Build()
			counts[shard], err = countsOf(s.client.Do(ctx, command))
			return err
		})
	})
	for _, of := range counts {
		for i, n := range of {
			sum[i] += n
		}
	}
	return sum, err
}

// countsOf reads the answers of a slot by option; where there are none, zeroes.
func countsOf(result rueidis.RedisResult) (counts [quiz.MaxOptions]int64, err error) {
	b, err := result.AsBytes()
	if rueidis.IsRedisNil(err) {
		return counts, nil
	}
	if err != nil {
		return counts, err
	}
	p := packed{rest: b}
	for i := range counts {
		counts[i] = int64(p.number(4)) //nolint:gosec // of four bytes
	}
	return counts, p.end()
}

// DeliveredTo implements store.Answers.
func (s *Store) DeliveredTo(ctx context.Context, slot quiz.Slot, users []live.UserID) ([]live.UserID, error) {
	if len(users) == 0 {
		return nil, ctx.Err()
	}
	names := make([]string, len(users))
	for i, user := range users {
		names[i] = noteName(quiz.Note{Kind: quiz.Delivered, User: user})
	}
	var found []rueidis.RedisMessage
	key := s.shardKeysOf(slot.Ref, slot.Shard).notes(slot.Question)
	err := s.reachKey(ctx, key, func(ctx context.Context) (err error) {
		found, err = s.client.Do(ctx, s.client.B().Hmget().Key(key).Field(names...).Build()).ToArray()
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(found) != len(users) {
		return nil, errMalformed
	}
	var delivered []live.UserID
	for i, m := range found {
		if !m.IsNil() {
			delivered = append(delivered, users[i])
		}
	}
	return delivered, nil
}

// DropAnswers implements store.Answers.
func (s *Store) DropAnswers(ctx context.Context, ref quiz.Ref) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return eachShard(func(shard int) error {
		keys := s.shardKeysOf(ref, shard)
		drop := []string{keys.book(), keys.standings()}
		for n := range quiz.Number(quiz.MaxQuestions + 1) {
			drop = append(drop, keys.answers(n+1), keys.notes(n+1))
		}
		return s.unlink(ctx, drop)
	})
}

// unlink deletes keys of one hash tag, one by one: while their slot moves to another node,
// some may be there and some here.
func (s *Store) unlink(ctx context.Context, keys []string) error {
	return s.reachKey(ctx, keys[0], func(ctx context.Context) error {
		commands := make(rueidis.Commands, len(keys))
		for i, key := range keys {
			commands[i] = s.client.B().Unlink().Key(key).Build()
		}
		for _, result := range s.client.DoMulti(ctx, commands...) {
			if err := result.Error(); err != nil {
				return err
			}
		}
		return nil
	})
}
