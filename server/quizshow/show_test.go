package quizshow_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/hub"
)

// TestAQuizAsItsViewersSeeIt is a whole quiz: one is right throughout, one goes out, and
// one watches.
func TestAQuizAsItsViewersSeeIt(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(func(r *quiz.Rules) { r.StreamDelay, r.Pot = 3*time.Second, 101 })
		n := h.node()
		right, wrong := n.seat("right", live.RoleViewer), n.seat("wrong", live.RoleViewer)
		defer right.leave()
		defer wrong.leave()
		passing(5 * time.Second)
		h.ask(1)
		passing(0)
		for _, v := range []*seat{right, wrong} {
			got := v.take()
			if !slices.Equal(kinds(got), []string{"question"}) || got[0].GetQuestion().GetText() != "First?" {
				h.Fatalf("asked: %v", got)
			}
			f := got[0]
			if f.GetLatestDisplayAt() != f.GetServerAt()+3e6 || f.GetAnswerClosesAt() != f.GetLatestDisplayAt()+10e6 ||
				f.GetFrameId() != "q/1/question" || f.GetQuestion().GetAnswerWindow().AsDuration() != 10*time.Second {
				h.Fatalf("asked: %v", f)
			}
		}
		h.answer(1, map[live.UserID]quiz.Option{"right": 1, "wrong": 2})
		passing(15 * time.Second)
		h.close(1)
		passing(0)
		watcher := n.seat("watcher", live.RoleViewer)
		defer watcher.leave()
		if got := kinds(watcher.welcome); !slices.Equal(got, []string{"close"}) {
			h.Fatalf("welcomed with %v", got)
		}
		h.reveal(1)
		passing(0)
		got := right.take()
		if !slices.Equal(kinds(got), []string{"close", "reveal", "outcome"}) {
			h.Fatalf("revealed: %v", kinds(got))
		}
		reveal, outcome := got[1].GetReveal(), got[2].GetOutcome()
		if !slices.Equal(reveal.GetCorrectOptions(), []uint32{1}) || !slices.Equal(reveal.GetTally().GetAnswers(), []int64{1, 1}) ||
			reveal.GetTally().GetRemaining() != 1 || !reveal.GetTally().GetEvaluated() {
			h.Fatalf("revealed: %v", reveal)
		}
		if outcome.GetOutcome() != ovationv1.QuestionOutcome_QUESTION_OUTCOME_RIGHT ||
			outcome.GetStatus() != ovationv1.PlayerStatus_PLAYER_STATUS_PLAYING || outcome.GetOption() != 1 {
			h.Fatalf("outcome: %v", outcome)
		}
		if got := wrong.take(); got[2].GetOutcome().GetOutcome() != ovationv1.QuestionOutcome_QUESTION_OUTCOME_OUT_WRONG ||
			got[2].GetFrameId() != "q/1/outcome" {
			h.Fatalf("outcome: %v", got)
		}
		if got := kinds(watcher.take()); !slices.Equal(got, []string{"reveal"}) {
			h.Fatalf("the watcher got %v", got)
		}
		again := n.seat("right", live.RoleViewer) // takes the place of the other
		defer again.leave()
		if got := kinds(again.welcome); !slices.Equal(got, []string{"close", "reveal", "outcome"}) {
			h.Fatalf("welcomed back with %v", got)
		}
		h.ask(2)
		passing(0)
		if got := again.take(); len(got) != 1 || got[0].GetQuestion().GetRemaining() != 1 || !got[0].GetQuestion().GetLast() {
			h.Fatalf("asked: %v", got)
		}
		h.answer(2, map[live.UserID]quiz.Option{"right": 1})
		passing(15 * time.Second)
		h.close(2)
		h.reveal(2)
		passing(0)
		if got := kinds(wrong.take()); !slices.Equal(got, []string{"question", "close", "reveal"}) && !slices.Equal(got, []string{"close", "reveal"}) {
			h.Fatalf("who is out got %v", got)
		}
		h.finish()
		passing(0)
		won := again.take()
		if last := won[len(won)-1].GetFinish(); !last.GetWon() || last.GetPrize() != 101 || last.GetResult().GetWinners() != 1 {
			h.Fatalf("in the end: %v", won)
		}
		for _, v := range []*seat{wrong, watcher} {
			got := v.take()
			if last := got[len(got)-1].GetFinish(); last == nil || last.GetWon() || last.GetPrize() != 0 || last.GetResult().GetShare() != 101 {
				h.Fatalf("in the end: %v", got)
			}
		}
		passing(3 * time.Minute)
		late := n.seat("late", live.RoleViewer)
		defer late.leave()
		if len(late.welcome) != 0 {
			h.Fatalf("welcomed with %v long after the end", kinds(late.welcome))
		}
	})
}

