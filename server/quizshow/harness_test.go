package quizshow_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/quizshow"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

const theRoom live.RoomID = "r"

// theQuiz is the quiz of every test.
var theQuiz = quiz.Ref{Room: theRoom, Quiz: "q"}

// errAway is what a store answers that is away.
var errAway = fmt.Errorf("%w: away", store.ErrUnavailable)

// backing is a memory store that can be made to fail, and to lose what it publishes.
type backing struct {
	*memory.Store

	mu    sync.Mutex
	away  bool // nothing of quizzes can be read or written
	late  bool // quizzes are read only when their readers have given up
	deaf  bool // what is published of quizzes is lost
	notes []noted
	reads int // of quizzes
	asks  int // for standings
}

// noted is a call of PutNotes.
type noted struct {
	slot  quiz.Slot
	notes []quiz.Note
}

// set changes how the store misbehaves.
func (b *backing) set(change func(b *backing)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

func (b *backing) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errAway
	}
	return nil
}

// Follow implements store.Bus.
func (b *backing) Follow(ctx context.Context, id live.RoomID, hear func(store.Publication)) (func(), error) {
	return b.Store.Follow(ctx, id, func(p store.Publication) {
		b.mu.Lock()
		deaf := b.deaf
		b.mu.Unlock()
		if !deaf || p.Quiz == nil {
			hear(p)
		}
	})
}

// Quiz implements store.Quizzes.
func (b *backing) Quiz(ctx context.Context, ref quiz.Ref) (quiz.Quiz, error) {
	b.set(func(b *backing) { b.reads++ })
	b.mu.Lock()
	late := b.late
	b.mu.Unlock()
	if late {
		<-ctx.Done()
		return quiz.Quiz{}, ctx.Err()
	}
	if err := b.err(); err != nil {
		return quiz.Quiz{}, err
	}
	return b.Store.Quiz(ctx, ref)
}

// RunningQuizzes implements store.Quizzes.
func (b *backing) RunningQuizzes(ctx context.Context, ids []live.RoomID) (map[live.RoomID]store.QuizMark, error) {
	if err := b.err(); err != nil {
		return nil, err
	}
	return b.Store.RunningQuizzes(ctx, ids)
}

// StandingsOf implements store.Answers.
func (b *backing) StandingsOf(ctx context.Context, slot quiz.Slot, users []live.UserID) ([]quiz.Player, error) {
	b.set(func(b *backing) { b.asks++ })
	if err := b.err(); err != nil {
		return nil, err
	}
	return b.Store.StandingsOf(ctx, slot, users)
}

// PutNotes implements store.Answers.
func (b *backing) PutNotes(ctx context.Context, slot quiz.Slot, notes []quiz.Note) (store.SlotLife, bool, error) {
	if err := b.err(); err != nil {
		return "", false, err
	}
	b.set(func(b *backing) { b.notes = append(b.notes, noted{slot, notes}) })
	return b.Store.PutNotes(ctx, slot, notes)
}

// house is a store, and nodes that show what is played there.
type house struct {
	*testing.T
	store *backing
	stops []func()
}

// play runs a test in time that passes when all wait.
func play(t *testing.T, test func(*house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.end()
		test(h)
	})
}

// newHouse returns a store with a room, and no nodes.
func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, store: &backing{Store: memory.New()}}
	_, err := h.store.CreateRoom(h.Context(), room.Room{ID: theRoom, Settings: room.DefaultSettings()}, "")
	h.must(err)
	return h
}

// end ends all nodes.
func (h *house) end() {
	for _, stop := range h.stops {
		stop()
	}
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// node is one node's hub and follower.
type node struct {
	*house
	hub  *hub.Hub
	show *quizshow.Follower
	stop func()
}

// node begins a node.
func (h *house) node() *node {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	source := quizshow.Source{Quizzes: h.store, Answers: h.store, Clock: h.store}
	show := quizshow.New(source, quizshow.Config{Logger: logger})
	n := &node{house: h, show: show, hub: hub.New(
		hub.Source{Rooms: h.store, Log: h.store, Bus: h.store}, hub.Config{Logger: logger, Quizzes: show})}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { show.Run(ctx, n.hub) })
	n.stop = sync.OnceFunc(func() {
		cancel()
		group.Wait()
		n.hub.Close()
		show.Close()
	})
	h.stops = append(h.stops, n.stop)
	return n
}

