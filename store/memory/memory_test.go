package memory_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a store whose clock the suite moves.
func open(testing.TB) storetest.Backend {
	clock := storetest.NewClock(live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)))
	return storetest.Backend{Set: memory.New(memory.WithClock(clock.Now)).Set(), Clock: clock}
}

// openReal opens a store on the machine's clock.
func openReal(testing.TB) storetest.Backend {
	return storetest.Backend{Set: memory.New().Set()}
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

func TestStoreOnTheMachinesClock(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openReal)
}

func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, openReal) }
