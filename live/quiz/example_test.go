package quiz_test

import (
	"fmt"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// A quiz of one question, from the draft to the prizes. Ann is right, Bob is wrong, and
// nothing says that the question ever reached Cy.
func Example() {
	rules := quiz.DefaultRules()
	rules.Pot = 101
	q, _ := quiz.New(quiz.Quiz{
		Ref: quiz.Ref{Room: "demo", Quiz: "q1"}, Rules: rules,
		Rounds: []quiz.Round{{Question: quiz.Question{
			Text: "Which is a common kind of apple?", Options: []string{"Octopus", "Red Delicious"}, Correct: quiz.OptionsOf(2),
		}}},
	})

	now := live.At(time.Date(2026, 1, 1, 20, 0, 0, 0, time.UTC))
	q, tasks, _ := q.Ask(quiz.Ask{Number: 1}, now)
	fmt.Println(q.State, q.Frames(now)[0].ID, q.Accepts(1, 2, now.Add(11*time.Second)))

	// What the slots have when the tasks are due. Here the players are one shard; else each
	// shard is evaluated by itself, and the tallies are added up.
	evidence := quiz.Collect([]quiz.Evidence{
		{User: "cy", Entered: now},
		{User: "bob", Option: 1, Received: now.Add(4 * time.Second)},
		{User: "ann", Option: 2, Received: now.Add(5 * time.Second)},
	})
	players, tally := quiz.Evaluate(q, 1, nil, evidence)
	now = tasks[0].Due
	q, _, _ = q.Close(1, tally, now)
	q, _, _ = q.Reveal(quiz.Reveal{Number: 1}, now)
	fmt.Println(q.State, tally.Answers[:2], tally.Missed, "missed", tally.Remaining, "remain")

	q, _, _ = q.Finish(0, now)
	players, _ = quiz.Finalise(q, players, nil)
	winners := []quiz.Player{players[0], players[2]} // those that have Won
	result, _ := quiz.Split(q, winners)
	q, _ = q.Finished(result, now)
	for _, p := range players {
		fmt.Println(p.User, p.Status == quiz.Won, q.Standing(p, now).Prize)
	}
	// Output:
	// ASKED q1/1/question quiz: the question took answers until 2026-01-01T20:00:10Z
	// REVEALED [1 1] 1 missed 2 remain
	// ann true 51
	// bob false 0
	// cy true 50
}

// What happened gives the same result in whatever order, and however often, it is told.
func ExampleReplay() {
	q, _ := quiz.New(quiz.Quiz{
		Ref: quiz.Ref{Room: "demo", Quiz: "q1"}, Rules: quiz.DefaultRules(),
		Rounds: []quiz.Round{{Question: quiz.Question{Text: "1 + 1?", Options: []string{"1", "2"}, Correct: quiz.OptionsOf(2)}}},
	})
	q, _, _ = q.Ask(quiz.Ask{Number: 1}, 1000)
	_, tally := quiz.Evaluate(q, 1, nil, []quiz.Evidence{{User: "ann", Option: 2, Received: 2000}, {User: "bob", Option: 1, Received: 2000}})
	q, _, _ = q.Close(1, tally, 20_000_000)
	q, _, _ = q.Reveal(quiz.Reveal{Number: 1}, 20_000_000)
	q, _, _ = q.Finish(0, 20_000_000)
	q, _ = q.Finished(quiz.Result{Winners: 1}, 20_000_000)

	ann := quiz.Fact{Question: 1, Evidence: quiz.Evidence{User: "ann", Option: 2, Received: 2000}}
	bob := quiz.Fact{Question: 1, Evidence: quiz.Evidence{User: "bob", Option: 1, Received: 2000}}
	replayed := quiz.Replay(q, []quiz.Fact{bob, ann, bob})
	fmt.Println(replayed.Result.Winners, replayed.Tallies[0] == q.Rounds[0].Tally)
	// Output: 1 true
}
