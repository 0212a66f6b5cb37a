package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// text returns what writes a text.
func text(what string) func(io.Writer) error {
	return func(out io.Writer) error {
		_, err := io.WriteString(out, what)
		return err
	}
}

// content is what a file holds.
func content(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// link makes a link.
func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Skip("no links here:", err)
	}
}

// A file is as it was until all is written, and nothing is left beside it.
func TestWriteToAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	for _, want := range []string{"first", "second"} {
		if err := writeTo(path, io.Discard, text(want)); err != nil || content(t, path) != want {
			t.Fatalf("%q, %v", content(t, path), err)
		}
	}
	broken := errors.New("broken")
	err := writeTo(path, io.Discard, func(out io.Writer) error { return errors.Join(text("half")(out), broken) })
	if !errors.Is(err, broken) || content(t, path) != "second" {
		t.Errorf("%q, %v", content(t, path), err)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	if err := writeTo(dir, io.Discard, text("no")); err == nil {
		t.Error("a directory is written to")
	}
}

// A link goes on to name the file that is written, whether or not it was there, and however
// many links lead there.
func TestWriteToALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	target, first, second := filepath.Join(dir, "data", "a.csv"), filepath.Join(dir, "first"), filepath.Join(dir, "second")
	link(t, filepath.Join("data", "a.csv"), first)
	link(t, first, second)
	for _, want := range []string{"made", "replaced"} {
		if err := writeTo(second, io.Discard, text(want)); err != nil || content(t, target) != want {
			t.Fatal(err)
		}
	}
	for _, path := range []string{first, second} {
		if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v", path, err)
		}
	}
	link(t, "round", filepath.Join(dir, "round"))
	if err := writeTo(filepath.Join(dir, "round"), io.Discard, text("no")); err == nil {
		t.Error("a link to itself is written to")
	}
	if all, err := os.ReadDir(filepath.Join(dir, "data")); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}

// What is no file is written to, and stays what it is.
func TestWriteToADevice(t *testing.T) {
	t.Parallel()
	before, err := os.Stat(os.DevNull)
	if err != nil {
		t.Skip(err)
	}
	if err := writeTo(os.DevNull, io.Discard, text("gone")); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(os.DevNull); err != nil || after.Mode() != before.Mode() {
		t.Errorf("%v, %v", after, err)
	}
}

// Standard output is what it is by any of its names: what is there already stays.
func TestWriteToStandardOutput(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	stdout, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	if _, err := io.WriteString(stdout, "before, "); err != nil {
		t.Fatal(err)
	}
	if err := writeTo(path, stdout, text("after")); err != nil || content(t, path) != "before, after" {
		t.Errorf("%q, %v", content(t, path), err)
	}
	if err := writeTo(path, new(bytes.Buffer), text("a file")); err != nil || content(t, path) != "a file" {
		t.Errorf("%q, %v", content(t, path), err)
	}
}
