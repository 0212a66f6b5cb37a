package postgres_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// writers create rooms until they are told to stop, and remember which were answered.
type writers struct {
	mu       sync.Mutex
	answered []live.RoomID
	failed   int
	stop     context.CancelFunc
	all      sync.WaitGroup
}

// write starts writers.
func write(t *testing.T, s *postgres.Store) *writers {
	ctx, cancel := context.WithCancel(t.Context())
	w := &writers{stop: cancel}
	for i := range 4 {
		w.all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := live.RoomID(fmt.Sprint(i, ".", n))
				_, err := s.CreateRoom(ctx, newRoom(id), string(id))
				w.note(t, id, err)
			}
		})
	}
	t.Cleanup(w.all.Wait)
	t.Cleanup(cancel)
	return w
}

func (w *writers) note(t *testing.T, id live.RoomID, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		w.answered = append(w.answered, id)
	case errors.Is(err, store.ErrUnavailable):
		w.failed++
	case !errors.Is(err, context.Canceled):
		t.Errorf("%v, want ErrUnavailable", err)
	}
}

// counts returns how many calls were answered, and how many failed.
func (w *writers) counts() (answered, failed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.answered), w.failed
}

// Whatever becomes of Postgres, calls end, what was answered is there, and all goes on by
// itself when it is back.
func TestPostgresAway(t *testing.T) {
	t.Parallel()
	server := services.NewPostgres(t)
	s := openWith(t, postgres.Config{URL: server.NewDatabase(t), Timeout: 2 * time.Second, MaxConns: 6})
	w := write(t, s)
	worked := func() {
		t.Helper()
		before, _ := w.counts()
		eventually(t, "rooms are created", func() bool { now, _ := w.counts(); return now > before+20 })
	}
	fails := func() {
		t.Helper()
		_, before := w.counts()
		eventually(t, "calls fail", func() bool { _, now := w.counts(); return now > before })
	}
	worked()
	create(t, s, "quizzes")
	ref := addQuiz(t, s, "quizzes", "q")
	server.Restart(t)
	worked()
	server.Kill()
	fails()
	server.Start(t)
	worked()
	server.Pause(t)
	fails()
	if _, err := s.Room(t.Context(), "0.0"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("while it is paused: %v", err)
	}
	_, err := s.ChangeQuiz(t.Context(), ref, func(q quiz.Quiz, _ live.Timestamp) (store.QuizChange, error) {
		return store.QuizChange{Quiz: q}, nil
	})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a quiz while it is paused: %v", err)
	}
	server.Resume(t)
	worked()
	w.stop()
	w.all.Wait()
	for _, id := range w.answered {
		if _, err := s.Room(t.Context(), id); err != nil {
			t.Errorf("%s was created: %v", id, err)
		}
	}
}

// Whoever holds a lock and hangs keeps others from nothing else, and not for long.
func TestLocksOfOthersAreNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	c := config(t)
	openWith(t, c)
	c.Timeout = time.Second
	s := connect(t, c)
	create(t, s, "r")
	create(t, s, "other")
	conn, err := pgx.Connect(t.Context(), c.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "BEGIN; SELECT FROM "+c.Schema+".rooms WHERE id = 'r' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.UpdateRoom(t.Context(), "r", room.Change{}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.UpdateRoom(ctx, "r", room.Change{}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v, want the context's error", err)
	}
	if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the room changes again", func() bool {
		_, err := s.UpdateRoom(t.Context(), "r", room.Change{})
		return err == nil
	})
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.MaxConns = 2
	s := openWith(t, c)
	parallel(3*crowd, func(i int) {
		if _, err := s.CreateRoom(t.Context(), newRoom(live.RoomID(fmt.Sprint(i))), ""); err != nil {
			t.Error(err)
		}
	})
	if rooms, err := s.Rooms(t.Context(), store.RoomQuery{Limit: 100}); err != nil || len(rooms) != 3*crowd {
		t.Errorf("%d rooms, %v", len(rooms), err)
	}
}

func TestClosedStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	c := config(t)
	openWith(t, c)
	s, err := postgres.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := s.Room(t.Context(), "r"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
}

// What does not end by itself is no outage, and says what to do.
func TestMistakesAreSaidAtOnce(t *testing.T) {
	t.Parallel()
	url := services.NewDatabase(t)
	role := "nobody_" + strings.ToLower(rand.Text()[:13])
	execute(t, url, "CREATE ROLE "+role+" LOGIN")
	execute(t, url, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
	t.Cleanup(func() { execute(t, services.SharedPostgres(t), "DROP ROLE "+role) })
	for _, tt := range []struct{ url, want string }{
		{strings.Replace(url, "/test_", "/absent_", 1), "CREATE DATABASE"},
		{strings.Replace(url, "postgres@", "absent@", 1), "CREATE ROLE"},
		{services.Pooled(t, url) + "&search_path=public", "ALTER ROLE"},
		{strings.Replace(url, "postgres@", role+"@", 1), "GRANT"},
	} {
		s, err := postgres.Open(t.Context(), postgres.Config{URL: tt.url, Timeout: patience})
		if err == nil {
			_, err = s.Migrate(t.Context())
			s.Close()
		}
		if err == nil || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want that one should %s", tt.url, err, tt.want)
		}
	}
}
