package testkit

import (
	"io/fs"
	"os"
	"path/filepath"
)

// recordings is the environment variable that names the folder of recorded logs.
const recordings = "OVATION_TEST_DATA"

// Skipper is what recordings need of a test.
type Skipper interface {
	Helper()
	Skipf(format string, args ...any)
}

// Recording returns the path of a recorded log, or skips the test where there is none.
func Recording(t Skipper, name string) string {
	t.Helper()
	for _, path := range Recordings(t, name) {
		return path
	}
	return ""
}

// Recordings is Recording for all whose names match a pattern of package path.
func Recordings(t Skipper, pattern string) (paths []string) {
	t.Helper()
	folder := os.Getenv(recordings)
	if folder == "" {
		t.Skipf("%s names no folder of recorded logs", recordings)
		return nil
	}
	names, err := fs.Glob(os.DirFS(folder), pattern)
	if len(names) == 0 {
		t.Skipf("the folder that %s names has no %s, %v", recordings, pattern, err)
	}
	for _, name := range names {
		paths = append(paths, filepath.Join(folder, name))
	}
	return paths
}