// seat is one viewer's stream.
type seat struct {
	*node
	sub     *hub.Subscriber
	session room.Session
	welcome []*ovationv1.QuizFrame
	seen    map[string]bool
}

// seat opens a stream.
func (n *node) seat(user live.UserID, role live.Role) *seat {
	n.Helper()
	session := room.Session{ID: live.SessionID(user) + "'s", User: user, Role: role}
	sub, welcome, err := n.hub.Subscribe(n.Context(), hub.Subscription{Room: theRoom, Session: session}, hub.NewBell())
	n.must(err)
	b, err := welcome.AppendProto(nil)
	n.must(err)
	m := new(ovationv1.SubscribeResponse)
	n.must(proto.Unmarshal(b, m))
	return &seat{n, sub, session, m.GetWelcome().GetQuizFrames(), make(map[string]bool)}
}

func (v *seat) leave() { v.hub.Unsubscribe(v.sub) }

// take returns the frames of quizzes that are due, each once, and acknowledges them.
func (v *seat) take() (fresh []*ovationv1.QuizFrame) {
	v.Helper()
	for _, f := range v.takeAll() {
		if id := f.GetFrameId(); !v.seen[id] {
			v.seen[id] = true
			fresh = append(fresh, f)
			v.hub.Acknowledge(theRoom, v.session, []string{id})
		}
	}
	return fresh
}

// takeAll returns the frames of quizzes that are due, and acknowledges nothing.
func (v *seat) takeAll() (out []*ovationv1.QuizFrame) {
	v.Helper()
	frames, _ := v.sub.Next(nil)
	for _, f := range frames {
		b, err := f.AppendProto(nil)
		v.must(err)
		m := new(ovationv1.SubscribeResponse)
		v.must(proto.Unmarshal(b, m))
		if q := m.GetQuiz(); q != nil {
			out = append(out, q)
		}
	}
	return out
}

// kinds returns what frames are, in order.
func kinds(frames []*ovationv1.QuizFrame) (kinds []string) {
	for _, f := range frames {
		m := f.ProtoReflect()
		kinds = append(kinds, string(m.WhichOneof(m.Descriptor().Oneofs().Get(0)).Name()))
	}
	return kinds
}

// passing lets time pass, then waits until nothing moves any more.
func passing(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// question returns a question whose first option is right.
func question(text string) quiz.Question {
	return quiz.Question{Text: text, Options: []string{"right", "wrong"}, Correct: quiz.OptionsOf(1)}
}

// create creates a quiz of two questions.
func (h *house) create(rules func(*quiz.Rules)) {
	h.Helper()
	draft := quiz.Quiz{
		Ref: theQuiz, Title: "Friday", Rules: quiz.DefaultRules(),
		Rounds: []quiz.Round{{Question: question("First?")}, {Question: question("Second?")}},
	}
	if rules != nil {
		rules(&draft.Rules)
	}
	q, err := quiz.New(draft)
	h.must(err)
	_, err = h.store.CreateQuiz(h.Context(), q, "", nil)
	h.must(err)
}

// change moves the quiz.
func (h *house) change(move func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error)) quiz.Quiz {
	h.Helper()
	q, err := h.store.ChangeQuiz(h.Context(), theQuiz, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		next, tasks, err := move(q, now)
		return store.QuizChange{Quiz: next, Tasks: tasks}, err
	})
	h.must(err)
	return q
}

// ask asks a question.
func (h *house) ask(n quiz.Number) {
	h.Helper()
	h.change(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) {
		return q.Ask(quiz.Ask{Number: n}, now)
	})
}

// answer puts users' answers.
func (h *house) answer(n quiz.Number, options map[live.UserID]quiz.Option) {
	h.Helper()
	for user, option := range options {
		slot := quiz.Slot{Ref: theQuiz, Question: n, Shard: quiz.ShardOf(user)}
		_, receipts, err := h.store.PutAnswers(h.Context(), slot, n == 1,
			[]quiz.Answer{{User: user, Option: option, Received: live.At(time.Now())}})
		h.must(err)
		if receipts[0].Verdict != quiz.Taken {
			h.Fatalf("%s: %+v", user, receipts[0])
		}
	}
}

