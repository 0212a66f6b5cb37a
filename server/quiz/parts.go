package quiz

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

const (
	// maxParts and maxRows are how many parts, and lines of them, a node remembers.
	maxParts = 4096
	maxRows  = 500_000
	// partsAtOnce is how many are read at once: each may be of tens of thousands of players.
	partsAtOnce = 4
)

// parts is what shards came to with questions that are done, as this node has read it. What
// was read is shared, and not changed.
type parts struct {
	service *Service
	group   singleflight.Group
	reading chan struct{}

	mu    sync.Mutex
	rows  int
	known *lru.Cache[partKey, quiz.Part]
}

// partKey names a part as it was sealed, or as it was evaluated.
type partKey struct {
	quiz.Slot
	created   live.Timestamp // the quiz was: another may have had its name before
	evaluated bool
}

func newParts(s *Service) *parts {
	p := &parts{service: s, reading: make(chan struct{}, partsAtOnce)}
	known, err := lru.NewWithEvict(maxParts, func(_ partKey, part quiz.Part) { p.rows -= rows(part) })
	if err != nil {
		panic(err) // the size is not positive
	}
	p.known = known
	return p
}

// rows is how many lines a part has.
func rows(part quiz.Part) int { return len(part.Evidence) + len(part.Players) }

// of returns what a shard came to with a question that is sealed. Of one that is not known to
// be evaluated the evidence alone is final.
func (p *parts) of(ctx context.Context, key partKey) (quiz.Part, error) {
	slot := key.Slot
	p.mu.Lock()
	part, ok := p.known.Get(key)
	p.mu.Unlock()
	if ok {
		return part, nil
	}
	result := p.group.DoChan(fmt.Sprintf("%s/%s/%d/%d/%d/%v", slot.Room, slot.Quiz, slot.Question, slot.Shard, key.created, key.evaluated), func() (any, error) { //nolint:contextcheck // the read is for all who wait, whoever goes
		p.reading <- struct{}{}
		defer func() { <-p.reading }()
		ctx, cancel := context.WithTimeout(p.service.ctx, readWithin)
		defer cancel()
		part, err := p.service.quizzes.QuizPart(ctx, slot)
		if err == nil {
			p.put(key, part)
		}
		return part, err
	})
	select {
	case r := <-result:
		part, _ := r.Val.(quiz.Part)
		return part, r.Err
	case <-ctx.Done():
		return quiz.Part{}, context.Cause(ctx)
	}
}

// put remembers a part, and forgets those that were not asked for longest.
func (p *parts) put(key partKey, part quiz.Part) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known.Contains(key) {
		return
	}
	p.rows += rows(part)
	p.known.Add(key, part)
	for p.rows > maxRows && p.known.Len() > 1 {
		p.known.RemoveOldest()
	}
}

// done returns the last question of a quiz whose players are evaluated; 0: none is. After
// the end it is the place behind the last.
func done(q *quiz.Quiz) quiz.Number {
	if q.State == quiz.Finished {
		return q.Current + 1
	}
	n := q.Current
	for n > 0 && !q.Round(n).Tally.Evaluated {
		n--
	}
	return n
}

// sealed returns the last question of a quiz whose slots are sealed and collected.
func sealed(q *quiz.Quiz) quiz.Number {
	n := done(q)
	if n < q.Current && q.Round(q.Current).State >= quiz.Closed {
		n = q.Current
	}
	return n
}

// part returns what a shard of a quiz came to with a question that is sealed.
func (s *Service) part(ctx context.Context, q *quiz.Quiz, n quiz.Number, shard int) (quiz.Part, error) {
	return s.parts.of(ctx, partKey{quiz.Slot{Ref: q.Ref, Question: n, Shard: shard}, q.CreatedAt, n <= done(q)})
}

// evidenceOf returns what there is of a user at a question that was asked. The slots of the
// latest have it at hand.
func (s *Service) evidenceOf(ctx context.Context, q *quiz.Quiz, n quiz.Number, user live.UserID) (quiz.Evidence, error) {
	e, _, err := s.evidenceKept(ctx, q, n, user)
	return e, err
}

// evidenceKept is evidenceOf that says whether that is all. If not, more may be about to be
// put again.
func (s *Service) evidenceKept(
	ctx context.Context, q *quiz.Quiz, n quiz.Number, user live.UserID,
) (e quiz.Evidence, whole bool, err error) {
	slot := quiz.Slot{Ref: q.Ref, Question: n, Shard: quiz.ShardOf(user)}
	kept := n <= sealed(q)
	if n+1 >= q.Current && !q.State.Over() {
		life, found, err := s.answers.EvidenceOf(ctx, slot, kept, []live.UserID{user})
		switch {
		case err == nil && (life != "" || !kept):
			return found[0], life != "", nil
		case !kept:
			return quiz.Evidence{User: user}, false, err
		}
	}
	if !kept {
		return quiz.Evidence{User: user}, false, nil
	}
	part, err := s.part(ctx, q, n, slot.Shard)
	e, _ = evidenceIn(part.Evidence, user)
	return e, true, err
}

// playerIn finds a user among players; one who is not there is a Spectator.
func playerIn(players []quiz.Player, user live.UserID) quiz.Player {
	at, found := slices.BinarySearchFunc(players, user, func(p quiz.Player, user live.UserID) int {
		return strings.Compare(string(p.User), string(user))
	})
	if found {
		return players[at]
	}
	return quiz.Player{User: user}
}

// evidenceIn finds what there is of a user.
func evidenceIn(all []quiz.Evidence, user live.UserID) (quiz.Evidence, bool) {
	at, found := slices.BinarySearchFunc(all, user, func(e quiz.Evidence, user live.UserID) int {
		return strings.Compare(string(e.User), string(user))
	})
	if found {
		return all[at], true
	}
	return quiz.Evidence{User: user}, false
}
