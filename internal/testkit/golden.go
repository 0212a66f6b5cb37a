package testkit

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Golden compares a text with a file of the package's testdata; with -update it writes
// that file first.
func Golden(t T, name, got string) {
	t.Helper()
	GoldenIn(t, "testdata", name, got)
}

// GoldenIn is Golden for a file of another folder.
func GoldenIn(t T, folder, name, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := fs.ReadFile(os.DirFS(folder), name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed (write it anew with -update):\n%s", name, got)
	}
}
