package quiz_test

import (
	"crypto/sha256"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live/quiz"
)

// FuzzGame looks for a game that comes to something else than the rules say, or than its
// own replay.
func FuzzGame(f *testing.F) {
	f.Add(seed("short", 24_000))
	f.Add(seed("long", 64_000))
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
	f.Add(seed("facts", 2_000))
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		a, b, c := draw(t), draw(t), draw(t)
		same(t, "commutative", quiz.Merge(a, b), quiz.Merge(b, a))
		same(t, "associative", quiz.Merge(quiz.Merge(a, b), c), quiz.Merge(a, quiz.Merge(b, c)))
		same(t, "absorbing", quiz.Merge(quiz.Merge(a, b), b), quiz.Merge(a, b))
	}))
}

// seed returns that many bytes of no pattern to begin with: what is drawn takes some.
func seed(name string, size int) (bytes []byte) {
	block := sha256.Sum256([]byte(name))
	for len(bytes) < size {
		bytes = append(bytes, block[:]...)
		block = sha256.Sum256(block[:])
	}
	return bytes
}
