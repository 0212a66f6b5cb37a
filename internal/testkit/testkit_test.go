package testkit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a test that only notes how it went.
type recorder struct{ errors, fatals int }

func (*recorder) Helper()                 {}
func (r *recorder) Errorf(string, ...any) { r.errors++ }
func (r *recorder) Fatal(...any)          { r.fatals++ }
func (r *recorder) Fatalf(string, ...any) { r.fatals++ }

func TestOutputIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out testkit.Output
		go func() {
			for i := range 10 {
				_, _ = fmt.Fprintf(&out, "line %d\n", i)
			}
		}()
		out.Wait(t, "line 7\n")
		if got := out.Match(t, regexp.MustCompile(`line (9)`)); got != "9" {
			t.Errorf("the group is %q", got)
		}
		if got := out.Match(t, regexp.MustCompile(`l..e 8`)); got != "line 8" {
			t.Errorf("the match is %q", got)
		}
	})
}

func TestWhatNeverComesFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		var (
			out testkit.Output
			r   recorder
		)
		_, _ = out.Write([]byte("something else"))
		out.Wait(&r, "text")
		if got := out.Match(&r, regexp.MustCompile("text")); got != "" || r.fatals != 2 {
			t.Errorf("%q, and %d failures", got, r.fatals)
		}
	})
}

func TestGolden(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", "a.txt"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "a.txt", "text")
	var changed, absent recorder
	testkit.Golden(&changed, "a.txt", "other")
	testkit.Golden(&absent, "b.txt", "text")
	if changed.errors != 1 || absent.fatals != 1 {
		t.Errorf("changed: %+v, absent: %+v", changed, absent)
	}
}
