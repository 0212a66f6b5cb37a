package quiz_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live/quiz"
)

// FuzzGame looks for a game that comes to something else than the rules say, or than its
// own replay.
func FuzzGame(f *testing.F) {
	f.Fuzz(func(t *testing.T, input []byte) {
		rapid.MakeFuzz(func(rt *rapid.T) {
			s := begin(t, rt)
			s.play()
			s.compareToRules()
			s.compareToReplay()
			s.addUp()
		})(t, input)
	})
}

// FuzzMerge looks for facts that come to something else in another order.
func FuzzMerge(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		a, b, c := draw(t), draw(t), draw(t)
		same(t, "commutative", quiz.Merge(a, b), quiz.Merge(b, a))
		same(t, "associative", quiz.Merge(quiz.Merge(a, b), c), quiz.Merge(a, quiz.Merge(b, c)))
		same(t, "absorbing", quiz.Merge(quiz.Merge(a, b), b), quiz.Merge(a, b))
	}))
}
