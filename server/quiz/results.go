package quiz

import (
	"context"
	"strconv"
	"strings"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
)

// ResultQuery says which players to list.
type ResultQuery struct {
	Ref         quiz.Ref
	Status      *quiz.Status // nil: any
	OutAt       quiz.Number  // 0: any
	WithAnswers bool
	Size        int
	Token       string
}

// shardsAtOnce is of how many shards one page is made at most. A page may be shorter than
// was asked for, and is not the last all the same.
const shardsAtOnce = 16

// Results returns a page of a quiz's players, by shard and user, and the token of the next.
// Errors of auth, page.ErrToken, store.ErrRoomNotFound, store.ErrQuizNotFound.
func (s *Service) Results(ctx context.Context, p auth.Principal, query ResultQuery) ([]Standing, string, error) {
	q, list, from, err := s.listing(ctx, p, query.Ref, "results ", query.Token)
	if err != nil {
		return nil, "", err
	}
	last, first := done(&q), from.shard
	var found []Standing
	for ; last > 0 && from.shard < quiz.Shards; from = (place{shard: from.shard + 1}) {
		if from.shard-first == shardsAtOnce {
			return found, list.Token(from.String()), nil
		}
		part, err := s.part(ctx, &q, last, from.shard)
		if err != nil {
			return nil, "", err
		}
		back, err := s.backIn(ctx, &q, from.shard, part.Players)
		if err != nil {
			return nil, "", err
		}
		for i := range part.Players {
			player := part.Players[i]
			if player.User <= from.user {
				continue
			}
			if back[player.User] {
				player = player.Back()
			}
			standing := s.standing(&q, player)
			if player.Status == quiz.Spectator || !query.asksFor(standing.Player) {
				continue
			}
			if len(found) == query.Size {
				return found, list.Token(from.String()), nil
			}
			if query.WithAnswers {
				if standing.Answers, err = s.given(ctx, &q, player.User, 0); err != nil {
					return nil, "", err
				}
			}
			found = append(found, standing)
			from.user = player.User
		}
	}
	return found, "", nil
}

// asksFor says whether a query asks for a player.
func (r ResultQuery) asksFor(p quiz.Player) bool {
	return (r.Status == nil || *r.Status == p.Status) && (r.OutAt == 0 || r.OutAt == p.OutAt)
}

// listing begins a page of what is listed of a quiz, for who leads it.
func (s *Service) listing(
	ctx context.Context, p auth.Principal, ref quiz.Ref, what, token string,
) (q quiz.Quiz, list page.List, from place, err error) {
	if err := host(p, ref.Room); err != nil {
		return q, list, from, err
	}
	if q, err = s.find(ctx, ref); err != nil {
		return q, list, from, err
	}
	list = page.List(what + string(q.Room) + "/" + string(q.Quiz))
	last, err := list.After(token)
	if err == nil {
		from, err = placeOf(last)
	}
	return q, list, from, err
}

// place is where a page ends: in a shard after a user, or within what there is of the next
// one.
type place struct {
	shard int
	user  live.UserID // "": before the first
	skip  int         // of what comes after that user
}

// String writes a place.
func (p place) String() string {
	return strconv.Itoa(p.shard) + " " + strconv.Itoa(p.skip) + " " + string(p.user)
}

// placeOf reads what String wrote; nothing is the beginning. page.ErrToken.
func placeOf(text string) (place, error) {
	if text == "" {
		return place{}, nil
	}
	parts := strings.SplitN(text, " ", 3)
	if len(parts) != 3 {
		return place{}, page.ErrToken
	}
	shard, err := strconv.Atoi(parts[0])
	skip, wrong := strconv.Atoi(parts[1])
	p := place{shard, live.UserID(parts[2]), skip}
	if err != nil || wrong != nil || shard < 0 || shard >= quiz.Shards || skip < 0 || p.String() != text {
		return place{}, page.ErrToken
	}
	return p, nil
}
