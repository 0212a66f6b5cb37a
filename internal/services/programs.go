package services

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// errAbsent says that a program that is needed is not on this machine.
var errAbsent = errors.New("not installed: make setup does so as root on Debian")

// redisServer returns the program to run Redis with.
func redisServer() (string, error) {
	const name = "OVATION_REDIS_SERVER"
	path, err := exec.LookPath(cmp.Or(os.Getenv(name), "redis-server"))
	if err != nil {
		return "", fmt.Errorf("redis-server (or %s): %w", name, errAbsent)
	}
	return path, nil
}

// postgresPrograms returns the folder of Postgres' programs, the latest where there are some.
func postgresPrograms() (string, error) {
	const name = "OVATION_POSTGRES_BIN"
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is good
	slices.SortFunc(folders, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(b, a)) })
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	if named := os.Getenv(name); named != "" {
		folders = []string{named}
	}
	for _, folder := range folders {
		if whole(folder) {
			return folder, nil
		}
	}
	return "", fmt.Errorf("Postgres (or its programs' folder as %s): %w", name, errAbsent)
}

// whole tells whether a folder has all that is needed of Postgres.
func whole(folder string) bool {
	for _, program := range []string{"initdb", "postgres", "createdb", "dropdb", "psql"} {
		if _, err := exec.LookPath(filepath.Join(folder, program)); err != nil {
			return false
		}
	}
	return true
}

// unprivileged returns who runs Postgres, which refuses to be run by root; nil is whoever
// runs the tests.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nobody else
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("a user postgres, for root may not run Postgres: %w", errAbsent)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// check ends the test if there was an error: it skips where a program is absent that may be,
// and fails otherwise.
func check(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errAbsent) && os.Getenv("CI") != "true":
		tb.Skipf("SKIPPED: %v", err)
	default:
		tb.Fatal(err)
	}
}
