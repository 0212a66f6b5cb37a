package testkit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/internal/testkit"
)

// skipped is a test that only notes why it is skipped.
type skipped struct{ reason string }

func (*skipped) Helper()                            {}
func (s *skipped) Skipf(format string, args ...any) { s.reason = fmt.Sprintf(format, args...) }

func TestRecordings(t *testing.T) {
	folder := t.TempDir()
	var want []string
	for _, name := range []string{"a.jsonl", "b.jsonl"} {
		want = append(want, filepath.Join(folder, name))
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		folder, pattern string
		want            []string
		reason          string
	}{
		{folder, "*.jsonl", want, ""},
		{folder, "b.jsonl", want[1:], ""},
		{folder, "*.txt", nil, "the folder that OVATION_TEST_DATA names has no *.txt, <nil>"},
		{folder, "[", nil, "the folder that OVATION_TEST_DATA names has no [, syntax error in pattern"},
		{"", "*.jsonl", nil, "OVATION_TEST_DATA names no folder of recorded logs"},
	} {
		t.Setenv("OVATION_TEST_DATA", tt.folder)
		var all, first skipped
		if got := testkit.Recordings(&all, tt.pattern); !slices.Equal(got, tt.want) || all.reason != tt.reason {
			t.Errorf("%s in %q: %q, %q", tt.pattern, tt.folder, got, all.reason)
		}
		if got := testkit.Recording(&first, tt.pattern); (got == "") != (tt.want == nil) || got != "" && got != tt.want[0] || first.reason != tt.reason {
			t.Errorf("the first of %s in %q: %q, %q", tt.pattern, tt.folder, got, first.reason)
		}
	}
}
