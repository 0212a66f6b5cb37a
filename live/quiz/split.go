package quiz

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"
)

// Split divides the pot among winners, by the quiz's rules, and returns them in their order
// with their prizes. Without winners the whole pot is returned.
func Split(q Quiz, winners []Player) (Result, []Player) {
	r := Result{Winners: int64(len(winners)), Pot: q.Rules.Pot}
	if len(winners) == 0 {
		r.Returned = r.Pot
		return r, nil
	}
	r.Share = r.Pot / r.Winners
	rest := r.Pot % r.Winners
	if q.Rules.Remainder == RemainderReturn {
		r.Returned = rest
	} else if rest > 0 {
		r.WithExtra = rest
		r.LastExtra = q.lastExtra(winners, int(rest))
	}
	paid := slices.Clone(winners)
	q.Result = r
	for i := range paid {
		paid[i].Prize = q.prize(paid[i])
	}
	return r, paid
}

// prize returns what a winner gets.
func (q *Quiz) prize(p Player) int64 {
	r := &q.Result
	if r.WithExtra > 0 && q.place(p.rank()).compare(q.place(r.LastExtra)) <= 0 {
		return r.Share + 1
	}
	return r.Share
}

// lastExtra returns who is the last of the first n winners.
func (q *Quiz) lastExtra(winners []Player, n int) Rank {
	places := make([]place, len(winners))
	for i := range winners {
		places[i] = q.place(winners[i].rank())
	}
	slices.SortFunc(places, place.compare)
	return places[n-1].Rank
}

// rank returns what a player's place goes by.
func (p *Player) rank() Rank { return Rank{p.User, p.Answered, p.Spent} }

// place is a winner's place: with answers and time spent where the fastest are first, and
// without where they are drawn.
type place struct {
	Rank
	fastest bool
	draw    [sha256.Size]byte
}

// place returns the place of a rank.
func (q *Quiz) place(r Rank) place {
	text := make([]byte, 0, 128)
	text = append(text, q.Quiz...)
	text = append(text, 0)
	text = append(text, r.User...)
	return place{r, q.Rules.Remainder == RemainderFastest, sha256.Sum256(text)}
}

// compare orders places, the first one first.
func (p place) compare(o place) int {
	draw := bytes.Compare(p.draw[:], o.draw[:])
	if !p.fastest {
		return draw
	}
	return cmp.Or(cmp.Compare(o.Answered, p.Answered), cmp.Compare(p.Spent, o.Spent), draw)
}
