package hostile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// buildDir is where the server is built.
var buildDir string

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "ovation-hostile-"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(buildDir)
		os.Exit(code)
	}))
}

// program builds the server, once for all tests, and returns where it is. It is built without
// the race detector, which would be most of what is measured.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "server")
	cmd := exec.Command("go", "build", "-o", path, "./server")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// needLinux skips where there is nothing to measure with.
func needLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED, not on Linux: costs are read from /proc, and attackers have addresses in 127.0.0.0/8")
	}
}

// full says whether attacks have their full size.
func full() bool { return os.Getenv("OVATION_HOSTILE") == "full" }

// size returns how large an attack is.
func size(usually, inFull int) int {
	if full() {
		return inFull
	}
	return usually
}

// spare is how many files a process has open beside the connections of an attack.
const spare = 512

// connections returns how many connections there may be of those wanted: each is an open
// file here, and one of the server's. (Go raises the soft limit to the hard one by itself.)
func connections(t *testing.T, wanted int) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if most := int(limit.Cur) - spare; most < wanted {
		t.Logf("%d connections instead of %d: the limit of open files is %d", most, wanted, limit.Cur)
		return most
	}
	return wanted
}
