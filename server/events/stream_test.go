package events

import (
	"errors"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

func TestStreamGoesOnWhereItsConsumerIs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	before := s.record("r", 2)
	r := s.open(node, Subscription{Consumer: "c", Start: store.StartEarliest})
	r.want(before...)
	more := s.record("r", 1)
	r.want(append(before, more...)...)
	middle := r.frames[1].Events[0]
	if _, err := node.Acknowledge(t.Context(), backend, "c", Cursor(middle.Position)); err != nil {
		t.Fatal(err)
	}
	r.stop()
	if err := r.end(); !errors.Is(err, errStopped) {
		t.Errorf("it ended with %v", err)
	}
	if c := s.consumer("c"); c.Active || c.Acknowledged != middle.Position {
		t.Errorf("%+v", c)
	}
	s.open(node, Subscription{Consumer: "c", Start: store.StartLatest}).want(before[1], more[0])
	s.open(node, Subscription{Consumer: "c", After: Cursor(2)}).want(more...)
	s.open(node, Subscription{Consumer: "new"}) // nothing that was
	if c := s.consumer("c"); c.Acknowledged != middle.Position {
		t.Errorf("reading again has moved the cursor: %+v", c)
	}
}

func TestStreamIsAheadOfItsCursorByNoMore(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	other, _ := s.node("m")
	ids := s.record("r", 5)
	r := s.open(node, Subscription{Consumer: "c", Start: store.StartEarliest, Ahead: 2})
	r.want(ids[:2]...)
	if _, err := other.Acknowledge(t.Context(), backend, "c", Cursor(1)); err != nil {
		t.Fatal(err)
	}
	r.want(ids[:3]...)
	if _, err := node.Acknowledge(t.Context(), backend, "c", Cursor(3)); err != nil {
		t.Fatal(err)
	}
	r.want(ids...)
}

func TestStreamsFilter(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	r := s.open(node, Subscription{Consumer: "c", EventFilter: store.EventFilter{Rooms: []live.RoomID{"r"}}})
	s.record("other", 3)
	// With nothing before it to be acknowledged, it is acknowledged by itself.
	testkit.Eventually(t, "the stream has passed it", func() bool { return s.consumer("c").Lag == 0 })
	ids := s.record("r", 1)
	s.record("other", 1)
	r.want(ids...)
	if c := s.consumer("c"); c.Acknowledged != 3 {
		t.Errorf("%+v", c)
	}
	if _, err := node.Acknowledge(t.Context(), backend, "c", Cursor(4)); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the stream has passed the rest", func() bool { return s.consumer("c").Lag == 0 })
}

func TestMessagesComeByNameAlone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	all := []store.Event{{ID: "m", Room: "r", Kind: store.MessageSent}, {ID: "e", Room: "r", Kind: store.RoomEnded}}
	if err := s.set.Events.AppendEvents(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	s.open(node, Subscription{Consumer: "c", Start: store.StartEarliest}).want("e")
	named := store.EventFilter{Kinds: []store.EventKind{store.MessageSent}}
	s.open(node, Subscription{Consumer: "d", Start: store.StartEarliest, EventFilter: named}).want("m")
}

func TestNewStreamReplacesTheOlder(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	other, _ := s.node("m")
	first := s.open(node, Subscription{Consumer: "c"})
	second := s.open(node, Subscription{Consumer: "c"})
	if err := first.end(); !errors.Is(err, store.ErrConsumerReplaced) {
		t.Errorf("on the same node: %v", err)
	}
	third := s.open(other, Subscription{Consumer: "c"})
	if err := second.end(); !errors.Is(err, store.ErrConsumerReplaced) {
		t.Errorf("by another node: %v", err)
	}
	third.want(s.record("r", 1)...)
	if err := node.Delete(t.Context(), backend, "c"); err != nil {
		t.Fatal(err)
	}
	if err := third.end(); !errors.Is(err, store.ErrConsumerNotFound) {
		t.Errorf("of a consumer that was deleted: %v", err)
	}
}

func TestStreamsEnd(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	expiring := backend
	expiring.Expires = time.Now().Add(50 * time.Millisecond)
	var expired *auth.ExpiredError
	if err := s.openAs(node, expiring, Subscription{Consumer: "e"}).end(); !errors.As(err, &expired) {
		t.Errorf("a token that expires: %v", err)
	}
	r := s.open(node, Subscription{Consumer: "c"})
	node.Drain()
	node.Drain()
	if err := r.end(); !errors.Is(err, ErrDraining) {
		t.Errorf("a node that drains: %v", err)
	}
	if _, err := node.Stream(t.Context(), backend, Subscription{Consumer: "c"}); !errors.Is(err, ErrDraining) {
		t.Errorf("a stream of a node that drains: %v", err)
	}
}

func TestStreamsAreSilentForNoLong(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n", func(c *Config) { c.SignOfLife = 10 * time.Millisecond })
	r := s.open(node, Subscription{Consumer: "c"})
	testkit.Eventually(t, "signs of life come", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.frames) > 3 && r.frames[3].Consumer.Name == "c" && len(r.frames[3].Events) == 0
	})
}

func TestStreamsAreRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	s.record("r", 1)
	viewer, narrow := backend, backend
	viewer.Role, narrow.Rooms = live.RoleViewer, []live.RoomID{"r"}
	for name, tt := range map[string]struct {
		p    auth.Principal
		sub  Subscription
		want error
	}{
		"a viewer":                     {viewer, Subscription{Consumer: "c"}, auth.ErrRoleForbidden},
		"a backend of one room":        {narrow, Subscription{Consumer: "c"}, auth.ErrRoomForbidden},
		"a cursor of nothing":          {backend, Subscription{Consumer: "c", After: "x"}, ErrCursor},
		"a cursor that is ahead":       {backend, Subscription{Consumer: "c", After: Cursor(2)}, store.ErrEventPosition},
		"a cursor of something before": {backend, Subscription{Consumer: "c", After: Cursor(1)}, nil},
	} {
		_, err := node.Stream(t.Context(), tt.p, tt.sub)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if _, err := node.Acknowledge(t.Context(), backend, "nobody", Cursor(1)); !errors.Is(err, store.ErrConsumerNotFound) {
		t.Errorf("a consumer that is not there: %v", err)
	}
}

func TestLargeFramesAreDivided(t *testing.T) {
	t.Parallel()
	large := make([]store.Event, 10)
	for i := range large {
		large[i].Payload = make([]byte, frameBytes/3)
	}
	large[4].Payload = make([]byte, 2*frameBytes)
	n, most := 0, 0
	for some := range frames(large) {
		size := 0
		for _, e := range some {
			size += len(e.Payload)
		}
		if size > frameBytes && len(some) > 1 {
			t.Errorf("a frame of %d events has %d bytes", len(some), size)
		}
		n, most = n+len(some), max(most, len(some))
	}
	if n != len(large) || most != 3 {
		t.Errorf("%d events, %d at most in one frame", n, most)
	}
}
