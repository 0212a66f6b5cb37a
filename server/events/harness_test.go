package events

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

var backend = auth.Principal{
	User: "backend", Role: live.RoleBackend, Rooms: []live.RoomID{auth.AnyRoom}, Expires: time.Now().Add(24 * time.Hour),
}

// stage is a store that nodes share, whose clock can be put forward.
type stage struct {
	t     *testing.T
	set   store.Set
	ahead atomic.Int64 // microseconds
	n     atomic.Int64 // events so far
}

func setup(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t}
	s.set = memory.New(memory.WithClock(func() live.Timestamp { return now() + live.Timestamp(s.ahead.Load()) })).Set()
	return s
}

// node runs a node until the test is over, or it is stopped.
func (s *stage) node(name store.NodeID, edits ...func(*Config)) (*Service, func()) {
	s.t.Helper()
	c := Config{Node: name}
	for _, edit := range edits {
		edit(&c)
	}
	service := New(s.set, c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		service.Run(ctx)
	}()
	stop := sync.OnceFunc(func() {
		cancel()
		<-done
	})
	s.t.Cleanup(stop)
	return service, stop
}

// record records events of a room, and returns their ids.
func (s *stage) record(room live.RoomID, n int) (ids []string) {
	s.t.Helper()
	all := make([]store.Event, n)
	for i := range all {
		id := fmt.Sprint("e", s.n.Add(1))
		all[i], ids = store.Event{ID: id, Room: room, At: 1, Kind: store.RoomEnded}, append(ids, id)
	}
	if err := s.set.Events.AppendEvents(s.t.Context(), all); err != nil {
		s.t.Fatal(err)
	}
	return ids
}

// consumer returns a consumer.
func (s *stage) consumer(name string) store.EventConsumer {
	s.t.Helper()
	c, err := s.set.Consumers.EventConsumer(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// reader is the reader of a stream.
type reader struct {
	t    *testing.T
	stop context.CancelFunc
	over chan struct{}

	mu     sync.Mutex
	frames []Frame
	err    error
}

var errStopped = errors.New("the reader has gone")

// open opens a stream and reads it.
func (s *stage) open(node *Service, sub Subscription) *reader {
	s.t.Helper()
	return s.openAs(node, backend, sub)
}

func (s *stage) openAs(node *Service, p auth.Principal, sub Subscription) *reader {
	s.t.Helper()
	stream, err := node.Stream(s.t.Context(), p, sub)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &reader{t: s.t, stop: func() { cancel(errStopped) }, over: make(chan struct{})}
	go func() {
		defer close(r.over)
		err := stream.Serve(ctx, func(f Frame) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.frames = append(r.frames, f)
			return nil
		})
		r.mu.Lock()
		defer r.mu.Unlock()
		r.err = err
	}()
	s.t.Cleanup(func() { r.stop(); <-r.over })
	return r
}

// ids returns the ids of the events that came.
func (r *reader) ids() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.frames {
		for _, e := range f.Events {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// want waits for events.
func (r *reader) want(ids ...string) {
	r.t.Helper()
	testkit.Eventually(r.t, fmt.Sprint(ids, " come"), func() bool { return len(r.ids()) >= len(ids) })
	if got := r.ids(); !slices.Equal(got, ids) {
		r.t.Fatalf("got %q, want %q", got, ids)
	}
}

// end waits until the stream is over, and returns why.
func (r *reader) end() error {
	<-r.over
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// request is one that came to a webhook.
type request struct {
	id, timestamp, signature, body string
	header                         http.Header
}

// hook is a webhook.
type hook struct {
	*httptest.Server
	mu   sync.Mutex
	all  []request
	does func(id string, w http.ResponseWriter, r *http.Request) // nil: it takes everything
}

// listen has a webhook listen until the test is over.
func listen(t *testing.T, does func(id string, w http.ResponseWriter, r *http.Request)) *hook {
	t.Helper()
	h := &hook{does: does}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

// ServeHTTP implements http.Handler.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	id := r.Header.Get("Ovation-Event-Id")
	h.mu.Lock()
	h.all = append(h.all, request{
		id, r.Header.Get("Ovation-Timestamp"), r.Header.Get("Ovation-Signature"), string(body), r.Header,
	})
	h.mu.Unlock()
	if h.does != nil {
		h.does(id, w, r)
	}
}

// requests returns what came.
func (h *hook) requests() []request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// ids returns the ids of what came.
func (h *hook) ids() (ids []string) {
	for _, r := range h.requests() {
		ids = append(ids, r.id)
	}
	return ids
}

// put puts a webhook of a consumer.
func (s *stage) put(node *Service, name string, h *hook, edits ...func(*store.Webhook)) {
	s.t.Helper()
	w := store.Webhook{URL: h.URL, Secret: "a secret of sixteen bytes", GiveUpAfter: time.Hour}
	for _, edit := range edits {
		edit(&w)
	}
	if _, err := node.Put(s.t.Context(), backend, name, w, store.StartEarliest); err != nil {
		s.t.Fatal(err)
	}
}

// delivered waits until a webhook has nothing left to take.
func (s *stage) delivered(name string) {
	s.t.Helper()
	testkit.Eventually(s.t, "all is delivered", func() bool {
		c := s.consumer(name)
		return c.Acknowledged == c.Latest && c.Held == 0
	})
}

// has says whether a text is among others.
func has(text string, all []string) bool {
	return slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, text) })
}