func TestACancelledQuiz(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		v := h.node().seat("u", live.RoleViewer)
		defer v.leave()
		h.ask(1)
		passing(time.Second)
		v.take()
		h.change(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) {
			q, err := q.Cancel("rain", now)
			return q, nil, err
		})
		passing(0)
		if got := v.take(); len(got) != 1 || got[0].GetCancel().GetReason() != "rain" {
			h.Fatalf("got %v", got)
		}
	})
}

// What players are told is the same encoding for all to whom it is the same.
func TestOutcomesAreGrouped(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		n := h.node()
		options := make(map[live.UserID]quiz.Option)
		var seats []*seat
		for i := range 300 {
			user := live.UserID(fmt.Sprint("u", i))
			options[user] = quiz.Option(1 + i%2)
			seats = append(seats, n.seat(user, live.RoleViewer))
			defer seats[i].leave()
		}
		h.ask(1)
		passing(0)
		h.answer(1, options)
		passing(13 * time.Second)
		h.close(1)
		h.reveal(1)
		passing(0)
		encodings := make(map[any]int)
		for _, v := range seats {
			frames, _ := v.sub.Next(nil)
			encodings[frames[len(frames)-1]]++
		}
		if len(encodings) != 2 {
			h.Fatalf("%d encodings of two outcomes", len(encodings))
		}
		if asks := h.store.asks; asks > quiz.Shards {
			h.Errorf("asked %d times where viewers stand", asks)
		}
	})
}

// A publication that is lost costs about a second.
func TestLostPublicationsAreMended(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		v := h.node().seat("u", live.RoleViewer)
		defer v.leave()
		h.store.set(func(b *backing) { b.deaf = true })
		h.ask(1)
		passing(1500 * time.Millisecond)
		if got := kinds(v.take()); !slices.Equal(got, []string{"question"}) {
			h.Fatalf("got %v", got)
		}
		passing(13 * time.Second)
		h.close(1)
		h.reveal(1)
		passing(1500 * time.Millisecond)
		if got := kinds(v.take()); !slices.Equal(got, []string{"close", "reveal", "outcome"}) {
			h.Fatalf("got %v", got)
		}
		h.change(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) {
			q, err := q.Cancel("", now)
			return q, nil, err
		})
		passing(1500 * time.Millisecond)
		if got := kinds(v.take()); !slices.Equal(got, []string{"cancel"}) {
			h.Fatalf("got %v", got)
		}
	})
}

// Nothing is lost that happens while the store is away, and what is known is shown.
func TestAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		n := h.node()
		v := n.seat("u", live.RoleViewer)
		defer v.leave()
		h.ask(1)
		passing(0)
		if got := kinds(v.takeAll()); !slices.Equal(got, []string{"question"}) {
			h.Fatalf("got %v", got)
		}
		h.answer(1, map[live.UserID]quiz.Option{"u": 1})
		h.store.set(func(b *backing) { b.away = true })
		passing(5 * time.Second)
		if got := kinds(v.take()); !slices.Equal(got, []string{"question"}) {
			h.Fatalf("sent again %v", got)
		}
		late := n.seat("late", live.RoleViewer)
		defer late.leave()
		if got := kinds(late.welcome); !slices.Equal(got, []string{"question"}) {
			h.Fatalf("welcomed with %v", got)
		}
		other := h.node().seat("other", live.RoleViewer) // of a node that knows nothing
		defer other.leave()
		if len(other.welcome) != 0 {
			h.Fatalf("welcomed with %v", other.welcome)
		}
		passing(8 * time.Second)
		h.close(1)
		h.reveal(1)
		passing(2 * time.Second)
		h.store.set(func(b *backing) { b.away = false })
		passing(6 * time.Second)
		if got := kinds(v.take()); !slices.Equal(got, []string{"close", "reveal", "outcome"}) {
			h.Fatalf("got %v", got)
		}
		if got := kinds(other.take()); !slices.Equal(got, []string{"close", "reveal"}) {
			h.Fatalf("got %v", got)
		}
	})
}

