package memory

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// Parts come back as they were, whether what is in them fits or not.
func TestPartsArePacked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, partsArePacked)
}

func FuzzPack(f *testing.F) { f.Fuzz(rapid.MakeFuzz(partsArePacked)) }

func partsArePacked(t *rapid.T) {
	small := rapid.IntRange(0, 101)
	if rapid.IntRange(0, 4).Draw(t, "any") == 0 {
		small = rapid.Int()
	}
	number := rapid.Map(small, func(n int) quiz.Number { return quiz.Number(n) })
	player := rapid.Custom(func(t *rapid.T) quiz.Player {
		return quiz.Player{
			User: live.UserID(rapid.StringMatching("[a-d]").Draw(t, "user")), Status: quiz.Status(rapid.Uint8().Draw(t, "status")),
			EnteredAt: number.Draw(t, "entered"), OutAt: number.Draw(t, "out"), Right: small.Draw(t, "right"), Excused: small.Draw(t, "excused"),
			Used: small.Draw(t, "used"), Revives: small.Draw(t, "revives"), Spent: rapid.Int64().Draw(t, "spent"),
			Answered: small.Draw(t, "answered"), After: number.Draw(t, "after"), Outcome: quiz.Outcome(rapid.Uint8().Draw(t, "outcome")),
			Option: quiz.Option(rapid.Uint8().Draw(t, "option")),
		}
	})
	var users []live.UserID
	for range 3 {
		part := quiz.Part{
			Players: rapid.SliceOfN(player, 0, 4).Draw(t, "players"), Evidence: []quiz.Evidence{{User: "a", Option: 1}},
			Tally: quiz.Tally{Missed: 3},
		}
		if len(users) > 0 && rapid.Bool().Draw(t, "same users") {
			part.Players = part.Players[:min(len(part.Players), len(users))]
			for i := range part.Players {
				part.Players[i].User = users[i]
			}
		}
		before := slices.Clone(users)
		packed := pack(part, users)
		got := packed.unpack()
		if !slices.Equal(got.Players, part.Players) || len(got.Evidence) != 1 || got.Tally != part.Tally {
			t.Fatalf("%+v came back as %+v", part, got)
		}
		if !slices.Equal(users, before) {
			t.Fatalf("packing changed the users before from %q to %q", before, users)
		}
		users = packed.users
	}
}
