package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
)

func requestAppliesOnce(t *testing.T, s *rig) {
	s.create("r")
	u := batch("request", set("k", "1"), attribute.Update{Key: "empty"})
	first := s.apply("r", u)
	s.put("r", "k", "2")
	head := s.head("r")
	u.Updates[1].Value = []byte{} // as good as none
	if again := s.apply("r", u); again != first {
		t.Errorf("again: %+v, want the first answer %+v", again, first)
	}
	s.wantHead("r", head)
}

func requestOfNothingIsRemembered(t *testing.T, s *rig) {
	s.create("r")
	u := batch("request", attribute.Update{Key: "k", Delete: true})
	first := s.apply("r", u)
	s.put("r", "k", "1")
	if again := s.apply("r", u); again != first || len(s.snapshot("r").Attributes) != 1 {
		t.Errorf("again: %+v, want %+v and the key kept", again, first)
	}
}

func requestIsItsActors(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	s.apply("r", by("ann", batch("request", set("a", "1"))))
	s.apply("r", by("bob", batch("request", set("b", "1"))))
	s.apply("r", by("ann\x00req", batch("uest", set("c", "1"))))
	s.apply("r", by("ann", batch("req\x00uest", set("d", "1"))))
	s.apply("other", by("ann", batch("request", set("e", "1"))))
	if n := len(s.snapshot("r").Attributes); n != 4 {
		t.Errorf("%d keys, want one of each request", n)
	}
}

func requestReusedIsRefused(t *testing.T, s *rig) {
	s.create("r")
	s.apply("r", batch("request", set("k", "1"), set("l", "1")))
	head := s.head("r")
	owning := set("l", "1")
	owning.Own = true
	for name, updates := range map[string][]attribute.Update{
		"another value":     {set("k", "2"), set("l", "1")},
		"another key":       {set("k", "1"), set("m", "1")},
		"fewer":             {set("k", "1")},
		"none":              {},
		"another condition": {ifAt(0, set("k", "1")), set("l", "1")},
		"another owner":     {set("k", "1"), owning},
		"a deletion":        {set("k", "1"), {Key: "l", Value: []byte("1"), Delete: true}},
	} {
		_, err := s.Attributes.UpdateAttributes(t.Context(), "r", batch("request", updates...))
		if !errors.Is(err, store.ErrRequestReused) {
			t.Errorf("%s: %v, want ErrRequestReused", name, err)
		}
	}
	s.wantHead("r", head)
}

func requestThatWasRefusedIsNotRemembered(t *testing.T, s *rig) {
	s.create("r")
	_, err := s.Attributes.UpdateAttributes(t.Context(), "r", batch("request", ifAt(7, set("k", "1"))))
	if !sameFault(err, &attribute.ConflictError{Key: "k"}) {
		t.Fatalf("%v, want a conflict with an absent key", err)
	}
	s.apply("r", batch("request", ifAt(0, set("k", "1"))))
	if got := s.snapshot("r").Attributes; len(got) != 1 {
		t.Errorf("snapshot = %+v, want the key", got)
	}
}

func requestIsRememberedForFiveMinutes(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	first := s.apply("r", batch("request", set("k", "1")))
	clock.Advance(5*time.Minute - time.Millisecond)
	s.apply("r", batch("another", set("k", "2")))
	if again := s.apply("r", batch("request", set("k", "1"))); again != first {
		t.Errorf("just before 5 minutes: %+v, want %+v", again, first)
	}
}

func requestWithoutIDIsNeverRemembered(t *testing.T, s *rig) {
	s.create("r")
	for i := range 3 {
		s.put("r", "k", fmt.Sprint(i))
	}
	s.put("r", "k", "0")
	if got := s.snapshot("r").Attributes; string(got[0].Value) != "0" {
		t.Errorf("snapshot = %+v, want the latest value", got)
	}
}
