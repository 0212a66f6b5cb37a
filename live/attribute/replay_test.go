package attribute_test

import (
	"testing"

	"pgregory.net/rapid"
)

// TestReplay is the package's promise as a property: through any interleaving of
// updates, leaves, changing limits, pulls, snapshots and lost, late or repeated
// changes, the map follows its rules and every replica is what the map was.
func TestReplay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newSchedule(t, func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) })
		actions := map[string]func(*rapid.T){"": func(*rapid.T) { s.check() }}
		for _, op := range operations {
			actions[op.name] = func(*rapid.T) { op.run(s) }
		}
		t.Repeat(actions)
		s.finish()
	})
}

// FuzzReplay checks the same of a schedule coded in bytes: each picks an operation
// or one of its choices.
func FuzzReplay(f *testing.F) {
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, code []byte) {
		const long = 500
		code = code[:min(len(code), long)]
		s := newSchedule(t, func(_ string, n int) int {
			if len(code) == 0 {
				return 0
			}
			choice := int(code[0]) % n
			code = code[1:]
			return choice
		})
		for len(code) > 0 {
			operations[s.pick("operation", len(operations))].run(s)
			s.check()
		}
		s.finish()
	})
}
