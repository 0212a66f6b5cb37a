package game

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
)

// Choice is what one player answers.
type Choice struct {
	Player int    // 0, 1, 2 ...
	Option uint32 // from 1
}

// Round is what a crowd does with one question, and what must come of it: whoever answers
// right is still in, and all others are out.
type Round struct {
	Choices   []Choice // in no particular order, each player once
	Answers   []int64  // per option
	Missed    int64    // players who do not answer
	Remaining int64    // players who are still in
	// Excess is how many more answered in the recorded game than are still in here: the
	// record does not say who came back in by an extra life.
	Excess int64
}

// Cast is a crowd that plays a game.
type Cast struct {
	Players int // who answer the first question
	Rounds  []Round
	Winners []int
}

// NewCast casts a crowd that answers as the one of a recorded game did, each real count
// times scale: of those who are still in, so many choose each option. Who does is drawn.
// The same seed casts the same crowd.
func NewCast(game []Question, scale float64, seed uint64) Cast {
	var c Cast
	rng := rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)) //nolint:gosec // a crowd is no secret
	var in []int                                                // who is still in
	for i, q := range game {
		wanted := scaled(q, scale)
		if i == 0 {
			c.Players = int(figures.Total(wanted))
			for p := range c.Players {
				in = append(in, p)
			}
		}
		rng.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		round, through := play(q, wanted, in)
		c.Rounds = append(c.Rounds, round)
		in = through
	}
	slices.Sort(in)
	c.Winners = in
	return c
}

// play hands the options of a question to those who are in, so many of each, and returns
// who is through.
func play(q Question, wanted []int64, in []int) (Round, []int) {
	round := Round{Answers: bounded(wanted, int64(len(in)))}
	round.Excess = figures.Total(wanted) - figures.Total(round.Answers)
	var through []int
	rest := in
	for o, n := range round.Answers {
		for _, player := range rest[:n] {
			round.Choices = append(round.Choices, Choice{player, uint32(o) + 1})
		}
		if q.Options[o].Correct {
			through = append(through, rest[:n]...)
		}
		rest = rest[n:]
	}
	round.Missed, round.Remaining = int64(len(rest)), int64(len(through))
	return round, through
}

// scaled returns a question's counts times a scale, in whole numbers whose sum is the sum
// times the scale, rounded: those with the largest remainders are rounded up.
func scaled(q Question, scale float64) []int64 {
	counts := make([]float64, len(q.Options))
	for i, o := range q.Options {
		counts[i] = float64(o.Count) * scale
	}
	return whole(counts, int64(math.Round(float64(q.Answered)*scale)))
}

// bounded returns counts whose sum is at most limit, in proportion.
func bounded(counts []int64, limit int64) []int64 {
	total := figures.Total(counts)
	if total <= limit {
		return counts
	}
	parts := make([]float64, len(counts))
	for i, n := range counts {
		parts[i] = float64(n) * float64(limit) / float64(total)
	}
	return whole(parts, limit)
}

// whole returns whole numbers near parts that add up to total.
func whole(parts []float64, total int64) []int64 {
	rounded, order := make([]int64, len(parts)), make([]int, len(parts))
	left := total
	for i, part := range parts {
		rounded[i], order[i] = int64(part), i
		left -= rounded[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(parts[b]-math.Floor(parts[b]), parts[a]-math.Floor(parts[a]))
	})
	for i := 0; left > 0; i, left = i+1, left-1 {
		rounded[order[i%len(order)]]++
	}
	return rounded
}
