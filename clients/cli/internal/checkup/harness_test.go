package checkup_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/checkup"
	"github.com/ovation-live/ovation/internal/services"
)

func TestMain(m *testing.M) { services.Main(m) }

// patience is how long a check may take here: machines may be slow.
const patience = 30 * time.Second

// findings are by the check's name, and where there are several, after it where.
type findings map[string]checkup.Finding

// examine checks one part.
func examine(t *testing.T, part checkup.Part, err error) findings {
	t.Helper()
	return examineWithin(t, patience, part, err)
}

func examineWithin(t *testing.T, within time.Duration, part checkup.Part, err error) findings {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	found := make(findings)
	checkup.All(t.Context(), within, []checkup.Part{part}, func(f checkup.Finding) {
		if _, twice := found[f.Check]; twice {
			f.Check += " " + f.At
		}
		found[f.Check] = f
		if (f.Remedy == "") != (f.Status == checkup.OK) && f.Check != "drain" {
			t.Errorf("%s is %s, with the remedy %q", f.Check, f.Status, f.Remedy)
		}
	})
	return found
}

// want fails unless a check came to a status, with all the words in what was found or is to
// be done.
func (f findings) want(t *testing.T, check string, status checkup.Status, words ...string) {
	t.Helper()
	got, ok := f[check]
	if !ok {
		t.Errorf("%s was not checked: %v", check, slices.Sorted(maps.Keys(f)))
		return
	}
	if got.Status != status {
		t.Errorf("%s: %+v, want %s", check, got, status)
	}
	for _, word := range words {
		if !strings.Contains(got.Found+" -> "+got.Remedy, word) {
			t.Errorf("%s: no %q in %+v", check, word, got)
		}
	}
}

// allBut fails if a check found fault that is not named.
func (f findings) allBut(t *testing.T, named ...string) {
	t.Helper()
	for name, finding := range f {
		if finding.Status != checkup.OK && !slices.Contains(named, name) {
			t.Errorf("%+v", finding)
		}
	}
}

// nothing more is asked of what cannot be reached.
func (f findings) alone(t *testing.T, words ...string) {
	t.Helper()
	f.want(t, "reach", checkup.Fail, words...)
	if len(f) != 1 {
		t.Errorf("it was asked more: %v", f)
	}
}

func TestNothingIsAskedOfWhoHasGone(t *testing.T) {
	t.Parallel()
	part, err := checkup.Redis("redis://127.0.0.1:1", "")
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	checkup.All(over, patience, []checkup.Part{part}, func(f checkup.Finding) { t.Errorf("%+v", f) })
}
