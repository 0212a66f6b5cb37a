package quiz_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// crowd is how a real crowd answered one question.
type crowd struct {
	Date    string
	Game    int
	Options []struct {
		Correct bool
		Count   int64
	}
}

// A node and the embedded store come to what counting the answers comes to, of a real game
// with one player for each so many.
func TestRealGame(t *testing.T) {
	t.Parallel()
	playReal(t, 1000)
}

// BenchmarkRealGame plays the largest game that was recorded, of 1,763,609 players and 12
// questions, whole: every answer is submitted, every question evaluated, every count and
// every winner compared. It takes about 4 GiB of memory.
//
//	OVATION_TEST_DATA=FOLDER go test ./server/quiz -run '^$' -bench RealGame -benchtime 1x -timeout 10m
func BenchmarkRealGame(b *testing.B) {
	for b.Loop() {
		f := playReal(b, 1)
		b.ReportMetric(float64(f.answers)/f.answering.Seconds(), "answers/s")
		b.ReportMetric(f.evaluating.Seconds(), "s/slowest-evaluation")
		b.ReportMetric(f.finishing.Seconds(), "s/finish")
		b.ReportMetric(float64(f.heap)/(1<<30), "GiB-heap")
	}
}

// realGame reads the game.
func realGame(tb testing.TB) (game []crowd) {
	tb.Helper()
	raw, err := os.ReadFile(testkit.Recording(tb, "quiz-hq.jsonl"))
	if err != nil {
		tb.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		var c crowd
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			tb.Fatal(err)
		}
		if c.Date == "2018-06-06" && c.Game == 1 {
			game = append(game, c)
		}
	}
	if len(game) == 0 {
		tb.Skip("the game of 2018-06-06 is not among the recorded ones")
	}
	return game
}

// question makes the question that the crowd was asked.
func (c *crowd) question() rules.Question {
	q := rules.Question{Text: "?"}
	var right []rules.Option
	for i, o := range c.Options {
		q.Options = append(q.Options, fmt.Sprint(i))
		if o.Correct {
			right = append(right, rules.Option(i+1))
		}
	}
	q.Correct = rules.OptionsOf(right...)
	return q
}

// divide divides players by the option that they choose: as many each as the crowd, scaled,
// as long as there are any left. More came back by extra lives, of which the record knows
// nothing.
func (c *crowd) divide(in []live.UserID, by int64) (choices [][]live.UserID, missed int64) {
	for _, o := range c.Options {
		n := min(o.Count/by, int64(len(in)))
		choices = append(choices, in[:n])
		in = in[n:]
	}
	return choices, int64(len(in))
}

// figures is what a game took.
type figures struct {
	answers               int64
	answering             time.Duration // of all
	evaluating, finishing time.Duration // the slowest question, from when its answers were complete
	heap                  uint64
}

// stadium is a node on an embedded store whose clock is moved.
type stadium struct {
	tb      testing.TB
	service *quiz.Service
	now     *atomic.Int64
	figures
}

// playReal plays the game on one node with one player of each so many.
func playReal(tb testing.TB, by int64) figures {
	tb.Helper()
	game, now := realGame(tb), new(atomic.Int64)
	now.Store(int64(live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))))
	set := memory.New(memory.WithClock(func() live.Timestamp { return live.Timestamp(now.Load()) })).Set()
	if _, err := set.Rooms.CreateRoom(tb.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
		tb.Fatal(err)
	}
	s := &stadium{tb: tb, service: node(tb, set), now: now}
	s.create(game)
	var in []live.UserID
	for _, o := range game[0].Options {
		for range o.Count / by {
			in = append(in, live.UserID(fmt.Sprintf("player %07d", len(in))))
		}
	}
	for i := range game {
		in = s.play(rules.Number(i+1), &game[i], in, by)
	}
	s.finish(set, in)
	return s.figures
}

// create creates a quiz in which whoever does not answer right is out.
func (s *stadium) create(game []crowd) {
	s.tb.Helper()
	r := rules.DefaultRules()
	r.Missed, r.Revives.Mode, r.Pot = rules.EliminateMissed, rules.ReviveOff, 1_000_000
	draft := quiz.Draft{Ref: ref, Rules: r}
	for i := range game {
		draft.Questions = append(draft.Questions, game[i].question())
	}
	if _, err := s.service.Create(s.tb.Context(), backend, draft); err != nil {
		s.tb.Fatal(err)
	}
}