// A node that is begun anew picks up what is running, and what has just ended.
func TestANodeThatIsBegunAnew(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		first := h.node()
		v := first.seat("u", live.RoleViewer)
		h.ask(1)
		passing(time.Second)
		h.answer(1, map[live.UserID]quiz.Option{"u": 1})
		v.leave()
		first.stop()
		v = h.node().seat("u", live.RoleViewer)
		if got := kinds(v.welcome); !slices.Equal(got, []string{"question"}) {
			h.Fatalf("welcomed with %v", got)
		}
		passing(13 * time.Second)
		h.close(1)
		h.reveal(1)
		v.leave()
		v = h.node().seat("u", live.RoleViewer)
		if got := kinds(v.welcome); !slices.Equal(got, []string{"close", "reveal", "outcome"}) {
			h.Fatalf("welcomed with %v: their own is among them", got)
		}
		v.leave()
		h.ask(2)
		h.answer(2, map[live.UserID]quiz.Option{"u": 1})
		passing(13 * time.Second)
		h.close(2)
		h.reveal(2)
		h.finish()
		v = h.node().seat("u", live.RoleViewer)
		defer v.leave()
		last := v.welcome[len(v.welcome)-1]
		if !last.GetFinish().GetWon() {
			h.Fatalf("welcomed with %v", v.welcome)
		}
	})
}

// Where a viewer's standing is not at hand it is fetched from where it is kept.
func TestStandingsThatAreNotAtHand(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		v := h.node().seat("u", live.RoleViewer)
		defer v.leave()
		h.ask(1)
		h.answer(1, map[live.UserID]quiz.Option{"u": 1})
		passing(13 * time.Second)
		h.close(1)
		h.must(h.store.DropAnswers(h.Context(), theQuiz))
		h.reveal(1)
		passing(0)
		got := v.take()
		if last := got[len(got)-1].GetOutcome(); last.GetOutcome() != ovationv1.QuestionOutcome_QUESTION_OUTCOME_RIGHT {
			h.Fatalf("got %v", got)
		}
	})
}

func TestWhoIsThereEnters(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		n := h.node()
		for role, user := range map[live.Role]live.UserID{
			live.RoleViewer: "viewer", live.RoleModerator: "moderator", live.RoleHost: "host", live.RoleBackend: "backend",
		} {
			defer n.seat(user, role).leave()
		}
		h.ask(1)
		passing(time.Second)
		defer n.seat("came", live.RoleViewer).leave()
		defer n.seat("came", live.RoleViewer).leave()
		h.store.set(func(b *backing) { b.away = true })
		defer n.seat("while away", live.RoleViewer).leave()
		passing(time.Second)
		h.store.set(func(b *backing) { b.away = false })
		n.pull("puller", 0)
		passing(time.Second)
		want := map[live.UserID]bool{"viewer": true, "came": true, "while away": true, "puller": true}
		if got := h.entered(1); fmt.Sprint(got) != fmt.Sprint(want) {
			h.Fatalf("entered: %v", got)
		}
		passing(11 * time.Second)
		defer n.seat("too late", live.RoleViewer).leave()
		h.close(1)
		h.reveal(1)
		h.ask(2)
		passing(time.Second)
		defer n.seat("later still", live.RoleViewer).leave()
		passing(time.Second)
		if got := h.entered(1); len(got) != len(want) {
			h.Fatalf("entered late: %v", got)
		}
		if got := h.entered(2); len(got) != 0 {
			h.Fatalf("entered at a question that takes nobody in: %v", got)
		}
	})
}

