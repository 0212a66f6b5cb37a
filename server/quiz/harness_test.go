package quiz_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

var (
	ref     = rules.Ref{Room: "r", Quiz: "q"}
	backend = auth.Principal{User: "backend", Role: live.RoleBackend, Rooms: []live.RoomID{auth.AnyRoom}}
)

// viewer returns a caller.
func viewer(user string) auth.Principal {
	return auth.Principal{User: live.UserID(user), Role: live.RoleViewer, Rooms: []live.RoomID{"r"}}
}

// newSet returns an embedded store with a live room "r".
func newSet(tb testing.TB, options ...memory.Option) store.Set {
	tb.Helper()
	set := memory.New(options...).Set()
	if _, err := set.Rooms.CreateRoom(tb.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
		tb.Fatal(err)
	}
	return set
}

// node returns the use cases over a store that others may share; they work until the test
// ends.
func node(tb testing.TB, set store.Set, edits ...func(*quiz.Config)) *quiz.Service {
	tb.Helper()
	c := quiz.Config{Logger: slog.New(slog.DiscardHandler), TicketKey: []byte("a key that all nodes share")}
	for _, edit := range edits {
		edit(&c)
	}
	s := quiz.New(set, set.Rooms, c)
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.Run(ctx)
	}()
	tb.Cleanup(func() {
		stop()
		<-over
		s.Close()
	})
	return s
}

// create creates a quiz of questions whose first option is right.
func create(tb testing.TB, s *quiz.Service, questions int, edits ...func(*rules.Rules)) {
	tb.Helper()
	r := rules.DefaultRules()
	r.TicketGrace = 2 * time.Second
	for _, edit := range edits {
		edit(&r)
	}
	list := make([]rules.Question, questions)
	for i := range list {
		list[i] = rules.Question{Text: fmt.Sprint("Question ", i), Options: []string{"a", "b", "c"}, Correct: rules.OptionsOf(1)}
	}
	if _, err := s.Create(tb.Context(), backend, quiz.Draft{Ref: ref, Rules: r, Questions: list}); err != nil {
		tb.Fatal(err)
	}
}

// ask asks a question.
func ask(tb testing.TB, s *quiz.Service, n rules.Number) {
	tb.Helper()
	if _, err := s.Ask(tb.Context(), backend, ref, rules.Ask{Number: n}); err != nil {
		tb.Fatal(err)
	}
}

// submit hands an answer in.
func submit(tb testing.TB, s *quiz.Service, user string, n rules.Number, o rules.Option, ticket string) (quiz.Submitted, error) {
	tb.Helper()
	return s.Submit(tb.Context(), viewer(user), quiz.Submission{Ref: ref, Question: n, Option: o, Ticket: ticket})
}

// patiently calls until it is no longer open or evaluating.
func patiently(tb testing.TB, call func() (rules.Quiz, error)) rules.Quiz {
	tb.Helper()
	for range 1000 {
		q, err := call()
		open := new(rules.OpenError)
		still := new(quiz.OpenError)
		switch {
		case err == nil:
			return q
		case !errors.As(err, &open) && !errors.As(err, &still) && !errors.Is(err, rules.ErrEvaluating) && !errors.Is(err, store.ErrUnavailable):
			tb.Fatal(err)
		}
		time.Sleep(max(50*time.Millisecond, still.After))
	}
	tb.Fatal("still not")
	return rules.Quiz{}
}

// reveal reveals the answer to a question as soon as it can be.
func reveal(tb testing.TB, s *quiz.Service, n rules.Number) rules.Quiz {
	tb.Helper()
	return patiently(tb, func() (rules.Quiz, error) { return s.Reveal(tb.Context(), backend, ref, rules.Reveal{Number: n}) })
}

// finish ends the quiz.
func finish(tb testing.TB, s *quiz.Service) rules.Quiz {
	tb.Helper()
	return patiently(tb, func() (rules.Quiz, error) { return s.Finish(tb.Context(), backend, ref, 0) })
}

// balance returns what a user has.
func balance(tb testing.TB, set store.Set, user string) int64 {
	tb.Helper()
	got, err := set.Ledger.Balances(tb.Context(), []ledger.Account{{Kind: ledger.User, Owner: user}})
	if err != nil {
		tb.Fatal(err)
	}
	return got.Amounts[0]
}
