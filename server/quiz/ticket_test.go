package quiz

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/ovation-live/ovation/live/quiz"
)

// ours is an answer that a ticket is for.
var ours = answered{quiz.Ref{Room: "r", Quiz: "q"}, 3, "ann", 2}

func TestATicketIsForOneAnswerAlone(t *testing.T) {
	t.Parallel()
	keys := newTickets([]byte("key"))
	ticket := keys.issue(ours, 1234567)
	if at, err := keys.received(ours, ticket); err != nil || at != 1234567 {
		t.Fatalf("our own: %v, %v", at, err)
	}
	for what, change := range map[string]func(*answered){
		"room":     func(a *answered) { a.ref.Room = "s" },
		"quiz":     func(a *answered) { a.ref.Quiz = "p" },
		"question": func(a *answered) { a.question++ },
		"user":     func(a *answered) { a.user = "bob" },
		"option":   func(a *answered) { a.option++ },
		"border":   func(a *answered) { a.ref = quiz.Ref{Room: "rq", Quiz: ""} },
	} {
		other := ours
		change(&other)
		if _, err := keys.received(other, ticket); !errors.Is(err, ErrTicket) {
			t.Errorf("another %s: %v", what, err)
		}
	}
	if _, err := newTickets([]byte("another")).received(ours, ticket); !errors.Is(err, ErrTicket) {
		t.Errorf("another key: %v", err)
	}
}

// FuzzTicket: a ticket is refused, or is the very one that we issue for its instant.
func FuzzTicket(f *testing.F) {
	keys := newTickets([]byte("key"))
	f.Add(keys.issue(ours, 1))
	f.Add("")
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, ticketBytes)))
	f.Fuzz(func(t *testing.T, ticket string) {
		at, err := keys.received(ours, ticket)
		switch {
		case err != nil && !errors.Is(err, ErrTicket):
			t.Fatal(err)
		case err == nil && keys.issue(ours, at) != ticket:
			t.Fatalf("%q stands for %v, whose ticket is another", ticket, at)
		}
	})
}

// FuzzPlace: a place in a list is refused, or is written as it was.
func FuzzPlace(f *testing.F) {
	for _, seed := range []string{"", "0 0 ", "63 1 a b", "64 0 ", "-1 0 x", "1  x", "01 0 x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := placeOf(text); err == nil && text != "" && p.String() != text {
			t.Fatalf("%q became %q", text, p)
		}
	})
}
