package failure

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/internal/services"
)

// buildDir is where the server is built.
var buildDir string

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "ovation-failure-"); err != nil {
		panic(err)
	}
	atOnce()
	services.Main(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(buildDir)
		os.Exit(code)
	}))
}

// atOnce has three tests run at once if nobody asks for another number, on however few cores:
// most of their time they wait.
func atOnce() {
	flag.Parse()
	if runtime.GOMAXPROCS(0) < 3 && flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = flag.Set("test.parallel", "3") // it is a number
	}
}

// program builds the server, once for all tests, and returns where it is. It is built without
// the race detector: it is processes that fail here, and they have the time that they have.
var program = sync.OnceValues(func() (string, error) { return build("./server") })

// commandLine builds the CLI, once for all tests, and returns where it is.
var commandLine = sync.OnceValues(func() (string, error) { return build("./clients/cli") })

// build builds a program of this module, and returns where it is.
func build(pkg string) (string, error) {
	path := filepath.Join(buildDir, filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-o", path, pkg)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
}

// begin is what every test begins with.
func begin(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED, not on Linux: what fails is found in /proc")
	}
	if testing.Short() {
		t.Skip("SKIPPED, a short run")
	}
	t.Parallel()
}

// patience is how long is waited for what must come.
const patience = 90 * time.Second

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("still not: %s", what)
		}
	}
}
