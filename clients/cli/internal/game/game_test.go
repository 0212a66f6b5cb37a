package game_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/clients/cli/internal/game"
	"github.com/ovation-live/ovation/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRead(t *testing.T) {
	t.Parallel()
	const file = "\ufeff" + `{"question": "How many?", "options": ["One", "Two"], "answer": 1}

{"date": "2018-05-08", "game": 2, "number": 3, "question": "Which?", "options": [{"text": "A", "correct": true, "count": 7}, {"text": "B", "correct": false, "count": 5}]}`
	all, err := game.Read(strings.NewReader(file))
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	if q := all[0]; q.Text != "How many?" || q.Options[1].Text != "Two" || !slices.Equal(q.Correct(), []uint32{2}) || q.Answered != 0 {
		t.Errorf("%+v", q)
	}
	if q := all[1]; q.Answered != 12 || !slices.Equal(q.Correct(), []uint32{1}) || q.Game != 2 || q.Number != 3 {
		t.Errorf("%+v", q)
	}
	array, err := game.Read(strings.NewReader("[\n" + `{"question": "How many?", "options": ["One", "Two"], "answer": 1}` + "\n]"))
	if err != nil || len(array) != 1 || array[0].Text != all[0].Text {
		t.Errorf("%+v, %v", array, err)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"question": "", "options": ["a", "b"], "answer": 0}`:                             `no "question"`,
		`{"question": "q", "options": ["a"], "answer": 0}`:                                 `2 to 6 "options"`,
		`{"question": "q", "options": ["a", "b"], "answer": 2}`:                            `no index`,
		`{"question": "q", "options": ["a", "b"]}`:                                         `which option is right`,
		`{"question": "q", "options": ["a", 5], "answer": 0}`:                              `neither a text nor`,
		`{"question": "q", "options": ["a", {"text": "b", "correct": true, "count": -1}]}`: `below 0`,
		`nonsense`: `invalid character`,
	} {
		_, err := game.Read(strings.NewReader("\n" + line + "\n"))
		var at *game.LineError
		if !errors.As(err, &at) || at.Line != 2 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"question": "q", "options": ["a", {"text": "b", "correct": true, "count": 3}], "answer": 0}`)
	f.Add("[]")
	f.Fuzz(func(t *testing.T, file string) {
		all, err := game.Read(strings.NewReader(file))
		if err != nil {
			return
		}
		for _, q := range all {
			if q.Text == "" || len(q.Options) < 2 || len(q.Correct()) == 0 {
				t.Errorf("%+v", q)
			}
		}
	})
}

func TestPick(t *testing.T) {
	t.Parallel()
	options := []game.Option{{"a", true, 3}, {"b", false, 1}}
	all := []game.Question{
		{Date: "2018-05-08", Game: 1, Number: 2, Options: options, Answered: 4},
		{Date: "2018-05-08", Game: 1, Number: 1, Options: options, Answered: 4},
		{Date: "2018-05-09", Game: 2, Number: 1, Options: options, Answered: 4},
	}
	picked, err := game.Pick(all, "2018-05-08", 1)
	if err != nil || len(picked) != 2 || picked[0].Number != 1 {
		t.Errorf("%+v, %v", picked, err)
	}
	if _, err := game.Pick(all, "2018-05-08", 2); err == nil || !strings.Contains(err.Error(), "games 1") {
		t.Error(err)
	}
	if _, err := game.Pick(all, "2019-01-01", 1); err == nil || !strings.Contains(err.Error(), "from 2018-05-08 to 2018-05-09") {
		t.Error(err)
	}
}

// In every cast the same people are counted once: who is in before a question answers it
// or not, and who answers right is in after it.
func TestCastAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		questions := rapid.SliceOfN(rapid.Custom(drawQuestion), 1, 8).Draw(t, "questions")
		scale := rapid.Float64Range(0.001, 2).Draw(t, "scale")
		c := game.NewCast(questions, scale, rapid.Uint64().Draw(t, "seed"))
		in := map[int]bool{}
		for p := range c.Players {
			in[p] = true
		}
		for i, round := range c.Rounds {
			var answers int64
			for _, n := range round.Answers {
				answers += n
			}
			if answers+round.Missed != int64(len(in)) || answers != int64(len(round.Choices)) || round.Excess < 0 {
				t.Fatalf("%d players, round %d: %+v", len(in), i, round)
			}
			counted, through := make([]int64, len(round.Answers)), map[int]bool{}
			for _, choice := range round.Choices {
				if !in[choice.Player] || through[choice.Player] {
					t.Fatalf("round %d: player %d", i, choice.Player)
				}
				counted[choice.Option-1]++
				if questions[i].Options[choice.Option-1].Correct {
					through[choice.Player] = true
				}
			}
			if !slices.Equal(counted, round.Answers) || round.Remaining != int64(len(through)) {
				t.Fatalf("round %d: %+v, counted %v, %d through", i, round, counted, len(through))
			}
			in = through
		}
		if len(c.Winners) != len(in) {
			t.Fatalf("%d winners, want %d", len(c.Winners), len(in))
		}
	})
}

func drawQuestion(t *rapid.T) game.Question {
	q := game.Question{Text: "q"}
	for i := range rapid.IntRange(2, 6).Draw(t, "options") {
		o := game.Option{Text: "o", Correct: i == 0, Count: rapid.Int64Range(0, 500).Draw(t, "count")}
		q.Options, q.Answered = append(q.Options, o), q.Answered+o.Count
	}
	return q
}

// TestRecordedGames reads every recorded game, and casts each whole.
func TestRecordedGames(t *testing.T) {
	t.Parallel()
	file, err := os.Open(testkit.Recording(t, "quiz-hq.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := game.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	picked, err := game.Pick(all, "2018-06-06", 1)
	if err != nil || len(picked) != 12 {
		t.Fatalf("%d questions, %v", len(picked), err)
	}
	c := game.NewCast(picked, 1, 1)
	if c.Players != 1_763_609 || c.Rounds[0].Answers[0] != picked[0].Options[0].Count || len(c.Winners) == 0 {
		t.Errorf("%d players, %+v, %d winners", c.Players, c.Rounds[0].Answers, len(c.Winners))
	}
}
