package quiz

import (
	"cmp"
	"context"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/auth"
)

// Fact is one thing that happened to one user.
type Fact struct {
	User     live.UserID
	Question quiz.Number // during which; 0: before the first
	At       live.Timestamp
	Kind     quiz.NoteKind  // 0: an answer
	Option   quiz.Option    // of an answer
	Stored   live.Timestamp // of an answer
	Session  live.SessionID // of a delivery
	Count    int            // of a grant
}

// LogQuery says which facts to list.
type LogQuery struct {
	Ref   quiz.Ref
	User  live.UserID // empty: everyone's
	Size  int
	Token string
}

// Facts returns a page of what a quiz's result follows from, of all questions that are
// closed: by shard and user, of each in order of time; and the token of the next. Errors of
// auth, page.ErrToken, store.ErrRoomNotFound, store.ErrQuizNotFound.
func (s *Service) Facts(ctx context.Context, p auth.Principal, query LogQuery) ([]Fact, string, error) {
	q, list, from, err := s.listing(ctx, p, query.Ref, "answers "+string(query.User)+" ", query.Token)
	if err != nil {
		return nil, "", err
	}
	until := quiz.Shards
	if query.User != "" {
		shard := quiz.ShardOf(query.User)
		until = shard + 1
		from.shard = max(from.shard, shard)
	}
	first := from.shard
	var found []Fact
	for ; from.shard < until; from = (place{shard: from.shard + 1}) {
		if from.shard-first == shardsAtOnce {
			return found, list.Token(from.String()), nil
		}
		parts, err := s.partsOf(ctx, &q, from.shard)
		if err != nil {
			return nil, "", err
		}
		for user, ok := parts.after(from.user); ok; user, ok = parts.after(from.user) {
			if query.User == "" || query.User == user {
				facts := parts.facts(user)
				facts = facts[min(from.skip, len(facts)):]
				room := query.Size - len(found)
				if len(facts) > room {
					from.skip += room
					return append(found, facts[:room]...), list.Token(from.String()), nil
				}
				found = append(found, facts...)
			}
			from.user, from.skip = user, 0
		}
	}
	return found, "", nil
}

// shardParts is what there is of one shard, by question: the first is question 1.
type shardParts []quiz.Part

// partsOf reads what there is of a shard.
func (s *Service) partsOf(ctx context.Context, q *quiz.Quiz, shard int) (shardParts, error) {
	all := make(shardParts, sealed(q))
	for i := range all {
		var err error
		if all[i], err = s.part(ctx, q, quiz.Number(i+1), shard); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// after returns the first user after another of whom there is evidence.
func (p shardParts) after(user live.UserID) (next live.UserID, ok bool) {
	for i := range p {
		all := p[i].Evidence
		at, found := slices.BinarySearchFunc(all, user, func(e quiz.Evidence, user live.UserID) int { return cmp.Compare(e.User, user) })
		if found {
			at++
		}
		if at < len(all) && (!ok || all[at].User < next) {
			next, ok = all[at].User, true
		}
	}
	return next, ok
}

// facts returns what there is of a user, in order of time.
func (p shardParts) facts(user live.UserID) (facts []Fact) {
	for i := range p {
		if e, there := evidenceIn(p[i].Evidence, user); there {
			facts = append(facts, factsOf(quiz.Number(i+1), e)...)
		}
	}
	slices.SortStableFunc(facts, func(a, b Fact) int { return cmp.Compare(a.At, b.At) })
	return facts
}

// factsOf takes evidence of a question's slot apart. What counts from a question on, and is
// kept with it for that, happened during the one before, if it was before it was asked.
func factsOf(n quiz.Number, e quiz.Evidence) (facts []Fact) {
	if e.Entered != 0 {
		facts = append(facts, Fact{User: e.User, Question: n, At: e.Entered, Kind: quiz.Entered})
	}
	if e.Delivered != 0 {
		facts = append(facts, Fact{User: e.User, Question: n, At: e.Delivered, Kind: quiz.Delivered, Session: e.Session})
	}
	if e.Option != 0 {
		facts = append(facts, Fact{User: e.User, Question: n, At: e.Received, Option: e.Option, Stored: e.Stored})
	}
	if e.Revived != 0 {
		facts = append(facts, Fact{User: e.User, Question: n - 1, At: e.Revived, Kind: quiz.Revive})
	}
	for _, g := range e.Grants {
		facts = append(facts, Fact{User: e.User, Question: n - 1, At: g.At, Kind: quiz.Granted, Count: g.Count})
	}
	return facts
}
