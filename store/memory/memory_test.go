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
	s := memory.New(memory.WithClock(clock.Now))
	return storetest.Backend{Set: s.Set(), Clock: clock, Restart: reliving(s)}
}

// openReal opens a store on the machine's clock.
func openReal(testing.TB) storetest.Backend {
	s := memory.New()
	return storetest.Backend{Set: s.Set(), Checks: 30, Restart: reliving(s)}
}

// reliving returns a function by which a store's logs lose their latest entries, now
// none and now a few, and go on in another life.
func reliving(s *memory.Store) func() {
	lives := 0
	return func() {
		lives++
		s.Relive(lives % 4)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

func TestStoreOnTheMachinesClock(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openReal, storetest.Exclude{
		Test: "words/WordLimitChangesNothing", Reason: "it takes long, and the clock has no part in it",
	})
}

// What the store records by itself.
func TestStoreThatRecords(t *testing.T) {
	t.Parallel()
	storetest.RunRoles(t, func(testing.TB) storetest.Backend {
		return storetest.Backend{Set: memory.New(memory.WithPayloads(storetest.Payloads{})).Set(), Records: true}
	}, []string{"recording"})
}

func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, openReal) }
