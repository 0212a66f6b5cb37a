package interop

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// root is the repository's.
const root = "../.."

// buildDir is where binaries are built.
var buildDir string

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "ovation-interop-"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(buildDir)
		os.Exit(code)
	}))
}

// missing skips a test for want of a tool; with CI=true it fails.
func missing(t *testing.T, tool string, why error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: %v", tool, why)
	}
	t.Skipf("SKIPPED, no %s: %v", tool, why)
}

// build builds a program, from a folder of the module that it belongs to.
func build(dir, name, program string) (string, error) {
	path, err := filepath.Abs(filepath.Join(buildDir, name))
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", path, program)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
}

// run runs a program to its end and returns what it wrote and its exit code.
func run(ctx context.Context, t *testing.T, path string, args ...string) (out string, code int) {
	t.Helper()
	b, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	failed := new(exec.ExitError)
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if err == nil {
		return string(b), 0
	}
	return string(b), failed.ExitCode()
}

// expect runs a program to its end and checks its exit code and that it wrote each of
// the texts; name is what failures call it.
func expect(t *testing.T, name string, code int, texts []string, path string, args ...string) {
	t.Helper()
	out, got := run(t.Context(), t, path, args...)
	if got != code {
		t.Errorf("%s: exit code %d: %s", name, got, out)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("%s: no %q in\n%s", name, text, out)
		}
	}
}