func TestHostsSeeTheCounts(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		n := h.node()
		host, viewer := n.seat("host", live.RoleHost), n.seat("u", live.RoleViewer)
		defer host.leave()
		defer viewer.leave()
		h.ask(1)
		passing(0)
		var counts []int64
		tallies := func() {
			for _, f := range host.take() {
				if tally := f.GetTally(); tally != nil {
					counts = append(counts, tally.GetAnswers()[0])
				}
			}
		}
		for i := range 10 {
			h.answer(1, map[live.UserID]quiz.Option{live.UserID(fmt.Sprint(i)): 1})
			passing(time.Second)
			tallies()
		}
		if len(counts) < 5 || len(counts) > 10 || !slices.IsSorted(counts) || counts[len(counts)-1] < 8 {
			h.Fatalf("counts: %v", counts)
		}
		passing(3 * time.Second)
		tallies()
		h.close(1)
		passing(time.Second)
		got := host.take()
		if i := slices.IndexFunc(got, func(f *ovationv1.QuizFrame) bool { return f.GetTally().GetAnswersFinal() }); i < 0 {
			h.Fatalf("no final counts: %v", got)
		}
		passing(5 * time.Second)
		if got := host.takeAll(); len(got) != 0 {
			h.Fatalf("counts go on: %v", got)
		}
		if got := kinds(viewer.take()); slices.Contains(got, "tally") {
			h.Fatalf("a viewer got %v", got)
		}
	})
}

// A frame that is acknowledged at another node is not sent again.
func TestAcknowledgedElsewhere(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		v := h.node().seat("u", live.RoleViewer)
		defer v.leave()
		h.ask(1)
		passing(0)
		if got := kinds(v.takeAll()); len(got) != 1 {
			h.Fatalf("got %v", got)
		}
		slot := quiz.Slot{Ref: theQuiz, Question: 1, Shard: quiz.ShardOf("u")}
		_, _, err := h.store.PutNotes(h.Context(), slot, []quiz.Note{{Kind: quiz.Delivered, User: "u", At: live.At(time.Now()), Session: "u's"}})
		h.must(err)
		passing(9 * time.Second)
		if got := kinds(v.takeAll()); len(got) != 0 {
			h.Fatalf("sent again: %v", got)
		}
	})
}

// One who polls a room that nobody streams gets its frames: at once on joining, and then
// by pulls.
func TestPollersGetFrames(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		n := h.node()
		if got := n.pull("u", 0); len(got.Quiz) != 0 {
			h.Fatalf("pulled %v", got.Quiz)
		}
		h.ask(1)
		for range 3 {
			if got := n.hub.QuizFrames(h.Context(), theRoom, session("u")); len(got) != 1 {
				h.Fatalf("%d frames on joining", len(got))
			}
		}
		if reads := h.reads(); reads != 1 {
			h.Errorf("read %d times", reads)
		}
		passing(1500 * time.Millisecond)
		if got := n.pull("u", 0); len(got.Quiz) != 1 || got.Quiz[0].ID() != "q/1/question" {
			h.Fatalf("pulled %v", got.Quiz)
		}
		h.answer(1, map[live.UserID]quiz.Option{"u": 2})
		passing(time.Second)
		if got := h.entered(1); !got["u"] {
			h.Fatalf("entered: %v", got)
		}
		passing(12 * time.Second)
		h.close(1)
		h.reveal(1)
		passing(0)
		n.pull("u", 0)
		passing(time.Second)
		got := n.pull("u", 0)
		if len(got.Quiz) != 3 || got.Quiz[2].ID() != "q/1/outcome" {
			h.Fatalf("pulled %v", got.Quiz)
		}
		if got := n.hub.QuizFrames(h.Context(), theRoom, session("u")); len(got) != 3 {
			h.Fatalf("%d frames on joining", len(got))
		}
		other := h.node()
		if got := other.hub.QuizFrames(h.Context(), theRoom, session("u")); len(got) != 3 || got[2].ID() != "q/1/outcome" {
			h.Fatalf("%d frames on joining elsewhere", len(got))
		}
		passing(5 * time.Minute) // the room is let go of
		reads := h.reads()
		passing(time.Minute)
		if h.reads() != reads {
			h.Errorf("a quiz is read that nobody watches")
		}
	})
}

