package lanes_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/lanes"
)

func TestEachLaneKeepsItsOrder(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	ran := map[string][]int{}
	running := map[string]bool{}
	l := lanes.New(8, 32)
	for i := range 2000 {
		key := fmt.Sprint("user", i*i%7)
		err := l.Submit(t.Context(), key, func() {
			mu.Lock()
			if running[key] {
				t.Errorf("two tasks of %s at a time", key)
			}
			running[key] = true
			mu.Unlock()
			mu.Lock()
			running[key] = false
			ran[key] = append(ran[key], i)
			mu.Unlock()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	total := 0
	for key, order := range ran {
		total += len(order)
		for i := 1; i < len(order); i++ {
			if order[i] < order[i-1] {
				t.Fatalf("%s: %d ran before %d", key, order[i-1], order[i])
			}
		}
	}
	if total != 2000 {
		t.Errorf("%d tasks ran", total)
	}
}

func TestASlowLaneHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lanes.New(2, 16)
		release := make(chan struct{})
		submit(t, l, "slow", func() { <-release })
		submit(t, l, "slow", func() {})
		done := 0
		for range 5 {
			submit(t, l, "quick", func() { done++ })
		}
		synctest.Wait()
		if done != 5 {
			t.Errorf("%d quick tasks ran beside the slow one", done)
		}
		close(release)
		l.Close()
	})
}

func TestSubmitWaitsForAPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lanes.New(1, 2)
		release := make(chan struct{})
		submit(t, l, "a", func() { <-release })
		submit(t, l, "b", func() {})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := l.Submit(ctx, "c", func() { t.Error("ran") })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		close(release)
		l.Close()
	})
}

func submit(t *testing.T, l *lanes.Lanes, key string, task func()) {
	t.Helper()
	if err := l.Submit(t.Context(), key, task); err != nil {
		t.Fatal(err)
	}
}
