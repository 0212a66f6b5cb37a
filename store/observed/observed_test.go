package observed_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/store/observed"
	"github.com/ovation-live/ovation/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A measured store is a store.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB) storetest.Backend {
		clock := storetest.NewClock(live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)))
		set := memory.New(memory.WithClock(clock.Now)).Set()
		return storetest.Backend{Set: observed.Wrap(set, observed.NewMetrics(nil)), Clock: clock, Checks: 10}
	}, storetest.Exclude{
		Test: "words/WordLimitChangesNothing", Reason: "it takes long, and is the measured store's own",
	})
}

// noNodes is a registry of none.
type noNodes struct{}

func (noNodes) Announce(ctx context.Context, _ store.Node, _ time.Duration) error { return ctx.Err() }
func (noNodes) Withdraw(ctx context.Context, _ store.NodeID) error                { return ctx.Err() }
func (noNodes) Nodes(ctx context.Context) ([]store.Node, error)                   { return nil, ctx.Err() }

// Every method of every role is measured, once and under its own name.
func TestEveryMethodIsMeasured(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	set := memory.New().Set()
	set.Nodes = noNodes{}
	wrapped := observed.Wrap(set, observed.NewMetrics(registry))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	want := make(map[string]uint64)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[store.Set]()) {
		if field.Type == reflect.TypeFor[store.Clock]() {
			continue // it does nothing that takes time
		}
		role := reflect.ValueOf(wrapped).FieldByIndex(field.Index).Convert(field.Type)
		for method := range field.Type.Methods() {
			call := role.MethodByName(method.Name)
			in := []reflect.Value{reflect.ValueOf(over)}
			for j := 1; j < call.Type().NumIn(); j++ {
				in = append(in, reflect.Zero(call.Type().In(j)))
			}
			out := call.Call(in)
			if err, _ := reflect.TypeAssert[error](out[len(out)-1]); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", method.Name, err)
			}
			if method.Name == "AwaitEvents" {
				continue // it takes as long as nothing happens
			}
			want[snake(method.Name)+" canceled"]++
		}
	}
	got := counted(t, registry)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("counted %v, called %v", got, want)
	}
}

// snake is a method's name as a label's value.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// counted returns how many calls were measured, by operation and outcome.
func counted(t *testing.T, registry *prometheus.Registry) map[string]uint64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]uint64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "ovation_store_operation_seconds" {
				counts[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = m.GetHistogram().GetSampleCount()
			} else if n := m.GetGauge().GetValue(); n != 0 {
				counts["in flight"] = uint64(n)
			}
		}
	}
	return counts
}

// answering is a log that answers every append with one error.
type answering struct {
	store.Log
	err  error
	asks chan<- struct{} // told of each append, if there is one
	wait <-chan struct{} // waited for then
}

func (a answering) Append(context.Context, live.RoomID, feed.Draft, store.Limits) (feed.Receipt, error) {
	if a.asks != nil {
		a.asks <- struct{}{}
		<-a.wait
	}
	return feed.Receipt{Duplicate: true}, a.err
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"nothing":             {nil, "ok"},
		"a rule":              {feed.ErrNoMessage, "refused"},
		"no such room":        {&store.RoomError{Room: "r", Err: store.ErrRoomNotFound}, "refused"},
		"away":                {fmt.Errorf("%w: redis: broken", store.ErrUnavailable), "unavailable"},
		"away for too long":   {fmt.Errorf("%w: redis: %w", store.ErrUnavailable, context.DeadlineExceeded), "unavailable"},
		"the caller has gone": {context.Canceled, "canceled"},
		"no more time":        {fmt.Errorf("reading: %w", context.DeadlineExceeded), "canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := prometheus.NewRegistry()
			set := observed.Wrap(store.Set{Log: answering{err: tt.err}}, observed.NewMetrics(registry))
			for range 2 {
				receipt, err := set.Log.Append(t.Context(), "r", feed.Draft{}, store.Limits{})
				if !errors.Is(err, tt.err) || !receipt.Duplicate {
					t.Errorf("answered %v, %v", receipt, err)
				}
			}
			if got, want := counted(t, registry), map[string]uint64{"append " + tt.want: 2}; !reflect.DeepEqual(got, want) {
				t.Errorf("counted %v, want %v", got, want)
			}
		})
	}
}

func TestCallsUnderWay(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	asks, wait := make(chan struct{}), make(chan struct{})
	set := observed.Wrap(store.Set{Log: answering{asks: asks, wait: wait}}, observed.NewMetrics(registry))
	answered := make(chan error)
	go func() {
		_, err := set.Log.Append(t.Context(), "r", feed.Draft{}, store.Limits{})
		answered <- err
	}()
	<-asks
	if got, want := counted(t, registry), map[string]uint64{"in flight": 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("while it is: %v", got)
	}
	close(wait)
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	if got, want := counted(t, registry), map[string]uint64{"append ok": 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("afterwards: %v", got)
	}
}

// What is not there is not made up.
func TestRolesThatAreNotThere(t *testing.T) {
	t.Parallel()
	if set := observed.Wrap(store.Set{}, observed.NewMetrics(nil)); set != (store.Set{}) {
		t.Errorf("%+v", set)
	}
}

//nolint:paralleltest // it counts allocations
func TestMeasuringAllocatesNothing(t *testing.T) {
	set := observed.Wrap(store.Set{Log: answering{}}, observed.NewMetrics(prometheus.NewRegistry()))
	n := testing.AllocsPerRun(100, func() {
		_, _ = set.Log.Append(t.Context(), "r", feed.Draft{}, store.Limits{})
	})
	if n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

// BenchmarkMeasuring measures what measuring adds to a call.
func BenchmarkMeasuring(b *testing.B) {
	set := store.Set{Log: answering{}}
	for name, log := range map[string]store.Log{
		"bare": set.Log, "measured": observed.Wrap(set, observed.NewMetrics(prometheus.NewRegistry())).Log,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, _ = log.Append(b.Context(), "r", feed.Draft{}, store.Limits{})
				}
			})
		})
	}
}
