package observed

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
)

// measuredSanctions measures store.Sanctions.
type measuredSanctions struct {
	next  store.Sanctions
	calls *Metrics
}

func (m measuredSanctions) ApplySanction(ctx context.Context, o store.SanctionOrder) (_ moderation.Sanction, err error) {
	defer m.calls.begin(applySanction).end(&err)
	return m.next.ApplySanction(ctx, o)
}

func (m measuredSanctions) LiftSanction(ctx context.Context, l store.SanctionLift) (err error) {
	defer m.calls.begin(liftSanction).end(&err)
	return m.next.LiftSanction(ctx, l)
}

func (m measuredSanctions) Sanctions(ctx context.Context, q store.SanctionQuery) (_ []moderation.Sanction, err error) {
	defer m.calls.begin(listSanctions).end(&err)
	return m.next.Sanctions(ctx, q)
}

func (m measuredSanctions) Standing(ctx context.Context, id live.RoomID, user live.UserID) (_ moderation.Standing, err error) {
	defer m.calls.begin(standing).end(&err)
	return m.next.Standing(ctx, id, user)
}

func (m measuredSanctions) Standings(ctx context.Context, id live.RoomID, users []live.UserID) (_ []moderation.Standing, err error) {
	defer m.calls.begin(standings).end(&err)
	return m.next.Standings(ctx, id, users)
}

func (m measuredSanctions) SanctionRevisions(ctx context.Context, ids []live.RoomID) (_ map[live.RoomID]store.SanctionRevision, err error) {
	defer m.calls.begin(sanctionRevisions).end(&err)
	return m.next.SanctionRevisions(ctx, ids)
}

// measuredWords measures store.Words.
type measuredWords struct {
	next  store.Words
	calls *Metrics
}

func (m measuredWords) PutWords(ctx context.Context, id live.RoomID, c words.Change) (_ words.Summary, err error) {
	defer m.calls.begin(putWords).end(&err)
	return m.next.PutWords(ctx, id, c)
}

func (m measuredWords) WordLists(ctx context.Context, id live.RoomID, after string, limit int) (_ []words.Summary, err error) {
	defer m.calls.begin(wordLists).end(&err)
	return m.next.WordLists(ctx, id, after, limit)
}

func (m measuredWords) WordsOf(ctx context.Context, id live.RoomID, list, after string, limit int) (_ []words.Word, err error) {
	defer m.calls.begin(wordsOf).end(&err)
	return m.next.WordsOf(ctx, id, list, after, limit)
}

func (m measuredWords) AllWords(ctx context.Context, id live.RoomID) (_ []words.List, _ store.WordsRevision, err error) {
	defer m.calls.begin(allWords).end(&err)
	return m.next.AllWords(ctx, id)
}

func (m measuredWords) WordsRevision(ctx context.Context, id live.RoomID) (_, _ store.WordsRevision, err error) {
	defer m.calls.begin(wordsRevision).end(&err)
	return m.next.WordsRevision(ctx, id)
}
