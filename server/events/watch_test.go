package events

import (
	"errors"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/store"
)

// Where the log is behind what a node has read, all begin anew where the store is.
func TestEventsThatWereLost(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	h := listen(t, nil)
	s.put(node, "hook", h)
	r := s.open(node, Subscription{Consumer: "stream", Start: store.StartEarliest})
	ids := s.record("r", 3)
	r.want(ids...)
	s.delivered("hook")
	testkit.Eventually(t, "the node knows where the log ends", func() bool {
		at, _ := node.watch.state()
		return at == 3
	})
	lost := node.watch.loss()
	node.watch.tell(2)
	if !over(lost) || over(node.watch.loss()) {
		t.Fatal("nobody is told that events were lost, or of the next loss already")
	}
	if err := r.end(); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("the stream ends with %v", err)
	}
	ids = append(ids, s.record("r", 1)...)
	testkit.Eventually(t, "the webhook goes on", func() bool { return len(h.ids()) >= len(ids) })
	if got := h.ids(); !slices.Equal(got, ids) {
		t.Errorf("it got %q, want %q", got, ids)
	}
}