// play plays one question and returns who is still in, counted without the node.
func (s *stadium) play(n rules.Number, c *crowd, in []live.UserID, by int64) (through []live.UserID) {
	s.tb.Helper()
	ask(s.tb, s.service, n)
	choices, missed := c.divide(in, by)
	want := rules.Tally{Missed: missed, Final: true, Evaluated: true}
	if n == 1 {
		want.Entered = int64(len(in))
	}
	begun := time.Now()
	for i, users := range choices {
		s.submitAll(n, rules.Option(i+1), users)
		want.Answers[i] = int64(len(users))
		if s.answers += int64(len(users)); c.Options[i].Correct {
			through = append(through, users...)
		}
	}
	s.answering += time.Since(begun)
	want.Remaining = int64(len(through))
	want.Eliminated = want.Played() - want.Remaining
	took, q := s.passes(func(q *rules.Quiz) bool { return q.Round(n).Tally.Evaluated })
	s.evaluating = max(s.evaluating, took)
	if got := q.Round(n).Tally; got != want {
		s.tb.Fatalf("question %d: %+v, want %+v", n, got, want)
	}
	s.tb.Logf("question %d: %d in, %d left, evaluated in %v", n, len(in), len(through), took)
	reveal(s.tb, s.service, n)
	return through
}

// submitAll hands the answers of users in, by many calls at once.
func (s *stadium) submitAll(n rules.Number, o rules.Option, users []live.UserID) {
	s.tb.Helper()
	var group errgroup.Group
	group.SetLimit(4 * runtime.GOMAXPROCS(0))
	for some := range slices.Chunk(users, 10_000) {
		group.Go(func() error {
			for _, user := range some {
				_, err := s.service.Submit(s.tb.Context(), viewer(string(user)), quiz.Submission{Ref: ref, Question: n, Option: o})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		s.tb.Fatal(err)
	}
}

// passes lets the time for answers pass, and says after how long the quiz has come to
// something.
func (s *stadium) passes(to func(*rules.Quiz) bool) (time.Duration, rules.Quiz) {
	s.tb.Helper()
	q, _, err := s.service.Get(s.tb.Context(), backend, ref)
	if err != nil {
		s.tb.Fatal(err)
	}
	if seals := int64(q.SealsAt(q.Current)); s.now.Load() <= seals {
		s.now.Store(seals + 1)
	}
	begun := time.Now()
	for !to(&q) {
		if time.Since(begun) > 2*time.Minute {
			s.tb.Fatalf("still: %v", q.State)
		}
		time.Sleep(5 * time.Millisecond)
		if q, _, err = s.service.Get(s.tb.Context(), backend, ref); err != nil {
			s.tb.Fatal(err)
		}
	}
	return time.Since(begun), q
}

// finish ends the quiz and compares who has won.
func (s *stadium) finish(set store.Set, want []live.UserID) {
	s.tb.Helper()
	begun := time.Now()
	last := finish(s.tb, s.service).Current
	_, q := s.passes(func(q *rules.Quiz) bool { return q.State == rules.Finished })
	s.finishing = time.Since(begun)
	var won []live.UserID
	for shard := range rules.Shards {
		part, err := set.Quizzes.QuizPart(s.tb.Context(), rules.Slot{Ref: ref, Question: last + 1, Shard: shard})
		if err != nil {
			s.tb.Fatal(err)
		}
		for i := range part.Players {
			if part.Players[i].Status == rules.Won {
				won = append(won, part.Players[i].User)
			}
		}
	}
	slices.Sort(won)
	slices.Sort(want)
	if !slices.Equal(won, want) {
		s.tb.Errorf("%d winners, want %d", len(won), len(want))
	}
	if r := q.Result; r.Winners != int64(len(want)) || r.Share*r.Winners+r.WithExtra+r.Returned != q.Rules.Pot {
		s.tb.Errorf("the pot of %d is split as %+v", q.Rules.Pot, r)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.heap = m.HeapSys
}
