package quiz_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/store"
)

// owners is whose sessions are.
type owners struct {
	of    map[live.SessionID]live.UserID
	asked int
}

// Owns implements quiz.Sessions.
func (o *owners) Owns(_ context.Context, _ live.RoomID, user live.UserID, session live.SessionID) error {
	o.asked++
	if o.of[session] != user {
		return store.ErrSessionTaken
	}
	return nil
}

// An acknowledgement by a session that is not the caller's says nothing; what is theirs is
// asked for once.
func TestAcknowledgementsAreOfOnesOwnSessions(t *testing.T) {
	t.Parallel()
	set := newSet(t)
	known := &owners{of: map[live.SessionID]live.UserID{"ann's": "ann", "bob's": "bob"}}
	s := node(t, set, func(c *quiz.Config) { c.Sessions = known })
	create(t, s, 1)
	ask(t, s, 1)
	frame := []string{rules.FrameID("q", 1, rules.QuestionFrame)}
	for _, session := range []live.SessionID{"bob's", "nobody's"} {
		if err := s.Acknowledge(t.Context(), viewer("ann"), "r", session, frame); !errors.Is(err, store.ErrSessionTaken) {
			t.Errorf("%s: %v", session, err)
		}
	}
	slot := rules.Slot{Ref: ref, Question: 1, Shard: rules.ShardOf("ann")}
	delivered := func() int {
		t.Helper()
		reached, err := set.Answers.DeliveredTo(t.Context(), slot, []live.UserID{"ann"})
		if err != nil {
			t.Fatal(err)
		}
		return len(reached)
	}
	if delivered() != 0 {
		t.Error("noted by another's session")
	}
	for range 3 {
		if err := s.Acknowledge(t.Context(), viewer("ann"), "r", "ann's", frame); err != nil {
			t.Fatal(err)
		}
	}
	if delivered() != 1 || known.asked != 3 {
		t.Errorf("%d noted, %d times asked", delivered(), known.asked)
	}
}
