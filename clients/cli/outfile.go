package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeTo hands write what a path names to write to. A file takes its name when that has
// succeeded, and is as it was until then; a link goes on to name it. What is no file, such as a
// pipe or a device, is written to as it is, and so is standard output by any of its names.
func writeTo(path string, stdout io.Writer, write func(io.Writer) error) error {
	there, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writeBeside(path, write)
	case err != nil:
		return err
	case isFile(stdout, there):
		return write(stdout)
	case there.Mode().IsRegular():
		return writeBeside(path, write)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0) //nolint:gosec // whoever calls names it
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// isFile says whether a writer is a file.
func isFile(out io.Writer, file fs.FileInfo) bool {
	opened, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := opened.Stat()
	return err == nil && os.SameFile(info, file)
}

// writeBeside writes a file beside what a path names, and then gives it that name.
func writeBeside(path string, write func(io.Writer) error) error {
	path, err := linked(path)
	if err != nil {
		return err
	}
	part := path + ".part"
	file, err := os.Create(part) //nolint:gosec // whoever calls names it
	if err != nil {
		return err
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, path)
}

// mostLinks is how many links are followed: more are a circle.
const mostLinks = 40

// linked returns what a path names, following links, also one to what is not there yet.
func linked(path string) (string, error) {
	for at, n := path, 0; n < mostLinks; n++ {
		info, err := os.Lstat(at)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 {
			return at, nil
		}
		if err != nil {
			return "", err
		}
		to, err := os.Readlink(at)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(at), to)
		}
		at = to
	}
	return "", fmt.Errorf("%s is a link that leads nowhere: name a file", path)
}
