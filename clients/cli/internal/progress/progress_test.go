package progress_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/progress"
)

func TestLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status  progress.Status
		elapsed time.Duration
		want    string
	}{
		"no total":  {progress.Status{Done: 5, Text: "5 read"}, time.Second, "5 read"},
		"beginning": {progress.Status{Total: 10, Text: "0 of 10"}, 0, "0% 0 of 10"},
		"half-way":  {progress.Status{Done: 5, Total: 10, Text: "5 of 10"}, time.Minute, "50% 5 of 10, 1m0s left"},
		"done":      {progress.Status{Done: 10, Total: 10, Text: "10 of 10"}, time.Minute, "100% 10 of 10"},
		"overdone":  {progress.Status{Done: 11, Total: 10, Text: "11"}, time.Minute, "100% 11"},
	}
	for name, test := range tests {
		if got := progress.Line(test.status, test.elapsed); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestPlainLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		var done atomic.Int64
		stop := progress.Start(&out, false, func() progress.Status {
			return progress.Status{Done: done.Load(), Total: 4, Text: "text"}
		})
		done.Store(2)
		time.Sleep(6 * time.Second)
		done.Store(4)
		stop()
		if got, want := out.String(), "50% text, 5s left\n100% text\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestBarDrawsAndEnds(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	stop := progress.Start(&out, true, func() progress.Status {
		return progress.Status{Done: 4, Total: 4, Text: "all of it"}
	})
	stop()
	if got := out.String(); !strings.Contains(got, "100%") || !strings.Contains(got, "all of it") || !strings.HasSuffix(got, "\n") {
		t.Errorf("%q", got)
	}
}
