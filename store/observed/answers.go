package observed

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// measuredAnswers measures store.Answers.
type measuredAnswers struct {
	next  store.Answers
	calls *Metrics
}

func (m measuredAnswers) PutAnswers(ctx context.Context, slot quiz.Slot, entry bool, answers []quiz.Answer) (_ store.SlotLife, _ []quiz.Receipt, err error) {
	defer m.calls.begin(putAnswers).end(&err)
	return m.next.PutAnswers(ctx, slot, entry, answers)
}

func (m measuredAnswers) OpenAnswers(ctx context.Context, ref quiz.Ref, created bool) (err error) {
	defer m.calls.begin(openAnswers).end(&err)
	return m.next.OpenAnswers(ctx, ref, created)
}

func (m measuredAnswers) PutAnswersAgain(ctx context.Context, slot quiz.Slot, entry bool, answers []quiz.Answer) (_ store.SlotLife, _ []quiz.Receipt, err error) {
	defer m.calls.begin(putAnswersAgain).end(&err)
	return m.next.PutAnswersAgain(ctx, slot, entry, answers)
}

func (m measuredAnswers) PutNotes(ctx context.Context, slot quiz.Slot, notes []quiz.Note) (_ store.SlotLife, _ bool, err error) {
	defer m.calls.begin(putNotes).end(&err)
	return m.next.PutNotes(ctx, slot, notes)
}

func (m measuredAnswers) Seal(ctx context.Context, slot quiz.Slot) (_ store.SlotLife, _ []quiz.Evidence, err error) {
	defer m.calls.begin(seal).end(&err)
	return m.next.Seal(ctx, slot)
}

func (m measuredAnswers) SlotLives(ctx context.Context, ref quiz.Ref, n quiz.Number) (_ [quiz.Shards]store.SlotLife, err error) {
	defer m.calls.begin(slotLives).end(&err)
	return m.next.SlotLives(ctx, ref, n)
}

func (m measuredAnswers) AnswerCounts(ctx context.Context, ref quiz.Ref, n quiz.Number) (_ [quiz.MaxOptions]int64, err error) {
	defer m.calls.begin(answerCounts).end(&err)
	return m.next.AnswerCounts(ctx, ref, n)
}

func (m measuredAnswers) EvidenceOf(ctx context.Context, slot quiz.Slot, sealed bool, users []live.UserID) (_ store.SlotLife, _ []quiz.Evidence, err error) {
	defer m.calls.begin(evidenceOf).end(&err)
	return m.next.EvidenceOf(ctx, slot, sealed, users)
}

func (m measuredAnswers) DeliveredTo(ctx context.Context, slot quiz.Slot, users []live.UserID) (_ []live.UserID, err error) {
	defer m.calls.begin(deliveredTo).end(&err)
	return m.next.DeliveredTo(ctx, slot, users)
}

func (m measuredAnswers) PutStandings(ctx context.Context, slot quiz.Slot, players []quiz.Player) (err error) {
	defer m.calls.begin(putStandings).end(&err)
	return m.next.PutStandings(ctx, slot, players)
}

func (m measuredAnswers) StandingsOf(ctx context.Context, slot quiz.Slot, users []live.UserID) (_ []quiz.Player, err error) {
	defer m.calls.begin(standingsOf).end(&err)
	return m.next.StandingsOf(ctx, slot, users)
}

func (m measuredAnswers) DropAnswers(ctx context.Context, ref quiz.Ref) (err error) {
	defer m.calls.begin(dropAnswers).end(&err)
	return m.next.DropAnswers(ctx, ref)
}
