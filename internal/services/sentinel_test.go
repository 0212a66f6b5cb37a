package services_test

import (
	"testing"

	"github.com/ovation-live/ovation/internal/services"
)

func TestSentinel(t *testing.T) {
	t.Parallel()
	s := services.NewSentinel(t)
	old := s.Primary(t)
	s.Members[old].Do(t, "SET", "k", "v")
	client := connect(t, s.URL())

	next := s.Failover(t)
	if next == old || s.Primary(t) != next {
		t.Errorf("%d failed over to %d, and the primary is %d", old, next, s.Primary(t))
	}
	s.Await(t)
	if killed := s.Kill(t); killed != next {
		t.Errorf("%d was killed, and the primary was %d", killed, next)
	}
	if s.Primary(t) != old {
		t.Errorf("the primary is %d", s.Primary(t))
	}
	s.Members[next].Start(t)
	s.Await(t)
	get := client.B().Get().Key("k").Build()
	if got, err := client.Do(t.Context(), get).ToString(); err != nil || got != "v" {
		t.Errorf("%q, %v", got, err)
	}
}