// close seals a question, evaluates it, and closes it.
func (h *house) close(n quiz.Number) {
	h.Helper()
	q, err := h.store.Store.Quiz(h.Context(), theQuiz)
	h.must(err)
	var sum quiz.Tally
	for shard := range quiz.Shards {
		slot := quiz.Slot{Ref: theQuiz, Question: n, Shard: shard}
		_, evidence, err := h.store.Seal(h.Context(), slot)
		h.must(err)
		before := h.part(quiz.Slot{Ref: theQuiz, Question: n - 1, Shard: shard})
		players, tally := quiz.Evaluate(q, n, before.Players, evidence)
		sum = sum.Add(tally)
		h.complete(slot, quiz.StageClose, quiz.Part{Evidence: evidence, Players: players, Tally: tally})
	}
	h.change(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) { return q.Close(n, sum, now) })
}

// part returns what a shard came to; nothing, before the first question.
func (h *house) part(slot quiz.Slot) quiz.Part {
	h.Helper()
	part, err := h.store.QuizPart(h.Context(), slot)
	if !errors.Is(err, store.ErrQuizNotFound) {
		h.must(err)
	}
	return part
}

// complete keeps a part, and its players at hand.
func (h *house) complete(slot quiz.Slot, stage quiz.Stage, part quiz.Part) {
	h.Helper()
	h.must(h.store.PutStandings(h.Context(), slot, part.Players))
	_, err := h.store.CompleteQuizTask(h.Context(), quiz.Task{Slot: slot, Stage: stage}, part)
	h.must(err)
}

// reveal reveals a question's answer.
func (h *house) reveal(n quiz.Number) {
	h.Helper()
	h.change(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) {
		return q.Reveal(quiz.Reveal{Number: n}, now)
	})
}

// finish ends the quiz.
func (h *house) finish() {
	h.Helper()
	q := h.change(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) { return q.Finish(0, now) })
	var winners []quiz.Player
	for shard := range quiz.Shards {
		slot := quiz.Slot{Ref: theQuiz, Question: q.Current + 1, Shard: shard}
		_, evidence, err := h.store.Seal(h.Context(), slot)
		h.must(err)
		players, tally := quiz.Finalise(q, h.part(quiz.Slot{Ref: theQuiz, Question: q.Current, Shard: shard}).Players, evidence)
		h.complete(slot, quiz.StageFinish, quiz.Part{Evidence: evidence, Players: players, Tally: tally})
		for _, p := range players {
			if p.Status == quiz.Won {
				winners = append(winners, p)
			}
		}
	}
	result, _ := quiz.Split(q, winners)
	h.change(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) {
		q, err := q.Finished(result, now)
		return q, nil, err
	})
}

// entered returns who was noted to be in the room at a question.
func (h *house) entered(n quiz.Number) map[live.UserID]bool {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	users := make(map[live.UserID]bool)
	for _, call := range h.store.notes {
		for _, note := range call.notes {
			if note.Kind == quiz.Entered && call.slot.Question == n && call.slot.Shard == quiz.ShardOf(note.User) {
				if users[note.User] {
					h.Errorf("%s was noted twice", note.User)
				}
				users[note.User] = true
			}
		}
	}
	return users
}

// session returns a session without a stream.
func session(user live.UserID) room.Session {
	return room.Session{ID: live.SessionID(user) + "'s", User: user, Role: live.RoleViewer}
}

// pull pulls once.
func (n *node) pull(user live.UserID, wait time.Duration) hub.Pulled {
	n.Helper()
	who := session(user)
	pulled, err := n.hub.Pull(n.Context(), hub.Pull{Room: theRoom, User: user, Role: who.Role, Session: who.ID, Wait: wait})
	n.must(err)
	return pulled
}

// reads returns how often quizzes were read.
func (h *house) reads() (n int) {
	h.store.set(func(b *backing) { n = b.reads })
	return n
}
