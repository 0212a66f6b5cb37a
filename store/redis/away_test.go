package redis_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
	"github.com/ovation-live/ovation/store/redis"
)

// What cannot be read of one room, Redis has answered: calls for others go on.
func TestAnUnreadableCopyIsOneRoomsAlone(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
	ids := begin(t, s, 2)
	r.Do(t, "HSET", "p:{"+string(ids[0])+"}:standing", "", "from a later build")
	r.Do(t, "SET", "p:{"+string(ids[0])+"}:words", "from a later build")
	place := []live.RoomID{ids[0]}
	for what, call := range map[string]func() error{
		"SanctionMarks":  func() error { _, err := s.SanctionMarks(t.Context(), place); return err },
		"Copied":         func() error { _, err := s.Copied(t.Context(), place, []live.UserID{"ann"}); return err },
		"WordsCopies":    func() error { _, err := s.WordsCopies(t.Context(), place); return err },
		"FreshWordsCopy": func() error { _, err := s.FreshWordsCopy(t.Context(), ids[0]); return err },
	} {
		if err := call(); err == nil || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want that it cannot be read", what, err)
		}
		if _, err := s.Head(t.Context(), ids[1]); err != nil {
			t.Errorf("Head of another room after %s: %v", what, err)
		}
	}
}

// Whoever makes a connection does so for all who wait for it. That they have no time for it is
// their own matter: scripts go on, and nobody is turned away.
func TestHasteIsOnesOwn(t *testing.T) {
	t.Parallel()
	join := func(ctx context.Context, s *redis.Store, id live.RoomID) error {
		_, _, err := s.Join(ctx, id, room.Session{ID: "s", User: "ben", Role: live.RoleViewer}, time.Hour)
		return err
	}
	mark := func(ctx context.Context, s *redis.Store, id live.RoomID) error {
		return s.MarkDirty(ctx, []paired.DirtyMark{{Node: "n", Room: id}})
	}
	for what, tt := range map[string]struct {
		call func(context.Context, *redis.Store, live.RoomID) error
		may  error
	}{
		"scripts":  {join, nil},
		"commands": {mark, store.ErrUnavailable},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			cable := newCable(t, services.SharedRedis(t))
			s := connect(t, redis.Config{URL: cable.URL()})
			id := begin(t, s, 1)[0]
			call := func() error { return tt.call(t.Context(), s, id) }
			errs := besideHaste(t, s, id, cable, call)
			for slices.ContainsFunc(errs, isCut) { // by a connection that was not known to be cut yet
				errs = besideHaste(t, s, id, cable, call)
			}
			for _, err := range errs {
				if errors.Is(err, redis.ErrAway) || err != nil && !errors.Is(err, tt.may) {
					t.Errorf("beside haste: %v", err)
				}
			}
		})
	}
}

// isCut says whether a call failed by a connection that was lost.
func isCut(err error) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return errors.Is(err, io.EOF) || ok && failed.Op != "dial"
}

// besideHaste returns what becomes of calls for which one without much time makes a connection,
// and of those after it.
func besideHaste(t *testing.T, s *redis.Store, id live.RoomID, cable *cable, call func() error) []error {
	t.Helper()
	came, letGo := cable.hold()
	defer letGo()
	cable.cut()
	hurried := hurry(t, s, id, came)
	errs := make([]error, 32) // not all wait for the same connection
	var all sync.WaitGroup
	for i := range errs {
		if i == len(errs)/2 {
			if err := <-hurried; !errors.Is(err, context.DeadlineExceeded) && !isCut(err) {
				t.Errorf("in haste: %v, want the context's error", err)
			}
		}
		if i >= len(errs)/2 {
			time.Sleep(2 * time.Millisecond) // some come when those above have failed, or have not
		}
		all.Go(func() { errs[i] = call() })
	}
	letGo()
	all.Wait()
	return errs
}

// hurry has a call without much time make a connection, and returns what becomes of the call.
func hurry(t *testing.T, s *redis.Store, id live.RoomID, came <-chan struct{}) <-chan error {
	t.Helper()
	for {
		ended := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		t.Cleanup(cancel)
		go func() {
			_, err := s.FreshWordsCopy(ctx, id)
			ended <- err
		}()
		select {
		case <-came:
			return ended
		case <-ended: // by a connection that it did not know to be cut yet
		}
	}
}

// A store is closed while Redis does not answer, with calls under way and rooms followed:
// all of them come to an end.
func TestStoreIsClosedWhileRedisDoesNotAnswer(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s, err := redis.Open(t.Context(), redis.Config{URL: r.URL(), Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ids := begin(t, s, 20)
	for _, id := range ids {
		if _, err := s.Follow(t.Context(), id, func(store.Publication) {}); err != nil {
			t.Fatal(err)
		}
	}
	r.Pause(t)
	defer r.Resume(t)
	var calls sync.WaitGroup
	for i, id := range ids {
		calls.Go(func() {
			for {
				_, err := s.Append(t.Context(), id, text(int64(i)), roomy)
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("Append: %v", err)
				}
				if errors.Is(err, redis.ErrClosed) {
					return
				}
			}
		})
	}
	s.Close()
	calls.Wait()
}