// What is asked of the follower is the running quiz as it is.
func TestTheFollowersView(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		n := h.node()
		defer n.seat("u", live.RoleViewer).leave()
		h.ask(1)
		passing(0)
		reads := h.reads()
		q, err := n.show.Quiz(h.Context(), theQuiz)
		if err != nil || q.State != quiz.Asked || h.reads() != reads {
			h.Fatalf("%+v, %v after %d reads", q, err, h.reads()-reads)
		}
		if _, err = n.show.Quiz(h.Context(), quiz.Ref{Room: "another", Quiz: "q"}); err == nil {
			h.Fatalf("a quiz of a room that is not there")
		}
	})
}

// A store that answers late delays no repetition.
func TestAStoreThatAnswersLate(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(func(r *quiz.Rules) { r.AnswerWindow = 30 * time.Second })
		v := h.node().seat("u", live.RoleViewer)
		defer v.leave()
		h.ask(1)
		passing(0)
		v.takeAll()
		h.store.set(func(b *backing) { b.late = true })
		h.change(func(q quiz.Quiz, _ live.Timestamp) (quiz.Quiz, []quiz.Task, error) {
			q.Title = "another"
			return q, nil, nil
		})
		times := 0
		for range 20 {
			passing(time.Second)
			times += len(v.takeAll())
		}
		if times < 6 {
			h.Fatalf("sent again %d times in 20 s", times)
		}
	})
}

// game is a Game that counts what it is told.
type game struct {
	notes, counts atomic.Int64
	seen          atomic.Pointer[quiz.Quiz]
}

// Note implements quizshow.Game.
func (g *game) Note(_ context.Context, _ quiz.Slot, notes []quiz.Note) error {
	g.notes.Add(int64(len(notes)))
	return nil
}

// AnswerCounts implements quizshow.Game.
func (g *game) AnswerCounts(context.Context, quiz.Ref, quiz.Number) ([quiz.MaxOptions]int64, error) {
	g.counts.Add(1)
	return [quiz.MaxOptions]int64{7}, nil
}

// Saw implements quizshow.Game.
func (g *game) Saw(q *quiz.Quiz) { g.seen.Store(q) }

func TestAGameIsTold(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		h.create(nil)
		n, g := h.node(), new(game)
		n.show.Use(g)
		defer n.seat("u", live.RoleViewer).leave()
		host := n.seat("host", live.RoleHost)
		defer host.leave()
		h.ask(1)
		passing(time.Second)
		if g.notes.Load() != 1 || g.counts.Load() == 0 || g.seen.Load().State != quiz.Asked {
			h.Fatalf("%d notes, %d counts, saw %+v", g.notes.Load(), g.counts.Load(), g.seen.Load())
		}
		got := host.take()
		if last := got[len(got)-1].GetTally().GetAnswers(); len(last) != 2 || last[0] != 7 {
			h.Fatalf("counts: %v", got)
		}
	})
}

// Who was appointed is shown what moderators are, and becomes no player by being there, for as
// long as they are appointed.
func TestWhoWasAppointed(t *testing.T) {
	t.Parallel()
	play(t, func(h *house) {
		n := h.node()
		mo := n.seat("mo", live.RoleViewer)
		defer mo.leave()
		h.create(nil)
		n.hub.Stand(theRoom, map[live.UserID]hub.Stand{"mo": {Moderates: live.At(time.Now().Add(6 * time.Second))}})
		h.ask(1)
		passing(time.Second)
		if got := kinds(mo.takeAll()); !slices.Contains(got, "tally") {
			t.Errorf("appointed: %v", got)
		}
		passing(6 * time.Second)
		mo.takeAll()
		h.answer(1, map[live.UserID]quiz.Option{"ann": 1})
		passing(2 * time.Second)
		if got := kinds(mo.takeAll()); slices.Contains(got, "tally") {
			t.Errorf("appointed no more: %v", got)
		}
		for _, call := range h.store.notes {
			for _, note := range call.notes {
				if note.Kind == quiz.Entered && note.User == "mo" {
					t.Error("a moderator became a player by being there")
				}
			}
		}
	})
}
