package recent_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/recent"
)

func TestZeroMemoryRemembersNothing(t *testing.T) {
	t.Parallel()
	var m recent.Memory[string, int]
	if v, ok := m.Get("a", 0); ok || v != 0 {
		t.Errorf("Get = %d, %v", v, ok)
	}
	if m.Len() != 0 {
		t.Errorf("Len = %d", m.Len())
	}
}

func TestValueIsRememberedUntilItsInstant(t *testing.T) {
	t.Parallel()
	var m recent.Memory[string, int]
	m.Put("a", 7, 10, 20)
	if v, ok := m.Get("a", 19); !ok || v != 7 {
		t.Errorf("just before: Get = %d, %v", v, ok)
	}
	if v, ok := m.Get("a", 20); ok || v != 0 {
		t.Errorf("at the instant: Get = %d, %v", v, ok)
	}
}

func TestPutAnewReplacesValueAndInstant(t *testing.T) {
	t.Parallel()
	for name, until := range map[string]live.Timestamp{"later": 30, "earlier": 15} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m recent.Memory[string, int]
			m.Put("a", 1, 10, 20)
			m.Put("a", 2, 10, until)
			if v, ok := m.Get("a", until-1); !ok || v != 2 {
				t.Errorf("just before: Get = %d, %v", v, ok)
			}
			if _, ok := m.Get("a", until); ok {
				t.Error("remembered at its end")
			}
		})
	}
}

func TestPutForgetsWhatIsOver(t *testing.T) {
	t.Parallel()
	var m recent.Memory[int, int]
	for i := range 1000 {
		at := live.Timestamp(i)
		m.Put(i, i, at, at+10)
	}
	if m.Len() != 10 {
		t.Errorf("Len = %d, want the 10 that are not over", m.Len())
	}
}

// Not parallel: it counts allocations.
func TestMemoryIsBounded(t *testing.T) {
	var m recent.Memory[int, int]
	at := live.Timestamp(0)
	put := func() {
		at++
		m.Put(int(at%7), 1, at, at+100)
	}
	for range 10_000 {
		put()
	}
	if allocs := testing.AllocsPerRun(10_000, put); allocs > 0.1 {
		t.Errorf("%.2f allocations for each Put of a steady memory", allocs)
	}
}

// held is what the model holds: everything that was ever put, the latest of each key.
type held struct {
	value int
	until live.Timestamp
}

func TestMemoryIsAMapOfWhatIsNotOver(t *testing.T) {
	t.Parallel()
	keys := rapid.IntRange(0, 5)
	rapid.Check(t, func(t *rapid.T) {
		var m recent.Memory[int, int]
		model := map[int]held{}
		now := live.Timestamp(0)
		t.Repeat(map[string]func(*rapid.T){
			"pass": func(t *rapid.T) {
				now += live.Timestamp(rapid.IntRange(0, 30).Draw(t, "time"))
			},
			"put": func(t *rapid.T) {
				key, value := keys.Draw(t, "key"), rapid.Int().Draw(t, "value")
				until := now + live.Timestamp(rapid.IntRange(-5, 50).Draw(t, "term"))
				m.Put(key, value, now, until)
				model[key] = held{value, until}
			},
			"": func(t *rapid.T) { agrees(t, &m, model, now) },
		})
	})
}

// agrees checks every key of a memory against the model.
func agrees(t *rapid.T, m *recent.Memory[int, int], model map[int]held, now live.Timestamp) {
	remembered := 0
	for key := range 7 {
		want, ok := model[key]
		if ok = ok && want.until > now; !ok {
			want.value = 0
		} else {
			remembered++
		}
		if got, is := m.Get(key, now); got != want.value || is != ok {
			t.Fatalf("at %d: Get(%d) = %d, %v; want %d, %v", now, key, got, is, want.value, ok)
		}
	}
	if m.Len() < remembered {
		t.Fatalf("at %d: Len = %d, want at least %d", now, m.Len(), remembered)
	}
}
