package memory

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
)

// Users keep their numbers, whatever their hashes.
func TestNamesAreNumbered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, namesAreNumbered)
}

func FuzzNames(f *testing.F) { f.Fuzz(rapid.MakeFuzz(namesAreNumbered)) }

func namesAreNumbered(t *rapid.T) {
	hashes := rapid.SampledFrom([]func(live.UserID) uint32{
		hashOf,
		func(live.UserID) uint32 { return 0 },
		func(u live.UserID) uint32 { return uint32(len(u)) | 0xffffff00 },
	}).Draw(t, "hash")
	var n names
	numbers := make(map[live.UserID]int32)
	for _, name := range rapid.SliceOfN(rapid.StringMatching("[ab]{0,7}"), 0, 300).Draw(t, "users") {
		user := live.UserID(name)
		want, known := numbers[user]
		if found := n.find(user, hashes(user)); known && found != want || !known && found != -1 {
			t.Fatalf("%q is number %d, want %d: %v", user, found, want, known)
		}
		if !known {
			want = int32(len(numbers))
			numbers[user] = want
		}
		if got := n.number(user, hashes(user)); got != want || n.users[got] != user {
			t.Fatalf("%q is number %d, want %d", user, got, want)
		}
	}
	for user, want := range numbers {
		if got := n.find(user, hashes(user)); got != want {
			t.Fatalf("%q is number %d at last, want %d", user, got, want)
		}
	}
}
